"""The page beside the door: who is let in, who is not, codes, rest, sleep, languages, a house that goes and comes back."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from walking import claim, until, violations, web

from edge_face.demo.house import House

BIG_TEXT = "document.documentElement.style.fontSize = '200%'"
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
PICTURE = "document.getElementById('picture').naturalWidth > 0"
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(scope="module")
def coded(make_house: Callable[..., House]) -> House:
    """A door without a camera that opens for a code, typed on its page."""
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 0.0})
    claim(house)
    return house


def code_of(house: House, who: str = "ben") -> str:
    """A new code of somebody: number, and PIN."""
    made = house.client.call("codes.add", who=who, generate=6)
    return f"{made['number']}{made['pin']}"


def type_code(page: Any, code: str) -> None:
    for digit in code:
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Send the code").click()


def wrong(code: str) -> str:
    """Of the same length and another PIN."""
    return code[:-1] + str((int(code[-1]) + 5) % 10)


def test_who_is_known_is_let_in_and_not_named(house: House, visit: Callable[..., Any]) -> None:
    one = visit(house, "panel5")
    page = one.kiosk()
    one.phase("granted")
    assert "Come in" in one.text
    one.shot("kiosk-granted")
    assert "ben" not in page.content().lower() and not re.search(r"0\.\d\d", one.text)
    one.sees(PICTURE, "no picture came")
    one.phase("idle", "look", "nearer")


def test_who_chose_a_greeting_is_greeted_with_it(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house()
    token = claim(house)
    web(house).call("people.greet", token=token, who="ben", text="Good morning, captain")
    one = visit(house, "panel7")
    one.kiosk()
    one.phase("granted")
    assert "Good morning, captain" in one.text
    one.shot("kiosk-greeting")


def test_a_stranger_is_told_what_to_do_and_nothing_else(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house(("ana", "greta"))
    one = visit(house, "panel5")
    page = one.kiosk()
    one.phase("denied")
    said = one.text.lower()
    assert "not recognised" in said and "code" in said and "nearer" in said
    one.shot("kiosk-denied")
    assert not any(name in page.content().lower() for name in ("ana.", "greta", "score")) and not re.search(r"0\.\d\d|\d ?%", one.text)


def test_a_code_opens_and_is_shown_to_nobody(coded: House, visit: Callable[..., Any]) -> None:
    code = code_of(coded)
    one = visit(coded, "panel5")
    page = one.kiosk()
    one.shot("kiosk-pad")
    for digit in code:
        page.get_by_role("button", name=digit, exact=True).click()
    assert page.input_value("[name=text]") == code and page.get_attribute("[name=text]", "type") == "password"
    page.get_by_role("button", name="Send the code").click()
    one.phase("granted")
    assert page.input_value("[name=text]") == "" and not any(code in url for url in one.asked)
    one.phase("idle")


def test_codes_rest_after_five_wrong_ones_and_it_is_said_for_how_long(make_house: Callable[..., House],
                                                                      visit: Callable[..., Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 0.0})
    code = code_of(house)
    one = visit(house, "panel5")
    page = one.kiosk()
    for number in range(5):
        type_code(page, wrong(code))
        until(lambda number=number: len([url for url in one.asked if url.endswith("/code") or "/code?" in url]) > number)
        one.phase("denied", "resting")
    one.phase("resting")
    assert re.search(r"\d+", one.text), "the page does not say for how long"
    one.shot("kiosk-resting")
    # Not even the right one.
    type_code(page, code)
    with pytest.raises(AssertionError, match="waited for"):
        one.phase("granted", seconds=4)
    one.phase("resting")


def test_without_a_mouse_or_a_finger(coded: House, visit: Callable[..., Any]) -> None:
    code = code_of(coded)
    one = visit(coded, "laptop")
    page = one.kiosk()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name === 'text'"):
            break
    else:
        raise AssertionError("the code's field is not reached by the keyboard")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow")
    assert outline != "nonenone", "nothing shows where the keyboard is"
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    one.phase("granted")


@pytest.mark.parametrize("size", ["panel5", "panel7", "phone", "laptop"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_text_of_twice_the_size_is_all_there(coded: House, visit: Callable[..., Any], size: str, language: str) -> None:
    one = visit(coded, size)
    page = one.kiosk(f"/?lang={language}")
    one.phase("idle", "code")
    one.shot(f"kiosk-{language}")
    page.evaluate(BIG_TEXT)
    one.shot(f"kiosk-{language}-200")
    assert page.evaluate(SIDEWAYS) <= 1
    say = page.locator("#say").bounding_box()
    assert say and say["x"] >= 0 and say["x"] + say["width"] <= page.viewport_size["width"] + 1
    assert violations(page) == []


def test_chinese_is_whole(coded: House, visit: Callable[..., Any]) -> None:
    one = visit(coded, "panel7")
    page = one.kiosk("/?lang=zh")
    assert page.get_attribute("html", "lang").startswith("zh")
    shown = page.evaluate("document.body.innerText") + page.evaluate("document.getElementById('words').content.textContent")
    words = [word for word in re.findall(r"[A-Za-z]{3,}", re.sub(r"%\(\w+\)s", "", shown)) if word not in ("English",)]
    assert words == [] and re.search(r"[\u4e00-\u9fff]", page.title())


def test_colour_is_never_alone(coded: House, visit: Callable[..., Any]) -> None:
    for scheme in ({"color_scheme": "dark"}, {"forced_colors": "active"}, {"contrast": "more"}):
        one = visit(coded, "panel7", **scheme)
        page = one.kiosk()
        one.phase("idle", "code")
        one.shot(f"kiosk-{'-'.join(scheme.values())}")
        assert violations(page) == []
        assert len(one.text.strip()) > 5


def test_the_privacy_notice_is_one_tap_away(house: House, visit: Callable[..., Any]) -> None:
    one = visit(house, "panel5")
    page = one.kiosk()
    page.get_by_role("link", name="Privacy").tap()
    page.wait_for_url("**/notice*")
    one.shot("kiosk-notice", whole=True)
    assert violations(page) == [] and "camera" in one.text.lower()


def test_the_page_sleeps_and_wakes(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 2.0})
    one = visit(house, "panel5")
    page = one.kiosk()
    one.phase("asleep")
    one.shot("kiosk-asleep")
    assert violations(page) == []
    page.touchscreen.tap(400, 240)
    assert one.phase("idle", "code", seconds=5) != "asleep"


def test_a_door_that_goes_and_comes_back(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 0.0})
    code = code_of(house)
    one = visit(house, "panel5")
    page = one.kiosk()
    one.phase("idle", "code")
    house.stop_door()
    one.phase("down")
    one.shot("kiosk-down")
    assert violations(page) == []
    house.start_door()
    one.phase("idle", "code")  # by itself
    type_code(page, code)
    one.phase("granted")
    # And the same with the web process, killed.
    house.stop_pages(signal.SIGKILL)
    one.phase("down")
    house.start_pages()
    one.phase("idle", "code")
    type_code(page, code)
    one.phase("granted")


def test_a_page_that_is_opened_while_the_door_is_down_finds_it(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 0.0})
    house.stop_door()
    one = visit(house, "panel5")
    one.kiosk()
    one.phase("down")
    house.start_door()
    one.phase("idle", "code")


def test_ten_tabs_all_live(house: House, visit: Callable[..., Any]) -> None:
    one = visit(house, "laptop")
    pages = [one.context.new_page() for _ in range(10)]
    # A browser has six connections for one house: tabs that nobody looks at must give theirs back. Without a screen Chromium shows them
    # all, so they are told that they are in the background.
    for page in pages:
        page.goto(house.kiosk_url, wait_until="domcontentloaded")
        one.page = page
        one.sees(PICTURE, "no picture came")
        page.evaluate(HIDE, True)
    for page in pages:
        one.page = page
        page.evaluate(HIDE, False)
        one.sees(PICTURE, "no picture came back")
        one.phase("idle", "look", "granted")
        page.evaluate(HIDE, True)
    assert pages[0].evaluate("fetch('/notice').then(answer => answer.status)") == 200


def test_nothing_of_a_browser_is_in_the_way(coded: House, visit: Callable[..., Any]) -> None:
    one = visit(coded, "panel5")
    page = one.kiosk()
    assert page.evaluate("!document.body.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true}))")

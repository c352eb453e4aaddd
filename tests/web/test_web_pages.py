"""Every page that can be opened by its address, in every size: accessible, inside the screen, light, of one heading, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from walking import claim, violations, web

from edge_face.demo.house import House
from edge_face.kiosk.app import all_pages
from edge_face.kiosk.pages import Listener

STREAMS = re.compile(r"\.(mjpeg|jpg|csv|crt)$|^/state$|^/api/|^/metrics$|^/static/|/overlay$|/sealed$|^/backup/file|^/events/export|/qr")
"""What is no page."""
BY_A_WALK = re.compile(r"\{(id|secret)")
"""Pages of something that has to be begun first: the walks look at these (test_web_home, test_web_first_run)."""
HEAVIEST = 250 * 1024
"""Bytes of a page with all that belongs to it, but for the live picture."""
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
WEIGHT = """performance.getEntriesByType("resource").filter((one) => !one.name.includes("mjpeg") && !one.name.includes("picture.jpg"))
  .reduce((sum, one) => sum + one.transferSize, performance.getEntriesByType("navigation")[0].transferSize)"""
OWNERS = sorted({page.path for page in all_pages() if page.listener is Listener.OWNER and "GET" in page.methods
                 and not STREAMS.search(page.path) and not BY_A_WALK.search(page.path)})
DAEMON = re.compile("coil on at|released by current|set by the owner|nobody exists who could be asked|hidden pictures of|"
                    "of the picture's width apart|degrees, zone up to")
"""Its words on wires, clock and recorder, what was noted with a consent, and two reasons of which the numbers are not as they are shown."""
BEFORE = ("/claim", "/login", "/trust")
"""Seen by whoever is not logged in."""


@pytest.fixture(scope="module")
def full(make_house: Callable[..., House]) -> House:
    """A house in which a little has happened: people, a code, events, attendance and unlocking from afar are on."""
    house = make_house(("ben", "ana"), changes={"kiosk.attendance": True, "kiosk.remote_unlock": True, "kiosk.responsible": "Olga",
                                                "recorder.events": ["grant"], "recorder.clips": True})
    token = claim(house)
    ask = web(house)
    house.client.call("codes.add", who="ben", generate=6)
    ask.call("accounts.add", token=token, name="Hugo", role="helper", passphrase="another four words here")
    return house


def address(path: str, house: House) -> str:
    people = {person["name"]: person["id"] for person in house.client.call("people.list")["people"]}
    events = house.client.call("events", last=20)
    number = (events["events"] if isinstance(events, dict) else events)[-1]["id"]
    for hole, filled in (("{who}", people["ben"]), ("{section}", "decision"), ("{task}", "detector"), ("{number:int}", str(number))):
        path = path.replace(hole, filled)
    return path


def name_of(path: str) -> str:
    return re.sub(r"\W+", "-", path).strip("-") or "overview"


@pytest.fixture(scope="module")
def figures(shots: Path) -> Any:
    """Bytes by page, written down at the end."""
    found: dict[str, int] = {}
    yield found
    (shots / "weights.json").write_text(json.dumps(dict(sorted(found.items(), key=lambda item: -item[1])), indent=1))


@pytest.mark.parametrize("size", ["phone", "laptop"])
@pytest.mark.timeout(600)
def test_every_page_of_the_owner_s(full: House, visit: Callable[..., Any], figures: dict[str, int], size: str) -> None:
    one = visit(full, size)
    one.login()
    wrong: list[str] = []
    for path in OWNERS:
        if path in BEFORE:
            continue
        page = one.owner(address(path, full))
        one.again()
        wrong += look(one, path, figures)
        one.shot(f"owner-{name_of(path)}", whole=True)
        if size == "laptop":
            one.page.evaluate("document.documentElement.style.fontSize = '200%'")
            if (wide := page.evaluate(SIDEWAYS)) > 1:
                wrong.append(f"{path}: text of twice the size is {wide} px wider than the screen")
    assert wrong == []


@pytest.mark.parametrize("scheme", [{"color_scheme": "dark"}, {"forced_colors": "active"}], ids=["dark", "forced"])
@pytest.mark.timeout(600)
def test_every_page_in_other_colours(full: House, visit: Callable[..., Any], scheme: dict[str, str]) -> None:
    one = visit(full, "laptop", **scheme)
    one.login()
    wrong: list[str] = []
    for path in ("/", "/people", "/people/{who}", "/events", "/door", "/hours", "/settings/{section}", "/backup", "/enrol"):
        page = one.owner(address(path, full))
        one.again()
        wrong += [f"{path}: {said}" for said in violations(page)]
    one.shot(f"owner-{'-'.join(scheme.values())}")
    assert wrong == []


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_pages_before_the_login(full: House, visit: Callable[..., Any], figures: dict[str, int], size: str) -> None:
    wrong: list[str] = []
    one = visit(full, size)
    for path in (*BEFORE, "/no/such/page"):
        one.owner(path)
        wrong += look(one, path, figures)
        one.shot(f"owner-{name_of(path)}", whole=True)
    assert wrong == []


@pytest.mark.timeout(600)
def test_chinese_is_whole_on_every_page(full: House, visit: Callable[..., Any]) -> None:
    one = visit(full, "phone", language="zh")
    one.login()
    english: dict[str, list[str]] = {}
    for path in OWNERS:
        if path in BEFORE:
            continue
        page = one.owner(address(path, full))
        one.again()
        assert page.get_attribute("html", "lang").startswith("zh")
        one.shot(f"zh-{name_of(path)}", whole=True)
        shown = re.sub(r"(?s)\b(ben|ana|Olga|Hugo|English|edge-face|PIN|TOTP|CSV|TOML|HTTPS?|TLS|QR|UTC)\b", "", one.text)
        # The daemon's own words are English (settings, models, the log, what is wired, the clock); short runs of words are names.
        if found := re.findall(r"(?:[A-Za-z']{2,}[ ,]+){3,}[A-Za-z']{2,}", shown):
            english[path] = found[:5]
    (one.shots / "english-left.json").write_text(json.dumps(english, indent=1, ensure_ascii=False))
    daemon = {"/settings", "/settings/{section}", "/settings/{section}/diff", "/models", "/models/{task}", "/audit"}
    left = {path: [words for words in found if not DAEMON.search(words)] for path, found in english.items() if path not in daemon}
    assert not any(left.values()), left


def look(one: Any, path: str, figures: dict[str, int]) -> list[str]:
    """What is wrong with the page that is open."""
    page = one.page
    wrong = violations(page)
    if (count := page.locator("h1").count()) != 1:
        wrong.append(f"{count} headings of the first rank")
    if (wide := page.evaluate(SIDEWAYS)) > 1:
        wrong.append(f"{wide} px wider than the screen")
    weight = int(page.evaluate(WEIGHT))
    figures[path] = max(weight, figures.get(path, 0))
    if weight > HEAVIEST:
        wrong.append(f"weighs {weight} bytes")
    return [f"{path} ({one.size}): {said}" for said in wrong]

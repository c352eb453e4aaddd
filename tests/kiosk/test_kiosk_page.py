"""The page beside the door: it stands without the daemon, has words for all that the door may say, takes codes, and says who films."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from kiosk_house import House

from edge_face.kiosk import kiosk_pages
from edge_face.kiosk.kiosk_words import MESSAGES, OFFERS, PHASES, all_words
from edge_face.kiosk.static_files import FOLDER
from edge_face.service.code_thread import Offer
from edge_face.service.web import kiosk_state
from edge_face.settings import ASSURANCES

PIN = "493817"
STATIC = Path(FOLDER)


def test_there_are_words_for_all_that_the_door_may_say() -> None:
    assert {phase.value for phase in kiosk_state.Phase} <= set(PHASES)
    assert {message for message in kiosk_state.MESSAGES if message} <= set(MESSAGES)
    assert {f"idle.{level}" for level in ASSURANCES} <= set(PHASES)
    assert {offer.name.lower() for offer in Offer} <= set(OFFERS)


def test_the_page_brings_all_words_along(house: House) -> None:
    text = house.kiosk.get("/").text
    assert set(re.findall(r'<i data-key="([^"]+)">', text)) == set(all_words())
    assert re.search(r'<i data-key="other.rest">[^<]*%\(s\)s', text), "numbers are put in by the script"


def test_every_phase_has_a_drawing() -> None:
    style = (STATIC / "kiosk.css").read_text()
    assert {phase.value for phase in kiosk_state.Phase} <= set(re.findall(r'\[data-phase="(\w+)"\][^{,]*\.g-', style)) | set(
        re.findall(r'\[data-phase="(\w+)"\]', style))


def test_what_moves_stands_still_for_whoever_wants_that() -> None:
    assert "prefers-reduced-motion" in (STATIC / "style.css").read_text()
    assert "prefers-reduced-motion" in (STATIC / "kiosk.js").read_text()


@pytest.mark.parametrize("name", ["kiosk.js", "notice.js", "down.js"])
def test_scripts_load_and_run_nothing_else(name: str) -> None:
    text = (STATIC / name).read_text()
    assert not re.search(r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?://|import\(", text)


def test_the_page_stands_while_the_daemon_is_down(new_house: Callable[..., House]) -> None:
    house = new_house({"kiosk.responsible": "the Millers, ring twice"})
    kiosk = house.kiosk
    house.stop()
    assert kiosk.get("/").status_code == 200
    notice = kiosk.get("/notice")
    assert notice.status_code == 200 and "the Millers, ring twice" in notice.text
    sent = kiosk.fill("/code", text="123456")
    assert sent.status_code == 503 and "the door" in sent.text.lower()


def test_the_notice_says_what_is_so(new_house: Callable[..., House]) -> None:
    filmed = new_house({"store.keep_events": 7, "kiosk.attendance": True}, clip="door")
    text = filmed.kiosk.get("/notice").text
    assert "7 days" in text and "who came when" in text and "has a camera" in text
    blind = new_house({"kiosk.responsible": "<b>us</b>"}).kiosk.get("/notice").text
    assert "has no camera" in blind and "who came when" not in blind and "&lt;b&gt;us&lt;/b&gt;" in blind


def test_a_code_is_offered_to_the_door(new_house: Callable[..., House]) -> None:
    house = new_house()
    kiosk = house.kiosk
    assert kiosk.at(kiosk.fill("/code", text="  4711 0815 ")) == "/"
    assert re.search(r'class="notice notice-(good|bad)"', kiosk.get("/").text), "and without scripts the page says what became of it"
    answer = kiosk.post("/code", data={"text": "x" * 40}, headers={"x-csrf": kiosk.csrf, "accept": "application/json"})
    assert answer.json() == {"offer": "nonsense"}
    assert kiosk.post("/code", data={"text": "1" * 5000}, headers={"x-csrf": kiosk.csrf}).status_code == 413
    assert kiosk.post("/code", data={"text": "4711"}).status_code == 403


def test_a_right_code_opens_the_door(new_house: Callable[..., House]) -> None:
    house = new_house(faces=("ben",), people=())
    number = house.ask("codes.add", who="ben", pin=PIN)["number"]
    kiosk = house.kiosk

    def shown() -> dict[str, str]:
        state: dict[str, str] = kiosk.get("/state?once=1").json()["state"]
        return state

    house.until(lambda: shown()["phase"] in ("idle", "asleep"))
    kiosk.fill("/code", text=number + PIN)
    house.until(lambda: shown()["phase"] == "granted")
    assert PIN not in str(shown())


def test_the_pad_is_there_where_codes_may_be_typed(new_house: Callable[..., House]) -> None:
    assert 'id="pad"' in new_house().kiosk.get("/").text
    assert 'id="pad"' not in new_house({"kiosk.pad": False, "inputs.wiegand_d0": "GPIO23", "inputs.wiegand_d1": "GPIO24",
                                        "decision.assurance": "card"}).kiosk.get("/").text


def test_the_language_of_the_door_and_another_for_one_visit(new_house: Callable[..., House]) -> None:
    kiosk = new_house({"kiosk.language": "zh"}).kiosk
    assert '<html lang="zh-Hans"' in kiosk.get("/", headers={"accept-language": "en"}).text
    english = kiosk.get("/?lang=en").text
    assert '<html lang="en"' in english and "/notice?lang=en" in english
    assert '<html lang="zh-Hans"' in kiosk.get("/").text, "the next one begins in the door's own"


def test_facts_of_the_notice_are_the_daemons(house: House) -> None:
    told = house.ask("kiosk.notice", None)
    ours = kiosk_pages.notice_facts(house.settings)
    assert {name: told[name] for name in ours} == ours

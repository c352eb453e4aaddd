"""Settings from a page: shown, changed, looked at before they are saved; and the new start that puts them in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kiosk_house import Browser, House

from edge_face.kiosk.settings_form import entries
from edge_face.settings import section_names


def form(house: House, section: str, **typed: str) -> dict[str, Any]:
    """The form as a browser sends it, with some fields typed over."""
    answer = house.ask("settings.show")
    filled: dict[str, Any] = {}
    for entry in entries(section, answer["settings"][section], answer["closed"], answer["overlay"]):
        if entry.kind == "flag":
            filled |= {f"{entry.key}?": "1"} | ({entry.key: "1"} if entry.value else {})
        else:
            filled[entry.key] = entry.text
    return filled | {f"{section}.{name}": text for name, text in typed.items()}


def send(browser: Browser, path: str, fields: dict[str, Any]) -> Any:
    return browser.post(path, data={"csrf": browser.csrf, **fields}, headers={"origin": str(browser.base_url).rstrip("/")})


@pytest.mark.parametrize("section", section_names())
def test_every_section_has_a_page(house: House, section: str) -> None:
    text = house.logged_in().get(f"/settings/{section}").text
    assert f"[{section}]" in text and ("See what would change" in text or "Nothing in this section" in text)


def test_a_section_that_is_not_there(house: House) -> None:
    assert house.logged_in().get("/settings/secrets").status_code == 404


def test_a_change_is_shown_before_it_is_saved_and_waits_for_a_new_start(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    where = owner.at(send(owner, "/settings/decision", form(house, "decision", votes="2", dwell="0,5")))
    page = owner.get(where).text
    assert "decision.votes" in page and "<del>3</del>" in page and "<ins>2</ins>" in page and "<ins>0.5</ins>" in page
    assert house.ask("settings.show")["overlay"] == {}
    changes = page.split('name="changes" value="')[1].split('"')[0].replace("&#34;", '"')
    owner.at(owner.fill("/settings/decision/save", changes=changes))
    assert "Nothing is different" in owner.get(where).text  # the back button
    answer = house.ask("settings.show")
    assert answer["settings"]["decision"]["votes"] == 2 and set(answer["waiting"]) == {"decision.votes", "decision.dwell"}
    assert "decision.votes" in owner.get("/settings").text and "back to what the file says" in owner.get("/settings/decision").text
    back = owner.at(send(owner, "/settings/decision", {**form(house, "decision"), "reset": "decision.votes"}))
    assert "decision.votes" in owner.get(back).text


def test_a_mistake_is_said_with_what_was_typed(house: House) -> None:
    owner = house.logged_in()
    wrong = send(owner, "/settings/decision", form(house, "decision", votes="31"))
    assert wrong.status_code == 422 and "1 to 30" in wrong.text and 'value="31"' in wrong.text
    words = send(owner, "/settings/decision", form(house, "decision", dwell="<soon>"))
    assert words.status_code == 422 and "&lt;soon&gt;" in words.text and "<soon>" not in words.text
    together = send(owner, "/settings/decision", form(house, "decision", votes="6"))
    assert together.status_code == 422 and "votes must not be more" in together.text


def test_nothing_changed_is_said(house: House) -> None:
    assert "Nothing is different" in send(house.logged_in(), "/settings/decision", form(house, "decision")).text


@pytest.mark.parametrize("changes", ['{"hooks.command": ["/bin/sh"]}', '{"store.folder": "/"}', '{"door.pins": "lgpio"}', '{"a": 1}', "[]",
                                     "{", '{"decision.votes": {}}', "[" * 5000])
def test_what_no_page_may_set_is_not_saved(house: House, changes: str) -> None:
    owner = house.logged_in()
    assert owner.fill("/settings/decision/save", changes=changes).status_code in (400, 403, 422)
    assert owner.get("/settings/decision/diff", params={"changes": changes[:500]}).status_code in (400, 403, 422)
    assert house.ask("settings.show")["overlay"] == {}


def test_saving_asks_for_the_passphrase_and_comes_back_to_the_differences(house: House) -> None:
    stale = house.logged_in(fresh=False)
    where = stale.at(send(stale, "/settings/decision", form(house, "decision", votes="2")))
    asked = stale.at(stale.get(where))
    assert asked.startswith("/again?next=%2Fsettings%2Fdecision%2Fdiff%3Fchanges")


def test_a_restart_says_what_it_does_and_waits(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    assert "nobody is let in" in owner.get("/restart?next=/settings").text
    where = owner.at(owner.fill("/restart", next="/settings"))
    assert where == "/restarting?next=%2Fsettings"
    house._thread.join(30)
    down = owner.get(where)
    assert down.status_code == 503 and "Retry-After" in down.headers
    house.start()
    back = owner.at(owner.get(where))  # nobody is logged in any more: it has started anew
    assert back == "/login?next=%2Fsettings" and "has started again" in owner.get(back).text


def test_the_waiting_page_does_not_wait_for_ever(house: House) -> None:
    owner = house.logged_in()
    assert "tries=1" in owner.get("/restarting?next=/settings").text
    assert owner.at(owner.get("/restarting?next=/settings&tries=15")) == "/settings"
    assert owner.at(owner.get("/restarting?next=//example.org&tries=99")) == "/"

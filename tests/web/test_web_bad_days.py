"""The owner's pages without a mouse, and on the days on which the door does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from walking import OWNER, PASSPHRASE, claim, violations

from edge_face.demo.house import House


def tab_to(page: Any, wanted: str, most: int = 40) -> None:
    """Presses Tab until an element has the focus."""
    for _ in range(most):
        if page.evaluate(f"document.activeElement?.matches({wanted!r}) ?? false"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_logging_in_and_about_by_the_keyboard_alone(house: House, visit: Callable[..., Any]) -> None:
    one = visit(house, "laptop")
    page = one.owner("/login")
    tab_to(page, "[name=name]")
    page.keyboard.type(OWNER)
    tab_to(page, "[name=passphrase]")
    page.keyboard.type(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_url(house.owner_url, wait_until="commit")
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a.skip')"), "the first Tab does not offer to skip the menu"
    tab_to(page, "a[href='/people']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people", wait_until="commit")


def test_a_door_that_is_down_is_said_and_found_again(make_house: Callable[..., House], visit: Callable[..., Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code"})
    claim(house)
    one = visit(house, "phone")
    one.login()
    house.stop_door()
    page = one.owner("/people")
    assert "does not answer" in one.text and violations(page) == []
    one.shot("owner-down")
    house.start_door()
    # By itself; sessions end with the daemon, so it is the login that comes.
    page.wait_for_url("**/login*", wait_until="commit", timeout=60_000)
    one.login(then="/people")
    assert "ben" in one.text

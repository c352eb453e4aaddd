"""Every page of both listeners: refused without a login, with one that has ended, to a lesser role, to a passphrase given long ago, to
other sites, to forms that are not ours, and on the other listener. The table is made of the pages themselves: none can be
forgotten."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from kiosk_house import KIOSK_URL, OWNER_URL, Browser, House

from edge_face.kiosk.app import PAGE_MODULES, all_pages
from edge_face.kiosk.cookies import SESSION
from edge_face.kiosk.pages import Listener, Page
from edge_face.service.web.roles import Role

PAGES = all_pages()
OWNERS = [page for page in PAGES if page.listener is Listener.OWNER]
LOCKED = [page for page in OWNERS if page.role > Role.NOBODY]
CHANGING = [page for page in PAGES if page.changes]
OPEN = {
    (Listener.KIOSK, "/"), (Listener.KIOSK, "/state"), (Listener.KIOSK, "/picture.jpg"), (Listener.KIOSK, "/picture.mjpeg"),
    (Listener.KIOSK, "/code"), (Listener.KIOSK, "/notice"), (Listener.KIOSK, "/static/{name:path}"),
    (Listener.OWNER, "/static/{name:path}"), (Listener.OWNER, "/claim"), (Listener.OWNER, "/login"), (Listener.OWNER, "/restarting"),
    (Listener.OWNER, "/trust"), (Listener.OWNER, "/trust/authority.crt"), (Listener.OWNER, "/metrics"),
    (Listener.OWNER, "/api/v1/session"), (Listener.OWNER, "/api/v1/openapi.json")}
"""What anybody may ask for, each for a reason: a page that is meant for somebody must not come to be here unnoticed. /metrics asks for a
key itself."""
FRESH = re.compile(r"/forget|/people/\{who\}/codes|/backup|/accounts|/restart$|/settings/\{section\}/save|/door/(test|lift)|"
                   r"/pending/.*approve")
"""What asks for the passphrase again, whatever else happens to these pages."""
UNLOCK = "/door/unlock"
"""Asks for the passphrase itself, each time."""


def address(page: Page, house: House) -> str:
    """A page's path with something in its holes."""
    filled = page.path.replace("{who}", house.ids["Ben"]).replace("{number:int}", "1")
    return re.sub(r"\{[^}]+\}", "nothing", filled)


def ids(pages: list[Page]) -> list[str]:
    return [f"{page.listener.value} {'/'.join(page.methods)} {page.path}" for page in pages]


def method_of(page: Page) -> str:
    """The method that does the most."""
    return next((method for method in page.methods if method not in ("GET", "HEAD")), page.methods[0])


@pytest.fixture(scope="module")
def as_role(house: House) -> Callable[..., Browser]:
    """Browsers of each kind, kept for the module: each has connections of its own to the daemon, which takes sixteen. `role`: None for
    somebody who is not logged in, a word for a further browser of an owner; "kiosk..." for one beside the door."""
    kept: dict[tuple[Any, ...], Browser] = {}

    def browser(role: Role | str | None, *, fresh: bool = True) -> Browser:
        if (role, fresh) not in kept:
            if isinstance(role, str):
                kept[role, fresh] = house.kiosk if role.startswith("kiosk") else house.logged_in(Role.OWNER)
            else:
                kept[role, fresh] = house.browser() if role is None else house.logged_in(role, fresh=fresh)
        return kept[role, fresh]

    return browser


@pytest.fixture(scope="module", autouse=True)
def nothing_was_done(house: House) -> Iterator[None]:
    """All that is asked for here is refused: at the end the house is as it was."""
    for role in (Role.OWNER, Role.HELPER, Role.VIEWER):
        house.token(role)
    before = state_of(house)
    yield
    assert state_of(house) == before


def state_of(house: House) -> dict[str, Any]:
    asked = {name: house.ask(name) for name in ("people.list", "codes.list", "settings.show", "accounts.list", "schedule.show")}
    for row in asked["accounts.list"]["accounts"] if isinstance(asked["accounts.list"], dict) else asked["accounts.list"]:
        row.pop("sessions", None)
    policy, lock = house.daemon.parts.policy, house.daemon.parts.lock
    assert policy is not None and lock is not None
    asked["schedule.show"].pop("clock")
    return {**asked, "lockdown": policy.state.lockdown, "released": lock.released}


def send(browser: Browser, page: Page, house: House, *, csrf: str | None = None, **headers: str) -> Any:
    """Asks for a page as a browser would, with the form's hidden field where one is given."""
    base = str(browser.base_url).rstrip("/")
    method = method_of(page)
    extra = {"x-csrf": csrf} if csrf is not None and page.api else {}
    return browser.request(method, address(page, house), headers={"origin": base, **extra, **headers} if page.changes else headers,
                           data={"csrf": csrf or ""} if page.changes and not page.api else None)


def refused(answer: Any, page: Page, status: int, *to: str) -> None:
    """With JSON for programs, with a way to go for people; never with content."""
    if page.api:
        assert answer.status_code == status and set(answer.json()) == {"error"}, (answer.status_code, answer.text[:300])
    elif to:
        assert answer.status_code == 303, (answer.status_code, answer.text[:300])
        assert urlsplit(answer.headers["location"]).path in to
    else:
        assert answer.status_code == status, (answer.status_code, answer.text[:300])


def test_every_module_of_pages_is_there() -> None:
    import importlib

    for name in PAGE_MODULES:
        assert importlib.import_module(f"edge_face.kiosk.{name}").PAGES


def test_what_anybody_may_see_is_written_down() -> None:
    open_ = {(page.listener, page.path) for page in PAGES if page.role is Role.NOBODY and not page.invited}
    assert open_ == OPEN


def test_the_listener_beside_the_door_changes_nothing_but_by_a_code() -> None:
    assert {(page.path, page.methods) for page in PAGES if page.listener is Listener.KIOSK and page.changes} == {("/code", ("POST",))}
    assert all(page.role is Role.NOBODY and not page.invited for page in PAGES if page.listener is Listener.KIOSK)


def test_whatever_takes_something_away_or_opens_asks_for_the_passphrase_again() -> None:
    wanting = [f"{page.methods} {page.path}" for page in LOCKED if page.changes and FRESH.search(page.path) and not page.fresh]
    assert wanting == []


def test_no_address_means_two_pages() -> None:
    seen = [(page.listener, page.path, method) for page in PAGES for method in page.methods]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("page", LOCKED, ids=ids(LOCKED))
def test_nobody_gets_in_without_a_login(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    refused(send(as_role(None), page, house), page, 401, "/login")


@pytest.mark.parametrize("page", LOCKED, ids=ids(LOCKED))
def test_a_login_that_has_ended_is_none(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role("whose login ends")
    token = house.token(Role.OWNER)
    session = house.daemon.sessions.find(token)
    assert session is not None
    session.used = -math.inf
    browser.cookies.clear()
    browser.cookies.set(SESSION, token, domain="127.0.0.1", path="/")
    refused(send(browser, page, house), page, 401, "/login")


@pytest.mark.parametrize(("page", "role"), [(page, role) for page in LOCKED for role in (Role.VIEWER, Role.HELPER) if role < page.role],
                         ids=lambda value: value.name if isinstance(value, Role) else ids([value])[0])
def test_a_lesser_role_is_refused(house: House, as_role: Callable[..., Browser], page: Page, role: Role) -> None:
    browser = as_role(role)
    refused(send(browser, page, house, csrf=browser.csrf), page, 403)


@pytest.mark.parametrize("page", [page for page in LOCKED if page.fresh], ids=ids([page for page in LOCKED if page.fresh]))
def test_a_passphrase_of_long_ago_is_asked_for_again(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(Role.OWNER, fresh=False)
    refused(send(browser, page, house, csrf=browser.csrf), page, 403, "/again")


@pytest.mark.parametrize("page", CHANGING, ids=ids(CHANGING))
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_another_site_s_form_is_refused(house: House, as_role: Callable[..., Browser], page: Page, origin: str) -> None:
    browser = as_role(Role.OWNER) if page.listener is Listener.OWNER else as_role("kiosk")
    answer = send(browser, page, house, csrf=browser.csrf, origin=origin)
    assert answer.status_code == 403 and "location" not in answer.headers


@pytest.mark.parametrize("page", CHANGING, ids=ids(CHANGING))
def test_a_form_without_our_own_word_is_refused(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(Role.OWNER) if page.listener is Listener.OWNER else as_role("kiosk")
    another = as_role("another").csrf
    for csrf in (None, "", "0" * 64, another):
        answer = send(browser, page, house, csrf=csrf)
        assert answer.status_code == 403 and "location" not in answer.headers, (csrf, answer.status_code, answer.text[:200])


@pytest.mark.parametrize("page", PAGES, ids=ids(list(PAGES)))
def test_a_page_of_another_site_may_not_read_or_embed_it(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(Role.OWNER) if page.listener is Listener.OWNER else as_role("kiosk")
    for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("no-cors", "script")):
        answer = browser.get(address(page, house), headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": mode, "sec-fetch-dest": dest})
        assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("page", PAGES, ids=ids(list(PAGES)))
def test_another_name_of_this_machine_is_not_answered(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(Role.OWNER) if page.listener is Listener.OWNER else as_role("kiosk")
    assert browser.get(address(page, house), headers={"host": "door.evil.example"}).status_code == 421


@pytest.mark.parametrize("page", PAGES, ids=ids(list(PAGES)))
def test_a_page_is_on_its_own_listener_alone(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    other = Listener.KIOSK if page.listener is Listener.OWNER else Listener.OWNER
    if any(twin.path == page.path and twin.listener is other for twin in PAGES):
        pytest.skip("both listeners have a page of this address, each its own")
    browser = as_role("kiosk with an owner's cookie") if other is Listener.KIOSK else as_role(Role.OWNER)
    if other is Listener.KIOSK:
        browser.cookies.set(SESSION, str(as_role("another").cookies[SESSION]), domain="127.0.0.1", path="/")
    answer = send(browser, page, house, csrf=browser.csrf)
    assert answer.status_code == 404


def test_pages_of_the_same_address_do_not_stand_for_each_other(house: House, as_role: Callable[..., Browser]) -> None:
    kiosk = as_role("kiosk with an owner's cookie")
    assert as_role(None).get("/").status_code == 303 and kiosk.get("/").status_code == 200
    kiosk.cookies.set(SESSION, str(as_role("another").cookies[SESSION]), domain="127.0.0.1", path="/")
    assert kiosk.get("/").text.count("logout") == 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.invited], ids=ids([page for page in PAGES if page.invited]))
def test_an_invitation_that_was_never_given_opens_nothing(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(None)
    path = re.sub(r"\{secret[^}]*\}", "A" * 43, page.path)
    answer = browser.request(method_of(page), re.sub(r"\{[^}]+\}", "1", path),
                             headers={"origin": OWNER_URL, "x-csrf": browser.csrf} if page.changes else {})
    assert answer.status_code in (303, 400, 403, 404, 410, 422), answer.status_code
    if answer.status_code == 303:
        assert "A" * 43 in answer.headers["location"]  # back to the page that says so
    assert "Ben" not in answer.text


@pytest.mark.parametrize("page", CHANGING, ids=ids(CHANGING))
def test_a_body_longer_than_its_page_takes_is_not_read(house: House, as_role: Callable[..., Browser], page: Page) -> None:
    browser = as_role(Role.OWNER) if page.listener is Listener.OWNER else as_role("kiosk")
    base = OWNER_URL if page.listener is Listener.OWNER else KIOSK_URL
    answer = browser.request(method_of(page), address(page, house), content=b"x", headers={
        "content-length": str(page.largest + 1), "content-type": "application/x-www-form-urlencoded", "origin": base,
        **({"x-csrf": browser.csrf} if page.api else {})})
    assert answer.status_code == 413


def test_figures_are_for_whoever_is_logged_in_or_has_the_key(house: House, as_role: Callable[..., Browser]) -> None:
    for key in ("", "Bearer", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="):
        answer = as_role(None).get("/metrics", headers={"authorization": key} if key else {})
        assert answer.status_code == 401 and "edge_face" not in answer.text
    assert as_role(Role.VIEWER).get("/metrics").status_code == 200


def test_methods_that_no_page_has_are_refused(house: House, as_role: Callable[..., Browser]) -> None:
    browser = as_role(Role.OWNER)
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT"):
        assert browser.request(method, "/people").status_code in (400, 403, 405), method

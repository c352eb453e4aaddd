"""Before a page runs: the login, the role, the passphrase of just now, the form's own word, the size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kiosk_house import Browser, House
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import PeopleError, StoreError
from edge_face.kiosk.cookies import NOTE, SESSION, VISIT
from edge_face.kiosk.guard import MOST_LARGE
from edge_face.kiosk.link import caller_of, token_of
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.static_files import PAGES as STATIC
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

ran: list[str] = []


async def _who(request: Request) -> Response:
    ran.append(request.url.path)
    who = caller_of(request)
    return JSONResponse({"role": who.role.name, "name": who.name, "fresh": who.fresh, "token": bool(token_of(request))})


async def _form(request: Request) -> Response:
    ran.append(request.url.path)
    form = await request.form()
    return redirect(request, "/nobody", _("%(name)s was written", name=str(form.get("name"))))


async def _body(request: Request) -> Response:
    ran.append(request.url.path)
    return JSONResponse({"bytes": len(await request.body())})


async def _fault(request: Request) -> Response:
    kinds: dict[str, Exception] = {"people": PeopleError("there is nobody called <b>X</b>"), "store": StoreError("the disk is full"),
                                   "own": RuntimeError("secret-123")}
    raise kinds[request.path_params["kind"]]


PAGES = (*STATIC, Page("/nobody", _who, role=Role.NOBODY), Page("/viewer", _who), Page("/helper", _who, role=Role.HELPER),
         Page("/owner", _who, role=Role.OWNER), Page("/fresh", _who, role=Role.OWNER, fresh=True),
         Page("/form", _form, methods=("POST",), role=Role.NOBODY, largest=2000),
         Page("/owners/form", _form, methods=("POST",), role=Role.OWNER, fresh=True),
         Page("/large", _body, methods=("POST",), role=Role.HELPER, largest=4 << 20),
         Page("/large/{secret}", _body, methods=("POST",), role=Role.NOBODY, invited=True, largest=4 << 20),
         Page("/api/v1/thing", _body, methods=("POST",), role=Role.HELPER, api=True, largest=1000),
         Page("/api/v1/token", _body, methods=("POST",), role=Role.NOBODY, api=True), Page("/fault/{kind}", _fault, role=Role.NOBODY),
         Page("/k", _who, role=Role.NOBODY, listener=Listener.KIOSK), Page("/kv", _who, role=Role.VIEWER, listener=Listener.KIOSK))


@pytest.fixture(scope="module")
def own() -> Iterator[House]:
    made = House(pages=PAGES)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@pytest.mark.parametrize(("path", "least"), [("/viewer", Role.VIEWER), ("/helper", Role.HELPER), ("/owner", Role.OWNER)])
def test_a_page_is_for_its_role_and_higher(own: House, path: str, least: Role) -> None:
    for role in (Role.VIEWER, Role.HELPER, Role.OWNER):
        answer = own.logged_in(role).get(path)
        assert answer.status_code == (200 if role >= least else 403)
        assert bool(ran) == (role >= least)
        ran.clear()


def test_nobody_is_led_to_the_login_and_back(own: House) -> None:
    own.token()
    browser = own.browser()
    assert browser.at(browser.get("/viewer?a=1&b=ü")) == "/login?next=%2Fviewer%3Fa%3D1%26b%3D%25C3%25BC"
    assert ran == []


def test_a_session_that_ended_is_led_to_the_login_and_told(own: House) -> None:
    browser = own.logged_in()
    own.daemon.sessions.end_all()
    answer = browser.get("/owner")
    assert browser.at(answer).startswith("/login?next=") and browser.cookies.get(NOTE) and not browser.cookies.get(SESSION)


def test_a_door_without_an_owner_is_claimed_first(new_house: Callable[..., House]) -> None:
    browser = new_house(pages=PAGES).browser()
    assert browser.at(browser.get("/viewer")) == "/claim"


def test_what_asks_for_the_passphrase_again_asks_for_it(own: House) -> None:
    assert own.logged_in().get("/fresh").json()["fresh"]
    stale = own.logged_in(fresh=False)
    assert stale.at(stale.get("/fresh")) == "/again?next=%2Ffresh" and len(ran) == 1
    came = {"referer": "http://127.0.0.1:8443/people/1?x=2", "origin": "http://127.0.0.1:8443"}
    sent = stale.post("/owners/form", data={"csrf": stale.csrf, "name": "X"}, headers=came)
    assert stale.at(sent) == "/again?next=%2Fpeople%2F1%3Fx%3D2" and len(ran) == 1


def test_a_form_needs_the_word_of_its_own_session(own: House) -> None:
    browser, other = own.logged_in(), own.logged_in()
    for word in ("", other.csrf, "0" * 40, own.browser().csrf):
        answer = browser.post("/owners/form", data={"csrf": word, "name": "X"})
        assert answer.status_code == 403 and ran == []
    assert browser.post("/owners/form", data={"name": "X"}).status_code == 403
    assert browser.post("/owners/form?csrf=" + browser.csrf, data={"name": "X"}).status_code == 403 and ran == []
    assert browser.at(browser.fill("/owners/form", name_="X")) == "/nobody" and ran == ["/owners/form"]
    assert browser.post("/owners/form", data={"name": "X"}, headers={"x-csrf": browser.csrf}).status_code == 303


def test_a_form_before_the_login_is_bound_to_the_visit(own: House) -> None:
    browser, other = own.browser(), own.browser()
    assert browser.fill("/form", name="X").status_code == 303
    assert browser.post("/form", data={"csrf": other.csrf, "name": "X"}).status_code == 403
    assert own.browser().post("/form", data={"csrf": browser.csrf, "name": "X"}).status_code == 403


def test_forms_with_files_are_checked_as_well(own: House) -> None:
    browser = own.browser()
    assert browser.fill("/form", files={"picture": ("a.jpg", b"x" * 500)}, name="X").status_code == 303
    assert browser.post("/form", data={"name": "X"}, files={"picture": ("a.jpg", b"x")}).status_code == 403


def test_a_body_is_as_long_as_its_page_takes(own: House) -> None:
    browser = own.browser()
    assert browser.fill("/form", name="x" * 3000).status_code == 413 and ran == []
    headers = {"x-csrf": browser.csrf, "content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/form", content=iter([b"name=" + b"x" * 900] * 5), headers=headers).status_code == 413
    assert browser.post("/form", content=b"", headers={**headers, "content-length": "-1"}).status_code in (400, 413)


def test_large_bodies_come_in_a_few_at_a_time(own: House) -> None:
    browser, guest = own.logged_in(), own.browser()
    guest.app.site.receiving[Role.NOBODY] = MOST_LARGE  # type: ignore[attr-defined]
    refused = guest.post("/large/abc", content=b"x", headers={"x-csrf": guest.csrf})
    assert refused.status_code == 409 and "try again" in refused.text and ran == []
    guest.app.site.receiving[Role.NOBODY] -= 1  # type: ignore[attr-defined]
    assert guest.post("/large/abc", content=b"x" * (2 << 20), headers={"x-csrf": guest.csrf}).json() == {"bytes": 2 << 20}
    assert guest.app.site.receiving[Role.NOBODY] == MOST_LARGE - 1  # type: ignore[attr-defined]
    browser.app.site.receiving[Role.NOBODY] = MOST_LARGE  # type: ignore[attr-defined]
    assert browser.post("/large", content=b"x", headers={"x-csrf": browser.csrf}).status_code == 200, "nobody keeps the owner away"


def test_what_is_announced_too_long_is_not_read(own: House) -> None:
    browser = own.logged_in(Role.HELPER)
    for length in ("1001", "-1", "9" * 20, "1e3", ""):
        headers = {"x-csrf": browser.csrf, "content-length": length}
        assert browser.post("/api/v1/thing", content=b"", headers=headers).status_code == 413
    assert ran == []


def test_scripts_send_their_token_by_themselves_and_no_form_word(own: House) -> None:
    browser, token = own.browser(), own.token(Role.HELPER)
    bearer = {"authorization": f"Bearer {token}"}
    assert browser.post("/api/v1/thing", content=b"12345", headers=bearer).json() == {"bytes": 5}
    assert browser.post("/api/v1/thing", content=b"x" * 1001, headers=bearer).status_code == 413
    refused = browser.post("/api/v1/thing", content=b"1")
    assert refused.status_code == 401 and refused.json()["error"]["kind"] == "LoginNeededError"
    assert browser.post("/api/v1/thing", headers={"authorization": "Bearer nonsense"}).status_code == 401
    assert browser.post("/api/v1/token").status_code == 200
    assert browser.get("/viewer", headers=bearer).status_code == 303, "a page for people knows no such header"


def test_a_script_in_a_logged_in_browser_needs_the_word(own: House) -> None:
    browser = own.logged_in()
    assert browser.post("/api/v1/thing", content=b"1").json()["error"]["kind"] == "StaleFormError"
    assert browser.post("/api/v1/thing", content=b"1", headers={"x-csrf": browser.csrf}).status_code == 200


def test_the_kiosks_listener_knows_nobody(own: House) -> None:
    kiosk = own.kiosk
    for name in (SESSION, f"{SESSION}_kiosk"):
        kiosk.cookies.set(name, own.token(), domain="127.0.0.1", path="/")
    assert kiosk.get("/k").json() == {"role": "NOBODY", "name": "", "fresh": False, "token": False}
    assert kiosk.get("/kv").status_code == 401


def test_cookies_are_for_this_site_alone(own: House) -> None:
    answer = own.browser().fill("/form", name="X")
    for line in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in line and "SameSite=strict" in line and "Path=/" in line and "domain" not in line.lower()


def test_with_tls_cookies_hold_for_this_host_and_tls_alone(own: House) -> None:
    from edge_face.kiosk.app import make_app
    from edge_face.kiosk.link import Link
    from edge_face.service.protocol import web_socket_path

    app = make_app(own.settings, Listener.OWNER, Link(web_socket_path(own.settings)), secure=True, pages=PAGES)
    browser = Browser(app, base_url="https://127.0.0.1:8443", follow_redirects=False)
    line = browser.get("/nothing", headers={"accept": "text/html"}).headers["set-cookie"]
    assert line.startswith(f"__Host-{VISIT}=") and "Secure" in line


def test_errors_are_said_in_one_sentence_and_never_leak(own: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "edge_face.kiosk")
    browser = own.browser()
    people, store, fault = (browser.get(f"/fault/{kind}") for kind in ("people", "store", "own"))
    assert people.status_code == 400 and "there is nobody called &lt;b&gt;X&lt;/b&gt;" in people.text
    assert store.status_code == 503 and "the disk is full" in store.text
    assert fault.status_code == 500 and "secret-123" not in fault.text + caplog.text
    assert any(getattr(record, "fields", {}).get("error") == "RuntimeError" for record in caplog.records)
    as_json = browser.get("/fault/people", headers={"accept": "application/json"}).json()
    assert as_json == {"error": {"kind": "PeopleError", "message": "there is nobody called <b>X</b>"}}


def test_a_daemon_that_is_down_is_said_and_found_again(new_house: Callable[..., House]) -> None:
    house = new_house(pages=PAGES)
    browser = house.logged_in()
    assert browser.get("/owner").status_code == 200
    house.stop()
    down = browser.get("/owner")
    assert down.status_code == 503 and down.headers["retry-after"] == "3" and "down.js" in down.text
    sent = browser.post("/owners/form", data={"csrf": "x"})
    assert sent.status_code == 503 and "down.js" not in sent.text, "a form is never sent again by itself"
    assert browser.get("/static/style.css").status_code == 200
    house.start()
    assert browser.at(browser.get("/owner")).startswith("/login"), "sessions end with the daemon"


def test_a_page_asked_in_a_wrong_way_says_in_which_it_is(own: House) -> None:
    answer = own.browser().put("/form", headers={"origin": "http://127.0.0.1:8443"})
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"


def test_languages_are_chosen_by_hand_by_memory_and_by_the_browser(own: House) -> None:
    browser = own.browser()
    lost = "/nothing"
    assert '<html lang="en"' in browser.get(lost).text
    assert '<html lang="zh-Hans"' in browser.get(lost, headers={"accept-language": "fr;q=0.9, zh-CN;q=0.8, en;q=0.1"}).text
    for address in ("/fault/people?lang=zh", "/fault/people", "/fault/people?lang=xx"):
        assert '<html lang="zh-Hans"' in browser.get(address, headers={"accept-language": "en"}).text, "by hand, and remembered"
    assert '<html lang="en"' in browser.get("/fault/people?lang=en").text
    kiosk = own.kiosk
    assert '<html lang="zh-Hans"' in kiosk.get("/nothing?lang=zh").text and '<html lang="en"' in kiosk.get("/nothing").text

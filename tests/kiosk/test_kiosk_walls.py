"""Around every answer: by which names the pages are reached, which sites may begin a request, what a page may load."""

from __future__ import annotations

import pytest
from kiosk_house import OWNER_URL, Browser
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from edge_face.kiosk.app import make_app
from edge_face.kiosk.link import Link
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.walls import began_here, host_name
from edge_face.service.web.roles import Role
from edge_face.settings import Settings

HERE = "http://127.0.0.1:8443"


async def _hello(request: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    pages = (Page("/hello", _hello, role=Role.NOBODY), Page("/own", _hello, role=Role.NOBODY, listener=Listener.KIOSK))
    nobody = Link(tmp_path_factory.mktemp("no") / "web.sock")
    return Browser(make_app(Settings(), Listener.OWNER, nobody, hosts=("door.local",), pages=pages), base_url=OWNER_URL)


@pytest.mark.parametrize("host", ["127.0.0.1:8443", "localhost", "LOCALHOST:1", "door.local:8443", "door.local.:8443", "[::1]:8443"])
def test_names_of_this_machine_are_answered(browser: Browser, host: str) -> None:
    assert browser.get("/hello", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.9:8443", "door.local@evil.example", "", "a/b", "[::1",
                                  "door.local:port", "localhost:99999", "x" * 300])
def test_other_names_are_not(browser: Browser, host: str) -> None:
    answer = browser.get("/hello", headers={"host": host})
    assert answer.status_code == 421 and "hello" not in answer.text


def test_an_address_is_right_where_the_request_arrived(browser: Browser) -> None:
    walls = browser.app
    assert walls.known("192.168.1.7:8443", ("192.168.1.7", 8443)) and walls.known("192.168.1.7", ("::ffff:192.168.1.7", 8443))  # type: ignore[attr-defined]
    assert walls.known("[fd00::2]:1", ("fd00::2", 8443)) and not walls.known("192.168.1.8", ("192.168.1.7", 8443))  # type: ignore[attr-defined]


def test_host_names_are_read_or_refused() -> None:
    assert host_name("Door.Local:80") == "door.local" and host_name("[FD00::2]:80") == "[fd00::2]"
    assert host_name("a b") is None and host_name("[bad") is None and host_name(":80") is None


@pytest.mark.parametrize("headers", [
    {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:8090"}, {"origin": "https://127.0.0.1:8443"},
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}])
def test_a_change_that_another_site_began_is_refused(headers: dict[str, str]) -> None:
    assert not began_here("POST", "http", Headers({"host": "127.0.0.1:8443", **headers}))


@pytest.mark.parametrize("headers", [
    {}, {"origin": HERE}, {"origin": HERE, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_a_change_that_our_own_page_began_is_not(headers: dict[str, str]) -> None:
    assert began_here("POST", "http", Headers({"host": "127.0.0.1:8443", **headers}))


def test_a_link_elsewhere_may_be_followed_but_nothing_embedded() -> None:
    link = {"host": "a", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert began_here("GET", "http", Headers(link))
    for dest, mode in (("image", "no-cors"), ("iframe", "navigate"), ("empty", "cors"), ("script", "no-cors")):
        assert not began_here("GET", "http", Headers({**link, "sec-fetch-dest": dest, "sec-fetch-mode": mode}))


@pytest.mark.parametrize("path", ["/hello", "/nothing"])
def test_every_answer_says_what_may_be_loaded(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'" and policy["form-action"] == "'self'" and policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin" and "access-control-allow-origin" not in headers


def test_a_page_of_the_other_listener_does_not_exist(browser: Browser) -> None:
    assert browser.get("/own").status_code == 404


def test_nothing_allows_other_sites_to_read(browser: Browser) -> None:
    answer = browser.options("/hello", headers={"origin": "http://evil.example", "access-control-request-method": "GET"})
    assert answer.status_code == 403 and not [name for name in answer.headers if name.startswith("access-control")]

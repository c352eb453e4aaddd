"""What docs/security-pages.md says of every page, script and template: looked at one by one, so that a new one is looked at as well."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from kiosk_house import NAMES, PASSPHRASE, Browser, House

import edge_face.kiosk
from edge_face.kiosk.app import all_pages
from edge_face.kiosk.cookies import SESSION
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.static_files import static_files
from edge_face.service.web.roles import Role

ROOT = Path(edge_face.kiosk.__file__).parent
READ = [page for page in all_pages() if page.methods == ("GET",) and not page.path.startswith("/static")
        and not re.search(r"mjpeg|/state$|/picture\.jpg|/restarting", page.path)]
"""Pages that are read; streams have tests of their own."""


class Seen(HTMLParser):
    """Tags with their attributes, the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(data)

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


def address(page: Page, house: House) -> str:
    return re.sub(r"\{[^}]+\}", "nothing", page.path.replace("{who}", house.ids["Ben"]).replace("{number:int}", "1"))


@pytest.fixture(scope="module")
def browsers(house: House) -> dict[Listener, Browser]:
    return {Listener.OWNER: house.logged_in(Role.OWNER), Listener.KIOSK: house.kiosk}


@pytest.fixture(scope="module")
def answers(house: House, browsers: dict[Listener, Browser]) -> Iterator[list[tuple[Page, Any]]]:
    """Every page that is read, as an owner who has just given the passphrase reads it; and for whom a page is that is not logged in."""
    nobody = house.browser()
    yield [(page, (nobody if page.path in ("/login", "/claim") else browsers[page.listener]).get(address(page, house))) for page in READ]


def pages_of(answers: list[tuple[Page, Any]]) -> list[tuple[str, Any, Seen]]:
    return [(page.path, answer, Seen(answer.text)) for page, answer in answers
            if answer.headers.get("content-type", "").startswith("text/html")]


def test_all_are_looked_at_and_none_breaks(answers: list[tuple[Page, Any]]) -> None:
    assert [(page.path, answer.status_code) for page, answer in answers if answer.status_code >= 500] == []
    assert len(pages_of(answers)) > 30


def test_every_answer_says_what_it_is_and_is_not_kept(answers: list[tuple[Page, Any]]) -> None:
    for page, answer in answers:
        kind = answer.headers.get("content-type", "")
        assert not answer.content or "charset=utf-8" in kind or not kind.startswith("text/"), (page.path, kind)
        # The document of the API says the same to everybody.
        assert "no-store" in answer.headers["cache-control"] or page.path == "/api/v1/openapi.json", page.path
        assert answer.headers["x-content-type-options"] == "nosniff" and "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_no_page_has_script_or_style_of_its_own_or_from_elsewhere(answers: list[tuple[Page, Any]]) -> None:
    for path, _, seen in pages_of(answers):
        assert seen.inline == [], path
        for tag, attributes in seen.tags:
            assert "style" not in attributes and not [name for name in attributes if name.startswith("on")], (path, tag, attributes)
            for name in ("src", "href", "action", "formaction"):
                assert not re.match(r"(?i)\s*(https?:|//|javascript:|data:text)", attributes.get(name, "")), (path, tag, attributes)


def test_forms_change_by_post_alone_and_bring_their_word(answers: list[tuple[Page, Any]]) -> None:
    for path, answer, seen in pages_of(answers):
        posts = [form for form in seen.all("form") if form.get("method", "get").lower() == "post"]
        words = [field for field in seen.all("input") if field.get("name") == "csrf"]
        assert len(words) >= len(posts), path
        # A form by GET asks for something and changes nothing: no passphrase in an address.
        for form in re.findall(r"(?is)<form(?![^>]*method=.post).*?</form>", answer.text):
            assert "password" not in form, path


def test_fields_for_a_passphrase_hide_it_and_let_a_manager_fill_it(answers: list[tuple[Page, Any]]) -> None:
    found = 0
    for path, _, seen in pages_of(answers):
        for field in seen.all("input"):
            if field.get("name") in ("passphrase", "again", "current") or field.get("type") == "password":
                found += 1
                assert field.get("type") == "password", (path, field)
                # Codes of people and the passphrase of a file are not what a browser should offer to keep.
                code = field.get("inputmode") == "numeric" or path.startswith("/backup")
                assert code or field.get("autocomplete") in ("current-password", "new-password"), (path, field)
                assert code or int(field.get("maxlength", 256)) >= 64, (path, field)
                assert "readonly" not in field, (path, field)
    assert found >= 4


def test_whoever_is_logged_in_can_log_out_on_every_page(answers: list[tuple[Page, Any]]) -> None:
    for path, answer, seen in pages_of(answers):
        page = next(page for page in READ if page.path == path)
        if page.listener is Listener.OWNER and page.role > Role.NOBODY and answer.status_code == 200:
            assert any(form.get("action") == "/logout" for form in seen.all("form")), path


def test_a_page_that_is_read_does_nothing(house: House, browsers: dict[Listener, Browser]) -> None:
    def state() -> tuple[Any, ...]:
        return tuple(house.ask(name) for name in ("people.list", "codes.list", "settings.show", "pending.list", "invite.list"))

    before = state()
    for page in READ:
        browsers[page.listener].get(address(page, house))
    assert state() == before


@pytest.mark.parametrize("name", sorted(name for name in static_files() if name.endswith(".js")))
def test_scripts_write_text_and_keep_nothing(name: str) -> None:
    text = static_files()[name].content.decode()
    odd = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|sessionStorage|indexedDB|postMessage"
    assert re.findall(odd, text) == [] and re.findall(r"https?://(?!www\.w3\.org/)", text) == []


def test_templates_escape_everything() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|\|\s*attr\b", text), path.name
        # An attribute without quotes ends at a space.
        assert not re.search(r"(?<!; url)=\{\{", text), path.name


@pytest.mark.parametrize("text", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "evil",
                                  "", "/ok\r\nSet-Cookie: a=b", "/" + "x" * 2000, "/\t/evil", "http:/evil", "/%0d%0a/../..//"])
def test_nobody_is_led_elsewhere(house: House, text: str) -> None:
    assert safe_next(text).startswith("/") and not safe_next(text).startswith(("//", "/\\")) and "\n" not in safe_next(text)
    browser = house.logged_in(Role.VIEWER)
    where = browser.at(browser.fill("/again", passphrase=PASSPHRASE, next=text))
    assert where.startswith("/") and not where.startswith(("//", "/\\"))


def test_headers_of_a_proxy_change_nothing(house: House) -> None:
    browser = house.browser()
    for name in ("x-forwarded-host", "x-forwarded-proto", "x-forwarded-for", "forwarded", "x-original-url", "x-rewrite-url",
                 "x-http-method-override"):
        answer = browser.get("/people", headers={name: "evil.example"})
        assert answer.status_code in (303, 401) and "evil" not in answer.text + answer.headers.get("location", "")
    assert house.browser().get("/login", headers={"host": "evil.example"}).status_code == 421


def test_files_have_no_listing_and_no_way_out(house: House) -> None:
    browser = house.browser()
    for path in ("/static/", "/static", "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
                 "/static/kiosk.js/..", "/.git/config", "/static/enrol.js%00.css"):
        assert browser.get(path).status_code in (303, 400, 401, 404), path


# Logging in, in a browser


@pytest.fixture
def own(new_house: Callable[..., House]) -> House:
    made = new_house(people=())
    made.token(Role.OWNER)
    return made


def sign_in(browser: Browser, name: str, passphrase: str) -> Any:
    return browser.fill("/login", name=name, passphrase=passphrase)


def test_a_wrong_name_and_a_wrong_passphrase_are_one_page(own: House) -> None:
    def plain(answer: Any) -> str:
        return re.sub(r'content="[0-9a-f]{40}"|value="[^"]*"', "", answer.text)

    one, other = (sign_in(own.browser(), name, "a wrong passphrase") for name in (NAMES[Role.OWNER], "Nobody"))
    assert one.status_code == other.status_code and plain(one) == plain(other) and "a wrong passphrase" not in one.text


def test_five_wrong_ones_and_it_says_for_how_long_to_wait(own: House) -> None:
    browser = own.browser()
    for _ in range(5):
        sign_in(browser, NAMES[Role.OWNER], "a wrong passphrase")
    answer = sign_in(browser, NAMES[Role.OWNER], PASSPHRASE)
    assert answer.status_code != 303 and "set-cookie" not in answer.headers and re.search(r"\b(30|2\d) s\b", answer.text)


def test_each_login_and_each_passphrase_given_again_is_another_token(own: House) -> None:
    browser = own.browser()
    tokens = []
    sign_in(browser, NAMES[Role.OWNER], PASSPHRASE)
    tokens.append(browser.cookies[SESSION])
    browser.fill("/again", passphrase=PASSPHRASE)
    tokens.append(browser.cookies[SESSION])
    sign_in(browser, NAMES[Role.OWNER], PASSPHRASE)
    tokens.append(browser.cookies[SESSION])
    assert len(set(tokens)) == 3
    for token in tokens[:2]:
        old = own.browser()
        old.cookies.set(SESSION, token, domain="127.0.0.1", path="/")
        assert old.at(old.get("/people")).startswith("/login")
    assert browser.get("/people").status_code == 200


def test_a_logout_ends_it_on_both_sides(own: House) -> None:
    browser = own.browser()
    sign_in(browser, NAMES[Role.OWNER], PASSPHRASE)
    token = browser.cookies[SESSION]
    browser.fill("/logout")
    assert SESSION not in browser.cookies
    assert own.daemon.sessions.find(token) is None


def test_a_passphrase_and_a_token_are_in_no_log(own: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = own.browser()
    sign_in(browser, NAMES[Role.OWNER], "a wrong passphrase")
    sign_in(browser, NAMES[Role.OWNER], PASSPHRASE)
    token = browser.cookies[SESSION]
    browser.fill("/people/nobody/forget", sure="yes")
    browser.get(f"/people?next={'x' * 50}")
    for secret in (PASSPHRASE, "a wrong passphrase", token):
        assert secret not in caplog.text



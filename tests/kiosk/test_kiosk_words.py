"""Words and languages: a sentence is marked once, shown in any language, escaped always, and an unknown one is shown as it is."""

from __future__ import annotations

import pytest
from kiosk_house import House
from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk import languages, notices
from edge_face.kiosk.languages import HTML_NAMES, LANGUAGES, chosen, say, say_number
from edge_face.kiosk.pages import Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.rendering import environment, redirect, render, url
from edge_face.kiosk.static_files import PAGES as STATIC
from edge_face.kiosk.static_files import static_address, static_files
from edge_face.kiosk.words import _, filled, ngettext
from edge_face.service.web.roles import Role


def test_words_are_english_and_remember_their_sentence() -> None:
    words = _("%(name)s is enrolled", name="Ben")
    assert words == "Ben is enrolled" and words.source == "%(name)s is enrolled"
    assert ngettext("%(num)s person", "%(num)s people", 1) == "1 person" and ngettext("%(num)s person", "%(num)s people", 2) == "2 people"
    assert _("100 % sure") == "100 % sure", "a lone % is no fault where there are no values"


def test_words_are_said_in_another_language() -> None:
    assert say("zh", "Come in.") == "请进。"
    assert say("zh", _("%(name)s is enrolled", name="Ben")) == "Ben 已登记"
    assert say("zh", ngettext("%(num)s person", "%(num)s people", 2)) == "2 人" == say_number("zh", "%(num)s person", "%(num)s people", 2)
    assert say("zh", _("For %(what)s", what=_("Come in."))) == "For 请进。", "and so are the words in them"
    assert say("en", "Come in.") == "Come in." and say("xx", "Come in.") == "Come in."
    assert say("zh", "no catalogue knows this") == "no catalogue knows this" and say("zh", "") == ""


def test_a_translation_that_names_what_is_not_there_is_no_error() -> None:
    assert filled("%(a)s and %(b)s", {"a": 1}) == "%(a)s and %(b)s" and filled("5 %", {"a": 1}) == "5 %"


@pytest.mark.parametrize(("wanted", "header", "found"), [
    ("zh", "en", "zh"), (None, "zh", "zh"), (None, "zh-TW,zh;q=0.9", "zh"), (None, "fr, de", "en"), (None, "en;q=0.1, zh;q=0.9", "zh"),
    ("xx", "", "en"), (None, "zh;q=nonsense", "en"), (None, ";;;,,,", "en"), (None, "z" * 10_000, "en")])
def test_the_language_of_a_request(wanted: str | None, header: str, found: str) -> None:
    assert chosen(wanted, header, "en") == found


def test_every_language_has_a_catalogue_and_a_name_for_browsers() -> None:
    assert set(LANGUAGES) == set(HTML_NAMES)
    for language in set(LANGUAGES) - {"en"}:
        assert languages.catalogue(language).gettext("Come in.") != "Come in."


async def _page(request: Request) -> Response:
    return render(request, "failure.html", title=_("%(name)s is enrolled", name="<i>"), problem="<script>alert(1)</script>", back="/a\"b")


async def _on(request: Request) -> Response:
    return redirect(request, request.query_params["to"], _("%(name)s was forgotten.", name="<Ben>"))


PAGES = (*STATIC, Page("/page", _page, role=Role.NOBODY), Page("/on", _on, role=Role.NOBODY))


def test_whatever_is_shown_is_escaped(new_house: object) -> None:
    house: House = new_house(pages=PAGES)  # type: ignore[operator]
    for language in LANGUAGES:
        text = house.browser().get(f"/page?lang={language}").text
        assert "<script>" not in text and "&lt;script&gt;" in text and "<i>" not in text and "&lt;i&gt;" in text
        assert 'href="/a&#34;b"' in text


def test_a_sentence_is_left_for_the_next_page_once_and_in_its_language(new_house: object) -> None:
    house: House = new_house(pages=PAGES)  # type: ignore[operator]
    browser = house.browser()
    assert browser.at(browser.get("/on?to=/page")) == "/page"
    shown = browser.get("/page?lang=zh").text
    assert "已遗忘 &lt;Ben&gt;。" in shown and "已遗忘" not in browser.get("/page").text
    assert browser.at(browser.get("/on?to=https://evil.example")) == "/"


def test_sentences_that_nobody_fetches_do_not_pile_up() -> None:
    words = [notices.leave(f"n{number}") for number in range(notices.MOST + 50)]
    assert notices.fetch(words[0]) is None and notices.fetch(words[-1]) == (f"n{notices.MOST + 49}", "good")
    assert notices.fetch(words[-1]) is None and len(notices._waiting) <= notices.MOST


@pytest.mark.parametrize("text", [None, "", "people", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/a b",
                                  "/\t/evil", "/" + "a" * 2000, "javascript:alert(1)", "http:///x"])
def test_what_leads_elsewhere_is_not_followed(text: str | None) -> None:
    assert safe_next(text, "/home") == "/home"


@pytest.mark.parametrize("text", ["/", "/people?state=active&q=%C3%BC", "/people/1#x"])
def test_paths_of_ours_are(text: str) -> None:
    assert safe_next(text) == text


def test_addresses_with_a_query() -> None:
    assert url("/people", q="a b&c", state="", page=None) == "/people?q=a+b%26c" and url("/people") == "/people"


def test_static_files_are_kept_for_as_long_as_they_are_the_same(new_house: object) -> None:
    house: House = new_house(pages=PAGES)  # type: ignore[operator]
    browser = house.browser()
    address = static_address("style.css")
    found = browser.get(address)
    assert "immutable" in found.headers["cache-control"] and found.headers["content-type"].startswith("text/css")
    assert browser.get("/static/style.css?v=other").headers["cache-control"] == "no-cache"
    assert browser.get(address, headers={"if-none-match": found.headers["etag"]}).status_code == 304
    assert browser.get(address, headers={"accept-encoding": "identity"}).content == found.content == static_files()["style.css"].content
    for wrong in ("/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/none.css"):
        assert browser.get(wrong).status_code == 404


def test_no_template_has_what_the_policy_forbids_or_what_comes_from_elsewhere() -> None:
    loader = environment("en").loader
    assert loader is not None
    for name in loader.list_templates():
        source = loader.get_source(environment("en"), name)[0]
        lowered = source.lower()
        assert " style=" not in lowered and "<style" not in lowered, name
        assert not any(f" on{event}=" in lowered for event in ("click", "load", "change", "submit", "error", "input")), name
        assert "javascript:" not in lowered and "<iframe" not in lowered, name
        assert 'src="http' not in lowered and 'href="http' not in lowered and "|safe" not in lowered.replace(" ", ""), name
        for piece in lowered.split("<script")[1:]:
            assert piece.startswith(' src="{{ static('), name

"""Pages from templates: Jinja2 with everything escaped, in the language of whoever reads.

    return render(request, "people/list.html", people=people)
    return redirect(request, "/people", notice=_("%(name)s was forgotten", name=name))
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edge_face.kiosk import notices
from edge_face.kiosk.cookies import NOTE, csrf_of, read_cookie, set_cookie
from edge_face.kiosk.languages import HTML_NAMES, LANGUAGES, say, say_number
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.site import caller_of, language_of, settings_of, site_of
from edge_face.kiosk.static_files import static_address
from edge_face.service.web.roles import Role

__all__ = ["environment", "redirect", "render", "settings_of", "site_of", "url"]

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(language: str) -> Environment:
    """The templates in one language. What `_` gives is a plain text and is escaped like any other."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True, extensions=["jinja2.ext.i18n"], auto_reload=False)
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.globals.update(_=partial(say, language), gettext=partial(say, language), ngettext=partial(say_number, language), url=url,
                        static=static_address, languages=LANGUAGES, Role=Role)
    return made


def render(request: Request, template: str, /, *, status_code: int = 200, **context: Any) -> Response:
    """A page. In every template: `who` (who asks), `path`, `lang`, `csrf()` (the hidden field of a form), `csrf_token`, `notice` (a
    sentence left by the page before, and its kind), `has(path)` (is there such a page here), `settings`."""
    language = language_of(request)
    page = environment(language).get_template(template)
    word = read_cookie(request, NOTE)
    note = notices.fetch(word) if word else None
    token = csrf_of(request)
    known = {"request": request, "who": caller_of(request), "path": request.url.path, "lang": HTML_NAMES[language], "language": language,
             "csrf": partial(_hidden, token), "csrf_token": token, "notice": note, "has": site_of(request).paths.__contains__,
             "settings": settings_of(request), "languages_here": _languages(request)}
    text = page.render({**known, **context})
    response = Response(text, status_code, media_type="text/html")
    if word:
        set_cookie(request, response, NOTE, "", 0)
    return response


def redirect(request: Request, path: str, notice: str = "", kind: str = "good") -> Response:
    """Goes on to a page of ours (303: by GET), which shows the sentence at its top. `kind`: "good" or "bad"."""
    response = RedirectResponse(safe_next(path), 303)
    if notice:
        set_cookie(request, response, NOTE, notices.leave(notice, kind), 60)
    return response


def url(path: str, /, **query: Any) -> str:
    """A path of ours with a query; what is None or empty is left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _hidden(token: str) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(escape(token))


def _languages(request: Request) -> list[tuple[str, str, str, str]]:
    """Of each: its key, its name in `lang`, what it calls itself, and this page in it. A form's answer has no address of its own."""
    path = request.url.path if request.method in ("GET", "HEAD") else "/"
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return [(key, HTML_NAMES[key], name, f"{path}?{urlencode([*given, ('lang', key)])}") for key, name in LANGUAGES.items()]

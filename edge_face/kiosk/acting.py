"""What the owner's pages have in common: ask the daemon for a change, then go on, or show the same page with what was wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import DaemonDownError, EdgeFaceError, ForbiddenError, FreshNeededError, LoginNeededError
from edge_face.kiosk.assurance_words import level_word
from edge_face.kiosk.daemon_words import alarm_word, factor_word
from edge_face.kiosk.rendering import redirect, render
from edge_face.kiosk.showing import Shower
from edge_face.kiosk.site import ask, settings_of
from edge_face.kiosk.words import Words

Again = Callable[[Request, str], Awaitable[Response]]
"""Shows the page of a form again, with the sentence that says what was wrong."""
WRONG = 422
"""HTTP status of a form that is shown again."""
__all__ = ["WRONG", "Again", "act", "ask", "ask_or", "page", "wrong_of"]
_NOT_OURS = (DaemonDownError, ForbiddenError, FreshNeededError, LoginNeededError)
"""What every page answers alike: see edge_face.kiosk.guard."""


def page(request: Request, template: str, /, problem: str = "", **context: Any) -> Response:
    """An owner's page. In its template: `show` (moments in the door's time zone), words for what the daemon says, and `problem`,
    with which its status says that nothing was done."""
    return render(request, template, status_code=WRONG if problem else 200, problem=problem, show=Shower(settings_of(request)),
                  alarm_word=alarm_word, factor_word=factor_word, level_word=level_word, **context)


async def ask_or(request: Request, default: Any, command: str, /, **arguments: Any) -> Any:
    """The same for a part of a page without which the rest still stands: `default` for what the daemon refuses."""
    try:
        return await ask(request, command, **arguments)
    except EdgeFaceError as error:
        wrong_of(error)
        return default


def wrong_of(error: EdgeFaceError) -> str:
    """The sentence to show beside a form: our own in the reader's language. What no form can mend is raised again."""
    if isinstance(error, _NOT_OURS):
        raise error
    own = error.args[0] if error.args else None
    return own if isinstance(own, Words) else str(error)


async def act(request: Request, command: str, /, arguments: dict[str, Any], *, then: str, notice: Any, again: Again) -> Response:
    """One change: said on the page that follows, or the form once more."""
    try:
        await ask(request, command, **arguments)
    except EdgeFaceError as error:
        return await again(request, wrong_of(error))
    return redirect(request, then, notice=notice)

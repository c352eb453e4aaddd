"""Who may log in to these pages, as what; and one's own passphrase."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import act, ask, page
from edge_face.kiosk.forms import form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.site import caller_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

ACCOUNTS, ACCOUNT = "/accounts", "/account"
ROLES = ("viewer", "helper", "owner")
_DIFFERENT = _("The two passphrases are not the same: type them again.")


async def list_(request: Request) -> Response:
    return await _list(request)


async def _list(request: Request, problem: str = "") -> Response:
    answer = await ask(request, "accounts.list")
    return page(request, "owner/accounts.html", problem=problem, accounts=answer["accounts"], roles=ROLES)


async def add(request: Request) -> Response:
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _list(request, _DIFFERENT)
    given = {"name": form.text("name"), "role": form.text("role"), "passphrase": form.whole("passphrase")}
    return await act(request, "accounts.add", given, then=ACCOUNTS, notice=_("The login was added."), again=_list)


async def role(request: Request) -> Response:
    form = await form_of(request)
    return await act(request, "accounts.role", {"name": form.text("name"), "role": form.text("role")}, then=ACCOUNTS,
                     notice=_("The role was changed."), again=_list)


async def remove(request: Request) -> Response:
    form = await form_of(request)
    return await act(request, "accounts.remove", {"name": form.text("name")}, then=ACCOUNTS,
                     notice=_("The login was removed; whoever used it is logged out."), again=_list)


async def passphrase(request: Request) -> Response:
    """A new one for another login."""
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _list(request, _DIFFERENT)
    return await act(request, "accounts.passphrase", {"name": form.text("name"), "passphrase": form.whole("passphrase")},
                     then=ACCOUNTS, notice=_("The passphrase was changed."), again=_list)


async def logout(request: Request) -> Response:
    """Ends the sessions of one login, or of everybody else."""
    name = (await form_of(request)).text("name")
    return await act(request, "accounts.logout", {"name": name} if name else {}, then=ACCOUNTS, again=_list,
                     notice=_("%(name)s is logged out everywhere.", name=name) if name else _("Everybody else is logged out."))


async def mine(request: Request) -> Response:
    return await _mine(request)


async def _mine(request: Request, problem: str = "") -> Response:
    answer = await ask(request, "session.others")
    return page(request, "owner/account.html", problem=problem, sessions=answer["sessions"], me=caller_of(request))


async def own_passphrase(request: Request) -> Response:
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _mine(request, _DIFFERENT)
    return await act(request, "accounts.passphrase", {"passphrase": form.whole("passphrase")}, then=ACCOUNT,
                     notice=_("Your passphrase was changed."), again=_mine)


async def end_others(request: Request) -> Response:
    return await act(request, "session.end_others", {}, then=ACCOUNT, notice=_("All other browsers are logged out."), again=_mine)


PAGES: tuple[Page, ...] = (
    Page(ACCOUNTS, list_, role=Role.OWNER, fresh=True),
    Page(ACCOUNTS, add, ("POST",), role=Role.OWNER, fresh=True),
    Page("/accounts/role", role, ("POST",), role=Role.OWNER, fresh=True),
    Page("/accounts/remove", remove, ("POST",), role=Role.OWNER, fresh=True),
    Page("/accounts/logout", logout, ("POST",), role=Role.OWNER, fresh=True),
    Page("/accounts/passphrase", passphrase, ("POST",), role=Role.OWNER, fresh=True),
    Page(ACCOUNT, mine, fresh=True),
    Page(ACCOUNT, own_passphrase, ("POST",), fresh=True),
    Page("/account/others", end_others, ("POST",), fresh=True),
)

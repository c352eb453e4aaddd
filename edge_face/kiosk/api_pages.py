"""/api/v1: what the owner's pages can do, for programs, over the very commands of the daemon. JSON in and out; its document is OpenAPI 3.1.

    API=http://127.0.0.1:8443/api/v1
    TOKEN=$(curl -s $API/session --json '{"name": "Ada", "passphrase": "..."}' | jq -r .token)
    curl -s $API/people -H "Authorization: Bearer $TOKEN"
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face import __version__
from edge_face.errors import EdgeFaceError
from edge_face.kiosk import api_event_models as e
from edge_face.kiosk import api_models as m
from edge_face.kiosk.api_operations import ROOT, Operation, add_operation, failed, page_of, unreadable
from edge_face.kiosk.failures import answer
from edge_face.kiosk.pages import Page
from edge_face.service.web.roles import Role

NOBODY, VIEWER, HELPER, OWNER = Role
LIMITS = ("schedules", "groups", "since", "until")


def _changes(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is to be changed of somebody, in a table of its own."""
    return {"who": sent["who"], "changes": {name: value for name, value in sent.items() if name != "who"}}


def _visitor(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {name: value for name, value in sent.items() if name not in LIMITS}
    limits = {name: sent[name] for name in LIMITS if name in sent}
    return {**own, **({"changes": limits} if limits else {})}


OPERATIONS = (
    Operation("POST", "/session", "session.login", "Log in", NOBODY, body=m.Login, answer=m.Token, status=201),
    Operation("GET", "/session", "session.who", "Who is logged in", NOBODY, answer=m.Session),
    Operation("PUT", "/session", "session.fresh", "Give the passphrase once more, for what asks for it: a new token", VIEWER,
              body=m.Again, answer=m.Token),
    Operation("DELETE", "/session", "session.logout", "Log out", VIEWER),

    Operation("GET", "/people", "people.list", "Everybody by name", query=m.Part, answer=m.People),
    Operation("GET", "/pairs", "people.pairs", "Who could be taken for whom", answer=m.Pairs),
    Operation("GET", "/people/{who}", "people.show", "One person by name or id", answer=m.Person),
    Operation("PATCH", "/people/{who}", "people.rename", "Rename somebody", HELPER, body=m.Rename, answer=m.Person),
    Operation("DELETE", "/people/{who}", "people.forget", "Erase somebody for good", OWNER, True, answer=m.Forgotten),
    Operation("POST", "/people/{who}/suspend", "people.suspend", "Let somebody in no more, for now", HELPER, answer=m.Person),
    Operation("POST", "/people/{who}/activate", "people.activate", "Let a suspended person in again", OWNER, answer=m.Person),
    Operation("PUT", "/people/{who}/consent", "people.consent", "Give and take back consents", HELPER, body=m.ConsentChange,
              answer=m.Person),
    Operation("PUT", "/people/{who}/assurance", "people.assure", "What is asked of somebody in place of the door's; all but 'under 16' is "
              "the owner's, with the passphrase", HELPER, body=m.AssuranceChange, answer=m.Named, shape=_changes),
    Operation("PUT", "/people/{who}/limits", "schedule.person", "When somebody may enter", OWNER, body=m.LimitsChange, answer=m.Named,
              shape=_changes),
    Operation("PUT", "/people/{who}/attendance", "attendance.consent", "Somebody agrees to be listed, or does so no more", HELPER,
              body=m.AttendanceConsent, answer=m.Named),

    Operation("GET", "/codes", "codes.list", "Who has which kinds of codes and cards"),
    Operation("POST", "/people/{who}/codes", "codes.add", "Give a PIN, a card, or a PIN that is made here", HELPER, True, body=m.NewCode,
              answer=m.Named, status=201),
    Operation("POST", "/people/{who}/totp", "codes.totp", "A secret for an authenticator app", HELPER, True, answer=m.Named,
              status=201),
    Operation("PUT", "/people/{who}/totp", "codes.confirm", "The app's first code: from now on its codes count", HELPER, True,
              body=m.SixDigits, answer=m.Named),
    Operation("PUT", "/people/{who}/duress", "codes.duress", "A PIN for being forced", HELPER, True, body=m.PinOnly, answer=m.Named),
    Operation("DELETE", "/people/{who}/codes/{what}", "codes.remove", "Take away pin, totp, duress, card:1 or all", HELPER, True,
              answer=m.Named),

    Operation("GET", "/schedule", "schedule.show", "Hours, groups, holidays, limits, visitors, clock"),
    Operation("GET", "/schedule/test", "schedule.test", "May somebody enter at a moment?", query=m.May, answer=m.Named),
    Operation("PUT", "/schedule/hours/{name}", "schedule.set", "Set a schedule", OWNER, body=m.HoursChange),
    Operation("DELETE", "/schedule/hours/{name}", "schedule.remove", "Remove a schedule or a group", OWNER),
    Operation("PUT", "/schedule/groups/{name}", "schedule.group", "Set a group of schedules", OWNER, body=m.Group),
    Operation("POST", "/schedule/holidays", "schedule.holiday", "Make holidays", OWNER, body=m.Holidays),
    Operation("POST", "/schedule/workdays", "schedule.workday", "Make ordinary days of holidays", OWNER, body=m.Days),
    Operation("PUT", "/schedule/hold-open", "schedule.hold_open", "When the door stands released for everybody", OWNER, True,
              body=m.HoursOnly),
    Operation("PUT", "/schedule/assurance/{level}", "schedule.assurance", "What a grant rests on at some hours", OWNER, True,
              body=m.HoursOnly),
    Operation("POST", "/visitors", "schedule.visitor", "A visitor with a code, which is in the answer this once", HELPER, True,
              body=m.NewVisitor, status=201, shape=_visitor),
    Operation("DELETE", "/visitors/{who}", "schedule.visitor_remove", "Remove a visitor", HELPER),
    Operation("DELETE", "/visitors", "schedule.visitor_clear", "Remove visitors whose time is over", HELPER),
    Operation("GET", "/clock", "clock.show", "Is the door's clock believed, and why"),
    Operation("PUT", "/clock", "clock.set", "The door's clock is right", OWNER, True, body=m.Clock),

    Operation("GET", "/events", "events.list", "What happened, the newest first", query=e.EventPage, answer=e.Events),
    Operation("GET", "/events/{event}", "events.show", "One event with its reasons", answer=e.Event),
    Operation("GET", "/events/{event}/picture", "events.picture", "The hidden picture of an event, in base64", answer=e.EventPicture),
    Operation("GET", "/events/{event}/film", "events.film", "Pictures of its film, in base64, as many as one answer holds", query=m.From,
              answer=e.EventFilm),
    Operation("GET", "/events/{event}/sealed", "events.original", "Its hidden faces, sealed for the owner's key", OWNER,
              answer=e.SealedFaces),
    Operation("GET", "/exports/events", "events.export", "Events as parts of a CSV file", OWNER, query=e.EventFilter, answer=m.Table),
    Operation("GET", "/attendance", "attendance.list", "Who of those who agreed came on which day", OWNER, query=m.Span,
              answer=m.Attendance),
    Operation("GET", "/exports/attendance", "attendance.export", "Attendance as a CSV file", OWNER, query=m.Span, answer=m.Table),
    Operation("GET", "/audit", "audit.tail", "The latest records of the audit log", OWNER, query=m.AuditPage, answer=m.AuditRecords),
    Operation("POST", "/audit/verify", "audit.verify", "Is the audit log as it was written?", OWNER, answer=m.Verdict),

    Operation("GET", "/door", "door.status", "How the door stands"),
    Operation("POST", "/door/secure", "door.secure", "Lock the door now", HELPER),
    Operation("POST", "/door/lockdown", "door.lockdown", "Nobody gets in until it is lifted", HELPER),
    Operation("POST", "/door/lift", "door.lift", "Lift the lockdown", OWNER, True),
    Operation("POST", "/door/quiet", "door.quiet", "Acknowledge the alarms", HELPER),
    Operation("POST", "/door/test", "door.test", "A pulse, before anybody is enrolled", OWNER, True, body=m.Seconds, answer=m.Released),
    Operation("POST", "/door/unlock", "door.unlock", "Open the door, where the settings file allows it", OWNER, body=m.Unlock,
              answer=m.Released),
    Operation("GET", "/health", "health", "The door, its camera, its machine", answer=m.Health),
    Operation("GET", "/models", "models.list", "The networks, their cards and figures", answer=m.Models),
    Operation("GET", "/settings", "settings.show", "The settings, and which of them can be set here", OWNER, answer=m.SettingsNow),
    Operation("POST", "/settings/diff", "settings.diff", "What a change would do", OWNER, body=m.SettingsChange, answer=m.SettingsDiff),
    Operation("PATCH", "/settings", "settings.save", "Save a change; it holds after a restart", OWNER, True, body=m.SettingsChange,
              answer=m.SettingsDiff),
    Operation("POST", "/backup", "backup.make", "Make a backup under a passphrase of its own, to be fetched in pieces", OWNER, True,
              body=m.NewBackup, answer=m.Backup, status=201),
    Operation("GET", "/backup/{id}", "backup.piece", "A piece of it, in base64", OWNER, True, query=m.From, answer=m.Piece),
    Operation("POST", "/restart", "daemon.restart", "Start the door's program again", OWNER, True),
)


_STATE: dict[str, Any] = {
    "operationId": "get_state", "tags": ["state"], "summary": "What the page beside the door shows, as it changes",
    "description": "Server-sent events: `state` with the new state as JSON, `down` while the door's own program does not answer, `ended` "
                   "when the login has ended. With `once=1` one answer in JSON: {\"state\": {...}}.",
    "x-role": "viewer", "x-passphrase": False,
    "parameters": [{"name": "once", "in": "query", "required": False, "schema": {"type": "string", "enum": ["1"]}}],
    "responses": {"200": {"description": "Events, until whoever listens goes away.",
                          "content": {"text/event-stream": {"schema": {"type": "string"}},
                                      "application/json": {"schema": {"type": "object"}}}},
                  **{status: {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
                     for status, text in (("401", "Nobody is logged in."), ("403", "The login may not do that."),
                                          ("409", "Too many look on already."), ("422", "Something of the request is not what it must be."),
                                          ("503", "The door's own program does not answer."))}}}
"""A page of the streams' own (`edge_face.kiosk.stream_pages`): it never ends, so FastAPI does not give it."""


@cache
def api() -> FastAPI:
    """The application behind the pages' guard; made when it is first asked."""
    app = FastAPI(title="edge-face", version=__version__, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
                  summary="The door that knows its people and forgets everybody else.",
                  description="Log in with POST /session and send the token along as `Authorization: Bearer`. What is marked "
                              "x-passphrase wants the passphrase given within the last minutes (PUT /session).")
    app.exception_handlers[EdgeFaceError] = _failed
    app.exception_handlers[RequestValidationError] = _unreadable
    app.exception_handlers[HTTPException] = answer
    for operation in OPERATIONS:
        add_operation(app, operation)
    return app


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    made = dict(api().openapi())
    made["components"].setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
    made["security"] = [{"token": []}]
    made["paths"][f"{ROOT}/state"] = {"get": _STATE}
    return made


async def openapi(request: Request) -> Response:
    """For programs that write clients, and for tests."""
    return JSONResponse(document(), headers={"Cache-Control": "no-cache"})


async def _failed(request: Request, error: Exception) -> Response:
    return failed(error)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return unreadable(error)


PAGES: tuple[Page, ...] = (Page(f"{ROOT}/openapi.json", openapi, role=Role.NOBODY, api=True),
                           *(page_of(api, operation) for operation in OPERATIONS))

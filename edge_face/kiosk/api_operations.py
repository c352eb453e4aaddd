"""What the API is made of: each operation names a path, the daemon's command behind it, for whom it is, and models of what goes in and
comes out. FastAPI checks the one and writes the OpenAPI document of both; the pages' own guard stands before it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Body, FastAPI, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from edge_face.errors import (
    DaemonDownError,
    EdgeFaceError,
    ForbiddenError,
    FreshNeededError,
    LoginNeededError,
    ServiceError,
    SettingsError,
    StoreError,
    TooManyTriesError,
    UnknownError,
    UsageError,
    WrongPassphraseError,
)
from edge_face.kiosk.api_models import Answer, Failure
from edge_face.kiosk.pages import Endpoint, Page
from edge_face.kiosk.site import link_of, token_of
from edge_face.service.web.roles import Role

ROOT = "/api/v1"
LONGEST_PART = 200
"""Characters of a part of a path."""
LARGEST_BODY = 64 << 10
STATUSES = ((LoginNeededError, 401), (WrongPassphraseError, 401), (FreshNeededError, 403), (ForbiddenError, 403), (TooManyTriesError, 429),
            (DaemonDownError, 503), (UnknownError, 404), (UsageError, 422), (SettingsError, 422), (StoreError, 503), (ServiceError, 409),
            (EdgeFaceError, 409))
"""The HTTP status of an error: the first that fits."""
_PARTS = re.compile(r"\{(\w+)\}")

Shaped = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`fixed`: arguments that it always gives to the command. `shape`: makes the command's arguments of what was sent, where they differ.
    `answer`: of what comes back with `status`."""

    method: str
    path: str
    command: str
    summary: str
    role: Role = Role.VIEWER
    fresh: bool = False
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] = Answer
    status: int = 200
    fixed: Mapping[str, Any] = field(default_factory=dict)
    shape: Shaped | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(_PARTS.findall(self.path))


class Handed(Response):
    """An answer that FastAPI gives, to the request as the guard has bounded it."""

    def __init__(self, app: FastAPI, request: Request) -> None:
        self._app, self._request = app, request
        self.background = None
        self.raw_headers = []
        self.status_code = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"], "path_params": {}, "root_path": ""}
        own.pop("route", None)

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                # What the guard wanted to say with this answer (a cookie that is kept) goes along.
                message = {**message, "headers": [*message["headers"], *self.raw_headers]}
            await send(message)

        await self._app(own, self._request.receive, sent)


def add_operation(app: FastAPI, operation: Operation) -> None:
    """Adds it to the application and its document."""
    app.add_api_route(
        f"{ROOT}{operation.path}", _endpoint(operation), methods=[operation.method], summary=operation.summary,
        response_model=operation.answer, status_code=operation.status, operation_id=_operation_id(operation),
        tags=[operation.path.split("/")[1]], responses=_failures(operation),
        openapi_extra={"x-role": operation.role.name.lower(), "x-passphrase": operation.fresh,
                       **({"security": []} if operation.role is Role.NOBODY else {})})


def page_of(app: Callable[[], FastAPI], operation: Operation) -> Page:
    """The page that hands over to FastAPI, which `app` makes when it is first asked."""
    return Page(f"{ROOT}{operation.path}", handing(app), (operation.method,), role=operation.role, fresh=operation.fresh,
                largest=LARGEST_BODY, api=True)


def handing(app: Callable[[], FastAPI]) -> Endpoint:
    """An endpoint that FastAPI answers."""

    async def endpoint(request: Request) -> Response:
        request.state.ask = _asking(request)
        return Handed(app(), request)

    return endpoint


def failed(error: Exception) -> JSONResponse:
    """An error as the API says it."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    headers = {"Retry-After": "3"} if status == 503 else {}
    return JSONResponse({"error": {"kind": type(error).__name__, "message": str(error)}}, status, headers)


def unreadable(error: RequestValidationError) -> JSONResponse:
    """What is wrong with what was sent: where, and what is allowed there; never the value itself, which may be a secret."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first.get("loc", ()))
    return failed(UsageError(f"{where}: {str(first.get('msg', 'cannot be read')).rstrip('.')}"))


def _asking(request: Request) -> Callable[..., Awaitable[Any]]:
    """FastAPI is another application: it is given the way to the daemon."""
    link, token = link_of(request), token_of(request)

    async def ask(command: str, arguments: Mapping[str, Any]) -> Any:
        return await link.ask(command, token=token, **arguments)

    return ask


def _endpoint(operation: Operation) -> Callable[..., Awaitable[Any]]:
    """A function with the signature that FastAPI reads."""

    async def endpoint(request: Request, **given: Any) -> Any:
        sent: dict[str, Any] = {name: given[name] for name in operation.parts}
        for name in ("query", "body"):
            if isinstance(model := given.get(name), BaseModel):
                sent |= model.model_dump(exclude_unset=True, mode="json")
        arguments = operation.shape(sent) if operation.shape is not None else sent
        answer = await request.state.ask(operation.command, {**operation.fixed, **arguments})
        return answer if isinstance(answer, dict) else {}

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("request", kind, annotation=Request)]
    parameters += [inspect.Parameter(name, kind, annotation=_part(name)) for name in operation.parts]
    if operation.query is not None:
        parameters.append(inspect.Parameter("query", kind, annotation=Annotated[operation.query, Query()]))
    if operation.body is not None:
        parameters.append(inspect.Parameter("body", kind, annotation=Annotated[operation.body, Body()]))
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    endpoint.__name__ = _operation_id(operation)
    endpoint.__doc__ = None
    return endpoint


def _part(name: str) -> Any:
    if name == "event":
        return Annotated[int, Path(ge=0, le=(1 << 53))]
    return Annotated[str, Path(min_length=1, max_length=LONGEST_PART)]


def _operation_id(operation: Operation) -> str:
    words = re.sub(r"[^a-z]+", "_", _PARTS.sub(r"of_\1", operation.path).lower()).strip("_")
    return f"{operation.method.lower()}_{words}"


def _failures(operation: Operation) -> dict[int | str, dict[str, Any]]:
    """The statuses that it may have besides its own."""
    means = {400: "The body cannot be read at all.", 401: "Nobody is logged in.",
             403: "The login may not do that, or its passphrase must be given once more.",
             404: "There is nobody, or nothing, of that name.", 409: "It cannot be done now, or not so; the sentence says why.",
             413: "The request is too long.", 422: "Something of the request is not what it must be.", 429: "Too many tries.",
             503: "The door's own program does not answer, or its disk takes nothing."}
    left_out = ({404} if operation.role is Role.NOBODY else set()) | ({400} if operation.body is None else set())
    return {status: {"model": Failure, "description": text} for status, text in means.items() if status not in left_out}

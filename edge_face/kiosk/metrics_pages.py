"""/metrics for Prometheus: for whoever is logged in, and for a program that brings the door's key (Authorization: Bearer)."""

from __future__ import annotations

import math
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from edge_face.errors import LoginNeededError
from edge_face.kiosk.pages import Page
from edge_face.kiosk.site import ask
from edge_face.service.web.roles import Role

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """Prometheus' text format. 401 for whoever may not read it: a program cannot log in."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    try:
        answer = await ask(request, "metrics.read", secret=key.strip()[:300] if scheme.lower() == "bearer" else "")
    except LoginNeededError as error:
        return PlainTextResponse(f"{error}\n", 401, {"WWW-Authenticate": 'Bearer realm="metrics"'})
    return Response(exposition(answer["metrics"]), media_type=CONTENT_TYPE)


def exposition(metrics: list[dict[str, Any]]) -> str:
    """The text of samples as `metrics.read` answers them."""
    lines = []
    for metric in metrics:
        name = metric["name"]
        lines += [f"# HELP {name} {_escaped(metric['help'])}", f"# TYPE {name} {metric['type']}"]
        lines += [f"{name}{_labels(labels)} {_number(value)}" for labels, value in metric["samples"]]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


PAGES = (Page("/metrics", metrics, role=Role.NOBODY),)

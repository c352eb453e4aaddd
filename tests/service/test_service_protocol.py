"""Requests and answers, hostile ones too."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face import errors
from edge_face.errors import EdgeFaceError, ServiceError, StoreError, UsageError
from edge_face.service import protocol
from edge_face.service.protocol import (
    Request,
    answer_line,
    error_line,
    parse_request,
    request_line,
    result_of,
    socket_path,
)
from edge_face.settings import ServiceSettings, Settings, StoreSettings

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=10)


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_requests_arrive_as_they_were_sent(arguments: dict[str, Any]) -> None:
    request = Request("people.list", arguments)
    line = request_line(request)
    assert line.count(b"\n") == 1
    assert parse_request(line.rstrip(b"\n")) == request


@given(JSON)
def test_results_arrive_as_they_were_sent(result: Any) -> None:
    assert result_of(answer_line(result)) == result


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)
                                  and issubclass(kind, EdgeFaceError) and kind is not errors.MissingExtraError])
def test_errors_arrive_as_they_were_raised(kind: type[EdgeFaceError]) -> None:
    with pytest.raises(kind, match="no more room") as caught:
        result_of(error_line(kind("no more room")))
    assert type(caught.value) is kind


def test_an_error_that_the_other_side_does_not_know_arrives_as_its_nearest_kind() -> None:
    class Stranger(StoreError):
        pass

    with pytest.raises(StoreError, match="hm"):
        result_of(error_line(Stranger("hm")))
    with pytest.raises(EdgeFaceError, match=r"pip install 'edge-face\[pi\]'"):
        result_of(error_line(errors.MissingExtraError("lgpio", "pi")))


HOSTILE = [b"", b"\n", b"{", b"null", b"[]", b"3", b"\xff\xfe", b'{"command": 3}', b'{"command": ""}', b'{"command": "a b"}',
           b'{"command": "../x"}', b'{"command": "status", "arguments": []}', b'{"command": "status", "more": 1}',
           b'{"command": "status", "arguments": {"x": NaN}}', b'{"command": "status", "arguments": {"x": Infinity}}',
           b"[" * 100_000, b'{"a":' * 50_000, b'{"command": ' + b"9" * 5000 + b"}"]


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: repr(line[:30]))
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(UsageError):
        parse_request(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(line: bytes) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(parse_request(line), Request)
    with contextlib.suppress(EdgeFaceError):
        result_of(line)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"ok": false}', b'{"ok": 1}', b"[]", b'{"ok": false, "error": "x"}'])
def test_what_is_no_answer(line: bytes) -> None:
    with pytest.raises(ServiceError, match="cannot be understood"):
        result_of(line)


def test_an_error_kind_cannot_name_something_else() -> None:
    with pytest.raises(EdgeFaceError) as caught:
        result_of(b'{"ok": false, "error": {"kind": "SystemExit", "message": "x"}}')
    assert type(caught.value) is EdgeFaceError


def test_what_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (object(), float("nan"), "\ud800"):
        with pytest.raises(UsageError):
            request_line(Request("x", {"a": value}))
    monkeypatch.setattr(protocol, "LONGEST_REQUEST", 100)
    with pytest.raises(UsageError, match="too long"):
        request_line(Request("x", {"a": "b" * 100}))


def test_where_the_socket_is(tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(folder=str(tmp_path)))
    assert socket_path(settings) == tmp_path / "control.sock"
    assert socket_path(Settings(service=ServiceSettings(socket="/run/x.sock"))) == Path("/run/x.sock")
    with pytest.raises(ServiceError, match="too long for a socket"):
        socket_path(Settings(service=ServiceSettings(socket="/" + "x" * 120)))
    assert json.loads(answer_line(None)) == {"ok": True, "result": None}

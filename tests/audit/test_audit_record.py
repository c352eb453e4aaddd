"""What may stand in the log, what a decision leaves there, and what comes out as CSV and JSON lines."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from audit_fakes import KEY, Quick
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access import reasons
from edge_face.access.outcomes import Alarm, Authority, Decision, Kind
from edge_face.access.reasons import Reason
from edge_face.audit import AuditLog, AuditRecord, audit_record_of, head_of, read_entries
from edge_face.audit.record import Entry, body_of, entry_of
from edge_face.audit.table import row_of, write_csv, write_lines
from edge_face.errors import AuditError

PERSON = "00112233445566aa"


@pytest.mark.parametrize("wrong", [
    {"kind": "Grant"}, {"kind": ""}, {"kind": "hold open"}, {"kind": "a" * 49}, {"wall": math.nan}, {"wall": -1.0}, {"wall": 1e300},
    {"wall": "now"}, {"subject": "Ben"}, {"subject": "0123"}, {"authority": "Ben Miller"}, {"details": {"who": "Ben"}},
    {"details": {"name": "Ben Miller"}}, {"details": {"who": PERSON}}, {"details": {"pin": "481516"}}, {"details": {"x": math.inf}},
    {"details": {"x": 1 << 60}}, {"details": {"x": [1, 2, 3]}}, {"details": {"x": {"y": 1}}}, {"details": {"x": b"raw"}},
    {"details": {"X": 1}}, {"details": {f"d{n}": n for n in range(41)}}, {"details": {"why": tuple(f"c{n}" for n in range(25))}},
    {"details": {"embedding": [0.1] * 384}}, {"details": {"text": "a" * 49}}, {"details": {"=cmd": 1}}, {"details": 5},
])
def test_odd_and_huge_records_are_refused_without_repeating_them(wrong: dict[str, Any]) -> None:
    with pytest.raises(AuditError, match="is refused") as caught:
        AuditRecord(**{"kind": "grant", "wall": 1.0, **wrong})
    assert "Ben" not in str(caught.value) and "481516" not in str(caught.value) and PERSON not in str(caught.value)


WORDS = st.from_regex(r"[g-z][a-z0-9_.-]{0,20}", fullmatch=True)
RECORDS = st.builds(
    AuditRecord, WORDS, st.floats(0, 1e12).map(lambda wall: round(wall, 3)), st.none() | st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    st.none() | WORDS, st.dictionaries(WORDS, st.none() | st.booleans() | st.integers(-10**9, 10**9) | WORDS | st.lists(WORDS).map(tuple)
                                       | st.floats(-1e9, 1e9), max_size=8).filter(lambda d: all(
                                           not isinstance(v, tuple) or len(v) <= 24 for v in d.values())))


@given(RECORDS, st.integers(1, 10**9))
def test_a_record_comes_back_as_it_went(record: AuditRecord, number: int) -> None:
    body = body_of(number, 1.5, record)
    assert b"\n" not in body and b"\t" not in body and body.isascii()
    assert entry_of(body) == Entry(number, 1.5, record)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"n":1,"t":1,"m":1,"k":"grant","d":[]}', b"\xff", b"[" * 10_000,
                                  b'{"n":1,"t":"x","m":1,"k":"grant"}'])
def test_what_is_no_record_is_one_sentence(body: bytes) -> None:
    with pytest.raises(AuditError):
        entry_of(body)


def test_a_decision_leaves_codes_and_numbers() -> None:
    why = (reasons.votes(3, 5, 3, 5, 1.5), reasons.matched(0.71234567, 0.53), reasons.unknown(0.2, 0.5, PERSON))
    decision = Decision(Kind.GRANT, 12.0, 1e9, why, PERSON, 4, 3.0, Authority.FACE)
    record = audit_record_of(decision, {PERSON: "ab" * 8}.get)
    assert (record.kind, record.wall, record.subject, record.authority) == ("grant", 1e9, "ab" * 8, "face")
    assert record.details["why"] == ("votes", "matched", "unknown") and record.details["seconds"] == 3.0
    assert record.details["matched.score"] == 0.7123 and record.details["votes.of"] == 5
    assert PERSON not in body_of(1, 0.0, record).decode()


def test_every_kind_authority_and_alarm_has_a_word() -> None:
    for kind in Kind:
        assert audit_record_of(Decision(kind, 0.0, 1.0, ()), lambda who: None).kind == kind.value.replace(" ", "-")
    for authority in Authority:
        assert audit_record_of(Decision(Kind.GRANT, 0.0, 1.0, (), authority=authority), lambda who: None).authority
    for alarm in Alarm:
        assert audit_record_of(Decision(Kind.ALARM, 0.0, 1.0, (), alarm=alarm), lambda who: None).details["alarm"] == alarm.value


VALUES = st.none() | st.floats() | st.integers() | st.text() | st.lists(st.text()).map(tuple) | st.booleans()


@settings(max_examples=60)
@given(st.builds(Decision, st.sampled_from(Kind), st.floats(), st.floats(),
                 st.lists(st.builds(Reason, st.text(), st.text(), st.dictionaries(st.text(), VALUES)), max_size=12).map(tuple),
                 st.none() | st.text(), st.none() | st.integers(), st.floats(), st.none() | st.sampled_from(Authority),
                 st.none() | st.sampled_from(Alarm)))
def test_no_decision_is_too_odd_for_the_log(decision: Decision) -> None:
    record = audit_record_of(decision, lambda who: None)
    assert len(body_of(1, 0.0, record)) < 8000 and record.subject is None


def test_many_reasons_are_cut_and_not_refused() -> None:
    why = tuple(Reason(f"code-{n}", "", {"x": n, "y": n}) for n in range(60))
    record = audit_record_of(Decision(Kind.DENY, 0.0, 1.0, why, "x"), lambda who: "not an alias")
    assert len(record.details["why"]) == 24 and len(record.details) == 40 and record.subject is None  # type: ignore[arg-type]


def test_a_spreadsheet_runs_nothing() -> None:
    names = {"ab" * 8: '=HYPERLINK("http://example.org";"Ben")'}
    entries = [Entry(1, 2.5, AuditRecord("grant", 1e9, "ab" * 8, "face", {"score": -0.5, "why": ("votes",)})),
               Entry(2, -1.0, AuditRecord("deny", 1e9))]
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        out = io.StringIO()
        write_csv(entries, out, {"ab" * 8: name})
        assert "'" + name in list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1]
    out = io.StringIO()
    assert write_csv(entries, out, names) == 2
    heading, first, second = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert first[heading.index("name")].startswith("'=")
    assert json.loads(first[heading.index("details")]) == {"score": -0.5, "why": ["votes"]}
    assert first[heading.index("time")] == "2001-09-09T01:46:40.000Z" and second[heading.index("name")] == ""
    cells = [cell for row in (first, second) for cell in row]
    assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in cells)


def test_json_lines(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0, disk=Quick()) as log:
        log.append(AuditRecord("grant", 1e9, "ab" * 8, "face", {"why": ("votes",)}), 7.25)
    out = io.StringIO()
    assert write_lines(read_entries(tmp_path), out) == 2
    row = json.loads(out.getvalue().splitlines()[1])
    assert row == row_of(list(read_entries(tmp_path))[1]) | {"details": {"why": ["votes"]}}
    assert (row["number"], row["subject"], row["monotonic"]) == (2, "ab" * 8, 7.25) and "name" not in row


def test_heads_are_written_down_and_read_again() -> None:
    text = "0123456789abcdef:42:" + "ab" * 32
    assert str(head_of(f" {text}\n")) == text
    for wrong in ("", "42", text[:-1], text + "0", text.replace(":", ";"), "x" + text[1:], "0123456789abcdef:-1:" + "ab" * 32):
        with pytest.raises(AuditError, match="no head"):
            head_of(wrong)


def test_records_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        AuditRecord("grant", 1.0).kind = "deny"  # type: ignore[misc]

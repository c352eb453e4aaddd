"""Events: what may be told of a decision, and the spool in which they wait."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.outcomes import Alarm, Authority, Decision, Kind
from edge_face.access.reasons import Reason
from edge_face.errors import ServiceError
from edge_face.service.hooks import LARGEST_PICTURE, Spool, event, event_of, wanted
from edge_face.settings import EVENTS, HookSettings

SECRET = "4f1c9a77e0b2d3c4"
decisions = st.builds(
    Decision, kind=st.sampled_from(Kind), monotonic=st.floats(allow_nan=False), wall=st.floats(), person=st.just(SECRET),
    reasons=st.just((Reason("unknown", f"best score 0.123 for {SECRET}", {"nearest": SECRET, "score": 0.123}),)),
    track=st.integers(), seconds=st.floats(0, 1e6), authority=st.none() | st.sampled_from(Authority), alarm=st.sampled_from(Alarm))


@given(decisions)
def test_an_event_tells_what_happened_and_never_who(decision: Decision) -> None:
    found = event_of(decision)
    if found is None:
        return
    text = json.dumps(found, allow_nan=False)
    assert found["kind"] in EVENTS and found["text"]
    assert SECRET not in text and "0.123" not in text
    assert found["reasons"] == ["unknown"] and found == event_of(decision)


@pytest.mark.parametrize(("kind", "told"), [
    (Kind.GRANT, "grant"), (Kind.CODE, "code"), (Kind.DENY, "deny"), (Kind.EXIT, "exit"), (Kind.FIRE, "alarm"), (Kind.OWNER, "owner"),
    (Kind.LOCKDOWN, "lockdown"), (Kind.CLOCK, "trouble"), (Kind.DURESS, "duress"), (Kind.RELOCK, None),
    (Kind.OPENED, None), (Kind.PROMPT, None), (Kind.PROMPT_OVER, None)])
def test_kinds(kind: Kind, told: str | None) -> None:
    found = event_of(Decision(kind, 1.0, 1_790_000_000.0, ()))
    assert (found and found["kind"]) == told


def test_every_alarm_has_words_and_its_end_is_told_too() -> None:
    for alarm in Alarm:
        begun, over = (event_of(Decision(kind, 1.0, 1.0, (), alarm=alarm)) for kind in (Kind.ALARM, Kind.ALARM_OVER))
        assert begun and over and begun["alarm"] == alarm.value and over["text"] == begun["text"] + " (over)"


def test_only_what_is_wanted_and_can_be_told() -> None:
    alarm = event("alarm", "alarm", "forced", 0.0)
    assert wanted(HookSettings(command=["true"]), alarm)
    assert not wanted(HookSettings(), alarm) and not wanted(HookSettings(command=["true"], events=["grant"]), alarm)
    assert not wanted(HookSettings(command=["true"]), None)
    with pytest.raises(ServiceError, match="no kind"):
        event("party", "x", "x", 0.0)


def test_events_come_out_in_order_with_an_id_each(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "hooks")
    for number in range(12):
        spool.put(event("alarm", "alarm", f"event {number}", 0.0))
    entries = spool.waiting()
    loaded = [spool.load(entry) for entry in entries]
    assert [found["text"] for found in loaded] == [f"event {number}" for number in range(12)]
    assert len({found["id"] for found in loaded}) == 12
    assert all(entry.path.stat().st_mode & 0o007 == 0 for entry in entries)
    for entry in entries:
        spool.drop(entry)
    assert spool.waiting() == [] and list(spool.folder.glob("*")) == []


def test_too_many_and_too_large_drop_the_oldest_and_count(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most=5)
    for number in range(8):
        spool.put(event("deny", "deny", f"event {number}", 0.0))
    kept = [spool.load(entry) for entry in spool.waiting()]
    assert [found["text"] for found in kept] == [f"event {number}" for number in range(3, 8)]
    assert spool.dropped == 3 and kept[-1]["dropped"] == 3
    heavy = Spool(tmp_path / "heavy", most_bytes=3 << 20)
    picture = tmp_path / "preview.jpg"
    picture.write_bytes(b"\xff\xd8" + b"p" * (LARGEST_PICTURE - 2))
    for _ in range(20):
        heavy.put(event("alarm", "alarm", "x", 0.0), picture)
        assert sum(path.stat().st_size for path in heavy.folder.iterdir()) <= 3 << 20
    assert heavy.dropped > 0 and "snapshot" in heavy.load(heavy.waiting()[-1])


def test_a_picture_that_is_none_is_no_reason_to_lose_the_event(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "hooks")
    (tmp_path / "large.jpg").write_bytes(b"x" * (LARGEST_PICTURE + 1))
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("large.jpg", "pipe.jpg", "none.jpg", ""):
        spool.put(event("alarm", "alarm", "x", 0.0), tmp_path / name)
    assert len(spool.waiting()) == 4 and not any("snapshot" in spool.load(entry) for entry in spool.waiting())


def test_what_a_crash_left_is_cleared_and_damage_is_said(tmp_path: Path) -> None:
    (tmp_path / ".00000001-0123456789abcdef.json.77.part").write_text("{")
    (tmp_path / "00000001-0123456789abcdef.jpg").write_bytes(b"orphan")
    (tmp_path / "00000002-0123456789abcdef.json").write_text('{"id": 3, "kind": "alarm"}')
    (tmp_path / "00000003-0123456789abcdef.json").write_bytes(b"\xff[[[[")
    (tmp_path / "notes.json").write_text("{}")
    spool = Spool(tmp_path)
    spool.put(event("alarm", "alarm", "x", 0.0))
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["00000002", "00000003", "00000004", "notes.json"]
    for entry in spool.waiting()[:2]:
        with pytest.raises(ServiceError):
            spool.load(entry)


def test_a_spool_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="cannot be left"):
        Spool(tmp_path / "file" / "hooks").put(event("alarm", "alarm", "x", 0.0))
    with pytest.raises(ServiceError, match="65536 are allowed"):
        Spool(tmp_path).put(event("alarm", "alarm", "x" * 100_000, 0.0))
    assert Spool(tmp_path).waiting() == []

"""The recorder of real attacks: its plan, ledger and figures on files, its camera a bundled clip; with --hil the real camera."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from liveness_attacks import SPECIES, Ledger, Take, door_rates, plan
from record_attacks import AGREE, main, recording

from edge_face.demo import clip_path
from edge_face.errors import MediaError
from edge_face.evaluation.liveness_material import read_clips
from edge_face.media import VideoReader
from edge_face.people.events import Event
from edge_face.service.books import event_row


def typing(*words: str) -> Callable[[str], str]:
    """An operator who types these, then nothing but Enter."""
    queue: Iterator[str] = iter(words)
    return lambda _: next(queue, "")


def test_the_protocol_is_even() -> None:
    takes = plan(list(SPECIES), [f"s{n}" for n in range(10)])
    assert Counter(take.species for take in takes) == dict.fromkeys(SPECIES, 150)
    assert set(Counter((take.species, take.subject) for take in takes).values()) == {15}
    assert len({take.file for take in takes}) == len(takes)
    subjects = [take.subject for take in takes]
    assert sum(a != b for a, b in pairwise(subjects)) == 9, "everybody comes once"
    uneven = Counter(take.subject for take in plan(["print"], ["a", "b", "c"], 8))
    assert sorted(uneven.values()) == [2, 3, 3]


@pytest.mark.parametrize(("species", "subjects", "each"), [
    (["Print!"], ["a"], 1), (["print"], ["Ana Meier"], 1), (["print", "print"], ["a"], 1), ([], ["a"], 1), (["print"], [], 1),
    (["print"], ["a"], 0), (["../x"], ["a"], 1)])
def test_bad_plans(species: list[str], subjects: list[str], each: int) -> None:
    with pytest.raises(MediaError):
        plan(species, subjects, each)


def test_recording_from_a_file_and_going_on_after_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [str(tmp_path / "a"), "--camera", f"file:{clip_path('spoof_print')}", "--species", "print,live", "--people", "1", "--each", "2",
             "--seconds", "0.6"]
    assert main(asked, typing(AGREE, "", "s", "q")) == 0
    assert Ledger(tmp_path / "a").recorded() == {"print__s01__001.mp4"}
    (tmp_path / "a" / "print__s01__001.mp4").with_name("live__s01__001.mp4").write_bytes(b"half a clip")  # as a power cut leaves it
    assert main(asked, typing("", "", "")) == 0
    said = capsys.readouterr().out
    assert "4 presentations planned, 1 done" in said and "edge-face eval liveness" in said and said.count("consent") == 0
    clips = read_clips(tmp_path / "a")
    assert sorted(c.species or "live" for c in clips) == ["live", "live", "print", "print"]
    assert {(c.subject, c.simulated) for c in clips} == {("s01", False)}
    with VideoReader(clips[0].path) as video:
        seconds = [at for _, at, _ in video]
    assert 0.5 <= seconds[-1] <= 0.61
    assert main(asked, typing()) == 0 and "everything is done" in capsys.readouterr().out


def test_nothing_without_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "a"), "--camera", "usb:0", "--each", "1"], typing("yes")) == 1
    assert "consent" in capsys.readouterr().out and list((tmp_path / "a").iterdir()) == []


def test_a_camera_that_fails_is_said_and_the_take_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [str(tmp_path), "--camera", "file:/nowhere.mp4", "--species", "print", "--people", "1", "--each", "1"]
    assert main(asked, typing(AGREE, "", "q")) == 0
    assert "not done:" in capsys.readouterr().out and Ledger(tmp_path).recorded() == set()
    assert not list(tmp_path.glob("*.mp4"))


class Door:
    """A control socket that grants every second take."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.takes = 0
        self._tell("grant", "an earlier one")

    def _tell(self, kind: str, why: str) -> None:
        details = {"reasons": [{"code": "liveness-attack", "text": why, "values": {}}]}
        self.events.append(event_row(Event(4 + self.takes, 1.0, kind, None, details), None))

    def call(self, command: str, last: int) -> list[dict[str, Any]]:
        assert command == "events"
        return self.events[-last:]

    def sleep(self, _: float) -> None:
        self.takes += 1
        kind = "grant" if self.takes % 2 == 0 else "deny"
        self._tell(kind, f"take {self.takes}")


def test_the_whole_door_is_counted_by_species(tmp_path: Path) -> None:
    from record_attacks import guide, report, watching

    door = Door()
    takes = plan(["print", "live"], ["s01"], 2)
    do = watching(tmp_path, door.call, 25.0, door.sleep)
    assert guide(takes[:3], do, typing(), lambda _: None) == 3
    assert [take.species for take in Ledger(tmp_path).left(takes, door=True)] == ["live"]
    assert [(r.species, r.granted, r.attempts) for r in door_rates(tmp_path)] == [("print", 1, 2), ("live", 0, 1)]
    assert "yes,take 2" in (tmp_path / "door.csv").read_text()
    said: list[str] = []
    report(tmp_path, said.append)
    assert said[0].startswith("worst species: print: IAPAR 50.0 %") and "1 grants in 2 attacks" in said[0]


def test_nothing_decided_is_no_grant_and_old_events_are_not_counted(tmp_path: Path) -> None:
    from record_attacks import watching

    door = Door()
    assert "nothing decided" in watching(tmp_path, door.call, 1.0, lambda _: None)(Take("print", "s01", 1))
    assert door_rates(tmp_path)[0].granted == 0


def test_half_a_row_is_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add_door(Take("print", "s01", 1), True, "a, b")
    with (tmp_path / "door.csv").open("a") as file:
        file.write("print,s0")  # the power was cut here
    ledger.add_door(Take("print", "s01", 2), False, "")
    assert ledger.judged() == {("print", "s01", 1), ("print", "s01", 2)}


def test_no_figures_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--report"]) == 1
    assert "nothing was presented" in capsys.readouterr().err


@pytest.mark.hil
def test_one_take_on_the_camera(hil_camera: str, tmp_path: Path) -> None:
    """The recorder on the real camera: one second, read back."""
    take = Take("live", "s01", 1)
    said = recording(tmp_path, hil_camera, 1.0, 15.0)(take)
    assert take.file in said and Ledger(tmp_path).recorded() == {take.file}
    with VideoReader(tmp_path / take.file) as video:
        assert sum(1 for _ in video) >= 5

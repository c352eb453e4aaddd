"""`edge-face eval liveness` end to end: the real detector and tracker on a bundled clip, a stand-in that judges by a rule."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.demo import clip_path, labels_path, stills
from edge_face.evaluation import liveness_eyes
from edge_face.settings import Settings
from edge_face.types import Box, Image, Liveness, LiveVerdict, Track
from edge_face.vision.bundle import load_bundle
from edge_face.vision.pipeline import VisionPipeline


class LargeIsAlive:
    """Calls faces of 150 px or more alive after five looks, others attacks; on stills scores by the box's height."""

    threshold, attack_threshold, still_threshold, network_threshold = 0.7, 0.5, 0.5, 0.3

    def __init__(self) -> None:
        self._looks: dict[int, int] = {}

    def wants(self, track_id: int, monotonic: float) -> bool:
        return True

    def look(self, track_id: int, image: Image, track: Track, monotonic: float) -> Liveness:
        self._looks[track_id] = looks = self._looks.get(track_id, 0) + 1
        large = track.box.height >= 150
        verdict = LiveVerdict.UNKNOWN if looks < 5 else LiveVerdict.LIVE if large else LiveVerdict.ATTACK
        return Liveness(verdict, 0.9 if large else 0.1, looks)

    def eyes(self, track_id: int, openness: float | None) -> None:
        return

    def still(self, image: Image, box: Box) -> float:
        return min(box.height / 1000, 1.0)

    def network(self, image: Image, box: Box) -> float:
        return 0.25

    def texture(self, image: Image, box: Box) -> float | None:
        return 0.75 if box.height >= 100 else None

    def forget(self, track_id: int) -> None:
        self._looks.pop(track_id, None)

    def clear(self) -> None:
        self._looks.clear()


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*given: object, **__: object) -> liveness_eyes.Eyes:
        score = str(given[5]) if len(given) > 5 else "fused"
        return liveness_eyes.Eyes(load_bundle("", "embedder"), load_bundle("", "detector"), "", "int8", LargeIsAlive(), Settings(), score)

    monkeypatch.setattr(liveness_eyes.Eyes, "load", load)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clips")
    for name in ("turn_live", "spoof_print"):
        shutil.copy(clip_path(name), home / f"{name}.mp4")
        shutil.copy(labels_path(name), home / f"{name}.jsonl")
    (home / "clips.csv").write_text("file,species,subject,group,simulated\nturn_live.mp4,,,men,yes\nspoof_print.mp4,,,men,yes\n")
    return home


def test_clips_to_json_and_page(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, page = tmp_path / "l.json", tmp_path / "l.html"
    assert main(["eval", "liveness", "--clips", str(clips), "--json", str(out), "--page", str(page)]) == 0
    found = json.loads(out.read_text())
    printed = found["species"]["print"]
    assert {"apcer", "attempts", "interval", "simulated"} <= set(printed)
    assert printed["attempts"] == 1 and printed["simulated"] is True and printed["apcer"] == found["worst_apcer"]
    assert found["worst_species"] == "print" and found["threshold"] == 0.5 and found["alive_threshold"] == 0.7
    live = [a for a in found["attempts"] if a["species"] is None and a["source"].startswith("turn_live")]
    assert [a["accepted"] for a in live] == [True] and 0.2 < live[0]["seconds"] < 1.5
    assert found["groups"]["men"]["attacks"]["attempts"] == 1
    said = capsys.readouterr()
    assert "worst species: print" in said.out and "simulated" in said.out and "the page" in said.err
    assert "<svg" in page.read_text() and "BPCER" in page.read_text()


def test_stills(tmp_path: Path) -> None:
    for name in ("ana", "ben"):
        shutil.copy(stills(name)[0], tmp_path / f"{name}.jpg")
    (tmp_path / "l.csv").write_text("file,label,subject,simulated\nana.jpg,live,ana,yes\nben.jpg,print,ben,yes\n")
    out = tmp_path / "o.json"
    assert main(["eval", "liveness", "--images", str(tmp_path), "--labels", str(tmp_path / "l.csv"), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert (found["worst_apcer"], found["bpcer"], found["thresholds"]) == (0.0, 1.0, {"images": 0.5})
    assert found["alive_threshold"] is None


@pytest.mark.parametrize(("score", "threshold", "judged"), [("network", 0.3, [0.25, 0.25]), ("texture", 0.5, [0.75, None])])
def test_one_part_of_the_judge_can_be_measured_alone(tmp_path: Path, score: str, threshold: float, judged: list[float | None]) -> None:
    shutil.copy(stills("ana")[0], tmp_path / "ana.jpg")
    rows = [{"file": "ana.jpg", "label": "live", "subject": "ana", "box": [10, 10, side, side]} for side in (120, 60)]
    (tmp_path / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "o.json"
    assert main(["eval", "liveness", "--images", str(tmp_path), "--labels", str(tmp_path / "l.jsonl"), "--score", score,
                 "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [a["score"] for a in found["attempts"]] == judged and found["thresholds"] == {"images": threshold}


@pytest.mark.parametrize(("words", "code", "said"), [
    ([], 2, "what is measured"),
    (["--images", "."], 2, "belong together"),
    (["--clips", ".", "--bpcer", "0.9"], 2, "--bpcer 0.9"),
    (["--clips", "/nowhere"], 1, "no folder"),
    (["--images", "/nowhere", "--labels", "x.jsonl"], 1, "no folder"),
    (["--clips", ".", "--json", "/nowhere/x.json"], 2, "does not exist"),
    (["--clips", ".", "--page", "x.txt"], 2, "name it .html")])
def test_bad_input_is_one_sentence(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "liveness", *words]) == code
    error = capsys.readouterr().err.strip()
    assert said in error and "Traceback" not in error and error.count("\n") == 0


def test_a_damaged_clip_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "print__ana.mp4").write_bytes(b"no video at all")
    assert main(["eval", "liveness", "--clips", str(tmp_path)]) == 1
    assert "not a video" in capsys.readouterr().err


def test_strict_refuses_presentations_without_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    from edge_face.media import write_picture

    write_picture(tmp_path / "grey.png", np.full((90, 90, 3), 127, np.uint8))
    shutil.copy(stills("ana")[0], tmp_path / "ana.jpg")
    (tmp_path / "l.csv").write_text("file,label,subject\nana.jpg,live,ana\ngrey.png,print,ben\n")
    asked = ["eval", "liveness", "--images", str(tmp_path), "--labels", str(tmp_path / "l.csv")]
    assert main(asked) == 0
    assert "100.00 %" in capsys.readouterr().out
    assert main([*asked, "--strict"]) == 1
    assert "1 presentations got no answer (the first: grey.png)" in capsys.readouterr().err


def test_the_stand_in_is_what_a_pipeline_takes() -> None:
    eyes = liveness_eyes.Eyes.load()
    assert isinstance(eyes.pipeline(), VisionPipeline)

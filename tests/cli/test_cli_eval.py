"""`edge-face eval` and `edge-face embed` from the outside: what they write, what they say, how they end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_face.cli.eval import EVALUATIONS
from edge_face.cli.main import main
from edge_face.cli.progress import progress_text
from edge_face.demo import clip_path, labels_path, people, stills


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people with four pictures each, one of them cut off; pairs and a split."""
    home = tmp_path_factory.mktemp("eval")
    for name in people():
        (home / "in" / name).mkdir(parents=True)
        for number, still in enumerate(stills(name)[:4], 1):
            shutil.copy(still, home / "in" / name / f"{name}_{number:04d}.jpg")
    cut = home / "in" / "ana" / "ana_0004.jpg"
    cut.write_bytes(cut.read_bytes()[:9000])
    names = people()
    lines = ["4\t2"]
    for i in range(4):
        a, b = names[2 * i], names[2 * i + 1]
        lines += [f"{a}\t1\t2", f"{b}\t2\t3", f"{a}\t1\t{b}\t1", f"{a}\t3\t{b}\t2"]
    (home / "pairs.txt").write_text("\n".join(lines) + "\n")
    rows = ["file,person,role"]
    for i, name in enumerate(names):
        for number in range(1, 5):
            role = "stranger" if i >= 5 else "gallery" if number <= 2 else "probe"
            rows.append(f"{name}/{name}_{number:04d}.jpg,{name},{role}")
    (home / "split.csv").write_text("\n".join(rows) + "\n")
    return home


def test_verification_with_everything(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["eval", "verification", "--images", str(folder / "in"), "--pairs", str(folder / "pairs.txt"), "--json",
                 str(tmp_path / "v.json"), "--report", str(tmp_path / "v.html")])
    out, err = capsys.readouterr()
    assert code == 0 and "accuracy, 4 folds" in out and "TAR at FMR 1e-3" in out
    assert "no embedding from 1 of 32 pictures" in err and "ana/ana_0004.jpg" in err and "cut off" in err
    figures = json.loads((tmp_path / "v.json").read_text())
    assert figures["pairs"] == 32 * 31 // 2 and figures["genuine_pairs"] == 48 and figures["genuine_pairs_without_face"] == 3
    assert figures["failures_to_detect"] == 1 and figures["accuracy"] == 1.0 and figures["listed_pairs"] == 16
    assert 0 < figures["auc"] <= 45 / 48  # three genuine pairs can never match
    assert figures["model"] and "hardest" not in out and (tmp_path / "v.html").read_text().startswith("<!doctype html>")


def test_only_listed_pairs_looks_at_those_pictures_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "verification", "--images", str(folder / "in"), "--pairs", str(folder / "pairs.txt"), "--only-listed-pairs",
                 "--json", "-", "--metric", "euclidean", "--precision", "float32", "--jobs", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["pairs"] == 16 and figures["pictures"] == 24 and figures["failures_to_detect"] == 0
    assert figures["metric"] == "euclidean" and figures["precision"] == "float32" and figures["file"].startswith("float")
    assert all(threshold > 0 for threshold in figures["threshold_folds"])


def test_identification(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "identification", "--images", str(folder / "in"), "--split", str(folder / "split.csv"),
                 "--json", str(tmp_path / "i.json"), "--report", str(tmp_path / "i.html")]) == 0
    out, err = capsys.readouterr()
    figures = json.loads((tmp_path / "i.json").read_text())
    assert figures["gallery_people"] == 5 and figures["probes"] == 10 and figures["strangers"] == 12
    assert figures["rank1"] == pytest.approx(0.9), "nine of ten: one probe is cut off"
    assert figures["fnir_at_fpir"]["1e-3"] is None and figures["fnir_at_fpir"]["1e-1"] >= 0.1
    assert [row["people"] for row in figures["by_gallery_size"]] == [1, 2, 5]
    assert "rank 1" in out and "ana_0004" in err


def test_detection_of_a_video_and_of_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = labels_path("door").read_text().splitlines()[80:90]
    (tmp_path / "short.jsonl").write_text("\n".join(short))
    assert main(["eval", "detection", "--frames", str(clip_path("door")), "--labels", str(tmp_path / "short.jsonl"), "--size", "320x240",
                 "--json", "-", "--report", str(tmp_path / "d.html")]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["frames"] == 10 and figures["hide"]["recall"] == 1.0 and figures["recognise"]["faces"] == 10
    home = stills("ben")[0].parent
    assert main(["eval", "detection", "--frames", str(home), "--labels", str(home / "labels.jsonl")]) == 0
    out = capsys.readouterr().out
    assert "6 frames" in out and "100.00 %" in out


def test_robustness(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ana", "ben", "chidi"):
        shutil.copytree(folder / "in" / name, tmp_path / "in" / name)
    assert main(["eval", "robustness", "--images", str(tmp_path / "in"), "--only", "mask", "--only", "dark",
                 "--json", str(tmp_path / "r.json"), "--report", str(tmp_path / "r.html")]) == 0
    figures = json.loads((tmp_path / "r.json").read_text())
    assert list(figures["conditions"]) == ["as they are", "dark", "mask"]
    assert all(row["failures_to_detect"] >= 1 for row in figures["conditions"].values())
    assert "dark" in capsys.readouterr().out


def test_embed_writes_both_kinds(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed", str(folder / "in" / "ana"), str(folder / "in" / "ben" / "ben_0001.jpg"), "--out", str(tmp_path / "e.npz")]) == 0
    out, err = capsys.readouterr()
    assert "4 embeddings" in out and "1 pictures without one" in out and "cut off" in err
    with np.load(tmp_path / "e.npz", allow_pickle=False) as content:
        vectors = content["embeddings"]
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)
        assert float(vectors[0] @ vectors[1]) > float(vectors[0] @ vectors[3])
    assert main(["embed", str(folder / "in" / "ben"), "--out", str(tmp_path / "e.jsonl")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert len(rows) == 4 and rows[0]["embedding"] == pytest.approx(vectors[3].tolist(), abs=1e-6)


WRONG = [
    (["eval"], 2, "WHAT"),
    (["eval", "verifcation"], 2, "verification"),
    (["eval", "verification"], 2, "--images"),
    (["eval", "verification", "--images", "{in}", "--only-listed-pairs"], 2, "--pairs FILE"),
    (["eval", "verification", "--images", "{in}", "--show"], 2, "--report FILE"),
    (["eval", "verification", "--images", "{in}", "--report", "page.pdf"], 2, "name it .html"),
    (["eval", "verification", "--images", "{in}", "--json", "{in}/none/x.json"], 2, "make it first"),
    (["eval", "verification", "--images", "{in}", "--json", "{in}"], 2, "no file name"),
    (["eval", "verification", "--images", "{in}", "--jobs", "-1"], 2, "--jobs"),
    (["eval", "verification", "--images", "{in}", "--precision", "int4"], 2, "int4"),
    (["eval", "verification", "--images", "{in}", "--bundle", "{in}"], 1, "no embedder bundle"),
    (["eval", "verification", "--images", "{in}/none"], 1, "there is no folder"),
    (["eval", "verification", "--images", "{empty}"], 1, "there is no picture in the folder"),
    (["eval", "verification", "--images", "{single}"], 1, "one picture only"),
    (["eval", "verification", "--images", "{in}/ben"], 1, "of one person"),
    (["eval", "verification", "--images", "{in}", "--pairs", "{in}/none.txt"], 1, "there is no pairs file"),
    (["eval", "verification", "--images", "{in}", "--pairs", "{short}", "--strict"], 1, "ana/ana_0009"),
    (["eval", "verification", "--images", "{in}", "--strict"], 1, "ana/ana_0004.jpg"),
    (["eval", "identification", "--images", "{in}", "--split", "{short}"], 1, "no head"),
    (["eval", "detection", "--frames", "{in}/none.mp4", "--labels", "{short}"], 1, "there is no video or folder"),
    (["eval", "detection", "--frames", "{in}/ben", "--labels", "{short}"], 1, "line 1"),
    (["eval", "detection", "--frames", "{in}/ben", "--labels", "{short}", "--least-height", "nan"], 2, "--least-height"),
    (["eval", "robustness", "--images", "{in}", "--only", "fog"], 2, "jpeg-30"),
    (["embed", "{in}", "--out", "x.csv"], 2, ".npz"),
    (["embed", "{in}/none.jpg", "--out", "{empty}/x.npz"], 1, "there is no picture"),
    (["embed", "{empty}", "--out", "{empty}/x.npz"], 1, "there is no picture in the folder"),
    (["embed", "{in}/ana", "--strict", "--out", "{empty}/x.npz"], 1, "nothing is written"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=[" ".join(case[0][:2]) + f" {i}" for i, case in enumerate(WRONG)])
def test_wrong_use_is_one_sentence(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                   arguments: list[str], code: int, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("a", "b"):
        (tmp_path / "single" / name).mkdir(parents=True)
        shutil.copy(stills("ana")[0], tmp_path / "single" / name / "x.jpg")
    (tmp_path / "short.txt").write_text("2\t1\nana\t1\t9\nana\t1\tben\t1\nben\t1\t2\nben\t1\tana\t1\n")
    places = {"in": folder / "in", "empty": tmp_path / "empty", "single": tmp_path / "single", "short": tmp_path / "short.txt"}
    assert main([argument.format(**places) for argument in arguments]) == code
    out, err = capsys.readouterr()
    assert said in err and "Traceback" not in err and out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "short.txt", "single"] and not list((tmp_path / "empty").iterdir())


@pytest.mark.parametrize("name", list(EVALUATIONS))
def test_every_evaluation_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"edge-face eval {name}" in out.split("examples:")[1] and "--json" in out


def test_help_of_eval_loads_nothing_heavy() -> None:
    code = ("import sys, edge_face.cli.main as m; m.main(['eval', 'verification', '--help']); "
            "print('LOADED', [n for n in ('cv2', 'ai_edge_litert', 'numpy') if n in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("LOADED []")


def test_progress_says_how_long_it_takes() -> None:
    assert progress_text("pictures", 270, 1080, 14.0) == "[#####...............] 25 % of 1,080 pictures, 0:42 left"
    assert progress_text("pictures", 0, 1080, 0.0) == "[....................] 0 % of 1,080 pictures"
    assert progress_text("frames", 0, 0, 0.0) == "[....................] 0 % of 0 frames"

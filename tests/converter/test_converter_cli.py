"""`edge-face-convert`: answers at once, refuses bad input in one sentence, leaves nothing half-made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter import cli
from converter.card import render
from converter.conversion.quiet import tensorflow
from converter.description import describe
from converter.faces import calibration_faces, open_faces, people
from converter.manifest import manifest_text, new_folder, weights_digest
from edge_face.demo import __file__ as demo_file
from edge_face.errors import MediaError, MissingExtraError, ModelError, UsageError
from edge_face.vision.bundle import MODELS, load_bundle

PEOPLE = Path(demo_file).parent / "people"


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def one_sentence(text: str) -> bool:
    return text.startswith("edge-face-convert: ") and text.count("\n") == 1 and "Traceback" not in text


def test_help_imports_nothing_heavy() -> None:
    code = ("import sys\nfrom converter.cli import main\nassert main(['--help']) == 0\n"
            "print([m for m in ('numpy', 'cv2', 'tensorflow', 'keras', 'ai_edge_litert') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "calibrate-thresholds" in done.stdout


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_has_help_with_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"edge-face-convert {command}" in out.partition("examples:")[2]


def test_inspect_shows_a_bundle_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "inspect", MODELS / "embedder", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    bundle = load_bundle("", "embedder")
    assert found["model_id"] == bundle.model_id
    assert {file["file"]: file["sha256"] for file in found["files"]} == {file.name: file.sha256 for file in bundle.files}
    int8 = next(file for file in found["files"] if file["file"] == "int8.tflite")
    assert [(t["shape"], t["dtype"], t["scale"], t["zero_point"]) for t in int8["inputs"]] == [([1, 112, 112, 3], "int8", 1.0, -128)]
    assert [(t["name"], t["dtype"]) for t in int8["outputs"]] == [("embedding", "float32")]
    code, out, _ = run(capsys, "inspect", MODELS / "detector")
    assert code == 0
    assert "edge-face-detector" in out
    assert "1x30x40x1" in out
    code, out, _ = run(capsys, "inspect", MODELS / "embedder" / "int8.tflite")
    assert code == 0
    assert out.startswith("int8.tflite  ")


def test_inspect_refuses_what_it_cannot_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "cut.tflite").write_bytes((MODELS / "embedder" / "int8.tflite").read_bytes()[:5000])
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("[]")
    for path, words in ((tmp_path / "none.tflite", "cannot be read"), (tmp_path / "cut.tflite", "damaged"),
                        (tmp_path / "bad", "cannot be read as a manifest"), (tmp_path, "cannot be read as a manifest")):
        code, out, err = run(capsys, "inspect", path)
        assert (code, out) == (1, "")
        assert one_sentence(err)
        assert words in err


def test_inspect_refuses_a_changed_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.copytree(MODELS / "embedder", tmp_path / "b")
    with (tmp_path / "b" / "int8.tflite").open("ab") as file:
        file.write(b"\0")
    code, _, err = run(capsys, "inspect", tmp_path / "b")
    assert code == 1
    assert "int8.tflite is not the file that its manifest names" in err


def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("tensorflow", "keras")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow", None)


def test_without_tensorflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    without_tensorflow(monkeypatch)
    with pytest.raises(MissingExtraError, match=r"tensorflow is not installed: pip install 'edge-face\[convert\]'"):
        tensorflow()
    model = tmp_path / "m.keras"
    with model.open("wb") as file:
        shutil.copyfileobj(_zip_of(b'{"class_name": "Sequential", "config": {"layers": []}}'), file)
    code, _, err = run(capsys, "quantize", model, "--task", "embedder", "--calibration", PEOPLE, "--out", tmp_path / "out")
    assert code == 1
    assert one_sentence(err)
    assert "edge-face[convert]" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.keras"]


def _zip_of(content: bytes):  # type: ignore[no-untyped-def]
    import io
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def test_quantize_refuses_bad_input_and_leaves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is refused before anything heavy is imported; tests/converter/test_quantizing.py has the rest."""
    text = tmp_path / "text.keras"
    text.write_text("not a model")
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    empty = tmp_path / "empty"
    empty.mkdir()
    before = sorted(tmp_path.rglob("*"))
    given = ("--calibration", PEOPLE, "--out")
    new = tmp_path / "new" / "deep"
    for words, argv in (
        ("is there already and not an empty folder", (text, *given, full)),
        ("is there already and not an empty folder", (text, *given, text)),
        ("is no bundle, so it is not replaced", (text, *given, full, "--replace")),
        ("--parts takes lengths", (text, *given, new, "--parts", "a,b")),
        ("--pixels takes two numbers", (text, *given, new, "--pixels", "1")),
        ("--pixels goes from a lower", (text, *given, new, "--pixels", "1,0")),
        ("--size is a width and a height", (text, *given, new, "--size", "0x64")),
        ("--pictures must be", (text, *given, new, "--pictures", "0")),
        ("cannot be read as TOML", (text, *given, new, "--describe", tmp_path / "none.toml")),
        ("cannot be read", (text, *given, new, "--limits", tmp_path / "none.toml")),
        ("detector.keras is not there", (empty, *given, new, "--task", "detector")),
    ):
        code, _, err = run(capsys, "quantize", *argv)
        assert code in (1, 2)
        assert words in err
        assert one_sentence(err)
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = run(capsys, "quantize", tmp_path / "none.keras", "--task", "embedder", "--calibration", PEOPLE,
                       "--out", tmp_path / "file" / "bundle")
    assert code == 1
    assert "nothing can be written in" in err
    assert one_sentence(err)


@pytest.mark.parametrize(("argv", "code", "words"), [
    (("embedder", "none.toml"), 2, "there is no recipe none.toml: name a TOML file or one of"),
    (("embedder", "broken.toml", "--data", PEOPLE), 2, "cannot be read as TOML"),
    (("embedder", "detector", "--data", PEOPLE), 2, "of another task: edge-face-convert train detector detector"),
    (("embedder", "embedder-tiny"), 2, "name the training pictures with --data"),
    (("embedder", "embedder-tiny", "--data", PEOPLE, "--out", "run", "--resume"), 2, "holds no run to resume"),
    (("embedder", "embedder-tiny", "--data", PEOPLE, "--out", "old"), 2, "take it up with --resume"),
    (("embedder", "embedder-tiny", "--data", PEOPLE, "--init", "none.keras"), 1, "--init names a model saved as .keras"),
    (("detector", "detector"), 2, "--data"),
])
def test_training_refuses_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    argv: tuple[str, ...], code: int, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("[schedule")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "state.npz").touch()
    found, _, err = run(capsys, "train", *argv)
    assert (found, one_sentence(err)) == (code, True), err
    assert words in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.toml", "old"]


def test_without_keras_the_extra_for_training_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                                       tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = run(capsys, "train", "embedder", "embedder-tiny", "--data", PEOPLE, "--out", tmp_path / "out")
    assert (code, one_sentence(err)) == (1, True)
    assert "keras is not installed: pip install 'edge-face[train]'" in err
    assert not (tmp_path / "out").exists()


def test_descriptions_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text('nmae = "x"')
    with pytest.raises(UsageError, match="nmae is not known"):
        describe(file)
    file.write_text("name = 3")
    with pytest.raises(UsageError, match="name is not known or of the wrong kind"):
        describe(file)
    assert describe(None) == {}
    for shipped in (Path(cli.__file__).parent / "cards").glob("*.toml"):
        assert describe(shipped)["terms"]


def test_calibrate_thresholds_needs_enough_people_and_changes_nothing_without(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.copytree(MODELS / "embedder", tmp_path / "b")
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    code, out, err = run(capsys, "calibrate-thresholds", tmp_path / "b", "--faces", PEOPLE, "--rounds", 1)
    assert (code, out) == (1, "")
    assert "8 people in" in err and "cannot show 30 false matches; bring some 80 people or more" in err
    assert one_sentence(err)
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before
    for words, argv in (("is no folder", ("--faces", tmp_path / "none")), ("has no pictures", ("--faces", tmp_path)),
                        ("--rounds must be", ("--faces", PEOPLE, "--rounds", "0")),
                        ("--reach is a false match rate", ("--faces", PEOPLE, "--reach", "3")),
                        ("--workers must be", ("--faces", PEOPLE, "--workers", "0")),
                        ("the folder does not exist", ("--faces", PEOPLE, "--json", tmp_path / "no" / "t.json"))):
        code, _, err = run(capsys, "calibrate-thresholds", tmp_path / "b", *argv)
        assert code in (1, 2)
        assert words in err
        assert one_sentence(err)


def test_calibrate_thresholds_writes_tables_that_the_loader_takes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A hundred and ten "people", each a random picture and noisy copies of it, aligned already by their size."""
    random = np.random.default_rng(5)
    for person in range(110):
        home = tmp_path / "faces" / f"p{person:02d}"
        home.mkdir(parents=True)
        base = cv2.resize(random.integers(0, 256, (6, 6, 3)).astype(np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC)
        for number in range(6):
            noisy = np.clip(base + random.normal(0, 30, base.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(home / f"{number}.png"), noisy)
    shutil.copytree(MODELS / "embedder", tmp_path / "b")
    faces = ("--faces", tmp_path / "faces", "--rounds", 1)
    before = (tmp_path / "b" / "manifest.json").read_bytes()
    code, out, err = run(capsys, "calibrate-thresholds", tmp_path / "b", *faces, "--reach", "1e-6", "--json", tmp_path / "t.json")
    assert (code, out) == (1, "") and "1e-06 is beyond what was measured" in err
    assert (tmp_path / "b" / "manifest.json").read_bytes() == before
    tables = json.loads((tmp_path / "t.json").read_text())
    assert load_bundle(tmp_path / "b", "embedder").thresholds == load_bundle("", "embedder").thresholds
    code, out, _ = run(capsys, "calibrate-thresholds", tmp_path / "b", *faces)
    assert code == 0
    assert "worst shown in" in out
    changed = load_bundle(tmp_path / "b", "embedder")
    assert changed.thresholds == tables
    assert changed.thresholds["pooled"]["people"] == 110
    assert changed.model_id == load_bundle("", "embedder").model_id
    assert "110 people" in (tmp_path / "b" / "MODEL_CARD.md").read_text()
    assert not list((tmp_path / "b").glob(".*"))


def test_the_shipped_card_is_the_manifests() -> None:
    manifest = json.loads((MODELS / "embedder" / "manifest.json").read_text(encoding="utf-8"))
    assert (MODELS / "embedder" / "MODEL_CARD.md").read_text(encoding="utf-8") == render(manifest)
    assert (MODELS / "embedder" / "manifest.json").read_text(encoding="utf-8") == manifest_text(manifest)


def test_faces_in_photos_are_found_and_aligned() -> None:
    faces = open_faces(PEOPLE, "thresholds")
    assert len(people(faces.identity)) == 8
    crops = [faces.read(i) for i, name in enumerate(faces.names) if name.endswith("front.jpg")]
    assert [crop.shape for crop in crops if crop is not None] == [(112, 112, 3)] * 8


def test_pictures_without_one_face_are_left_out(tmp_path: Path) -> None:
    home = tmp_path / "faces" / "p"
    home.mkdir(parents=True)
    cv2.imwrite(str(home / "wall.png"), np.full((300, 400, 3), 128, np.uint8))
    faces = open_faces(tmp_path / "faces", "thresholds")
    assert faces.read(0) is None
    with pytest.raises(MediaError, match=r"no picture in .* shows exactly one face"):
        calibration_faces(tmp_path / "faces", 10)
    (home / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(MediaError, match=r"broken\.jpg"):
        open_faces(tmp_path / "faces", "thresholds").read(0)


def shard(path: Path, identity: list[int], crops: list[bytes]) -> None:
    offsets = np.cumsum([0, *map(len, crops)])
    np.savez(path, data=np.frombuffer(b"".join(crops), np.uint8), offsets=offsets, identity=np.array(identity, np.int32))


def test_shards_give_the_faces_of_one_role(tmp_path: Path) -> None:
    crops = [bytes(cv2.imencode(".webp", np.full((128, 128, 3), 10 * i, np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 101])[1]) for i in range(5)]
    shard(tmp_path / "faces-0.npz", [7, 7, -1], crops[:3])
    shard(tmp_path / "faces-1.npz", [7, 9], crops[3:])
    np.savez(tmp_path / "split.npz", shard0=np.array([2, 0, 2], np.uint8), shard1=np.array([2, 2], np.uint8))
    faces = open_faces(tmp_path, "thresholds")
    assert faces.identity.tolist() == [7, 7, 9]  # the unlabelled one is nobody
    assert [int(faces.read(i).mean().round()) for i in range(3)] == [0, 30, 40]  # type: ignore[union-attr]
    assert len(open_faces(tmp_path, "train")) == 1
    with pytest.raises(MediaError, match="has no face of role 1"):
        open_faces(tmp_path, "selection")
    assert calibration_faces(tmp_path, 10).shape == (1, 112, 112, 3)


def test_damaged_shards_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "faces-0.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(MediaError, match=r"has no split\.npz beside its shards"):
        open_faces(tmp_path, "train")
    np.savez(tmp_path / "split.npz", shard0=np.zeros(3, np.uint8))
    with pytest.raises(MediaError, match=r"shards in .* cannot be read"):
        open_faces(tmp_path, "train")


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    with pytest.raises(KeyboardInterrupt), new_folder(target) as work:
        (work / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with new_folder(target) as work:
        (work / "file").write_text("x")
        assert not target.exists()
    assert (target / "file").read_text() == "x"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "file"]
    with pytest.raises(UsageError, match="not an empty folder"), new_folder(target):
        pass


def test_a_digest_of_weights_depends_on_values_shapes_and_order() -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2, np.float32)
    digests = {weights_digest(w) for w in ([a, b], [b, a], [a.reshape(3, 2), b], [a + 1e-6, b], [a])}
    assert len(digests) == 5
    assert weights_digest([a, b]) == weights_digest([a.astype(np.float64), b])


def test_write_refuses_a_manifest_that_the_loader_would_refuse(tmp_path: Path) -> None:
    from converter.calibration import write

    shutil.copytree(MODELS / "embedder", tmp_path / "b")
    before = (tmp_path / "b" / "manifest.json").read_bytes()
    with pytest.raises(ModelError, match="rows"):
        write(tmp_path / "b", {"pooled": {"rows": []}})
    assert (tmp_path / "b" / "manifest.json").read_bytes() == before

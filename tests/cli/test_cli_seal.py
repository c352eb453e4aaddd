"""`edge-face seal` and `unseal` from the outside: files, sentences, the note of each opening."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_face.audit import read_entries, verify_log
from edge_face.cli.main import main
from edge_face.demo import clip_path, stills
from edge_face.media import VideoReader, VideoWriter, read_picture
from edge_face.people import Store
from edge_face.privacy.sealed.png_chunk import chunks, put_chunk, take_chunk


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder with settings of its own and a pair of keys."""
    (tmp_path / "none.toml").write_text(f'[store]\nfolder = "{tmp_path / "store"}"\n')
    monkeypatch.setenv("EDGE_FACE_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.chdir(tmp_path)
    assert main(["seal", "--new-key", "owner.key"]) == 0
    return tmp_path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoReader(clip_path("turn_live")) as reader, VideoWriter(path, reader.width, reader.height, reader.fps) as writer:
        for index, seconds, image in reader:
            if index < 10:
                writer.write(image, seconds)
    return path


BEN = stills("ben")[0]


def seal(*args: object) -> int:
    return main(["seal", *map(str, args), "--to", "owner.pub"])


def unseal(*args: object) -> int:
    return main(["unseal", *map(str, args), "--key", "owner.key"])


def test_a_picture_there_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert seal(BEN, "a.png") == 0 and "sealed inside (key " in capsys.readouterr().out
    original, hidden = read_picture(BEN), read_picture("a.png")
    assert np.abs(original.astype(int) - hidden).max() > 60
    assert [name for name, _ in chunks(Path("a.png").read_bytes())].count(b"efSR") == 1
    assert unseal("a.png", "o.png") == 0
    said = capsys.readouterr()
    assert "1 of 1 face opened" in said.out and "note: face 1 of 1 opened with the key " in said.err
    assert (read_picture("o.png") == original).all() and Path("o.png").stat().st_mode & 0o777 == 0o600


def test_a_jpeg_with_its_file_beside_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert seal(BEN, "a.jpg", "--method", "solid", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sealed"] == "a.jpg.sealed" and answer["hidden"] == 1 and answer["kind"] == "picture"
    shutil.move("a.jpg.sealed", "elsewhere")
    assert unseal("a.jpg", "o.png") == 1 and "'a.jpg.sealed' is missing" in capsys.readouterr().err
    assert unseal("a.jpg", "o.png", "--sealed", "elsewhere", "--json") == 0
    opened = json.loads(capsys.readouterr().out)
    assert opened["opened"] == opened["faces"] == [1] and opened["key"] == answer["key"]
    original, hidden, found = read_picture(BEN), read_picture("a.jpg"), read_picture("o.png")
    changed = (found != hidden).any(axis=2)
    assert (found[changed] == original[changed]).all() and changed.mean() > 0.05


def test_a_film_there_and_back(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal(clip, "v.mp4") == 0 and "seals in v.mp4.sealed" in capsys.readouterr().out
    assert unseal("v.mp4", "frames/") == 0 and unseal("v.mp4", "o.mp4") == 0
    with VideoReader(clip) as source, VideoReader("v.mp4") as hidden, VideoReader("o.mp4") as opened:
        frames = 0
        for (index, _, original), (_, _, shown), (_, _, seen) in zip(source, hidden, opened, strict=True):
            exact = read_picture(f"frames/frame-{index:06d}.png")
            changed = (exact != shown).any(axis=2)
            assert (exact[changed] == original[changed]).all() and changed.any()
            far = [np.abs(image[changed].astype(int) - original[changed]).mean() for image in (seen, shown)]
            assert far[0] < 12 < far[1]
            frames += 1
    assert frames == 10 and Path("o.mp4").stat().st_mode & 0o777 == 0o600 and Path("frames").stat().st_mode & 0o777 == 0o700
    assert unseal("v.mp4", "frames") == 2 and "is not empty" in capsys.readouterr().err


def test_films_that_were_changed_are_refused(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal(clip, "v.mp4", "--method", "solid") == 0
    film, sealed = Path("v.mp4").read_bytes(), Path("v.mp4.sealed").read_bytes()
    assert seal("v.mp4", "w.mp4") == 1 and "carries sealed faces already" in capsys.readouterr().err
    shutil.copy(clip, "v.mp4")
    assert unseal("v.mp4", "o.mp4") == 1 and "do not belong to the film" in capsys.readouterr().err
    Path("v.mp4").write_bytes(film)
    for broken in (sealed[:-1], sealed[:5000] + bytes([sealed[5000] ^ 1]) + sealed[5001:], b""):
        Path("v.mp4.sealed").write_bytes(broken)
        assert unseal("v.mp4", "o.mp4") == 1
    Path("v.mp4.sealed").unlink()
    assert unseal("v.mp4", "o.mp4") == 1 and "is missing" in capsys.readouterr().err
    assert not Path("o.mp4").exists() and not list(Path().glob(".edge-face*"))


def test_an_opening_stands_in_the_audit_log_of_the_door(capsys: pytest.CaptureFixture[str]) -> None:
    with Store("store", None) as store:
        key = store.audit_key()
    assert seal(BEN, "a.png") == 0 and unseal("a.png", "o.png") == 0
    said = capsys.readouterr()
    assert "noted in the audit log" in said.out and "note:" not in said.err
    (entry,) = list(read_entries(Path("store/audit"), kinds=frozenset({"unsealed"})))
    assert entry.record.details["opened"] == entry.record.details["faces"] == 1 and entry.record.details["what"] == "picture"
    assert verify_log(Path("store/audit"), key).problem is None
    assert main(["audit", "show"]) == 0 and "unsealed" in capsys.readouterr().out


def test_what_cannot_be_noted_is_not_opened(capsys: pytest.CaptureFixture[str]) -> None:
    with Store("store", None):
        pass
    Path("store/audit").write_text("no folder")
    assert seal(BEN, "a.png") == 0 and unseal("a.png", "o.png") == 1
    assert "the audit log in" in capsys.readouterr().err and not Path("o.png").exists()


def test_stripped_swapped_and_other_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert seal(BEN, "a.png") == 0 and seal(stills("ana")[0], "b.png") == 0
    a, b = Path("a.png").read_bytes(), Path("b.png").read_bytes()
    sealed = take_chunk(b)
    assert sealed is not None
    Path("swapped.png").write_bytes(put_chunk(a, sealed))
    Path("twice.png").write_bytes(a[:-12] + a[a.index(b"efSR") - 4:])
    import cv2

    cv2.imwrite("stripped.png", cv2.imread("a.png"))
    assert main(["seal", "--new-key", "other.key"]) == 0
    assert main(["seal", str(BEN), "other.png", "--to", "other.pub"]) == 0
    capsys.readouterr()
    for name, words in (("swapped.png", "do not belong to the picture"), ("twice.png", "twice"), ("stripped.png", "or they were stripped"),
                        ("other.png", "is sealed for the key")):
        assert unseal(name, "o.png") == 1
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1 and name in said
    assert not Path("o.png").exists()


@pytest.mark.parametrize(("args", "code", "words"), [
    (["seal"], 2, "seal takes IN, OUT and --to"), (["seal", "a.jpg", "o.png"], 2, "--to owner.pub"),
    (["seal", "a.jpg", "o.png", "--to", "owner.key"], 1, "is the private half"),
    (["seal", "a.jpg", "o.png", "--to", "no"], 1, "there is no key"),
    (["seal", "a.jpg", "a.jpg", "--to", "owner.pub"], 2, "would overwrite"),
    (["seal", ".", "o.png", "--to", "owner.pub"], 2, "is a folder"),
    (["seal", "a.jpg", "o.gif", "--to", "owner.pub"], 1, "name it .jpg"), (["seal", "--new-key", "owner.key"], 1, "exists already"),
    (["seal", "--new-key", "n.pub"], 2, "name it owner.key"), (["seal", "a.jpg", "o.png", "--new-key", "n.key"], 2, "only makes keys"),
    (["seal", "a.jpg", "o.png", "--to", "owner.pub", "--passphrase"], 2, "belongs to --new-key"),
    (["seal", "--new-key", "n.key", "--passphrase-file", "short"], 2, "at least 8"),
    (["seal", "a.jpg", "o.png", "--to", "owner.pub", "--all", "--keep", "x"], 2, "nobody can be kept"),
    (["unseal", "sealed.png", "o.jpg", "--key", "owner.key"], 2, "would not keep the opened faces exactly"),
    (["unseal", "sealed.png", "sealed.png", "--key", "owner.key"], 1, "would overwrite"),
    (["unseal", "sealed.png", "o.png", "--key", "owner.pub"], 1, "is the public half"),
    (["unseal", "sealed.png", "o.png", "--key", "owner.key", "--face", "2"], 2, "there is only face 1"),
    (["unseal", "sealed.png", "o.png", "--key", "owner.key", "--face", "-1"], 2, "counted from 1"),
    (["unseal", "sealed.png", "no/o.png", "--key", "owner.key"], 2, "make it first"),
    (["unseal", "no.png", "o.png", "--key", "owner.key"], 1, "there is no picture or video"),
    (["unseal", "a.jpg", "o.png", "--key", "owner.key"], 1, "'a.jpg.sealed' is missing"),
    (["unseal", "seals.sealed", "o.png", "--key", "owner.key"], 1, "name that file, without '.sealed'"),
    (["blur", "seals.sealed", "o.png"], 1, "name that file, without '.sealed'"),
    (["unseal", "text", "o.mp4", "--key", "owner.key"], 1, "'text.sealed' is missing"),
    (["seal", "sealed.png", "o.png", "--to", "owner.pub"], 1, "carries sealed faces already")])
def test_wrong_use_in_one_sentence(capsys: pytest.CaptureFixture[str], args: list[str], code: int, words: str) -> None:
    shutil.copy(BEN, "a.jpg")
    Path("text").write_text("dear diary\n" * 9)
    Path("short").write_text("abc\n")
    Path("seals.sealed").write_bytes(b"efSR" + bytes(400))
    if any("sealed.png" in arg for arg in args):
        assert seal(BEN, "sealed.png", "--method", "solid") == 0
    before = sorted(Path().rglob("*"))
    capsys.readouterr()
    assert main(args) == code
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and said.out == "" and sorted(Path().rglob("*")) == before


def test_a_passphrase_of_the_private_half(capsys: pytest.CaptureFixture[str]) -> None:
    Path("phrase").write_text("correct horse battery\n")
    Path("wrong").write_text("correct horse batterz\n")
    assert main(["seal", "--new-key", "p.key", "--passphrase-file", "phrase"]) == 0
    assert main(["seal", str(BEN), "a.png", "--to", "p.pub", "--method", "solid"]) == 0
    assert main(["unseal", "a.png", "o.png", "--key", "p.key", "--passphrase-file", "wrong"]) == 1
    assert "the passphrase of 'p.key' is wrong" in capsys.readouterr().err
    assert main(["unseal", "a.png", "o.png", "--key", "p.key", "--passphrase-file", "phrase"]) == 0
    assert (read_picture("o.png") == read_picture(BEN)).all()

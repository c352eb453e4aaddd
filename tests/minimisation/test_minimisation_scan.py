"""The raw search: finds what is left in whatever spelling, at any place, and nothing where nothing is."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from edge_face.errors import StoreError
from edge_face.minimisation import raw_scan
from edge_face.minimisation.needles import Needle, of_person, words_of
from edge_face.minimisation.raw_scan import Scanner
from edge_face.people import Template
from edge_face.people.records import template_record
from edge_face.shredding import shred

NAME = "Zoë Müller-Quill"
RANDOM = np.random.default_rng(7)


def _vector() -> np.ndarray:
    vector = RANDOM.normal(size=128)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


VECTOR, PNG = _vector(), b"\x89PNG" + RANDOM.bytes(4000)
RECORD = {"id": "00f1e2d3c4b5a697", "name": NAME, "templates": [template_record(Template(VECTOR, "m"))],
          "pictures": [{"png": base64.b64encode(PNG).decode()}]}


def _found(tmp_path: Path, content: bytes) -> set[str]:
    path = tmp_path / "some.bin"
    path.write_bytes(content)
    return {hit.what for hit in Scanner(of_person(RECORD), words_of(RECORD)).look([path])}


@pytest.mark.parametrize(("content", "what"), [
    (NAME.encode(), "the name"), (NAME.upper().encode(), "the name"),
    (NAME.encode("utf-16-le"), "the name"), (NAME.encode("utf-16-be"), "the name"),
    (NAME.encode("latin-1"), "the name"), (json.dumps(NAME).encode(), "the name"), (b"who=Zo%C3%AB%20M%C3%BCller-Quill&x=1", "the name"),
    ("Zoe\u0308 Mu\u0308ller-Quill".encode(), "the name"), (base64.b64encode(b"ab" + NAME.encode() + b"c" * 20), "the name"),
    (b"00f1e2d3c4b5a697", "the id"), (bytes.fromhex("00f1e2d3c4b5a697"), "the id"), ("00f1e2d3c4b5a697".encode("utf-16-le"), "the id"),
    (VECTOR.tobytes(), "a template"), (VECTOR.astype(">f4").tobytes(), "a template"), (VECTOR.astype(np.float16).tobytes(), "a template"),
    (VECTOR.astype(np.float64).tobytes(), "a template"), (np.round(VECTOR * 127).astype(np.int8).tobytes(), "a template"),
    (np.packbits(VECTOR > 0).tobytes(), "a template"), (base64.b64encode(VECTOR.tobytes()), "a template"),
    (json.dumps(VECTOR.tolist()).encode(), "a template"), (VECTOR.tobytes()[200:260], "a template"),
    (PNG, "a picture"), (PNG[1000:1100], "a picture")])
@pytest.mark.parametrize("before", [0, 1, 4093])
def test_it_is_found_in_every_spelling_and_at_every_place(tmp_path: Path, content: bytes, what: str, before: int) -> None:
    noise = np.random.default_rng(before)
    assert what in _found(tmp_path, noise.bytes(before) + content + noise.bytes(100))


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    other = json.dumps({"name": "Zora Miller-Quint", "id": "0123456789abcdef"}).encode()
    assert _found(tmp_path, other + RANDOM.bytes(300_000) + bytes(200_000) + _vector().tobytes() + b"\xff" * 9999) == set()


def test_what_lies_across_two_pieces_of_a_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_scan, "CHUNK", 1000)
    for at in range(980, 1004, 3):
        path = tmp_path / f"{at}.bin"
        path.write_bytes(bytes(at) + NAME.encode() + bytes(2500))
        hit, = Scanner(of_person(RECORD)).look([path])
        assert (hit.what, hit.at) == ("the name", at)


def test_a_short_name_is_looked_for_as_a_word_of_texts(tmp_path: Path) -> None:
    record = {"id": "00f1e2d3c4b5a697", "name": "Al"}
    scanner = Scanner(of_person(record), words_of(record))
    for name, content, found in (("a", b"said AL, twice", True), ("b", b"Alarm, algae", False), ("c", b"\0Al\0", False),
                                 ("d", "Ål Al".encode(), True)):
        (tmp_path / name).write_bytes(content)
        assert bool(scanner.look([tmp_path / name])) is found, content


@pytest.mark.parametrize("name", ["Grant", "Camera", "Owner", "Code"])
def test_our_own_words_are_not_taken_for_somebody_of_that_name(tmp_path: Path, name: str) -> None:
    record = {"id": "00f1e2d3c4b5a697", "name": name}
    scanner = Scanner(of_person(record), words_of(record))
    path = tmp_path / "audit.log"
    path.write_text('{"n":1,"k":"grant","a":"owner","d":{"why":["code","camera"]}}')
    assert scanner.look([path]) == []
    path.write_text(f"{name} came in")
    assert [hit.what for hit in scanner.look([path])] == ["the name"]


def test_no_needle_stands_in_any_file_by_chance() -> None:
    needles = of_person(RECORD)
    assert all(len(needle.content) >= 6 and len(set(needle.content)) >= 3 for needle in needles)
    assert not [needle for needle in needles if needle.content in PNG[:64]], "every PNG begins alike"


def test_links_and_sockets_are_not_followed_and_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").write_bytes(NAME.encode())
    (tmp_path / "link").symlink_to(tmp_path / "real")
    scanner = Scanner([Needle("the name", NAME.encode())])
    assert scanner.look([tmp_path / "link", tmp_path / "gone"]) == []

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StoreError, match="real cannot be looked through"):
        scanner.look([tmp_path / "real"])


def test_a_shredded_file_is_overwritten_a_link_only_removed(tmp_path: Path) -> None:
    path, other = tmp_path / "key", tmp_path / "other"
    path.write_bytes(b"secret" * 1000)
    path.chmod(0o400)
    held = path.open("rb")  # the blocks, as a card's reader would see them
    other.write_bytes(b"mine")
    (tmp_path / "link").symlink_to(other)
    assert shred(path) and not shred(path) and not path.exists()
    assert held.read() == bytes(6000)
    held.close()
    assert shred(tmp_path / "link") and other.read_bytes() == b"mine"
    (tmp_path / "twin").hardlink_to(other)
    assert shred(tmp_path / "twin") and other.read_bytes() == b"mine", "somebody else has it under another name"

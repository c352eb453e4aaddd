"""docs/sealed-regions.md: its reader opens what we seal, and its vector opens to what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_face.media import read_picture, write_picture
from edge_face.privacy.regions import Region
from edge_face.privacy.registry import anonymize
from edge_face.privacy.sealed import make_keys, open_faces, seal_faces
from edge_face.privacy.sealed.png_chunk import put_chunk
from edge_face.types import Box, Image

DOCS = (Path(__file__).parents[2] / "docs" / "sealed-regions.md").read_text(encoding="utf-8")
READER = re.search(r"```python\n(import.*?)```", DOCS, re.DOTALL)
VECTOR = re.search(r"```\n([0-9a-f\n]+)```", DOCS)


def test_the_vector_of_the_page() -> None:
    assert VECTOR is not None
    owner = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    shown: Image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    opened = open_faces(shown, bytes.fromhex(VECTOR[1].replace("\n", "")), owner)
    expected = shown.copy()
    expected[1:3, 2:4] = [[(200, 100, 50), (201, 101, 51)], [(202, 102, 52), (203, 103, 53)]]
    assert (opened.image == expected).all() and opened.faces == (1,) and opened.when == 1_790_000_000.25


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_reader_of_the_page(tmp_path: Path, ending: str) -> None:
    assert READER is not None and READER[1].count("\n") <= 50
    _, public = make_keys(tmp_path / "owner.key")
    original = np.random.default_rng(5).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    regions = [Region(Box(10, 20, 40, 50), "unknown"), Region(Box(80, -10, 50, 50), "weak")]
    hidden = anonymize(original, regions, "gaussian", 0.9)
    name = tmp_path / f"p.{ending}"
    write_picture(name, hidden)
    program = [sys.executable, "-c", READER[1], str(name), str(tmp_path / "o.png"), str(tmp_path / "owner.key")]
    if ending == "png":
        name.write_bytes(put_chunk(name.read_bytes(), seal_faces(original, hidden, regions, public, 1e9)))
    else:
        beside = tmp_path / "p.jpg.sealed"
        beside.write_bytes(seal_faces(original, hidden, regions, public, 1e9, visible=name.read_bytes()))
        program.append(str(beside))
    subprocess.run(program, check=True)
    opened, changed = read_picture(tmp_path / "o.png"), (original != hidden).any(axis=2)
    assert (opened[changed] == original[changed]).all() and (opened[~changed] == read_picture(name)[~changed]).all()
    name.write_bytes(name.read_bytes().replace(b"efSR", b"efSQ") if ending == "png" else name.read_bytes() + b"\0")
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and ("stripped" in done.stderr or "another picture" in done.stderr)

"""The embedder on the shipped bundle: unit vectors that tell people apart, and refusals."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from faces_on_file import stills

from edge_face.errors import ModelError
from edge_face.vision.align import align
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.embedder import Embedder


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(load_bundle("", "embedder"))


def test_embeddings_have_length_one_and_so_has_each_part(embedder: Embedder) -> None:
    bundle = load_bundle("", "embedder")
    assert bundle.embedding is not None
    embedding = embedder.embed(np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8))
    assert embedding.shape == (embedder.dimension,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)
    start = 0
    for length in bundle.embedding.parts:
        part = np.linalg.norm(embedding[start:start + length])
        assert part == pytest.approx(1 / np.sqrt(len(bundle.embedding.parts)), abs=1e-5)
        start += length


def test_the_same_person_is_nearer_than_another_one(embedder: Embedder) -> None:
    """For each of the 48 stills the nearest other still is one of the same person."""
    faces = list(stills())
    embeddings = np.stack([embedder.embed(align(face.image, face.landmarks).image) for face in faces])
    names = np.array([face.person for face in faces])
    product = embeddings @ embeddings.T
    np.fill_diagonal(product, -1)
    assert (names[product.argmax(1)] == names).all()
    same = names[:, None] == names[None]
    assert product[same & (product > -1)].min() > np.percentile(product[~same], 99)


def test_precisions_agree(embedder: Embedder) -> None:
    other = Embedder(load_bundle("", "embedder"), "float32")
    assert other.precision == "float32"
    assert other.model_id == embedder.model_id
    for face in stills("front.jpg"):
        crop = align(face.image, face.landmarks).image
        assert float(embedder.embed(crop) @ other.embed(crop)) > 0.97


def test_colours_reach_the_network_in_its_own_order(tmp_path: Path, embedder: Embedder) -> None:
    """The same file, said to be BGR, sees a mirrored channel order: it must then equal the swapped picture."""
    shutil.copytree(MODELS / "embedder", tmp_path / "b")
    path = tmp_path / "b" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["input"]["colour"] = "BGR"
    path.write_text(json.dumps(manifest))
    swapped = Embedder(load_bundle(tmp_path / "b", "embedder"))
    face = next(stills("front.jpg"))
    crop = align(face.image, face.landmarks).image
    np.testing.assert_array_equal(swapped.embed(crop[:, :, ::-1]), embedder.embed(crop))
    assert not np.array_equal(swapped.embed(crop), embedder.embed(crop))


@pytest.mark.parametrize("crop", [np.zeros((112, 112), np.uint8), np.zeros((112, 111, 3), np.uint8), np.zeros((112, 112, 3), np.float32)])
def test_other_crops_are_refused(embedder: Embedder, crop: np.ndarray) -> None:
    with pytest.raises(ModelError, match="takes aligned BGR faces of 112x112"):
        embedder.embed(crop)


def test_a_detector_bundle_is_no_embedder() -> None:
    with pytest.raises(ModelError, match="not for 'embedder'"):
        Embedder(load_bundle("", "detector"))


@pytest.mark.parametrize("raw", [np.zeros(384), np.full(384, np.nan), np.full(384, np.inf)])
def test_an_embedding_without_direction_is_refused(monkeypatch: pytest.MonkeyPatch, raw: np.ndarray) -> None:
    """A silent or overflowing network must not become a template or a match."""
    broken = Embedder(load_bundle("", "embedder"))
    monkeypatch.setattr(broken._interpreter, "run", lambda values: {"embedding": raw[None].astype(np.float32)})
    with pytest.raises(ModelError, match="gave an embedding of length"):
        broken.embed(np.zeros((112, 112, 3), np.uint8))


def test_a_manifest_that_does_not_fit_its_file_is_refused(tmp_path: Path) -> None:
    for key, change, words in (("dimension", {"dimension": 256, "parts": [256]}, "256"), ("input", {"width": 96}, "its manifest says")):
        folder = tmp_path / key
        shutil.copytree(MODELS / "embedder", folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        (manifest["input"] if key == "input" else manifest["outputs"]["embedding"]).update(change)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(ModelError, match=words):
            Embedder(load_bundle(folder, "embedder"))


def _bundle(folder: Path, mirrored: bool) -> Path:
    """The shipped bundle, said to be mirrored or not."""
    shutil.copytree(MODELS / "embedder", folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"]["embedding"]["mirrored"] = mirrored
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_a_mirrored_bundle_looks_at_both_sides(tmp_path: Path) -> None:
    plain = Embedder(load_bundle(_bundle(tmp_path / "plain", False), "embedder"))
    both = Embedder(load_bundle(_bundle(tmp_path / "both", True), "embedder"))
    face = next(iter(stills("front.jpg")))
    crop = align(face.image, face.landmarks).image
    turned = np.ascontiguousarray(crop[:, ::-1])
    assert np.allclose(both.embed(crop), both.embed(turned), atol=1e-6)
    assert not np.allclose(plain.embed(crop), plain.embed(turned), atol=1e-3)
    middle = plain.embed(crop) + plain.embed(turned)
    ends = np.cumsum([0, *load_bundle("", "embedder").embedding.parts])  # type: ignore[union-attr]
    for start, end in pairwise(ends):
        part = middle[start:end] / np.linalg.norm(middle[start:end]) / np.sqrt(len(ends) - 1)
        assert np.allclose(both.embed(crop)[start:end], part, atol=1e-5)
    assert both.model_id == plain.model_id + "-mirrored"

"""What `edge-face eval templates` measures, on made-up faces whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_face.cli.main import main
from edge_face.errors import MediaError, ModelError
from edge_face.evaluation import protection
from edge_face.evaluation.inversion import Inverter, measure_inversion
from edge_face.evaluation.protection import _Pairs, coded_scores, measure_accuracy
from edge_face.evaluation.template_speed import measure_speed
from edge_face.evaluation.unlinkability import d_sys, measure_unlinkability, some_people
from edge_face.people.cancelable import Protection
from edge_face.types import Floats, Image

RNG = np.random.default_rng(5)
TABLE = {"single": {"rows": [{"fmr": 0.01, "similarity": 0.2}, {"fmr": 0.001, "similarity": 0.3}]}}


def crowd(people: int = 30, pictures: int = 4, dimension: int = 128, alike: float = 0.35) -> tuple[Floats, np.ndarray]:
    """Unit vectors, pictures of one person about so alike."""
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((people, dimension))
    rows = np.repeat(centres, pictures, 0) * np.sqrt(alike) + rng.standard_normal((people * pictures, dimension)) * np.sqrt(1 - alike)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(people), pictures)


def test_d_sys_of_known_scores() -> None:
    rng = np.random.default_rng(0)
    low, high = rng.normal(0, 1, 40_000).astype(np.float32), rng.normal(40, 1, 40_000).astype(np.float32)
    assert d_sys(high, low) == pytest.approx(1.0, abs=1e-3)
    assert d_sys(low[:20_000], low[20_000:]) < 0.03
    # Half of the mated scores tell, the other half are like strangers': LR 1/2 there, so that half tells nothing.
    assert d_sys(np.concatenate([high[:20_000], low[:20_000]]), low[20_000:]) == pytest.approx(0.5, abs=0.02)
    assert d_sys(np.ones(20, np.float32), np.ones(20, np.float32)) == 0.0
    with pytest.raises(ValueError, match="ten"):
        d_sys(high[:3], low)


def test_codes_of_two_keys_are_not_linked_and_those_of_one_are(monkeypatch: pytest.MonkeyPatch) -> None:
    # Few pairs scatter by a tenth from key to key: the same keys each time.
    keys = iter(range(1, 100))
    monkeypatch.setattr(Protection, "new", classmethod(lambda cls: cls(next(keys).to_bytes(32, "big"))))
    links = measure_unlinkability(*crowd(people=25, pictures=2), keys=6)
    assert links.keys.d_sys < links.keys.null + 0.15 and links.picture.d_sys < links.picture.null + 0.15
    assert links.within.d_sys > 0.8 and links.keys.mated == 6 * 25 * 6


def test_a_transform_that_forgets_its_key_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure can fail: under one and the same key for all, codes are linked."""
    always = Protection(bytes(32))
    monkeypatch.setattr(Protection, "new", classmethod(lambda cls: always))
    links = measure_unlinkability(*crowd(people=12, pictures=2), keys=3)
    assert links.keys.d_sys > 0.8 and links.picture.d_sys > 0.95


def test_accuracy_and_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, person = crowd()
    monkeypatch.setattr(protection, "DRAWS", 40)
    found = measure_accuracy(rows, person, TABLE, keys=2)
    cost = found.costs["1e-2"]
    assert 0.5 < cost.plain < 1.0 and abs(cost.loss) < 0.03 and len(cost.by_key) == 2
    assert cost.span is not None and cost.span[0] <= cost.span[1]
    assert [row.similarity for row in found.thresholds] == [0.2]  # few reach 0.3
    assert found.thresholds[0].coded_fmr == pytest.approx(found.thresholds[0].plain_fmr, rel=0.2)
    assert len(found.codings) == 5 and found.codings[-1] > 0.5
    with pytest.raises(MediaError, match="two people"):
        measure_accuracy(rows[:4], person[:4], TABLE)
    with pytest.raises(MediaError, match="no rate"):
        measure_accuracy(rows[:8], person[:8], TABLE)


def test_noise_is_seen_as_a_loss() -> None:
    rows, person = crowd(alike=0.3)
    pairs = _Pairs(person)
    worse = coded_scores(rows, Protection.new()) + RNG.normal(0, 0.2, (len(rows), len(rows))).astype(np.float32)
    assert pairs.tar(worse, 0.01) < pairs.tar(rows @ rows.T, 0.01) - 0.1
    weights = np.ones((3, pairs.people), np.int64)  # everybody once: the figure itself
    assert pairs.drawn(worse, 0.01, weights) == pytest.approx(pairs.tar(worse, 0.01), abs=0.01)


def test_whole_people_are_drawn() -> None:
    _, person = crowd()
    chosen = some_people(person, 50, 0)
    assert len(chosen) == 48 and (np.bincount(person[chosen], minlength=30) % 4 == 0).all()
    assert len(some_people(person, 1, 0)) == 4


class Painter(Inverter):
    """Paints the vector's own numbers into a picture, so that nothing is lost on the way."""

    def __init__(self) -> None:
        """Without a file."""

    def paint(self, vector: Floats) -> Image:
        picture = np.zeros((112, 112, 3), np.uint8)
        picture.reshape(-1)[:len(vector)] = np.clip(vector * 400 + 128, 0, 255).astype(np.uint8)
        return picture


class Reader:
    """Reads them back."""

    def embed(self, aligned: Image) -> Floats:
        vector = aligned.reshape(-1)[:128].astype(np.float32) - 128
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def test_inversion_tells_a_key_that_was_stolen_from_one_that_was_not() -> None:
    rows, person = crowd()
    found = measure_inversion(rows, person, 0.3, Reader(), Painter())
    assert found.faces is not None and found.tried == 120
    for back in (found.faces, found.vectors):
        assert back["no key"].identity < 0.15 and back["no key"].itself < 0.05 and abs(back["no key"].cosine) < 0.05
        assert back["key too"].identity > 0.9 and back["key too"].itself == 1.0 and back["key too"].cosine > 0.97
        assert back["embedding"].cosine > 0.99
    assert found.faces["picture"].identity == 1.0 and found.faces["picture"].span is not None
    assert measure_inversion(rows, person, 0.3).faces is None


def test_an_inverter_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Inverter(tmp_path / "none.tflite", 384)
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"no model")
    with pytest.raises(ModelError, match="TFLite"):
        Inverter(bad, 384)
    import edge_face

    embedder = Path(edge_face.__file__).parent / "models" / "embedder" / "int8.tflite"
    with pytest.raises(ModelError, match="no inverter of embeddings of 384"):
        Inverter(embedder, 384)


def test_speed_is_of_the_same_answers() -> None:
    speed = measure_speed(128, people=100)
    assert speed.found == 200 and speed.plain_ms > 0 and speed.coded_ms > 0


def test_the_command_on_bundled_people(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import edge_face
    from edge_face.evaluation import template_speed, unlinkability

    monkeypatch.setattr(protection, "FEWEST", 2)  # few people make few pairs
    monkeypatch.setattr(unlinkability, "MOST_PICTURES", 20)
    monkeypatch.setattr(template_speed, "TEMPLATES", 1)
    images, where = Path(edge_face.__file__).parent / "demo" / "people", tmp_path / "templates.json"
    assert main(["eval", "templates", "--images", str(images), "--keys", "1", "--json", str(where), "--report",
                 str(tmp_path / "page.html")]) == 0
    printed = capsys.readouterr().out
    figures = json.loads(where.read_text())
    assert "D_sys" in printed and "a protected template alone" in printed
    assert figures["bits"] == 16384 and figures["inversion"]["painted"] is None
    assert figures["inversion"]["vectors"]["key too"]["cosine"] > 0.99
    page = (tmp_path / "page.html").read_text()
    assert "Linkage" in page and "<img" not in page
    assert main(["eval", "templates", "--images", str(images), "--keys", "0"]) == 2
    assert main(["eval", "templates", "--images", str(tmp_path / "nothing")]) != 0

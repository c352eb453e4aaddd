"""What the anonymizer and the attacks on it learn from: patches, bases, targets, hidden faces; and recipes that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="patches are warped with OpenCV")

from converter.faces import MARGIN  # noqa: E402
from converter.training import recipe as recipes  # noqa: E402
from converter.training.anonymizer_data import VIEW, blurred, coarse, grid, patch_of_aligned, patch_of_portrait, sample  # noqa: E402
from converter.training.anonymizer_recipe import AnonymizerRecipe  # noqa: E402
from converter.training.anonymizer_task import make, psnr  # noqa: E402
from converter.training.composites import Photo, pyramid, read_labels  # noqa: E402
from converter.training.embedder_recipe import EmbedderRecipe  # noqa: E402
from converter.training.hidden_faces import Hidden, hide  # noqa: E402
from edge_face.errors import EdgeFaceError, SettingsError, UsageError  # noqa: E402
from edge_face.evaluation.hidden_regions import region_of_landmarks  # noqa: E402
from edge_face.vision.align import TEMPLATE  # noqa: E402

TINY = """
task = "anonymizer"
batch = 8
precision = "float32"
[data]
faces = 20
portraits = 0.0
[network]
stem = 4
widths = [4, 8]
[schedule]
steps = 4
"""


def crop_of(seed: int = 0) -> np.ndarray:
    """Something smooth of 128x128, no face."""
    small = np.random.default_rng(seed).integers(30, 220, (9, 9, 3), np.uint8)
    return cv2.resize(small, (128, 128), interpolation=cv2.INTER_CUBIC)


def test_a_patch_is_what_is_hidden_of_an_aligned_face() -> None:
    crop = np.zeros((128, 128, 3), np.uint8)
    eye = TEMPLATE[0] + MARGIN
    cv2.circle(crop, tuple(int(v) for v in np.rint(eye)), 5, (255, 255, 255), -1)
    found = patch_of_aligned(crop, np.random.default_rng(0), jitter=0.0)
    region = region_of_landmarks((TEMPLATE + MARGIN).astype(np.float32))
    rows, columns = np.nonzero(found[:, :, 0] > 128)
    expected = (eye - (region.x, region.y)) / (region.width, region.height) * VIEW
    # The border is mirrored: the eye itself is the spot nearest to where it must be.
    away = np.hypot(columns - expected[0], rows - expected[1])
    assert found.shape == (VIEW, VIEW, 3)
    assert abs(columns[away < 12].mean() - expected[0]) < 1.5
    assert abs(rows[away < 12].mean() - expected[1]) < 1.5


def test_samples_depend_on_the_generator_alone_and_portraits_are_cut_at_the_border() -> None:
    crops = np.stack([crop_of(1), crop_of(2)])
    one, other = (sample(crops, [], np.random.default_rng(4), 0.5, 1.0) for _ in range(2))
    assert np.array_equal(one, other)
    box = [-20, 5, 120, 140]
    labels = read_labels([{"box": box, "landmarks": None, "ignore": False}])
    photo = Photo("a", "portrait", pyramid(cv2.resize(crop_of(3), (160, 200))), labels)
    assert patch_of_portrait(photo, np.random.default_rng(0)).shape == (VIEW, VIEW, 3)


@pytest.mark.parametrize("phase", [(0.0, 0.0), (0.5, 0.25)])
def test_a_base_shows_the_means_of_its_cells_and_nothing_else(phase: tuple[float, float]) -> None:
    rng, patch = np.random.default_rng(0), crop_of()
    shuffled = patch.copy()
    side, left, top = VIEW // 8, round(phase[0] * VIEW / 8), round(phase[1] * VIEW / 8)
    for y in range(-top, VIEW, side):
        for x in range(-left, VIEW, side):
            if x < 0 or y < 0 or x + side > VIEW or y + side > VIEW:
                continue  # cells at the border have their edge repeated: their pixels do not count alike
            cell = shuffled[y:y + side, x:x + side].reshape(-1, 3)
            shuffled[y:y + side, x:x + side] = rng.permutation(cell).reshape(side, side, 3)
    assert np.abs(shuffled.astype(int) - patch).max() > 20, "the pixels are others"
    # Means are taken in two steps, each rounded.
    assert np.abs(coarse(shuffled, 8, 8, phase).astype(int) - coarse(patch, 8, 8, phase)).max() <= 2


@pytest.mark.parametrize("kind", ["gaussian", "mean", "median"])
def test_a_target_is_the_blurred_patch_and_softer_with_fewer_cells(kind: str) -> None:
    flat = np.full((VIEW, VIEW, 3), 90, np.uint8)
    assert np.abs(blurred(flat, 5, 7, kind).astype(int) - 90).max() <= 1
    patch = crop_of()
    fine, rough = (float(blurred(patch, across, across, kind).std()) for across in (20, 3))
    assert rough < 0.8 * fine
    assert psnr(blurred(patch, 20, 20, kind)[None], patch[None]) > psnr(blurred(patch, 3, 3, kind)[None], patch[None])


def test_cells_are_drawn_within_their_bounds() -> None:
    found = [grid(np.random.default_rng(seed), 2.0, 12.0) for seed in range(200)]
    assert min(across for across, _ in found) == 2 and max(across for across, _ in found) == 12
    assert all(across <= down <= 1.6 * across + 1 for across, down in found)


def test_faces_are_hidden_by_the_door_s_own_methods() -> None:
    crop = crop_of()
    rng = np.random.default_rng(0)
    assert np.array_equal(hide(crop, Hidden(("solid",), clear=1.0), rng), crop)
    black = hide(crop, Hidden(("solid",)), rng)
    assert black.shape == crop.shape and not black[30:100, 30:100].any()
    weak, strong = (hide(crop, Hidden(("pixelate",), amount, amount), np.random.default_rng(1)) for amount in (0.1, 0.9))
    assert psnr(weak[None], crop[None]) > psnr(strong[None], crop[None]) + 2
    noises = [hide(crop, Hidden(("noise",), 1.0, 1.0), rng) for _ in range(2)]
    assert not np.array_equal(*noises), "each face has a key of its own"


@pytest.mark.parametrize(("line", "instead", "says"), [
    ('task = "anonymizer"', 'task = "embedder"', "embedder"),
    ("[schedule]", "[target]\nfewest = 9\nmost = 4\n[schedule]", "fewest is above most"),
    ("[schedule]", '[target]\nfilter = "sharpen"\n[schedule]', "gaussian"),
    ("[schedule]", '[undo]\nmethods = ["magic"]\n[schedule]', "no method 'magic'"),
    ("[schedule]", "[undo]\nmethods = []\n[schedule]", "names no method"),
    ("[schedule]", '[undo]\nmethods = ["mean"]\nleast = 0.9\nmost = 0.1\n[schedule]', "least is above most"),
    ("[schedule]", '[start]\nmode = "deepen"\n[schedule]', "mode must be"),
    ("stem = 4", "size = 64", "size must be 128"),
])
def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path, line: str, instead: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(TINY.replace(line, instead))
    with pytest.raises(EdgeFaceError, match=says):
        make(path, tmp_path, None)


def test_a_recipe_without_data_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    with pytest.raises(UsageError, match="--data"):
        make(path, None, None)


def test_the_shipped_recipes_are_read() -> None:
    for name in ("anonymizer", "anonymizer-identity", "undo", "undo-neural", "undo-replace"):
        recipe = recipes.read(recipes.find(name), AnonymizerRecipe)
        assert (recipe.undo is None) == name.startswith("anonymizer")
    for name in ("embedder-hidden", *(f"embedder-hidden-{method}" for method in ("pixelate", "gaussian", "neural", "replace", "solid"))):
        assert recipes.read(recipes.find(name), EmbedderRecipe).hidden is not None
    with pytest.raises(SettingsError, match="is no key here"):
        recipes.parse({"task": "anonymizer", "schedule": {"steps": 1}, "judge": 1}, AnonymizerRecipe)

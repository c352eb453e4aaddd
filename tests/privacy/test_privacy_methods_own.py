"""What each method is for: noise, spectra, masks, replacing and cutting, and that a track does not flicker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_face.errors import MediaError, UsageError
from edge_face.media import write_picture
from edge_face.opencv import cv2
from edge_face.privacy import Region, anonymize, anonymize_as, anonymize_at, faces_of, mask_of
from edge_face.privacy.cutting import cut_to
from edge_face.privacy.options import MASKS, check_option
from edge_face.privacy.regions import Source
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Detection, Floats, Image, Scene

BOX = Box(20, 20, 100, 120)
REGION = Region(BOX, "unknown", 7)
RANDOM = [("noise", ""), ("spectrum", ""), ("mask", "matrix"), ("mask", "shapes")]
FRONTAL = np.array([(52, 68), (88, 68), (70, 88), (56, 108), (84, 108)], np.float32)


def scene_like(seed: int = 0, width: int = 140, height: int = 160) -> Image:
    """Smooth blobs, as pictures have them."""
    grains = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image: Image = cv2.normalize(cv2.GaussianBlur(grains, (0, 0), 5), None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    return image


def inside(image: Image, region: Region = REGION) -> Floats:
    found: Floats = image[mask_of([region], image.shape[1], image.shape[0])].astype(np.float32)
    return found


@pytest.mark.parametrize(("name", "option"), RANDOM)
def test_what_is_random_follows_track_and_key(name: str, option: str) -> None:
    image = scene_like()

    def drawn(key: bytes, track: int | None) -> Image:
        return anonymize_at(image, [Region(BOX, "unknown", track)], name, 1.0, key=key, option=option)

    assert (drawn(b"a", 7) == drawn(b"a", 7)).all()
    for other in (drawn(b"b", 7), drawn(b"a", 8), drawn(b"a", None)):
        assert np.abs(inside(drawn(b"a", 7)) - inside(other)).mean() > 20


@pytest.mark.parametrize(("name", "option"), RANDOM)
def test_a_moving_track_takes_its_pattern_along(name: str, option: str) -> None:
    """On a flat wall nothing but the pattern is to be seen: it moves with the box and does not flicker."""
    image = np.full((200, 200, 3), 120, np.uint8)
    here = anonymize_at(image, [REGION], name, 1.0, key=b"k", option=option)
    there = anonymize_at(image, [Region(BOX.moved(31, 17), "unknown", 7)], name, 1.0, key=b"k", option=option)
    moved = there[17:, 31:][:169, :169]
    region = mask_of([Region(BOX.grown(0.9), "unknown")], 169, 169)
    assert np.abs(here[:169, :169].astype(int) - moved)[region].mean() < 2


def test_without_a_key_nobody_can_draw_the_noise_again() -> None:
    """The process has a key of its own: the same twice here, and not what an empty key would give."""
    image = scene_like()
    a, b = (anonymize_at(image, [REGION], "noise", 1.0) for _ in range(2))
    assert (a == b).all()
    import hashlib

    public = hashlib.blake2b(b"track 7", digest_size=16).digest()
    from edge_face.privacy.methods._keyed import drawn

    assert not np.isin(drawn(int.from_bytes(public, "big"), 64), a).all() or (
        np.abs(inside(anonymize_at(image, [REGION], "noise", 1.0, key=b"\0")) - inside(a)).mean() > 20)


@pytest.mark.parametrize(("name", "option"), [
    *RANDOM, ("solid", ""), ("crop", ""), ("replace", ""), ("replace", "#102030"), ("mask", "eyes")])
def test_at_its_most_nothing_of_the_face_is_left(name: str, option: str) -> None:
    """Two different faces under one key come out alike, but for the mean colour and spectrum that `spectrum` keeps."""
    a, b = (anonymize_at(scene_like(seed), [REGION], name, 1.0, key=b"k", option=option) for seed in (1, 2))
    difference = np.abs(inside(a) - inside(b)).mean()
    assert difference == 0 if name != "spectrum" else difference < 0.6 * np.abs(inside(scene_like(1)) - inside(scene_like(2))).mean()


@pytest.mark.parametrize(("name", "option"), [("noise", ""), ("spectrum", ""), ("mask", "matrix"), ("mask", "shapes"), ("mask", "eyes")])
def test_more_amount_leaves_less_of_the_face(name: str, option: str) -> None:
    image = scene_like(3)
    kept = []
    for amount in (0.0, 0.5, 1.0):
        out = anonymize_at(image, [REGION], name, amount, key=b"k", option=option)
        before, after = inside(image).ravel(), inside(out).ravel()
        kept.append(abs(float(np.corrcoef(before, after)[0, 1])) if after.std() > 0 else 0.0)
    assert kept[0] > kept[1] >= kept[2] - 0.1 and kept[2] < 0.25


def test_the_noise_has_as_much_of_each_frequency_as_the_face() -> None:
    image = scene_like(4, 160, 160)
    whole = Region(Box(-40, -40, 240, 240), "unknown", 1)  # so that the shape reaches beyond the picture

    def rings(picture: Image) -> Floats:
        power = np.abs(np.fft.fft2(picture[:, :, 1].astype(np.float32) - picture[:, :, 1].mean())) ** 2
        at = np.hypot(*np.meshgrid(np.fft.fftfreq(160, 1 / 160), np.fft.fftfreq(160, 1 / 160)))
        found: Floats = np.array([power[(at >= low) & (at < high)].sum() for low, high in ((1, 4), (4, 8), (8, 16), (16, 80))], np.float32)
        return found / found.sum()

    structured = anonymize_at(image, [whole], "spectrum", 1.0, key=b"k")
    white = anonymize_at(image, [whole], "noise", 1.0, key=b"k")
    assert np.abs(rings(structured) - rings(image)).sum() < 0.6 < 1.0 < np.abs(rings(white) - rings(image)).sum()


def test_cells_stay_where_they_are_when_the_picture_ends() -> None:
    """Half a face at the edge shows the cells that the whole face would, and no finer ones."""
    image = scene_like(5, 200, 200)
    box = Box(60, 40, 90, 120)
    whole = anonymize_at(image, [Region(box, "unknown")], "pixelate", 0.5)
    cut = anonymize_at(np.ascontiguousarray(image[:, 100:]), [Region(box.moved(-100, 0), "unknown")], "pixelate", 0.5)
    edges = [np.flatnonzero(np.abs(np.diff(row[:, 1].astype(int))) > 0) for row in (whole[100, 100:145], cut[100, :45])]
    # The cell that the edge cuts is filled up by its own edge; where cells begin does not change by more than rounding.
    assert len(edges[0]) == len(edges[1]) and np.abs(edges[0] - edges[1]).max() <= 1


@pytest.mark.parametrize("option", MASKS)
def test_what_a_mask_leaves_open_is_a_mosaic(option: str) -> None:
    """The sharp face shows nowhere: no pixel of a fine pattern is left as it was but by chance."""
    image: Image = np.random.default_rng(0).integers(0, 256, (160, 140, 3), dtype=np.uint8)
    out = anonymize_at(image, [REGION], "mask", 0.1, key=b"k", option=option)
    region = mask_of([REGION], 140, 160)
    assert (out[region] == image[region]).all(1).mean() < 0.01


def test_the_bar_follows_the_eyes() -> None:
    image = np.full((160, 140, 3), 200, np.uint8)
    low = FRONTAL + np.array((0, 30), np.float32)
    out = anonymize_at(image, [REGION], "mask", 0.0, option="eyes", faces=[low])
    black = np.flatnonzero(out[:, 70, 0] == 0)
    assert abs(black.mean() - 98) < 2


def test_a_drawn_face_looks_where_the_hidden_one_looks() -> None:
    """Ahead without landmarks; to the side with them, in steps; and the same for two people who look alike ahead."""
    image = scene_like(6)
    ahead = anonymize(image, [REGION], "replace", 0.9)
    assert (ahead == anonymize(scene_like(7), [REGION], "replace", 0.9, option="face"))[mask_of([REGION], 140, 160)].all()
    turned = FRONTAL.copy()
    turned[2, 0] += 14
    right = anonymize(image, [REGION], "replace", 0.9, faces=[turned])
    assert (right != ahead).any()
    other = turned + np.random.default_rng(0).normal(0, 0.15, (5, 2)).astype(np.float32)
    assert (anonymize(image, [REGION], "replace", 0.9, faces=[other]) == right).all()
    far = [turned + 500]
    assert (anonymize(image, [REGION], "replace", 0.9, faces=far) == ahead).all(), "landmarks of somebody else"


@pytest.mark.parametrize("source", ["weak", "backfilled"])
def test_no_face_is_drawn_where_nobody_may_be(source: Source) -> None:
    image = scene_like(7)
    out = anonymize(image, [Region(REGION.box, source, 3)], "replace", 0.9)
    hidden = out[mask_of([REGION], 140, 160)]
    assert (hidden == hidden[0]).all() and not (anonymize(image, [REGION], "replace", 0.9) == out).all()


def test_a_colour_and_a_picture_take_a_face_s_place(tmp_path: Path) -> None:
    image = scene_like(8)
    assert (inside(anonymize(image, [REGION], "replace", 0.9, option="#102030")) == (0x30, 0x20, 0x10)).all()
    file = tmp_path / "dog.png"
    write_picture(file, np.full((40, 30, 3), (9, 120, 250), np.uint8))
    assert (inside(anonymize(image, [REGION], "replace", 0.9, option=str(file))) == (9, 120, 250)).all()
    write_picture(file, np.full((40, 30, 3), (200, 1, 2), np.uint8))
    assert (inside(anonymize(image, [REGION], "replace", 0.9, option=str(file))) == (200, 1, 2)).all(), "a changed file is read again"
    file.write_bytes(b"no picture at all")
    with pytest.raises(MediaError, match=r"dog\.png"):
        anonymize(image, [REGION], "replace", 0.9, option=str(file))


def test_paper_has_an_edge_and_no_soft_rim() -> None:
    out = anonymize(scene_like(9), [REGION], "crop", 0.9)
    colours = {tuple(int(v) for v in pixel) for pixel in inside(out)}
    assert len(colours) == 2


@pytest.mark.parametrize(("method", "option", "words"), [
    ("solid", "red", "takes no option"), ("mask", "nose", "matrix, shapes, eyes"), ("crop", "from", "takes the option to"),
    ("replace", "#12345", "six digits"), ("replace", "red", "neither 'face' nor a colour"),
    ("replace", "a\0b", "nor a picture file"), ("replace", "/" * 5000, "nor a picture file")])
def test_options_that_mean_nothing_are_refused(method: str, option: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_option(method, option)
    with pytest.raises(UsageError, match=words):
        anonymize(scene_like(), [REGION], method, 0.9, option=option)


def test_cutting_keeps_all_who_are_kept_and_nothing_else() -> None:
    image = scene_like(1, 200, 150)
    cut = cut_to(image, [Box(20, 30, 20, 20), Box(100, 60, 20, 30)])
    assert cut.shape[:2] == (99 - 24, 126 - 14) and (cut == image[24:99, 14:126]).all()
    assert cut_to(image, [Box(-10, -10, 400, 300)]).shape == image.shape
    for nobody in ([], [Box(300, 0, 20, 20)]):
        with pytest.raises(MediaError, match="nothing to cut"):
            cut_to(image, nobody)


def test_rectangles_have_no_rim_and_one_cell_size() -> None:
    """What strict mode hides: a consenting person between the parts stays as they are, to the pixel."""
    image = scene_like(2, 200, 150)
    parts = (Box(10, 10, 40, 120), Box(120, 10, 40, 120))
    for name in ("gaussian", "noise", "pixelate", "replace"):
        out = anonymize(image, [Region(Box(10, 10, 150, 120), "changed", parts=parts)], name, 0.9, faces=[FRONTAL])
        assert (out[:, 50:120] == image[:, 50:120]).all() and (out[:, 10:50] != image[:, 10:50]).any()


def test_settings_and_scene_are_enough() -> None:
    image = scene_like(3)
    weak = Detection(BOX, FRONTAL, 0.2)
    scene = Scene(0, 0.0, 0.0, 140, 160, (), (weak, Detection(BOX, np.full((5, 2), np.nan, np.float32), 0.2)))
    assert [marks.tolist() for marks in faces_of(scene)] == [FRONTAL.tolist()] and faces_of(None) == ()
    privacy = PrivacySettings(method="replace", option="#102030")
    assert (inside(anonymize_as(privacy, image, [REGION], scene)) == (0x30, 0x20, 0x10)).all()

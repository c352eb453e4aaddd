"""Whole files through the real detector: nobody is left sharp, every frame is there, bad files leave nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import clip_path, labels_path, stills
from edge_face.errors import MediaError, ModelError, UsageError
from edge_face.evaluation.leaks import find_leaks, read_labels
from edge_face.media import VideoReader, read_picture, write_picture
from edge_face.privacy import Region, Released, covered_share, hide_picture, hide_video, mask_of
from edge_face.privacy.seeing import Seeing
from edge_face.settings import PrivacySettings, Settings
from edge_face.types import Frame, Scene

SETTINGS = PrivacySettings()


@pytest.fixture(scope="module")
def seeing() -> Seeing:
    return Seeing(Settings())


class Blind:
    """Sees nobody, and says whom it was shown."""

    def __init__(self, fail_at: int = -1) -> None:
        self.seen: list[int] = []
        self.fail_at = fail_at

    def process(self, frame: Frame) -> Scene:
        self.seen.append(frame.index)
        if frame.index == self.fail_at:
            raise ModelError("the detector gave no numbers")
        height, width = frame.image.shape[:2]
        return Scene(frame.index, frame.monotonic, frame.wall, width, height)


def test_the_door_clip_leaves_with_every_frame_and_nobody_to_be_seen(tmp_path: Path, seeing: Seeing) -> None:
    record: dict[int, Sequence[Region]] = {}
    steps: list[tuple[int, int]] = []

    def keep(released: Released) -> None:
        record[released.frame.index] = released.regions

    done = hide_video(clip_path("door"), tmp_path / "o.mp4", seeing.video(), SETTINGS, record=keep,
                      progress=lambda a, b: steps.append((a, b)))
    labels = read_labels(labels_path("door"))
    assert find_leaks(record, labels, 640, 480) == []
    # Without PyAV the encoder says that it is slow; nothing else may be noted.
    assert all("encoded by OpenCV" in note for note in done.notes)
    assert done.frames == 336 == len(record) and done.seconds == pytest.approx(22.4, abs=0.1)
    assert steps == [(i, 336) for i in range(1, 337)] and list(record) == list(range(336))
    with VideoReader(clip_path("door")) as before, VideoReader(tmp_path / "o.mp4") as after:
        assert (after.width, after.height, after.fps) == (640, 480, 15.0)
        for (i, t, source), (j, u, hidden) in zip(before, after, strict=True):
            assert i == j and t == pytest.approx(u, abs=1e-3)
            if i % 24 == 0:
                mask = mask_of([Region(r.box.grown(1.1), r.source) for r in record[i]], 640, 480)
                assert np.abs(source.astype(int) - hidden)[~mask].mean() < 6  # frame i shows frame i
                if mask.any():
                    assert mask.mean() < 0.8


def test_hiding_everything_needs_no_detector(tmp_path: Path) -> None:
    done = hide_video(clip_path("turn_print"), tmp_path / "o.mp4", None, PrivacySettings(method="solid"))
    assert done.hidden == done.frames == 105
    with VideoReader(tmp_path / "o.mp4") as reader:
        assert max(image.max() for _, _, image in reader) < 8


def test_vision_that_fails_leaves_no_video(tmp_path: Path) -> None:
    (tmp_path / "o.mp4").write_bytes(b"old")
    with pytest.raises(ModelError):
        hide_video(clip_path("turn_print"), tmp_path / "o.mp4", Blind(fail_at=30), SETTINGS)
    assert (tmp_path / "o.mp4").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_ctrl_c_leaves_no_video(tmp_path: Path) -> None:
    def interrupt(done: int, stated: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hide_video(clip_path("turn_print"), tmp_path / "o.mp4", Blind(), SETTINGS, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_video_onto_itself_and_unknown_methods_are_refused(tmp_path: Path) -> None:
    clip = tmp_path / "c.mp4"
    clip.write_bytes(clip_path("turn_print").read_bytes())
    with pytest.raises(MediaError, match="would overwrite"):
        hide_video(clip, tmp_path / "." / "c.mp4", Blind(), SETTINGS)
    with pytest.raises(UsageError, match="no method 'blur'"):
        hide_video(clip, tmp_path / "o.mp4", Blind(), PrivacySettings(method="blur"))
    assert [p.name for p in tmp_path.iterdir()] == ["c.mp4"]


def test_stills_are_hidden_at_any_size_and_turn(tmp_path: Path, seeing: Seeing) -> None:
    """The same face in a phone's picture, where it is a tenth of the height, and lying on its side."""
    front = next(p for p in stills("ana") if p.name == "front.jpg")
    label = read_still_label(front)
    image = read_picture(front)
    large = np.full((2400, 3200, 3), 110, np.uint8)
    large[1500:1500 + image.shape[0] // 4, 2100:2100 + image.shape[1] // 4] = image[::4, ::4][:image.shape[0] // 4]
    write_picture(tmp_path / "large.png", large)
    write_picture(tmp_path / "side.png", np.ascontiguousarray(np.rot90(image)))
    scenes = seeing.stills()
    done = hide_picture(front, tmp_path / "a.jpg", scenes, SETTINGS)
    assert covered_share(mask_of(done.regions, image.shape[1], image.shape[0]), label) >= 0.95 and done.sharp == 0
    done = hide_picture(tmp_path / "large.png", tmp_path / "b.jpg", scenes, SETTINGS)
    assert covered_share(mask_of(done.regions, 3200, 2400), label.scaled(0.25, 0.25).moved(2100, 1500)) >= 0.95
    done = hide_picture(tmp_path / "side.png", tmp_path / "c.jpg", scenes, SETTINGS)
    from edge_face.types import Box

    lying = Box(label.y, image.shape[1] - label.x - label.width, label.height, label.width)
    assert covered_share(mask_of(done.regions, image.shape[0], image.shape[1]), lying) >= 0.95


def read_still_label(path: Path):  # type: ignore[no-untyped-def]
    import json

    from edge_face.types import Box

    for line in (path.parent / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["file"] == path.name:
            return Box(*row["faces"][0]["box"])
    raise AssertionError(path)


def test_a_still_onto_itself_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    write_picture(path, np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    with pytest.raises(MediaError, match="would overwrite"):
        hide_picture(path, path, None, SETTINGS)
    done = hide_picture(path, tmp_path / "o.png", None, PrivacySettings(method="solid"))
    assert [r.source for r in done.regions] == ["all"] and not read_picture(tmp_path / "o.png").any()

"""Video files and folders of pictures as cameras, through the real readers."""

from __future__ import annotations

import importlib.resources
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_face.cameras import SourceEnded, open_source
from edge_face.cameras.files import pictures_in
from edge_face.clock import ManualClock
from edge_face.errors import CameraError, MediaError
from edge_face.settings import CameraSettings

CLIP = Path(str(importlib.resources.files("edge_face"))) / "demo" / "clips" / "turn_live.mp4"
FAST = CameraSettings(paced=False)


def fast(source: str) -> CameraSettings:
    return replace(FAST, source=source)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Twelve frames at 10 a second, each of another grey."""
    path = tmp_path / "kürz lich.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, int.from_bytes(b"MJPG", "little"), 10.0, (64, 48))
    assert writer.isOpened()
    for number in range(12):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "bilder"
    place.mkdir()
    for number in (1, 2, 10):
        cv2.imwrite(str(place / f"foto{number}.png"), np.full((30 + number, 40, 3), number, np.uint8))
    return place


def test_every_frame_of_a_video_comes_once_with_the_films_own_time(short: Path) -> None:
    clock = ManualClock(100.0)
    with open_source(fast(f"file:{short}"), clock) as source:
        frames = list(source)
    assert [f.index for f in frames] == list(range(12))
    assert [f.monotonic - 100.0 for f in frames] == pytest.approx([n / 10 for n in range(12)])
    assert [f.wall - frames[0].wall for f in frames] == pytest.approx([n / 10 for n in range(12)])
    assert [int(f.image.mean()) for f in frames] == pytest.approx([20 * n for n in range(12)], abs=3)
    assert all(f.detail is None and f.image.shape == (48, 64, 3) for f in frames)
    assert clock.monotonic() == 100.0, "nothing was waited for"


def test_a_paced_video_waits_like_a_camera(short: Path) -> None:
    clock = ManualClock()
    with open_source(replace(FAST, source=f"file:{short}", paced=True), clock) as source:
        times = []
        for frame in source:
            times.append(frame.monotonic)
            clock.sleep(0.03)  # work that is done meanwhile
    assert times == pytest.approx([n / 10 for n in range(12)])


def test_a_slow_reader_of_a_paced_video_gets_late_frames_with_true_times(short: Path) -> None:
    clock = ManualClock()
    with open_source(replace(FAST, source=f"file:{short}", paced=True), clock) as source:
        source.read()
        clock.sleep(5.0)
        assert source.read().monotonic == pytest.approx(5.0)


def test_the_bundled_clip_has_all_its_frames() -> None:
    with open_source(fast(f"file:{CLIP}")) as source:
        frames = [f.index for f in source]
    assert len(frames) > 50 and frames == list(range(len(frames)))


def test_the_end_is_told_and_stays(short: Path) -> None:
    with open_source(fast(f"file:{short}")) as source:
        list(source)
        for _ in range(2):
            with pytest.raises(SourceEnded, match="at its end"):
                source.read()


def test_a_loop_goes_on_with_time_and_numbers(short: Path) -> None:
    with open_source(replace(fast(f"file:{short}"), loop=True), ManualClock()) as source:
        frames = [source.read() for _ in range(30)]
    assert [f.index for f in frames] == list(range(30))
    assert [f.monotonic for f in frames] == pytest.approx([n / 10 for n in range(30)])
    assert int(frames[12].image.mean()) == pytest.approx(0, abs=3)


def test_masks_and_turning_hold_for_files(short: Path) -> None:
    with open_source(replace(fast(f"file:{short}"), privacy_masks=[[0, 0, 0.5, 1]], rotate=180)) as source:
        frame = list(source)[11]
    assert not frame.image[:, :32].any() and frame.image[:, 32:].all()


@pytest.mark.parametrize(("name", "content"), [
    ("empty.mp4", b""), ("text.mp4", b"this is no video at all\n" * 40), ("head.mp4", CLIP.read_bytes()[:600])])
def test_videos_that_cannot_be_used(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        list(open_source(fast(f"file:{path}")))
    assert "\n" not in str(caught.value) and name in str(caught.value)


def test_a_video_that_is_cut_off_plays_as_far_as_it_goes_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, int.from_bytes(b"MJPG", "little"), 10.0, (64, 48))
    for number in range(40):
        writer.write(np.random.default_rng(number).integers(0, 255, (48, 64, 3)).astype(np.uint8))
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING, "edge_face.cameras"), open_source(fast(f"file:{path}")) as source:
        count = len(list(source))
    assert 5 < count < 40
    assert any("cut off" in message for message in caplog.messages)


def test_a_folder_is_no_video_and_a_video_no_folder(tmp_path: Path, short: Path) -> None:
    with pytest.raises(MediaError, match=r"is a folder.*dir:"):
        open_source(fast(f"file:{tmp_path}"))
    with pytest.raises(MediaError, match=r"is a file.*file:"):
        open_source(fast(f"dir:{short}"))
    with pytest.raises(MediaError, match="is not there"):
        open_source(fast(f"file:{tmp_path / 'x.mp4'}"))
    with pytest.raises(MediaError, match=r"cannot be looked at|is not there"):
        open_source(fast("file:" + "x" * 5000))


def test_pictures_come_by_the_value_of_their_numbers(folder: Path) -> None:
    clock = ManualClock(7.0)
    with open_source(replace(fast(f"dir:{folder}"), fps=4.0), clock) as source:
        frames = list(source)
    assert [int(f.image[0, 0, 0]) for f in frames] == [1, 2, 10]
    assert [f.monotonic for f in frames] == pytest.approx([7.0, 7.25, 7.5])
    assert [f.image.shape[0] for f in frames] == [31, 32, 40], "each keeps its own size"


def test_unreadable_pictures_are_skipped_and_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "foto3.jpg").write_bytes(b"not a jpeg")
    (folder / "foto4.png").write_bytes(b"")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    (folder / "folder.png").mkdir()
    source = open_source(replace(fast(f"dir:{folder}"), loop=True))
    with caplog.at_level(logging.WARNING, "edge_face.cameras"):
        seen = [int(source.read().image[0, 0, 0]) for _ in range(7)]
    assert seen == [1, 2, 10, 1, 2, 10, 1]
    assert ["foto3.jpg" in m or "foto4.png" in m for m in caplog.messages] == [True, True], "once each, though it loops"
    assert len(source.skipped) == 2  # type: ignore[attr-defined]


def test_folders_without_a_usable_picture(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.txt").write_text("x")
    with pytest.raises(MediaError, match="has no pictures in it"):
        open_source(fast(f"dir:{tmp_path / 'none'}"))
    for picture in folder.iterdir():
        picture.write_bytes(b"damaged")
    for loop in (False, True):
        with open_source(replace(fast(f"dir:{folder}"), loop=loop)) as source, pytest.raises(MediaError, match="none of the 3 pictures"):
            source.read()


def test_a_loop_over_pictures_that_vanish_ends(folder: Path) -> None:
    source = open_source(replace(fast(f"dir:{folder}"), loop=True))
    for _ in range(3):
        source.read()
    shutil.rmtree(folder)
    with pytest.raises(SourceEnded):
        source.read()


def test_names_sort_naturally_and_stably(tmp_path: Path) -> None:
    for name in ("b.png", "A2.png", "a10.png", "a1.PNG", "10.png", "9.png", "²3.png", "é.jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert [p.name for p in pictures_in(tmp_path)] == ["9.png", "10.png", "a1.PNG", "A2.png", "a10.png", "b.png", "²3.png", "é.jpg"]


def test_reading_before_opening_or_after_closing(short: Path, folder: Path) -> None:
    for text in (f"file:{short}", f"dir:{folder}"):
        source = open_source(fast(text))
        source.close()
        source.close()
        with pytest.raises(CameraError, match="not open"):
            source.read()

"""Files as feeds: every frame when unpaced, the newest when paced, and what is wrong with a file in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_face.clock import SystemClock
from edge_face.opencv import cv2
from edge_face.service.frames import FileFeed, open_feed
from edge_face.settings import CameraSettings


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((120, 160, 3), number * 10, np.uint8))
    return tmp_path


def feed(source: str, **changes: object) -> FileFeed:
    found = open_feed(CameraSettings(source=source, **changes), SystemClock())  # type: ignore[arg-type]
    assert isinstance(found, FileFeed)
    found.start()
    return found


def indices(files: FileFeed) -> Iterator[int]:
    last = -1
    while not files.ended and files.health.ok:
        frame = files.latest(last, 20.0)
        if frame is not None:
            last = frame.index
            yield last


def test_unpaced_every_frame_is_seen_once(pictures: Path) -> None:
    files = feed(f"dir:{pictures}", paced=False)
    assert list(indices(files)) == [0, 1, 2, 3, 4]
    assert files.health.state == "ended" and files.latest(4, 0.0) is None
    files.close()


def test_paced_a_slow_reader_gets_the_newest(pictures: Path) -> None:
    files = feed(f"dir:{pictures}", fps=120.0)
    while files.health.state != "ended":
        files.latest(1_000_000, 0.01)
    frame = files.latest(-1, 0.0)
    assert frame is not None and frame.index == 4
    assert files.ended
    files.close()


@pytest.mark.parametrize(("source", "words"), [("file:/nonexistent.mp4", "is not there"), ("dir:/nonexistent", "is not there")])
def test_what_is_wrong_is_said(source: str, words: str) -> None:
    files = feed(source)
    assert files.latest(-1, 20.0) is None
    assert not files.health.ok and words in files.health.reason and not files.ended
    files.close()


def test_a_broken_video(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 1000)
    files = feed(f"file:{tmp_path / 'broken.mp4'}")
    assert files.latest(-1, 20.0) is None
    assert not files.health.ok and "broken.mp4" in files.health.reason
    files.close()


def test_closing_wakes_whoever_waits(pictures: Path) -> None:
    files = feed(f"dir:{pictures}", paced=False)
    assert files.latest(-1, 20.0) is not None
    files.close()
    assert files.latest(10, 20.0) is None
    files.close()

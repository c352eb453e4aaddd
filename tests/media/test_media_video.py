"""Videos come out frame by frame, each once and in order; what is wrong with them is said."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import picture_files as pictures
import pytest
import video_files as videos

from edge_face.errors import MediaError
from edge_face.media import VideoReader
from edge_face.media.headers import Track, mp4_track
from edge_face.opencv import cv2


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return videos.write_numbered(tmp_path_factory.mktemp("clip") / "clip.mp4", 30)


def test_every_frame_once_in_order_with_its_time(clip: Path) -> None:
    with VideoReader(clip) as reader:
        assert (reader.width, reader.height, reader.fps, reader.frames) == (64, 48, 15.0, 30)
        found = [(index, seconds, videos.number_of(image), image.shape) for index, seconds, image in reader]
    assert [f[0] for f in found] == list(range(30)) and [f[2] for f in found] == list(range(30))
    assert [f[1] for f in found] == pytest.approx([i / 15 for i in range(30)], abs=1e-3)
    assert {f[3] for f in found} == {(48, 64, 3)}
    assert reader.read == 30 and reader.notes == []


def test_a_second_pass_gives_nothing_and_closing_twice_is_fine(clip: Path) -> None:
    reader = VideoReader(clip)
    assert len(list(reader)) == 30 and list(reader) == []
    reader.close()
    reader.close()


def test_stopping_early_closes_the_file(clip: Path) -> None:
    with VideoReader(clip) as reader:
        assert next(iter(reader))[0] == 0
    assert list(reader) == []


@pytest.mark.parametrize(("matrix", "degrees", "above_left"), [
    ((1, 0, 0, 1), 0, "red"), ((0, 1, -1, 0), 90, "blue"), ((-1, 0, 0, -1), 180, "white"), ((0, -1, 1, 0), 270, "green")])
def test_videos_of_phones_are_turned_as_a_player_does(tmp_path: Path, matrix: tuple[int, int, int, int], degrees: int,
                                                      above_left: str) -> None:
    from edge_face.media import VideoWriter

    with VideoWriter(tmp_path / "flat.mp4", 64, 48, 15) as writer:
        for _ in range(3):
            writer.write(pictures.quarters(64, 48))
    path = videos.turned(tmp_path / "flat.mp4", tmp_path / "turned.mp4", matrix)
    assert mp4_track(path) == Track(degrees, pytest.approx(0.2))
    with VideoReader(path) as reader:
        assert (reader.width, reader.height) == ((48, 64) if degrees % 180 else (64, 48))
        images = [image for _, _, image in reader]
    assert {pictures.corners(image)[0] for image in images} == {above_left} and len(images) == 3


def test_the_end_that_is_missing_is_said(tmp_path: Path) -> None:
    clip = videos.write_numbered(tmp_path / "long.mp4", 200)
    data = clip.read_bytes()
    if data.index(b"moov") > data.index(b"mdat"):
        pytest.skip("without PyAV the index is written last, so no part of such a file can be played")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[:len(data) * 2 // 3])
    with VideoReader(cut) as reader:
        found = [videos.number_of(image) for _, _, image in reader]
    assert 50 < len(found) < 200 and found == list(range(len(found)))
    assert any("is cut off: it ends after" in note for note in reader.notes)


def test_a_damaged_middle_is_left_out_and_said(tmp_path: Path) -> None:
    clip = videos.write_numbered(tmp_path / "long.mp4", 200)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 8
    middle = start + (len(data) - start) // 2
    data[middle:middle + 120] = np.random.default_rng(3).integers(0, 256, 120, dtype=np.uint8).tobytes()
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(bytes(data))
    with VideoReader(damaged) as reader:
        found = [(index, seconds) for index, seconds, _ in reader]
    assert [index for index, _ in found] == list(range(len(found)))
    assert all(b[1] > a[1] for a, b in itertools.pairwise(found))
    assert 100 < len(found) <= 200
    if len(found) < 200:
        assert reader.notes


def test_frames_that_change_their_size_are_brought_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "sizes.mjpeg"
    path.write_bytes(b"".join(cv2.imencode(".jpg", videos.numbered(i, *size))[1].tobytes()
                              for i, size in enumerate([(64, 48)] * 3 + [(128, 96)] * 3)))
    with VideoReader(path) as reader:
        images = [image for _, _, image in reader]
    assert {image.shape for image in images} == {(48, 64, 3)}
    assert [videos.number_of(image) for image in images] == list(range(6))
    # OpenCV 5 scales by itself and says nothing, 4.6 hands out frames of the new size.
    assert [note for note in reader.notes if "size of" in note and "changes at frame 3" not in note] == []


def test_without_time_stamps_times_still_rise(tmp_path: Path) -> None:
    path = tmp_path / "raw.mjpeg"
    path.write_bytes(b"".join(cv2.imencode(".jpg", videos.numbered(i))[1].tobytes() for i in range(8)))
    with VideoReader(path) as reader:
        times = [seconds for _, seconds, _ in reader]
    assert len(times) == 8 and times[0] == 0 and all(b > a for a, b in itertools.pairwise(times))


@pytest.mark.parametrize(("name", "data", "words"), [
    ("empty.mp4", b"", "is empty"),
    ("text.mp4", b"this is no video at all " * 40, "not a video that can be read"),
    ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://127.0.0.1:9/x.ts\n", "is a playlist"),
    ("list.mkv", b"ffconcat version 1.0\nfile /etc/passwd\n", "is a playlist"),
    ("stub.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\0\x08moov", "can be"),
])
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MediaError, match=words) as caught:
        VideoReader(path)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no video"):
        VideoReader(tmp_path / "no.mp4")
    with pytest.raises(MediaError, match="is a folder, not a video"):
        VideoReader(tmp_path)


@pytest.mark.parametrize("name", ["größe 写真.mp4", "door:1.mp4", "%03d.mp4", "a'b\"c.mp4"])
def test_names_that_ffmpeg_could_misunderstand(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    videos.write_numbered(Path(name), 3)
    assert videos.numbers_in(Path(name)) == [0, 1, 2]


def test_a_damaged_index_is_no_rotation(tmp_path: Path, clip: Path) -> None:
    data = clip.read_bytes()
    at = data.index(b"mvhd")
    (tmp_path / "x.mp4").write_bytes(data[:at + 10])
    with pytest.raises(ValueError, match="damaged or cut off"):
        mp4_track(tmp_path / "x.mp4")
    (tmp_path / "y.mkv").write_bytes(b"\x1aE\xdf\xa3" + b"\0" * 40)
    assert mp4_track(tmp_path / "y.mkv") is None

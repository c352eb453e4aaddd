"""Written videos hold exactly the frames that were given, play in a browser, and appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import video_files as videos

from edge_face.errors import MediaError, MissingExtraError
from edge_face.media import VideoReader, VideoWriter, media_in, same_file

av = pytest.importorskip("av")


def streams(path: Path) -> tuple[object, list[object]]:
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        sound = [(s.codec_context.name, dict(s.metadata)) for s in file.streams.audio]
        return ((video.codec_context.name, video.pix_fmt, video.width, video.height, video.average_rate, video.frames,
                 dict(file.metadata)), sound)


def with_sound(path: Path, codec: str = "aac", frames: int = 30, **metadata: str) -> Path:
    """A numbered video with two seconds of a tone and titles that must not travel."""
    with av.open(str(path), "w") as file:
        file.metadata.update({"title": "at home", "location": "+48.1+011.5/"} | metadata)
        video = file.add_stream("mpeg4", rate=15)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = file.add_stream(codec, rate=48_000)
        for i in range(frames):
            for packet in video.encode(av.VideoFrame.from_ndarray(videos.numbered(i), format="bgr24")):
                file.mux(packet)
        tone = (np.sin(np.arange(48_000 * frames // 15) / 20) * 9000).astype(np.int16)
        resampler = av.AudioResampler(format=sound.codec_context.format, layout=sound.codec_context.layout, rate=48_000)
        for at in range(0, len(tone), 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, at:at + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            for out in resampler.resample(frame):
                for packet in sound.encode(out):
                    file.mux(packet)
        for stream in (video, sound):
            for packet in stream.encode(None):
                file.mux(packet)
    return path


@pytest.mark.parametrize("encoder", ["av", "opencv"])
def test_frames_go_in_and_come_out_one_for_one(tmp_path: Path, encoder: str) -> None:
    path = videos.write_numbered(tmp_path / "o.mp4", 40, encoder=encoder)
    assert videos.numbers_in(path) == list(range(40))
    (codec, pixels, width, height, rate, frames, metadata), sound = streams(path)
    assert (codec, pixels, width, height, rate, frames) == ("vp9", "yuv420p", 64, 48, 15, 40)
    assert sound == [] and set(metadata) <= {"major_brand", "minor_version", "compatible_brands", "encoder"}


@pytest.mark.parametrize("fps", [5.0, 23.976, 29.97, 30.0, 60.0])
def test_the_rate_is_kept(tmp_path: Path, fps: float) -> None:
    path = videos.write_numbered(tmp_path / "o.mp4", 20, fps=fps)
    assert VideoReader(path).fps == pytest.approx(fps, rel=1e-4)


def test_colours_survive(tmp_path: Path) -> None:
    colours = [(20, 30, 200), (200, 60, 40), (40, 190, 60), (128, 128, 128), (10, 10, 10), (245, 245, 245)]
    for size in ((64, 48), (63, 47)):
        with VideoWriter(tmp_path / "c.mp4", *size, 15, quality=10) as writer:
            for colour in colours:
                writer.write(np.full((size[1], size[0], 3), colour, np.uint8))
        with VideoReader(tmp_path / "c.mp4") as reader:
            for (_, _, image), colour in zip(reader, colours, strict=True):
                assert np.abs(image.reshape(-1, 3).mean(0) - colour).max() < 8


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (301, 211), (640, 3)])
def test_odd_sizes_stay_as_they_are(tmp_path: Path, size: tuple[int, int]) -> None:
    with VideoWriter(tmp_path / "o.mp4", *size, 15) as writer:
        for _ in range(3):
            writer.write(np.zeros((size[1], size[0], 3), np.uint8))
    with VideoReader(tmp_path / "o.mp4") as reader:
        assert (reader.width, reader.height) == size and len(list(reader)) == 3


def test_opencv_makes_odd_sizes_even(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "o.mp4", 65, 47, 15, encoder="opencv") as writer:
        for i in range(3):
            writer.write(videos.numbered(i, 65, 47))
    with VideoReader(tmp_path / "o.mp4") as reader:
        assert (reader.width, reader.height) == (66, 48) and len(list(reader)) == 3


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.05, 0.3, 0.31, 1.0, 1.5]
    with VideoWriter(tmp_path / "o.mp4", 64, 48, 15) as writer:
        for i, seconds in enumerate(times):
            writer.write(videos.numbered(i), seconds)
    with VideoReader(tmp_path / "o.mp4") as reader:
        found = [seconds for _, seconds, _ in reader]
    assert found == pytest.approx(times, abs=0.002)


def test_times_that_do_not_rise_lose_no_frame(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "o.mp4", 64, 48, 15) as writer:
        for i, seconds in enumerate([0.0, 0.1, 0.1, 0.05, 0.2]):
            writer.write(videos.numbered(i), seconds)
    assert videos.numbers_in(tmp_path / "o.mp4") == [0, 1, 2, 3, 4]


def test_sound_is_copied_on_demand_and_titles_and_places_never(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.mp4")
    assert b"at home" in source.read_bytes()
    for audio in (None, source):
        with VideoReader(source) as reader, VideoWriter(tmp_path / "o.mp4", 64, 48, 15, audio_from=audio) as writer:
            for _, seconds, image in reader:
                writer.write(image, seconds)
        _, sound = streams(tmp_path / "o.mp4")
        assert [name for name, _ in sound] == (["aac"] if audio else [])
        written = (tmp_path / "o.mp4").read_bytes()
        assert b"at home" not in written and b"+48.1" not in written
    with av.open(str(tmp_path / "o.mp4")) as copied, av.open(str(source)) as original:
        before = b"".join(bytes(p) for p in original.demux(original.streams.audio[0]) if p.pts is not None and p.pts >= 0)
        after = b"".join(bytes(p) for p in copied.demux(copied.streams.audio[0]) if p.size)
        assert len(after) > 1000 and after in before
    assert videos.numbers_in(tmp_path / "o.mp4") == list(range(30))


def test_sound_that_does_not_fit_is_said_before_any_work(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.mkv", "pcm_s16le")
    with pytest.raises(MediaError, match="'pcm_s16le', which does not fit into MP4"):
        VideoWriter(tmp_path / "o.mp4", 64, 48, 15, audio_from=source)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def test_a_source_without_sound_stays_without(tmp_path: Path) -> None:
    source = videos.write_numbered(tmp_path / "mute.mp4", 5)
    with VideoWriter(tmp_path / "o.mp4", 64, 48, 15, audio_from=source) as writer:
        writer.write(videos.numbered(1))
    assert streams(tmp_path / "o.mp4")[1] == []


def test_an_error_or_ctrl_c_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "o.mp4"
    path.write_bytes(b"old")
    for error in (RuntimeError("x"), KeyboardInterrupt()):
        for encoder in ("av", "opencv"):
            with pytest.raises(type(error)), VideoWriter(path, 64, 48, 15, encoder=encoder) as writer:
                writer.write(videos.numbered(1))
                assert len(list(tmp_path.iterdir())) == 2  # the temporary file lies beside it
                raise error
            assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["o.mp4"]


def test_a_video_without_frames_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no frame"), VideoWriter(tmp_path / "o.mp4", 64, 48, 15):
        pass
    assert list(tmp_path.iterdir()) == []


def test_wrong_frames_names_and_numbers(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"not 48 x 64"), VideoWriter(tmp_path / "o.mp4", 64, 48, 15) as writer:
        writer.write(videos.numbered(0, 32, 24))
    with pytest.raises(MediaError, match=r"written as \.mp4"):
        VideoWriter(tmp_path / "o.avi", 64, 48, 15)
    with pytest.raises(MediaError, match="make it first"):
        VideoWriter(tmp_path / "no" / "o.mp4", 64, 48, 15)
    with pytest.raises(MediaError, match="frames a second"):
        VideoWriter(tmp_path / "o.mp4", 64, 48, 0)
    with pytest.raises(MediaError, match="pixels cannot be written"):
        VideoWriter(tmp_path / "o.mp4", 0, 48, 15)
    with pytest.raises(ValueError, match="speed is 0 to 8"):
        VideoWriter(tmp_path / "o.mp4", 64, 48, 15, speed=9)
    source = videos.write_numbered(tmp_path / "s.mp4", 2)
    with pytest.raises(MediaError, match="read and written at the same time"):
        VideoWriter(source, 64, 48, 15, audio_from=source)
    assert [p.name for p in tmp_path.iterdir()] == ["s.mp4"]


def test_without_pyav_opencv_writes_and_sound_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = videos.write_numbered(tmp_path / "s.mp4", 2)
    monkeypatch.setitem(sys.modules, "av", None)
    with VideoWriter(tmp_path / "o.mp4", 64, 48, 15) as writer:
        writer.write(videos.numbered(1))
    assert writer.codec == "VP9 (OpenCV)" and videos.numbers_in(tmp_path / "o.mp4") == [1]
    with pytest.raises(MissingExtraError, match=r"edge-face\[media\]"):
        VideoWriter(tmp_path / "x.mp4", 64, 48, 15, audio_from=source)


@pytest.mark.parametrize("encoder", ["av", "opencv"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, encoder: str) -> None:
    """A limit on the file size stands for the full disk: the kernel refuses the same writes."""
    program = textwrap.dedent(f"""
        import resource, numpy as np
        from edge_face.errors import MediaError
        from edge_face.media import VideoWriter, write_picture
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        noise = np.random.default_rng(0)
        try:
            with VideoWriter({str(tmp_path / 'o.mp4')!r}, 160, 120, 15, encoder={encoder!r}) as writer:
                for _ in range(30):
                    writer.write(noise.integers(0, 256, (120, 160, 3), dtype=np.uint8))
        except MediaError as error:
            print("video:", error)
        try:
            write_picture({str(tmp_path / 'p.png')!r}, noise.integers(0, 256, (240, 320, 3), dtype=np.uint8))
        except MediaError as error:
            print("picture:", error)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and "o.mp4' cannot be written" in lines[0] and "p.png' cannot be written" in lines[1]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_from_outside_leaves_nothing(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import numpy as np
        from edge_face.media import VideoWriter
        with VideoWriter({str(tmp_path / 'o.mp4')!r}, 160, 120, 15) as writer:
            writer.write(np.zeros((120, 160, 3), np.uint8))
            print("ready", flush=True)
            while True:
                writer.write(np.zeros((120, 160, 3), np.uint8))
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        os.kill(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode != 0 and list(tmp_path.iterdir()) == []


def test_a_tree_of_files(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/x.mp4", "a/notes.txt", ".hidden/z.jpg", "a/.y.jpg", "c.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    tree = media_in(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in tree.media] == ["b.JPG", "c.heic", "a/x.mp4"]
    assert [p.name for p in tree.others] == ["notes.txt"]


def test_same_file_over_links_and_before_it_exists(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_bytes(b"1")
    (tmp_path / "link").symlink_to(one)
    os.link(one, tmp_path / "hard")
    assert same_file(one, tmp_path / "link") and same_file(one, tmp_path / "hard")
    assert same_file(tmp_path / "new", tmp_path / "x" / ".." / "new")
    assert not same_file(one, tmp_path / "two")

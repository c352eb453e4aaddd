"""Videos to files that a browser plays: VP9 in MP4, by PyAV in real time, by OpenCV where PyAV is missing.

Why VP9, and what each way costs: docs/decisions/video-encoding.md.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from edge_face.errors import MediaError, MissingExtraError
from edge_face.media.paths import reason, same_file, shown, writing
from edge_face.media.sound import Sound
from edge_face.opencv import cv2
from edge_face.types import Image

_CLOCK = 90_000
"""Ticks of a second in the file: whole for 15, 24, 25, 30, 60 and 30000/1001 frames a second."""
_MOST = 16_384


class _Encoder(Protocol):
    codec: str

    def write(self, image: Image, tick: int) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class VideoWriter:
    """Writes frames to an MP4 file (VP9, 4:2:0) that a browser plays; whole or not at all.

    As a context manager an error or Ctrl-C inside leaves nothing behind, and an older file of that name untouched.
    `write(image, seconds)`: BGR uint8 of exactly `height` x `width`; `seconds`: when the frame is shown, for sources
    without a constant rate; without it frame i is shown at i / fps. Odd sizes stay odd (with OpenCV: one row or
    column is doubled). `speed`: 0 (small files) to 8 (fast), as libvpx's cpu-used; `quality`: 0 (best) to 63;
    `audio_from`: a video whose first sound track is copied unchanged. `encoder`: "auto", "av" or "opencv".
    `frames`: how many were written; `codec`: by what.

    No metadata of any source goes over. Raises MediaError: folder missing, disk full, wrong size of a frame, sound that
    does not fit MP4; MissingExtraError: `audio_from` or "av" without PyAV.
    """

    def __init__(self, path: str | os.PathLike[str], width: int, height: int, fps: float, *, speed: int = 8,
                 quality: int = 30, audio_from: str | os.PathLike[str] | None = None, encoder: str = "auto") -> None:
        self.path, self.width, self.height, self.frames = Path(path), width, height, 0
        if self.path.suffix.lower() not in (".mp4", ".m4v"):
            raise MediaError(f"'{shown(path)}' cannot be written: videos are written as .mp4")
        if not (1 <= width <= _MOST and 1 <= height <= _MOST):
            raise MediaError(f"a video of {width} x {height} pixels cannot be written: 1 to {_MOST} each way")
        if not 0.1 <= fps <= 1000:
            raise MediaError(f"a video of {fps:g} frames a second cannot be written: 0.1 to 1000")
        if not (0 <= speed <= 8 and 0 <= quality <= 63):
            raise ValueError(f"speed is 0 to 8 and quality 0 to 63, not {speed} and {quality}")
        if audio_from is not None and same_file(audio_from, path):
            raise MediaError(f"'{shown(path)}' cannot be read and written at the same time: name another file")
        self._rate = Fraction(fps).limit_denominator(1001)
        self._tick, self._done = -_CLOCK, False
        self._files = contextlib.ExitStack()
        self._temporary = self._files.enter_context(writing(self.path))
        try:
            with self._errors():
                self._encoder = _open(self._temporary, width, height, self._rate, speed, quality, audio_from, encoder)
        except BaseException as error:
            self._close_files(error)
            raise
        self.codec = self._encoder.codec

    def write(self, image: Image, seconds: float | None = None) -> None:
        """Adds a frame; `seconds` must rise from frame to frame (a frame that does not is put 1 ms after the last)."""
        if self._done:
            raise ValueError("the video is closed")
        if image.shape != (self.height, self.width, 3) or image.dtype != np.uint8:
            raise MediaError(f"a frame of '{shown(self.path)}' is {image.shape} {image.dtype}, not {self.height} x "
                             f"{self.width} x 3 uint8")
        exact = Fraction(self.frames) / self._rate if seconds is None else Fraction(seconds)
        tick = max(round(exact * _CLOCK), self._tick + _CLOCK // 1000)
        with self._errors():
            self._encoder.write(image, tick)
        self._tick = tick
        self.frames += 1

    def close(self) -> None:
        """Finishes the file and puts it in its place. Any number of times."""
        if self._done:
            return
        try:
            if not self.frames:
                raise MediaError(f"'{shown(self.path)}' is not written: it would hold no frame")
            with self._errors():
                self._encoder.finish()
            self._check()
        except BaseException as error:
            self.abandon(error)
            raise
        self._done = True
        self._close_files(None)

    def abandon(self, error: BaseException | None = None) -> None:
        """Gives up: what was written is removed. Any number of times."""
        if self._done:
            return
        self._done = True
        with contextlib.suppress(Exception):
            self._encoder.abandon()
        self._close_files(error or MediaError("abandoned"))

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.abandon(error)

    def _check(self) -> None:
        """An MP4's index is written last: when it can be read and counts all frames, nothing was lost on the way
        (OpenCV's writer says nothing when the disk is full)."""
        capture = cv2.VideoCapture(str(self._temporary), cv2.CAP_FFMPEG)
        found = round(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        if found != self.frames:
            raise MediaError(f"'{shown(self.path)}' cannot be written: {found} of {self.frames} frames arrived (is the "
                             "disk full?)")

    def _close_files(self, error: BaseException | None) -> None:
        """Moves the file to its place, or, with an error, removes it; the error itself is the caller's to raise."""
        if error is None:
            self._files.close()
        else:
            with contextlib.suppress(BaseException):
                self._files.__exit__(type(error), error, error.__traceback__)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of the encoders to MediaError. PyAV's are OSErrors only where FFmpeg names a system error."""
        try:
            yield
        except MediaError:
            raise
        except OSError as error:
            raise MediaError(f"'{shown(self.path)}' cannot be written: {reason(error)}") from None
        except Exception as error:
            if not type(error).__module__.startswith("av"):
                raise
            raise MediaError(f"'{shown(self.path)}' cannot be encoded: {error}") from None


def _open(path: Path, width: int, height: int, rate: Fraction, speed: int, quality: int,
          audio_from: str | os.PathLike[str] | None, encoder: str) -> _Encoder:
    if encoder not in ("auto", "av", "opencv"):
        raise ValueError(f"encoder must be auto, av or opencv, not {encoder!r}")
    if encoder != "opencv":
        try:
            import av
        except ImportError as error:
            if encoder == "av" or audio_from is not None:
                raise MissingExtraError("PyAV", "media", "python3-av") from error
        else:
            if "libvpx-vp9" in av.codecs_available:
                return _AvEncoder(path, width, height, rate, speed, quality, audio_from)
            if encoder == "av" or audio_from is not None:
                raise MediaError("this PyAV has no VP9 encoder: pip install 'edge-face[media]' brings one that has")
    if audio_from is not None:
        raise MediaError("sound is copied by PyAV only: leave the encoder on 'auto'")
    return _OpencvEncoder(path, width, height, rate)


class _AvEncoder:
    """libvpx in its real-time mode: one pass, no lookahead, about 80 times as fast as its default."""

    codec = "VP9 (PyAV)"

    def __init__(self, path: Path, width: int, height: int, rate: Fraction, speed: int, quality: int,
                 audio_from: str | os.PathLike[str] | None) -> None:
        import av

        self._av: Any = av
        self._sound = Sound(audio_from) if audio_from is not None else None
        self._file: Any = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream: Any = self._file.add_stream("libvpx-vp9", rate=rate, options={
            "deadline": "realtime", "cpu-used": str(speed), "row-mt": "1", "lag-in-frames": "0",
            "crf": str(quality), "b": "0",
            # Tiles let two threads share a large frame; on small ones they cost more than they bring.
            "tile-columns": "1" if width >= 1280 else "0", "threads": "2",
            # How the colours are meant (BT.601, limited range: what OpenCV's conversion gives); players guess otherwise.
            "color_range": "tv", "colorspace": "smpte170m", "color_primaries": "smpte170m", "color_trc": "smpte170m"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.bit_rate = 0
        self._stream.codec_context.time_base = Fraction(1, _CLOCK)
        self._ticks = round(_CLOCK / rate)
        self._last = 0
        if self._sound is not None:
            self._sound.add_to(self._file)

    def write(self, image: Image, tick: int) -> None:
        height, width = image.shape[:2]
        if width % 2 == 0 and height % 2 == 0:
            frame = self._av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
        else:
            frame = self._av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = tick, Fraction(1, _CLOCK)
        self._last = tick
        self._mux(self._stream.encode(frame))
        if self._sound is not None:
            self._sound.copy_until(tick / _CLOCK)

    def finish(self) -> None:
        self._mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.copy_until((self._last + self._ticks) / _CLOCK)
            self._sound.close()
        self._file.close()

    def abandon(self) -> None:
        if self._sound is not None:
            self._sound.close()
        self._file.close()

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            # The last frame's duration is known by this alone; that of the others by the next frame's time.
            packet.duration = self._ticks
            self._file.mux(packet)


class _OpencvEncoder:
    """OpenCV's own VP9, which cannot be told to hurry, at a constant rate."""

    codec = "VP9 (OpenCV)"

    def __init__(self, path: Path, width: int, height: int, rate: Fraction) -> None:
        self._odd = (height % 2, width % 2)
        size = (width + self._odd[1], height + self._odd[0])
        self._writer: Any = cv2.VideoWriter(str(path.resolve()), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"vp09"),
                                            float(rate), size)
        if not self._writer.isOpened():
            raise MediaError("this OpenCV has no VP9 encoder: pip install 'edge-face[media]' (on a Raspberry Pi: "
                             "sudo apt install python3-av)")

    def write(self, image: Image, tick: int) -> None:
        if any(self._odd):
            image = cv2.copyMakeBorder(image, 0, self._odd[0], 0, self._odd[1], cv2.BORDER_REPLICATE)
        self._writer.write(image)

    def finish(self) -> None:
        self._writer.release()

    def abandon(self) -> None:
        self._writer.release()

"""Copying a video's sound track as it is, packet by packet, by PyAV."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

from edge_face.errors import MediaError
from edge_face.media.paths import require_file, shown

MP4_CODECS = frozenset({"aac", "mp3", "opus", "flac", "ac3", "eac3", "alac", "mp2"})
"""Codecs that MP4 holds; a browser plays the first four."""


class Sound:
    """The first sound track of a video, handed on up to a time, so that sound and picture lie beside each other in the
    file. Codec parameters and packets go over, titles, languages and other metadata do not. A video without sound is
    copied as silence. Raises MediaError when the codec does not fit MP4."""

    def __init__(self, source: str | os.PathLike[str]) -> None:
        import av

        file, name = require_file(source, "video"), shown(source)
        self._errors = (OSError, av.error.FFmpegError)
        try:
            self._file: Any = av.open(str(file.resolve()))
        except self._errors as error:
            raise MediaError(f"the sound of '{name}' cannot be read: {error}") from None
        self._stream: Any = next(iter(self._file.streams.audio), None)
        self._output: Any = None
        self._waiting: Any = None
        self._last = -(1 << 62)
        if self._stream is None:
            self._packets: Any = iter(())
            return
        codec = self._stream.codec_context.name
        if codec.removesuffix("float") not in MP4_CODECS:
            self._file.close()
            raise MediaError(f"the sound of '{name}' is '{codec}', which does not fit into MP4: leave the sound out, or "
                             "convert it to AAC first")
        video = next(iter(self._file.streams.video), None)
        self._start = Fraction(0)
        if video is not None and video.start_time is not None:
            self._start = video.start_time * video.time_base
        self._packets = self._file.demux(self._stream)

    def add_to(self, output: Any) -> None:
        """Makes the track in an open PyAV output, before anything is written."""
        self._output = output
        if self._stream is None:
            return
        if hasattr(output, "add_stream_from_template"):
            self._track = output.add_stream_from_template(self._stream)
        else:
            self._track = output.add_stream(template=self._stream)
        self._track.metadata.clear()

    def copy_until(self, seconds: float) -> None:
        """Writes the packets that begin before `seconds` of the picture's time."""
        while True:
            if self._waiting is None:
                try:
                    self._waiting = next(self._packets, None)
                except self._errors:
                    # A damaged tail: the picture goes on without sound.
                    self._packets = iter(())
                if self._waiting is None:
                    return
            packet = self._waiting
            if packet.dts is None:
                self._waiting = None
                continue
            shift = round(self._start / packet.time_base)
            if (packet.dts - shift) * packet.time_base >= seconds:
                return
            self._waiting = None
            dts = packet.dts - shift
            if dts < 0 or dts <= self._last:
                continue
            self._last = dts
            packet.pts = packet.pts - shift if packet.pts is not None else dts
            packet.dts = dts
            packet.stream = self._track
            self._output.mux(packet)

    def close(self) -> None:
        self._file.close()

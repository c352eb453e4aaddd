"""What encoding the bundled door clip costs, by encoder: CPU milliseconds a frame, file size, PSNR.

    python benchmarks/video_encoding.py [--clip FILE] [--opencv-frames N]

OpenCV's VP9 is so slow that only the first frames are given to it. Figures and choice: docs/decisions/video-encoding.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2

from edge_face.demo import clip_path
from edge_face.errors import EdgeFaceError
from edge_face.media import VideoReader, VideoWriter
from edge_face.types import Image


def psnr(path: Path, frames: Sequence[Image]) -> float:
    """Of every 20th frame, in dB."""
    with VideoReader(path) as reader:
        found = [cv2.PSNR(image, frames[index]) for index, _, image in reader if index % 20 == 0]
    return sum(found) / len(found)


def by_writer(path: Path, frames: Sequence[Image], fps: float, **options: Any) -> None:
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width, height, fps, **options) as writer:
        for image in frames:
            writer.write(image)


def by_x264(path: Path, frames: Sequence[Image], fps: float, preset: str, crf: int) -> None:
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options={"preset": preset, "crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image in frames:
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, help="the video (default: the bundled door clip)")
    parser.add_argument("--opencv-frames", type=int, default=60, metavar="N", help="frames given to OpenCV's VP9 (default: 60)")
    args = parser.parse_args(argv)
    with VideoReader(args.clip or clip_path("door")) as reader:
        fps, frames = reader.fps, [image for _, _, image in reader]
    vp9 = ((5, 30), (7, 30), (8, 26), (8, 30), (8, 36))
    ways: list[tuple[str, int, Any]] = [
        *((f"VP9, PyAV, real time, speed {speed}, quality {quality}", len(frames),
           lambda p, f, s=speed, q=quality: by_writer(p, f, fps, encoder="av", speed=s, quality=q)) for speed, quality in vp9),
        ("VP9, OpenCV", args.opencv_frames, lambda p, f: by_writer(p, f, fps, encoder="opencv")),
        ("H.264, PyAV, x264 ultrafast, crf 23", len(frames), lambda p, f: by_x264(p, f, fps, "ultrafast", 23)),
        ("H.264, PyAV, x264 veryfast, crf 23", len(frames), lambda p, f: by_x264(p, f, fps, "veryfast", 23)),
    ]
    print(f"{'':<44}{'CPU ms a frame':>15}{'kB a frame':>12}{'PSNR dB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, count, write in ways:
            path, begun = Path(folder) / "o.mp4", time.process_time()
            write(path, frames[:count])
            count = min(count, len(frames))
            cpu, size = (time.process_time() - begun) / count * 1e3, path.stat().st_size / count / 1e3
            print(f"{name:<44}{cpu:>15.2f}{size:>12.2f}{psnr(path, frames):>9.1f}", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeFaceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)

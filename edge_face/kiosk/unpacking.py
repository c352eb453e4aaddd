"""The child process in which pictures of strangers are unpacked: it has no files, no network of its own, little memory and little time, and
gives back bare pixels or one sentence. Started by `edge_face.kiosk.uploads`; ends when its standard input does.

A request: length (4 bytes), longest side (2), the file. An answer: 1 byte (0 pixels, 1 a sentence), width (2), height (2),
length (4), bytes.
"""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import sys
from pathlib import Path
from typing import BinaryIO

REQUEST, ANSWER = struct.Struct(">IH"), struct.Struct(">BHHI")
MOST_BYTES = 24 << 20
"""Of one file: a phone's pictures of 50 million pixels have some 15 MB."""
MOST_PIXELS = 64_000_000
MOST_PLAIN = 16_000_000
"""Pixels of PNG and WebP, which are unpacked whole."""
SPACE = 512 << 20
"""Bytes of memory beyond what the program takes by itself."""
SECONDS = 120
"""Of processor time, in all: then the child is replaced."""
LEAST = 64


def shut() -> None:
    """No way out but the pipes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    space = pages * os.sysconf("SC_PAGESIZE") + SPACE
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + 1
    for what, most in ((resource.RLIMIT_AS, space), (resource.RLIMIT_CPU, used + SECONDS), (resource.RLIMIT_FSIZE, 0),
                       (resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def unpacked(data: bytes, longest: int) -> tuple[int, int, int, bytes]:
    """What is answered."""
    from edge_face.errors import MediaError
    from edge_face.media.headers import read_header
    from edge_face.media.pictures import unpack_picture

    try:
        header = None
        with contextlib.suppress(ValueError):
            header = read_header(data)
        most = MOST_PIXELS if header is not None and header.kind == "JPEG" else MOST_PLAIN
        image = unpack_picture(data, "your photo", longest, max_pixels=most)
    except MediaError as error:
        return 1, 0, 0, str(error).encode()
    except MemoryError:
        return 1, 0, 0, b"this picture needs more memory than there is: send it smaller"
    except Exception:
        return 1, 0, 0, b"this picture is damaged: send another one"
    if min(image.shape[:2]) < LEAST:
        return 1, 0, 0, b"this picture is too small to show a face: send a larger one"
    return 0, image.shape[1], image.shape[0], image.tobytes()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """One after the other, until there are no more."""
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        length, longest = REQUEST.unpack(head)
        data = source.read(length) if 0 < length <= MOST_BYTES else b""
        if len(data) != length or longest < LEAST:
            return
        kind, width, height, content = unpacked(data, longest)
        sink.write(ANSWER.pack(kind, width, height, len(content)) + content)
        sink.flush()


def main() -> int:
    import edge_face.media.pictures
    from edge_face.memory import keep_to_itself
    from edge_face.opencv import cv2

    keep_to_itself()
    cv2.setNumThreads(1)
    # Decoders look for their plug-ins when they are first used.
    edge_face.media.pictures.unpack_picture(cv2.imencode(".png", _nothing())[1].tobytes(), "nothing", 64)
    shut()
    serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _nothing() -> object:
    import numpy as np

    return np.zeros((64, 64, 3), np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())

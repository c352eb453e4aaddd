"""The capture process as its parent sees it: started, listened to, ended for certain."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from edge_face.cameras.capture_child import LARGEST_MESSAGE
from edge_face.cameras.ring import RingReader, create_memory
from edge_face.cameras.source import redact, stall_limit
from edge_face.settings import CameraSettings
from edge_face.types import Box

_QUIET_AND_SMALL = {
    "LIBCAMERA_LOG_LEVELS": "*:WARN",
    "OPENCV_LOG_LEVEL": "ERROR",
    # One frame at a time needs no pool of threads (and each takes memory). FFmpeg's threads would also hold a frame each back.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FFMPEG_THREADS": "1",
    # glibc keeps up to eight heaps a core, and raises the size from which freed memory goes back with every large frame.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""Defaults of the capture process's environment; what the owner has set there stays."""


class ChildProcess:
    """Starts the capture process. Not for several threads at once, but for `meter`. Raises OSError.

    The thread that makes this object has to live as long as the process: the kernel ends the process with the thread.
    """

    def __init__(self, settings: CameraSettings, first_index: int, opener: str | None = None) -> None:
        self._stderr_tail = b""
        with contextlib.ExitStack() as undo:
            memory = create_memory()
            undo.callback(os.close, memory)
            self.counter = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            undo.callback(os.close, self.counter)
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.callback(self.control.close)
            undo.callback(theirs.close)
            start = {"settings": dataclasses.asdict(settings), "index": first_index, "parent": os.getpid(), "opener": opener}
            self.control.send(json.dumps({"start": start}).encode())
            self.control.setblocking(False)
            handles = (theirs.fileno(), memory, self.counter)
            environment = _QUIET_AND_SMALL | dict(os.environ) | {
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": str(max(1, round(stall_limit(settings)))),
            }
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_face.cameras.capture_child", *map(str, handles)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=handles, env=environment, bufsize=0)
            undo.pop_all()
        theirs.close()
        assert self.process.stdout is not None
        self.output = self.process.stdout
        os.set_blocking(self.output.fileno(), False)
        self.ring = RingReader(memory)

    def new_frames(self) -> int:
        """How many frames were written since the last call."""
        try:
            return os.eventfd_read(self.counter)
        except BlockingIOError:
            return 0

    def messages(self) -> tuple[list[dict[str, Any]], bool]:
        """What the process has said since the last call, and whether it is gone."""
        said: list[dict[str, Any]] = []
        while True:
            try:
                raw = self.control.recv(LARGEST_MESSAGE)
            except BlockingIOError:
                return said, False
            except OSError:
                raw = b""
            if not raw:
                return said, True
            with contextlib.suppress(ValueError):
                message = json.loads(raw)
                if isinstance(message, dict):
                    said.append(message)

    def drain_output(self) -> bool:
        """Takes what was printed (libraries do), so that the process is never held up by it. False at its end."""
        try:
            data = os.read(self.output.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._stderr_tail = (self._stderr_tail + data)[-4096:]
        return bool(data)

    @property
    def last_words(self) -> str:
        """The last lines that the process printed, without passwords."""
        return redact(self._stderr_tail.decode("utf-8", "replace").strip())

    def meter(self, boxes: Sequence[Box]) -> None:
        """Tells the process where faces are; dropped when it does not listen."""
        message = {"meter": [[round(v, 1) for v in (box.x, box.y, box.width, box.height)] for box in boxes[:16]]}
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(message).encode())

    def terminate(self) -> None:
        with contextlib.suppress(OSError):
            self.process.terminate()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()

    def reap(self, seconds: float) -> str | None:
        """Waits for the process; how it ended, or None when it has not. No zombie is left."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        if code >= 0:
            return f"the capture process ended with code {code}"
        with contextlib.suppress(ValueError):
            return f"the capture process was ended by {signal.Signals(-code).name}"
        return f"the capture process was ended by signal {-code}"

    def close(self) -> None:
        """Gives back every handle; the process has to be gone, or given up."""
        self.ring.close()
        self.control.close()
        self.output.close()
        if self.counter >= 0:
            os.close(self.counter)
            self.counter = -1

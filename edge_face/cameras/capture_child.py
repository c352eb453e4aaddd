"""The capture process: opens the source, writes its frames into shared memory, and dies with its parent.

Started by `edge_face.cameras.child_process` only. The settings come through the control socket, not the command line,
which everybody on the machine can read. Messages are JSON: from the parent {"start": ...} and {"meter": ...}; to it
{"opened": name}, {"note": text}, {"error": sentence} and {"ended": name}.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import logging
import os
import signal
import socket
import sys
from typing import Any

from edge_face import memory
from edge_face.cameras.opening import make_source
from edge_face.cameras.ring import RingWriter
from edge_face.cameras.source import Kind, Source, SourceEnded, parse_source, redact
from edge_face.clock import SystemClock
from edge_face.errors import EdgeFaceError
from edge_face.memory import keep_to_itself
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame

LARGEST_MESSAGE = 1 << 18
"""Bytes."""
EXIT_ENDED, EXIT_FAILED, EXIT_UNEXPECTED, EXIT_ORPHAN = 0, 3, 4, 5
_PR_SET_PDEATHSIG = 1


class _Control:
    """The child's end of the control socket."""

    def __init__(self, handle: int) -> None:
        self._socket = socket.socket(fileno=handle)

    def receive_start(self) -> dict[str, Any]:
        start: dict[str, Any] = json.loads(self._socket.recv(LARGEST_MESSAGE))["start"]
        self._socket.setblocking(False)
        return start

    def say(self, **message: str) -> None:
        try:
            self._socket.send(json.dumps(message)[:LARGEST_MESSAGE].encode())
        except BlockingIOError:
            pass  # the parent is busy; what counts for it is that this process ends
        except OSError:
            os._exit(EXIT_ORPHAN)

    def boxes(self) -> list[Box] | None:
        """The faces that the parent named last; None when it has said nothing new. Ends the process without a parent."""
        newest: list[Box] | None = None
        while True:
            try:
                message = self._socket.recv(LARGEST_MESSAGE)
            except BlockingIOError:
                return newest
            except OSError:
                message = b""
            if not message:
                os._exit(EXIT_ORPHAN)
            newest = [Box(*map(float, box)) for box in json.loads(message)["meter"]]


class _Notes(logging.Handler):
    """Warnings of the sources go to the parent's log."""

    def __init__(self, control: _Control) -> None:
        super().__init__(logging.WARNING)
        self._control = control

    def emit(self, record: logging.LogRecord) -> None:
        self._control.say(note=redact(record.getMessage())[:500])


def main(arguments: list[str]) -> int:
    """`arguments`: handles of the control socket, the shared memory and the counter of frames."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal group; the parent ends us
    signal.signal(signal.SIGTERM, _leave)
    control_handle, memory, counter = (int(argument) for argument in arguments)
    control = _Control(control_handle)
    start = control.receive_start()
    _die_with(int(start["parent"]))
    keep_to_itself()  # here lie pictures in which nobody is hidden
    logging.getLogger("edge_face").addHandler(_Notes(control))
    writer = RingWriter(memory)
    source: Source | None = None
    try:
        settings = CameraSettings(**start["settings"])
        source = _make(start["opener"], settings)
        _settle(settings)
        source.open()
        control.say(opened=source.name)
        _pump(source, writer, counter, control, int(start["index"]))
    except SourceEnded:
        control.say(ended=source.name if source else "")
        return EXIT_ENDED
    except EdgeFaceError as error:
        control.say(error=redact(str(error)))
        return EXIT_FAILED
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        control.say(error=redact(f"the capture process failed ({type(error).__name__}: {first[:160]})"))
        return EXIT_UNEXPECTED
    finally:
        if source is not None:
            source.close()  # may hang in a driver: the parent waits a moment, then kills
    return EXIT_ENDED


def _pump(source: Source, writer: RingWriter, counter: int, control: _Control, first: int) -> None:
    """Frames into the ring for ever."""
    while True:
        frame = source.read()
        if writer.write(Frame(first + frame.index, frame.monotonic, frame.wall, frame.image, frame.detail)):
            os.eventfd_write(counter, 1)
        boxes = control.boxes()
        if boxes is not None:
            source.meter(boxes)


def _make(opener: str | None, settings: CameraSettings) -> Source:
    """The source of the settings; `opener` ("module:function", for tests) makes another one."""
    if opener is None:
        return make_source(settings)
    module, _, name = opener.partition(":")
    source: Source = getattr(importlib.import_module(module), name)(settings, SystemClock())
    return source


def _settle(settings: CameraSettings) -> None:
    """Imports the source's library, then lets go of what only importing needed: before the library starts threads."""
    library = "picamera2" if parse_source(settings.source).kind is Kind.PICAMERA2 else "edge_face.opencv"
    # A library that is missing or broken is reported by the source, which needs it.
    with contextlib.suppress(Exception):
        importlib.import_module(library)
    memory.unmap_unused_libraries()


def _die_with(parent: int) -> None:
    """SIGKILL as soon as the thread that started us is gone (prctl(2)); at once if it is gone already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_ORPHAN)


def _leave(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except SystemExit:
        code = 0
    # Not through the interpreter's end: camera libraries leave threads behind that can hang it.
    sys.stderr.flush()
    os._exit(code)

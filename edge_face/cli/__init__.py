"""The command line: one short module a command.

Ctrl-C while Python still loads this package would print a traceback: nobody is there yet to catch it. So when a command is being
started, the signal ends the process at once until `edge_face.cli.main.dispatch` takes over; nothing is open by then.
"""

from __future__ import annotations

import os
import signal
import sys

PROGRAMS = ("edge-face", "edge-face-convert", "-m")
"""What `sys.argv[0]` ends with while a command is started ("-m": Python looks for the module to run)."""


def _end(*_: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


def guard_start() -> None:
    """Ctrl-C is quiet from now on, if this process is one of our commands and nobody has chosen otherwise."""
    program = os.path.basename(next(iter(getattr(sys, "argv", ())), ""))  # noqa: PTH119 - pathlib is not loaded yet
    if program in PROGRAMS and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def guard_is_over() -> None:
    """Ctrl-C is Python's KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


guard_start()

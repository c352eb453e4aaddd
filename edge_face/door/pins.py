"""Pins: their names, their factories, and their errors in one sentence."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_face.errors import EdgeFaceError, HardwareError, MissingExtraError
from edge_face.pin_names import gpio_number
from edge_face.settings import DoorSettings

EDGES = "EDGE_FACE_EDGES"
"""Where mock pins send their edges: a file, fd:N or unix:PATH (see `edge_face.door.mock`)."""

_RENAMED = {"SET_PULL_UP": "SET_BIAS_PULL_UP", "SET_PULL_DOWN": "SET_BIAS_PULL_DOWN", "SET_PULL_NONE": "SET_BIAS_DISABLE"}


def pin_number(name: str, key: str = "pin") -> int:
    """The GPIO number of "GPIO17", "17", "BCM17" or "BOARD11" (also "J8:11"). Raises `HardwareError` naming `key`."""
    try:
        return gpio_number(name)
    except ValueError as error:
        raise HardwareError(f'{key} = "{name}" {error}') from None


@contextlib.contextmanager
def hardware_errors(pin: str) -> Iterator[None]:
    """Turns whatever gpiozero and lgpio raise into a `HardwareError` that names the pin and the reason."""
    try:
        yield
    except EdgeFaceError:
        raise
    except ImportError as error:
        raise MissingExtraError("gpiozero", "pi", "python3-gpiozero") from error
    except Exception as error:  # gpiozero, lgpio and the kernel each have errors of their own, without a common base
        text = str(error).strip("'\"") or type(error).__name__
        if "in use" in text or "busy" in text.lower():
            raise HardwareError(f"pin {pin} is in use already: stop the other program, or choose another pin "
                                "(sudo gpioinfo shows who has it)") from error
        raise HardwareError(f"pin {pin} cannot be used: {text}") from error


def unraised(method: Callable[..., None]) -> Callable[..., None]:
    """For methods that the pin library's thread calls, and which lgpio ends at whatever they raise: an edge for which there is no memory is
    lost, and those that follow are felt."""
    @functools.wraps(method)
    def quiet(*arguments: Any) -> None:
        with contextlib.suppress(MemoryError):
            method(*arguments)

    return quiet


def pin_factory(settings: DoorSettings, *, edges: str | None = None, clock: Callable[[], float] = time.monotonic) -> Any:
    """The gpiozero pin factory of `door.pins`; close it after the devices on it.

    "mock" records edges and sends them to `edges`, else to $EDGE_FACE_EDGES, on the board of $EDGE_FACE_BOARD if there is one.
    "lgpio" is constructed here, never chosen by gpiozero, which falls back to another factory in silence. Raises `HardwareError`,
    `MissingExtraError`.
    """
    if settings.pins == "mock":
        try:
            from edge_face.door.board import board_of
            from edge_face.door.mock import EdgeRecorder, open_sink
        except ImportError as error:
            raise MissingExtraError("gpiozero", "pi", "python3-gpiozero") from error
        place = edges if edges is not None else os.environ.get(EDGES, "")
        return EdgeRecorder(clock, open_sink(place) if place else None, board_of(os.environ))
    return _lgpio_factory(settings.chip, pin_number(settings.lock_pin, "door.lock_pin"), 0 if settings.active_high else 1)


def _lgpio_factory(chip: int, lock: int, off: int) -> Any:
    device = Path(f"/dev/gpiochip{chip}")
    if not device.exists():
        raise HardwareError(f"{device} is not there: on a Raspberry Pi set [door] chip (ls /dev/gpiochip*), "
                            'elsewhere pins = "mock"')
    if not os.access(device, os.R_OK | os.W_OK):
        raise HardwareError(f"no permission for {device}: sudo usermod -aG gpio $USER, then log in again")
    _import_lgpio()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
    except ImportError as error:
        raise MissingExtraError("gpiozero", "pi", "python3-gpiozero") from error
    with hardware_errors(f"chip {chip}"):
        factory = LGPIOFactory(chip=chip)
        factory.pin_class = _steady(LGPIOPin, lock, off)
    return factory


def _import_lgpio() -> Any:
    """Imports lgpio with a folder that it can write to.

    lgpio makes a pipe `.lgd-nfy*` in $LG_WD when it is imported, and *changes the process's working folder to it*:
    we go back, or relative paths would mean something else from here on.
    """
    given = os.environ.get("LG_WD", "")
    folder = given if given and os.access(given, os.W_OK) else os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    made = ""
    if not folder or not os.access(folder, os.W_OK):
        made = folder = tempfile.mkdtemp(prefix="edge-face-lgpio-")
    os.environ["LG_WD"] = folder
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        import lgpio
    except ImportError as error:
        raise MissingExtraError("lgpio", "pi", "python3-lgpio") from error
    except OSError as error:
        raise HardwareError(f"lgpio cannot write to {folder}: set LG_WD to a folder that can be written") from error
    finally:
        os.fchdir(here)
        os.close(here)
        if made:
            # The pipe is open already and needs no name any more.
            shutil.rmtree(made, ignore_errors=True)
    for new, old in _RENAMED.items():
        # lgpio 0.2 renamed these; gpiozero 1.6 looks for the old names and gpiozero 2 for the new ones.
        if hasattr(lgpio, new):
            setattr(lgpio, old, getattr(lgpio, new))
        elif hasattr(lgpio, old):
            setattr(lgpio, new, getattr(lgpio, old))
    return lgpio


def _steady(base: Any, lock: int, off: int) -> Any:
    """gpiozero's lgpio pin without its two blips; `off` is the level at which the coil on pin `lock` is off.

    gpiozero claims an output at low level before it writes the level that was asked for: an active-low relay clicks at
    each start. And it leaves a closed pin floating: here the lock's pin keeps a pull towards "off".
    """
    import lgpio

    class SteadyPin(base):  # type: ignore[misc]
        def output_with_state(self, state: Any) -> None:
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)))

        def close(self) -> None:
            handle = self.factory._handle
            super().close()
            if handle is not None and self._number == lock:
                # The flags of a line change only when it is claimed anew.
                lgpio.gpio_free(handle, lock)
                lgpio.gpio_claim_input(handle, lock, lgpio.SET_PULL_UP if off else lgpio.SET_PULL_DOWN)

    return SteadyPin

"""The board and its software: Python, packages, memory, heat and power, locale."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator

from edge_face.doctor.check import Finding, Host, Status
from edge_face.settings import Settings

_THROTTLE = {0: "under-voltage now", 1: "frequency capped now", 2: "throttled now", 3: "too hot now",
             16: "under-voltage since boot", 17: "frequency capped since boot", 18: "throttled since boot",
             19: "too hot since boot"}


def python(host: Host, settings: Settings) -> Iterator[Finding]:
    """Python and the packages that do the work."""
    version = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding("python", Status.OK if good else Status.FAIL, f"Python {version}, {platform.machine()}",
                  "" if good else "use Python 3.11 to 3.13")
    for module, name, extra, apt in (("numpy", "numpy", "", "python3-numpy"), ("cv2", "OpenCV", "opencv", "python3-opencv"),
                                     ("gpiozero", "gpiozero", "", "python3-gpiozero"),
                                     ("cryptography", "cryptography", "", "python3-cryptography")):
        try:
            loaded = importlib.import_module(module)
        except ImportError as error:
            target = f"edge-face[{extra}]" if extra else "edge-face"
            yield Finding(name, Status.FAIL, f"{name} cannot be imported: {error}",
                          f"sudo apt install {apt}" if host.pi_model else f"pip install '{target}'")
            continue
        except AttributeError as error:
            yield Finding(name, Status.FAIL, f"{name} does not fit the numpy beside it: {error}",
                          "pip install 'numpy<2'" if host.pi_model else "pip install --upgrade numpy")
            continue
        shown = getattr(loaded, "__version__", "")
        yield Finding(name, Status.OK, f"{name} {shown}".strip())
    from edge_face.vision.runtime import runtime_name

    yield Finding("runtime", Status.OK, f"neural networks run on {runtime_name()}")


def picamera_numpy(host: Host, settings: Settings) -> Iterator[Finding]:
    """A pip that lifted numpy above apt's breaks picamera2 (picamera2 issues 1088, 1170, 1211)."""
    if not host.pi_model or settings.camera.source != "picamera2":
        return
    if importlib.util.find_spec("picamera2") is None:
        yield Finding("picamera2", Status.FAIL, "picamera2 is not visible from this environment",
                      "sudo apt install python3-picamera2, and make the venv with --system-site-packages")
        return
    try:
        importlib.import_module("picamera2")
    except Exception as error:  # ABI mismatches come as ValueError, ImportError, AttributeError
        yield Finding("picamera2", Status.FAIL, f"picamera2 does not load: {error}",
                      "pip uninstall numpy  (in the venv: apt's numpy must be the one used)")
        return
    yield Finding("picamera2", Status.OK, "picamera2 loads")


def board(host: Host, settings: Settings) -> Iterator[Finding]:
    """Model, memory, heat, power."""
    yield Finding("board", Status.OK if host.pi_model else Status.NOTE,
                  host.pi_model or "not a Raspberry Pi: camera and pins of a Pi cannot be used here")
    memory = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in host.read("/proc/meminfo").splitlines()
              if line.endswith("kB")}
    if "MemAvailable" in memory:
        free = memory["MemAvailable"]
        yield Finding("memory", Status.OK if free >= 250 else Status.WARN,
                      f"{free} MB of {memory.get('MemTotal', 0)} MB available",
                      "" if free >= 250 else "use [camera] detail_width = 0 and stop other programs (docs/settings.md)")
    state = board_state(host)
    degrees = state.get("temperature")
    if isinstance(degrees, float):
        yield Finding("temperature", Status.OK if degrees < 75 else Status.WARN, f"{degrees:.0f} degrees C",
                      "" if degrees < 75 else "fit a heat sink or a fan: at 80 degrees the board slows down")
    if "throttled" in state:
        trouble = throttling(str(state["throttled"]))
        yield Finding("power", Status.WARN if trouble else Status.OK, ", ".join(trouble) or "never under-voltage, never throttled",
                      "use the official power supply and a short cable" if trouble else "")


def locale(host: Host, settings: Settings) -> Iterator[Finding]:
    """Names of people need a UTF-8 terminal."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    good = encoding == "utf8" and sys.getfilesystemencoding().lower().replace("-", "") == "utf8"
    yield Finding("locale", Status.OK if good else Status.WARN,
                  f"text is {encoding or 'unknown'}, LANG={os.environ.get('LANG', '')!r}",
                  "" if good else "sudo raspi-config (Localisation), or export LANG=C.UTF-8")


def board_state(host: Host) -> dict[str, str | float]:
    """Model, temperature in degrees C and throttling (vcgencmd's flags), where the board tells: what speed must be read with."""
    state: dict[str, str | float] = {}
    if host.pi_model:
        state["model"] = host.pi_model
    heat = host.read("/sys/class/thermal/thermal_zone0/temp")
    if re.fullmatch(r"-?[0-9]+", heat):
        state["temperature"] = int(heat) / 1000
    flags = host.run(["vcgencmd", "get_throttled"]).strip().partition("=")[2]
    if re.fullmatch(r"0x[0-9a-fA-F]+", flags):
        state["throttled"] = flags
    return state


def throttling(flags: str) -> list[str]:
    """What vcgencmd's flags ("0x50001") say, in words."""
    return [text for bit, text in _THROTTLE.items() if int(flags, 16) >> bit & 1]

"""Which cameras there are: Pi cameras by libcamera, others by their video nodes."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.cameras.v4l2 import Node, probe


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One camera: `source` is what the settings call it, `formats` the largest size of each format (USB) in words."""

    source: str
    name: str
    formats: tuple[str, ...] = ()
    problem: str = ""


def list_cameras(module: Any = None, sysfs: Path = Path("/sys/class/video4linux"), dev: Path = Path("/dev"),
                 ask: Callable[[str], Node] = probe) -> list[CameraInfo]:
    """All cameras; an empty list when there is none. `module`: picamera2 or a stand-in; imported when it is installed."""
    return _pi_cameras(module) + _video_nodes(sysfs, dev, ask)


def _pi_cameras(module: Any) -> list[CameraInfo]:
    if module is None:
        try:
            module = importlib.import_module("picamera2")
        except Exception:  # not installed, or (a wrong numpy) not loadable: the doctor says which
            return []
    try:
        known = module.Picamera2.global_camera_info()
    except Exception:
        return []
    ours = [info for info in known if "/usb" not in str(info.get("Id", ""))]
    return [CameraInfo("picamera2" if number == 0 else f"picamera2:{number}", str(info.get("Model", "Pi camera")))
            for number, info in enumerate(ours)]


def _video_nodes(sysfs: Path, dev: Path, ask: Callable[[str], Node]) -> list[CameraInfo]:
    try:
        entries = [path for path in sysfs.iterdir() if re.fullmatch(r"video[0-9]+", path.name)]
    except OSError:
        return []
    found: list[CameraInfo] = []
    for entry in sorted(entries, key=lambda path: int(path.name[5:])):
        try:
            name = (entry / "name").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            name = entry.name
        try:
            node = ask(str(dev / entry.name))
        except PermissionError:
            problem = "may not be opened: sudo usermod -aG video $USER, then log in again"
            found.append(CameraInfo(f"usb:{entry.name[5:]}", name, (), problem))
            continue
        except OSError:
            continue
        if node.is_camera:
            formats = tuple(f"{form} {'x'.join(map(str, max(sizes)))}" if sizes else form for form, sizes in node.formats.items())
            found.append(CameraInfo(f"usb:{entry.name[5:]}", node.card or name, formats))
    return found

"""Where frames come from: Pi camera, USB, RTSP, video file, folder of pictures; and a capture process that may be killed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.cameras.backoff import CaptureRules, CaptureState
    from edge_face.cameras.capture import Capture, CaptureHealth
    from edge_face.cameras.exposure import mean_luma
    from edge_face.cameras.fill_light import FillLight
    from edge_face.cameras.listing import CameraInfo, list_cameras
    from edge_face.cameras.opening import open_source
    from edge_face.cameras.source import Source, SourceEnded, parse_source

__all__ = ["CameraInfo", "Capture", "CaptureHealth", "CaptureRules", "CaptureState", "FillLight", "Source", "SourceEnded",
           "list_cameras", "mean_luma", "open_source", "parse_source"]

_HOMES = {"CameraInfo": "listing", "Capture": "capture", "CaptureHealth": "capture", "CaptureRules": "backoff",
          "CaptureState": "backoff", "FillLight": "fill_light", "Source": "source", "SourceEnded": "source",
          "list_cameras": "listing", "mean_luma": "exposure", "open_source": "opening", "parse_source": "source"}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that `edge-face --help` stays quick."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)

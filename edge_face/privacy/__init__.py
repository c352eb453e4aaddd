"""Who is hidden, how, and for how long before and after: everything that leaves the process passes through here.

Names are loaded when they are asked for, so that `edge-face --help` never imports OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.privacy.delay import DelayLine, Released
    from edge_face.privacy.hider import Hider
    from edge_face.privacy.masks import covered_share, mask_of
    from edge_face.privacy.regions import Region, everything
    from edge_face.privacy.registry import anonymize, anonymize_as, anonymize_at, faces_of, method, method_names
    from edge_face.privacy.stills import HiddenPicture, StillScenes, hide_picture
    from edge_face.privacy.video import HiddenVideo, hide_video
    from edge_face.privacy.watching import CloseDetector, FrameDetector, Watcher

__all__ = ["CloseDetector", "DelayLine", "FrameDetector", "HiddenPicture", "HiddenVideo", "Hider", "Region", "Released", "StillScenes",
           "Watcher", "anonymize", "anonymize_as", "anonymize_at", "covered_share", "everything", "faces_of", "hide_picture",
           "hide_video", "mask_of", "method", "method_names"]

_HOMES = {"DelayLine": "delay", "Released": "delay", "Hider": "hider", "covered_share": "masks", "mask_of": "masks",
          "Region": "regions", "everything": "regions", "anonymize": "registry", "anonymize_as": "registry",
          "anonymize_at": "registry", "faces_of": "registry", "method": "registry", "method_names": "registry",
          "HiddenPicture": "stills", "StillScenes": "stills", "hide_picture": "stills", "HiddenVideo": "video",
          "hide_video": "video", "CloseDetector": "watching", "FrameDetector": "watching", "Watcher": "watching"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

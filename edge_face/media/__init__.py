"""Pictures and videos: read whatever people have, write what a browser shows, in one sentence when it cannot be done.

Names are loaded when they are asked for, so that `edge-face --help` never imports OpenCV or PyAV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_face.media.paths import MAX_PIXELS, Kind, Tree, kind_of, media_in, same_file, writing

if TYPE_CHECKING:
    from edge_face.media.pictures import Picture, encode_picture, load_picture, read_picture, write_picture
    from edge_face.media.video import VideoReader
    from edge_face.media.writer import VideoWriter

__all__ = ["MAX_PIXELS", "Kind", "Picture", "Tree", "VideoReader", "VideoWriter", "encode_picture", "kind_of", "load_picture", "media_in",
           "read_picture", "same_file", "write_picture", "writing"]

_HOMES = {"Picture": "pictures", "encode_picture": "pictures", "load_picture": "pictures",
          "read_picture": "pictures", "write_picture": "pictures", "VideoReader": "video", "VideoWriter": "writer"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""The one place that imports OpenCV: `from edge_face.opencv import cv2`. Works with 4.6 to 5.0.

OpenCV is no core dependency (on a Pi it comes from apt), so its absence is an ordinary, named error. Modules that
`edge-face --help` loads must not import this one.
"""

from __future__ import annotations

from edge_face.errors import MissingExtraError

try:
    import cv2
except ImportError as error:
    raise MissingExtraError("OpenCV (cv2)", "opencv", apt="python3-opencv") from error

__all__ = ["cv2"]

"""edge-face: the door that knows its people and forgets everybody else.

The public API is what this package and its rooms export in `__all__`; everything else may change without notice.
"""

from edge_face.errors import EdgeFaceError

__all__ = ["EdgeFaceError", "__version__"]
__version__ = "0.1.0"

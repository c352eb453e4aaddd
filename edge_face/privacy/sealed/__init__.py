"""Sealed faces: everybody sees the hidden picture, and only the holder of one private key the faces in it.

Names are loaded when they are asked for, so that `edge-face --help` never imports cryptography.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.privacy.sealed.faces import Opened, open_faces, seal_faces
    from edge_face.privacy.sealed.films import FilmSealer, open_film, seal_film
    from edge_face.privacy.sealed.owner_keys import key_id, make_keys, read_private_key, read_public_key
    from edge_face.privacy.sealed.pictures import open_picture, seal_picture
    from edge_face.privacy.sealed.places import key_words, sidecar_of

__all__ = ["FilmSealer", "Opened", "key_id", "key_words", "make_keys", "open_faces", "open_film", "open_picture", "read_private_key",
           "read_public_key", "seal_faces", "seal_film", "seal_picture", "sidecar_of"]

_HOMES = {"Opened": "faces", "open_faces": "faces", "seal_faces": "faces", "FilmSealer": "films", "open_film": "films",
          "seal_film": "films", "key_id": "owner_keys", "key_words": "places", "make_keys": "owner_keys",
          "read_private_key": "owner_keys", "read_public_key": "owner_keys", "open_picture": "pictures",
          "seal_picture": "pictures", "sidecar_of": "places"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

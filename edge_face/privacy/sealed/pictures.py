"""Picture files with sealed faces: inside the file where it is a PNG, else in one file beside it."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import MediaError, SealedError
from edge_face.media import encode_picture, load_picture, same_file, writing
from edge_face.media.paths import MAX_BYTES, reason, shown
from edge_face.privacy.sealed.container import read_header
from edge_face.privacy.sealed.faces import Opened, open_faces, seal_faces
from edge_face.privacy.sealed.hpke import X25519PrivateKey, X25519PublicKey
from edge_face.privacy.sealed.marks import carries_seals
from edge_face.privacy.sealed.places import require_exact, sidecar_of
from edge_face.privacy.sealed.png_chunk import LONGEST, is_png, put_chunk, take_chunk
from edge_face.privacy.stills import HiddenPicture, StillScenes, hidden_picture
from edge_face.settings import PrivacySettings


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """What became of a picture: what was hidden, how many faces were sealed, and where (`sidecar`: None when inside the picture)."""

    hidden: HiddenPicture
    faces: int
    sidecar: Path | None


def seal_picture(source: str | os.PathLike[str], target: str | os.PathLike[str], public: X25519PublicKey, scenes: StillScenes | None,
                 settings: PrivacySettings, consenting: Collection[str] = (), *, key: bytes = b"",
                 when: float | None = None) -> SealedPicture:
    """`hide_picture`, with the hidden faces sealed for the owner of the key. `when`: seconds since 1970, else now. Raises MediaError,
    ModelError, SealedError for a picture that carries sealed faces already."""
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the picture that is read: name another file")
    if carries_seals(source):
        # Its faces are hidden: sealing it anew would seal the hiding, and the first seals would be gone from the result.
        raise SealedError(f"'{shown(source)}' carries sealed faces already: open it first ('edge-face unseal'), or seal the original")
    found = hidden_picture(source, scenes, settings, consenting, key=key)
    if found.image.shape != found.original.shape:
        raise SealedError("this way of hiding changes the size of the picture, so that no face could be laid back: choose another --method")
    when = time.time() if when is None else when
    data, sidecar = encode_picture(target, found.image), None
    if is_png(data):
        sealed = seal_faces(found.original, found.image, found.done.regions, public, when)
        if len(sealed) > LONGEST:
            raise MediaError(f"'{shown(target)}' would hold more sealed pixels than a PNG can: name it .tif")
        data = put_chunk(data, sealed)
    else:
        sidecar = sidecar_of(target)
        sealed = seal_faces(found.original, found.image, found.done.regions, public, when, visible=data)
        # First, so that no moment is lost in which the picture stands without it.
        _write(sidecar, sealed)
    _write(Path(target), data)
    return SealedPicture(found.done, read_header(io.BytesIO(sealed), shown(target)).records, sidecar)


def open_picture(source: str | os.PathLike[str], target: str | os.PathLike[str], private: X25519PrivateKey, face: int | None = None, *,
                 sidecar: str | os.PathLike[str] | None = None, before: Callable[[Opened], None] | None = None) -> Opened:
    """Writes `source` to `target` with all sealed faces, or one of them, as they were. `sidecar`: where the seals lie, else
    `sidecar_of(source)`; `before(opened)` is called when everything is open and nothing is written yet: what it raises keeps it so. The
    file is for its owner only (mode 0600). Raises MediaError, SealedError, UsageError."""
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the picture that is read: name another file")
    require_exact(target)
    name, picture = shown(source), load_picture(source)
    data = Path(source).read_bytes()
    sealed = take(data, name) if is_png(data) and sidecar is None else read_sidecar(sidecar or sidecar_of(source), name)
    opened = open_faces(picture.image, sealed, private, face, visible=data, name=name)
    encoded = encode_picture(target, opened.image)
    if before is not None:
        before(opened)
    _write(Path(target), encoded, 0o600)
    return opened


def take(data: bytes, name: str) -> bytes:
    """The seals inside a PNG. Raises SealedError, also when there are none."""
    try:
        found = take_chunk(data)
    except ValueError as error:
        raise SealedError(f"the picture '{name}' cannot be opened: {error}") from error
    if found is None:
        raise SealedError(f"'{name}' holds no sealed faces: it was never sealed, or they were stripped on its way (messengers and editors "
                          "do that): take the file as 'edge-face seal' wrote it")
    return found


def read_sidecar(path: str | os.PathLike[str], name: str) -> bytes:
    """The seals beside a file. Raises SealedError, also when there are none."""
    file = Path(path)
    try:
        if not file.is_file():
            raise SealedError(f"there are no sealed faces beside '{name}': '{shown(path)}' is missing, bring it here or name it with "
                              "--sealed")
        if file.stat().st_size > MAX_BYTES:
            raise SealedError(f"the sealed faces '{shown(path)}' are larger than {MAX_BYTES >> 30} GB: they are of no picture")
        return file.read_bytes()
    except OSError as error:
        raise SealedError(f"the sealed faces '{shown(path)}' cannot be read: {reason(error)}") from None


def digest_of_file(path: str | os.PathLike[str]) -> bytes:
    """SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _write(path: Path, data: bytes, mode: int | None = None) -> None:
    with writing(path) as temporary:
        if mode is not None:
            temporary.chmod(mode)
        temporary.write_bytes(data)

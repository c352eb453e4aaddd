"""Films with sealed faces: the visible MP4, and one file beside it with every hidden face of every frame.

The seals are bound to the film's bytes, which are known at its end. Until then what will be sealed waits on the disk, encrypted under a key
that only this process ever has.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_face.errors import MediaError, SealedError, UsageError
from edge_face.media import VideoReader, VideoWriter, same_file, write_picture, writing
from edge_face.media.paths import reason, shown
from edge_face.privacy.delay import Released
from edge_face.privacy.regions import Region
from edge_face.privacy.sealed.container import (
    INFO,
    Bound,
    Header,
    Place,
    Record,
    binding,
    pack,
    read_header,
    read_records,
)
from edge_face.privacy.sealed.faces import cut_faces, lay_back, milliseconds, opened_png, require_face, require_key
from edge_face.privacy.sealed.hpke import X25519PrivateKey, X25519PublicKey, seal_base
from edge_face.privacy.sealed.marks import carries_seals
from edge_face.privacy.sealed.owner_keys import key_id
from edge_face.privacy.sealed.pictures import digest_of_file
from edge_face.privacy.sealed.places import sidecar_of
from edge_face.privacy.video import HiddenVideo, hide_video
from edge_face.privacy.watching import SceneMaker
from edge_face.settings import PrivacySettings
from edge_face.types import Image


class FilmSealer:
    """Takes the frames of a film as they are hidden, and writes their seals once the film is there.

    `add(original, hidden, regions, seconds)` for each frame in order; then `pieces(film)` are the bytes of the sidecar. `draft`: the folder
    in which what waits lies, under no name. A face is one track throughout: its number is told in the order of first sight, 0 without one.
    """

    def __init__(self, public: X25519PublicKey, when: float, draft: str | os.PathLike[str]) -> None:
        self.public, self.when, self.frames = public, when, 0
        self._size = (0, 0)
        self._places: list[tuple[Place, int]] = []
        self._numbers: dict[int, int] = {}
        self._secret = AESGCM(secrets.token_bytes(16))
        self._waiting = tempfile.TemporaryFile(dir=draft)  # noqa: SIM115 - closed by close()

    def add(self, original: Image, hidden: Image, regions: Sequence[Region], seconds: float) -> None:
        """The next frame, as it was and as it is shown; `seconds` since the first."""
        height, width = hidden.shape[:2]
        if self._size not in ((0, 0), (width, height)):
            raise ValueError("a film's frames are of one size")
        self._size = (width, height)
        for cut in cut_faces(original, hidden, regions):
            track = regions[cut.region].track
            face = 0 if track is None else self._numbers.setdefault(track, len(self._numbers) + 1)
            # Each nonce is used once under this key: the number of the piece.
            kept = self._secret.encrypt(len(self._places).to_bytes(12, "big"), cut.png, None)
            self._waiting.write(kept)
            self._places.append((cut.place(face, self.frames, milliseconds(seconds)), len(kept)))
        self.frames += 1

    @property
    def faces(self) -> tuple[int, ...]:
        """The numbers of the faces so far."""
        return tuple(sorted({place.face for place, _ in self._places}))

    def pieces(self, film: str | os.PathLike[str]) -> Iterator[bytes]:
        """The bytes of the file beside `film`, which must be finished."""
        width, height = self._size
        header = Header(Bound.FILE, key_id(self.public), width, height, self.frames, len(self._places), milliseconds(self.when),
                        digest_of_file(film))
        yield from pack(header, self._records(header))

    def close(self) -> None:
        """Lets go of what waited."""
        self._waiting.close()

    def _records(self, header: Header) -> Iterator[Record]:
        self._waiting.seek(0)
        for number, (place, size) in enumerate(self._places):
            png = self._secret.decrypt(number.to_bytes(12, "big"), self._waiting.read(size), None)
            yield Record(place, seal_base(self.public, INFO, binding(header, number, place), png))


@dataclass(frozen=True, slots=True)
class SealedFilm:
    """What became of a film: what was hidden, the file with the seals, the numbers of its faces."""

    hidden: HiddenVideo
    sidecar: Path
    faces: tuple[int, ...]


def seal_film(source: str | os.PathLike[str], target: str | os.PathLike[str], public: X25519PublicKey, vision: SceneMaker | None,
              settings: PrivacySettings, consenting: Collection[str] = (), *, key: bytes = b"", when: float | None = None,
              keep_audio: bool = False, progress: Callable[[int, int], None] | None = None) -> SealedFilm:
    """`hide_video`, with the hidden faces sealed for the owner of the key in a file beside the film. Raises MediaError, ModelError,
    SealedError; nothing is then left behind."""
    if carries_seals(source):
        raise SealedError(f"'{shown(source)}' carries sealed faces already: open it first ('edge-face unseal'), or seal the original")
    beside = sidecar_of(target)
    with writing(beside) as temporary:
        sealer = FilmSealer(public, time.time() if when is None else when, beside.parent)

        def keep(released: Released, hidden: Image) -> None:
            sealer.add(released.frame.image, hidden, released.regions, released.frame.monotonic)

        with contextlib.closing(sealer):
            done = hide_video(source, target, vision, settings, consenting, keep_audio=keep_audio, key=key, progress=progress,
                              hidden_as=keep)
            try:
                with temporary.open("wb") as file:
                    file.writelines(sealer.pieces(target))
            except BaseException:
                # A film whose faces nobody can open any more was not asked for.
                Path(target).unlink(missing_ok=True)
                raise
    return SealedFilm(done, beside, sealer.faces)


@dataclass(frozen=True, slots=True)
class OpenedFilm:
    """What became of a sealed film: frames, in how many of them something was opened, the faces opened and all that there are, when it was
    sealed (seconds since 1970), notes."""

    frames: int
    changed: int
    opened: tuple[int, ...]
    faces: tuple[int, ...]
    when: float
    notes: tuple[str, ...] = ()


def open_film(source: str | os.PathLike[str], target: str | os.PathLike[str], private: X25519PrivateKey, face: int | None = None, *,
              sidecar: str | os.PathLike[str] | None = None, before: Callable[[OpenedFilm], None] | None = None,
              progress: Callable[[int, int], None] | None = None) -> OpenedFilm:
    """Opens the faces of a film: into an MP4 to look at (encoded once more), or, where `target` ends in `/` or is a folder, into one PNG
    for each frame that holds an opened face, exact to the pixel.

    All seals are tried before anything is written; then `before(opened)` is called, and what it raises keeps it so. Raises MediaError,
    SealedError, UsageError.
    """
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the film that is read: name another file")
    name, beside = shown(source), Path(sidecar or sidecar_of(source))
    folder = os.fspath(target).endswith("/") or Path(target).is_dir()
    if not folder and Path(target).suffix.lower() not in (".mp4", ".m4v"):
        raise UsageError(f"'{shown(target)}': name an .mp4 to look at the film, or a folder (ending in /) for its frames, exact to the "
                         "pixel")
    if not beside.is_file():
        raise SealedError(f"there are no sealed faces beside '{name}': '{shown(beside)}' is missing, bring it here or name it with "
                          "--sealed")
    try:
        with beside.open("rb") as file:
            header = read_header(file, name)
            require_key(header, private, name)
            if header.bound is not Bound.FILE or digest_of_file(source) != header.visible:
                raise SealedError(f"the sealed faces do not belong to the film '{name}': it was changed since, or they come from another "
                                  "one")
            start = file.tell()
            found = _tried(header, read_records(file, header, name), private, face, name)
            file.seek(start)
            if before is not None:
                before(found)
            wanted = ((number, record) for number, record in enumerate(read_records(file, header, name))
                      if face in (None, record.place.face))
            with VideoReader(source) as reader, _Frames(target, folder, reader.fps) as out:
                by_frame = groupby(wanted, key=lambda pair: pair[1].place.frame)
                frame, records = next(by_frame, (-1, iter(())))
                for index, seconds, image in reader:
                    if index == frame:
                        for number, record in records:
                            lay_back(image, header, number, record, private, name)
                        frame, records = next(by_frame, (-1, iter(())))
                        out.write(index, seconds, image, changed=True)
                    else:
                        out.write(index, seconds, image, changed=False)
                    if progress is not None:
                        progress(index + 1, header.frames)
                if reader.read != header.frames:
                    raise SealedError(f"the film '{name}' has {reader.read} frames here, {header.frames} were sealed: another version of "
                                      "OpenCV reads it differently, or it is damaged")
    except OSError as error:
        raise SealedError(f"the sealed faces of '{name}' cannot be read: {reason(error)}") from None
    return found


def _tried(header: Header, records: Iterator[Record], private: X25519PrivateKey, face: int | None, name: str) -> OpenedFilm:
    """Opens every seal that is asked for, and keeps nothing of it."""
    faces: dict[int, None] = {}
    frames: set[int] = set()
    last = 0
    for number, record in enumerate(records):
        place = record.place
        if place.frame < last:
            raise SealedError(f"the sealed faces of '{name}' are not what 'edge-face seal' writes: they were changed")
        last = place.frame
        faces.setdefault(place.face)
        if face in (None, place.face):
            opened_png(header, number, record, private, name)
            frames.add(place.frame)
    there = tuple(sorted(faces))
    require_face(face, there, name)
    return OpenedFilm(header.frames, len(frames), there if face is None else (face,), there, header.when / 1000)


class _Frames:
    """Where opened frames go: a film to look at, or a folder of exact pictures; whole or not at all."""

    def __init__(self, target: str | os.PathLike[str], folder: bool, fps: float) -> None:
        self._target, self._folder, self._fps = Path(target), folder, fps
        self._film: VideoWriter | None = None
        self._draft: Path | None = None

    def __enter__(self) -> _Frames:
        if not self._folder:
            return self
        name = shown(self._target)
        try:
            if self._target.exists() and any(self._target.iterdir()):
                raise UsageError(f"the folder '{name}' is not empty: name a new one")
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._draft = Path(tempfile.mkdtemp(prefix=".edge-face-", dir=self._target.parent))
        except OSError as error:
            raise MediaError(f"the folder '{name}' cannot be made: {reason(error)}") from None
        return self

    def write(self, index: int, seconds: float, image: Image, *, changed: bool) -> None:
        """A frame of the film; of pictures only those that were `changed`."""
        if self._draft is not None:
            if changed:
                write_picture(self._draft / f"frame-{index:06d}.png", image)
            return
        if self._film is None:
            self._film = VideoWriter(self._target, image.shape[1], image.shape[0], self._fps, quality=12)
        self._film.write(image, seconds)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._film is not None:
            if error is not None:
                self._film.abandon(error)
            else:
                self._film.close()
                self._target.chmod(0o600)
        elif self._draft is not None and error is None:
            # mkdtemp's folder is for its owner only, and so is what comes of it.
            if self._target.is_dir():
                self._target.rmdir()
            self._draft.rename(self._target)
        elif self._draft is not None:
            for path in self._draft.iterdir():
                path.unlink()
            self._draft.rmdir()

"""The bundled synthetic people and clips (CC0, see PROVENANCE.md), and the demo that plays them."""

from __future__ import annotations

from pathlib import Path

from edge_face.errors import MediaError

__all__ = ["clip_path", "labels_path", "one_face_frames", "people", "stills"]

_HERE = Path(__file__).resolve().parent


def people() -> tuple[str, ...]:
    """The names of the eight synthetic people."""
    return tuple(sorted(folder.name for folder in (_HERE / "people").iterdir() if folder.is_dir()))


def stills(name: str) -> list[Path]:
    """The six enrolment stills of one of them. Raises MediaError for a name that is not bundled."""
    found = sorted((_HERE / "people" / name).glob("*.jpg")) if name in people() else []
    if not found:
        raise MediaError(f"nobody called {name!r} is bundled: {', '.join(people())} are")
    return found


def clip_path(name: str) -> Path:
    """A bundled clip: door, turn_live, turn_print, spoof_print, spoof_screen. Raises MediaError for another name."""
    path = _HERE / "clips" / f"{name}.mp4"
    if not path.is_file():
        raise MediaError(f"no clip {name!r} is bundled: {', '.join(p.stem for p in sorted((_HERE / 'clips').glob('*.mp4')))} are")
    return path


def labels_path(name: str) -> Path:
    """The labels of a clip, one JSON line a frame."""
    return clip_path(name).with_suffix(".jsonl")


def one_face_frames() -> range:
    """The frames of the door clip in which exactly one person stands before the camera."""
    return range(66, 118)

"""Names of a classifier's classes, in the order of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_face.errors import MediaError, UsageError

LONGEST = 200


def class_folders(folder: Path) -> tuple[str, ...]:
    """Names of the folders in a folder, sorted as Keras sorts them (`keras.utils.image_dataset_from_directory`); none where it is
    no folder or has pictures beside them only. Raises MediaError."""
    if not folder.is_dir():
        return ()
    try:
        return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))
    except OSError as error:
        raise MediaError(f"the folder {folder} cannot be read ({error.strerror})") from error


def read_labels(path: Path) -> tuple[str, ...]:
    """One label a line, in the order of the outputs. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the labels {path} cannot be read ({error}): a text file with one label a line is expected") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def choose_labels(count: int, given: Path | Sequence[str] | None, calibration: Path | None,
                  where: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels of `count` classes and a sentence on what was guessed. Raises UsageError for a wrong number of them."""
    if given is not None:
        labels = read_labels(given) if isinstance(given, Path) else tuple(given)
        _check(labels, count, where)
        return labels, ()
    folders = class_folders(calibration) if calibration is not None else ()
    if len(folders) == count:
        return folders, (f"the classes are called after the folders in {calibration}, sorted as Keras's loaders sort them: "
                         f"{', '.join(folders[:6])}{', …' if count > 6 else ''}",)
    numbers = tuple(str(number) for number in range(count))
    why = f"{calibration} has {len(folders)} folders and the model tells {count} classes apart" if folders else "nothing names the classes"
    return numbers, (f"{why}, so they are called 0 to {count - 1}: say --labels labels.txt (one a line, in the order of the outputs)",)


def _check(labels: Sequence[str], count: int, where: Path) -> None:
    if len(labels) != count:
        raise UsageError(f"{len(labels)} labels are given and {where} tells {count} classes apart: give one for each, in the order of "
                         "its outputs")
    if len(set(labels)) != len(labels):
        twice = next(name for name in labels if list(labels).count(name) > 1)
        raise UsageError(f"the label {twice} is given twice: give every class its own")
    for label in labels:
        if not label or len(label) > LONGEST or not label.isprintable():
            raise UsageError(f"{label[:40]!r} is no label: letters, up to {LONGEST} of them, are expected")

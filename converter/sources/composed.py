"""A detector's examples: composites painted from labelled pictures, as its trainer paints them (`detect.jsonl`)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Material, Plan, SourceModel
from converter.sources import variety
from converter.sources.staging import network_input
from edge_face.errors import MediaError

LISTING = "detect.jsonl"
PHOTOS = 1500
"""Pictures that calibration is painted from at most: all of a large set would not fit into 2 GB."""
CLEAN = 10
"""Every so many composites one has no noise and no darkness."""
EXAM_SEED = 4242


def is_composed(path: Path) -> bool:
    """Whether labelled pictures for painting lie there."""
    return path.is_dir() and (path / LISTING).is_file()


def gather_composed(plan: Plan, model: SourceModel, calibration: Path, count: int, held_out: int, gate: Path | None,
                    most: int) -> tuple[Material, Material]:
    """Calibration from the pictures that the detector was trained on, the gate from those held out of its training, with labelled
    faces; no picture is in both. Raises MediaError."""
    from converter.training.composites import choose_heldout
    from converter.training.detector_exam import paint_exam
    from converter.training.detector_task import HELDOUT, Data, records
    from converter.training.scenes import Painter

    spec = plan.preprocessing
    assert spec is not None
    many = max(most // (spec.width * spec.height * 3), 16)
    count, held_out = min(count, many), min(held_out, many)
    data = Data(**{key: value for key, value in _table(model.record, "recipe", "data").items() if key in ("heldout_seed", "heldout_file")})
    listed = records(calibration)
    held = set(_held_names(data)) & {str(record["file"]) for record in listed}
    if not held:
        kinds = Counter(str(record["kind"]) for record in listed)
        held = set(choose_heldout(listed, {kind: min(HELDOUT.get(kind, 0), kinds[kind] // 3) for kind in kinds}, data.heldout_seed))
    others = sorted(str(record["file"]) for record in listed if record["file"] not in held)
    drawn = {others[index] for index in np.random.default_rng(EXAM_SEED).permutation(len(others))[:PHOTOS].tolist()}
    photos = _photos(calibration, drawn | held)
    training = [photo for photo in photos if photo.file not in held]
    judging = _photos(gate, None) if gate is not None else [photo for photo in photos if photo.file in held]
    if gate is not None:
        known = {photo.levels[0].tobytes() for photo in training}
        judging = [photo for photo in judging if photo.levels[0].tobytes() not in known]
    try:
        painter = Painter(training, spec.width, spec.height)
        painted = [painter.paint(np.random.default_rng((EXAM_SEED, number)), clean=number % CLEAN == 0)[0] for number in range(count)]
        exam = paint_exam(judging, "figures", held_out, spec.width, spec.height)
    except ValueError as error:
        raise MediaError(f"{calibration}: {error}") from error
    name = model.inputs[0].name

    def material(images: Any, what: str, where: Path, pictures: int, **more: Any) -> Material:
        said = (f"{what}: {len(images)} composites of {pictures} pictures of {where}", *variety.of_pictures(list(images), what))
        return Material({name: np.stack([network_input(image, plan) for image in images])}, list(images),
                        names=tuple(f"composite {number}" for number in range(len(images))), said=said, **more)

    return (material(painted, "calibration", calibration, len(training)),
            material(exam.images, "the gate", gate or calibration, len(judging), faces=list(exam.labels)))


def _photos(folder: Path, files: set[str] | None) -> Any:
    from converter.training.composites import load_photos

    try:
        photos = load_photos(folder, files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"the labelled pictures in {folder} cannot be read ({error}): {LISTING} beside detect.tar or the "
                         "pictures is expected") from error
    if not photos:
        raise MediaError(f"{folder} has no picture that {LISTING} names")
    return photos


def _held_names(data: Any) -> list[str]:
    """The names of the list that lies beside the trainer's recipe."""
    import converter.training as room

    path = Path(room.__file__).parent / "recipes" / str(data.heldout_file)
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []


def _table(record: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        record = record.get(key, {}) if isinstance(record, dict) else {}
    return record if isinstance(record, dict) else {}

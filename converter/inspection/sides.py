"""The two that are compared, whatever they were brought as: each as a bundle of one file and as a model that can be run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from converter.contract import Candidate, Plan, Precision, Preprocessing, SourceModel
from converter.inspection.child import ask
from converter.inspection.contents import WAY_OUT, is_keras
from converter.inspection.flat import read_flat
from converter.inspection.tflite_source import TfliteSource, precision_of
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MANIFEST, Bundle, open_bundle
from edge_face.vision.manifest import BundleFile
from edge_face.vision.manifest_input import ALIGNED

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Side:
    """`name` as a person calls it; `folder`: a bundle with this one file; `model`: what runs it, or the Keras model itself; `labels`:
    names of its classes; `converted`: the file was made here, out of a Keras model."""

    name: str
    folder: Path
    precision: Precision
    content: bytes
    plan: Plan
    model: SourceModel
    bundle: Bundle
    converted: bool = False


def open_sides(a: Path, b: Path, work: Path, precision: str | None = None, data: Path | None = None,
               say: Say = lambda text: None) -> tuple[Side, Side]:
    """Both, in `work`, a temporary folder. What a lone .tflite file does not say of itself, the other one says. `precision` picks the
    file of a bundle that has several; `data`: the examples, whose folders may name classes. Raises ModelError, UsageError,
    MissingExtraError."""
    paths = {"a": a, "b": b}
    # Whoever says most of itself first.
    order = sorted(paths, key=lambda key: 0 if _bundle_of(paths[key]) else 1 if is_keras(paths[key]) else 2)
    found: dict[str, Side] = {}
    for key in order:
        known = next(iter(found.values()), None)
        found[key] = _open(paths[key], work / key, precision, known, data, say)
    first, second = found["a"], found["b"]
    if first.name == second.name:
        first, second = replace(first, name=f"{first.name} (A)"), replace(second, name=f"{second.name} (B)")
    _check(first, second)
    return first, second


def _bundle_of(path: Path) -> Path | None:
    """The bundle's folder that a path names, or whose file it names."""
    folder = path if path.is_dir() else path.parent if path.suffix == ".tflite" else None
    return folder if folder is not None and (folder / MANIFEST).is_file() and (path.is_dir() or _lists(folder, path.name)) else None


def _lists(folder: Path, name: str) -> bool:
    try:
        return name in json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return False


def _open(path: Path, home: Path, precision: str | None, known: Side | None, data: Path | None, say: Say) -> Side:
    folder = _bundle_of(path)
    if folder is not None:
        return _of_bundle(folder, path.name if path.suffix == ".tflite" else None, home, precision, known)
    if is_keras(path):
        return _of_keras(path, home, known, data, say)
    if path.is_dir():
        raise ModelError(f"{path} is a folder, but no bundle ({MANIFEST} is missing), no SavedModel and no training run: {WAY_OUT}")
    return _of_file(path, home, known)


def _of_bundle(folder: Path, name: str | None, home: Path, precision: str | None, known: Side | None) -> Side:
    bundle = open_bundle(folder)
    entry = _entry(bundle, name, precision, known)
    content = bundle.read(entry)
    home.mkdir(parents=True)
    (home / entry.name).write_bytes(content)
    manifest: dict[str, Any] = json.loads(json.dumps(dict(bundle.manifest)))
    manifest["files"] = {entry.name: manifest["files"][entry.name]}
    manifest.pop("gate", None)  # its verdict is on all files
    (home / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return Side(f"{folder.name}/{entry.name}", home, _precision(entry), content, plan_of(bundle, entry),
                TfliteSource(folder / entry.name, content), open_bundle(home))


def _entry(bundle: Bundle, name: str | None, precision: str | None, known: Side | None) -> BundleFile:
    """The named file, else the one of the precision, else the only one, or the one that is like the other side's."""
    if name is not None:
        return next(entry for entry in bundle.files if entry.name == name)
    fitting = [entry for entry in bundle.files if precision in (None, entry.precision)]
    if not fitting:
        raise UsageError(f"{bundle.folder} has no {precision} file, it has {bundle.offers}: name one of these by --precision")
    if len(fitting) > 1 and known is not None and known.plan.preprocessing is not None:
        spec = known.plan.preprocessing
        alike = [entry for entry in fitting if entry.size in (None, (spec.width, spec.height))]
        fitting = [entry for entry in alike if entry.precision == known.precision] or alike or fitting
    if len(fitting) > 1 and precision is None and known is None:
        return fitting[0]
    if len({entry.size for entry in fitting}) == len(fitting) > 1:
        return max(fitting, key=lambda entry: entry.size or (0, 0))
    return fitting[0]


def _precision(entry: BundleFile) -> Precision:
    allowed: tuple[Precision, ...] = ("int8", "float16", "float32", "dynamic")
    return next(each for each in allowed if each == entry.precision)


def plan_of(bundle: Bundle, entry: BundleFile) -> Plan:
    """What a bundle's manifest says of the task and of what the network takes: pixels 0 to 255, always."""
    spec = bundle.input
    preprocessing = None
    if spec.kind == "picture":
        width, height = entry.size or (spec.width, spec.height)
        colours: Mapping[str, Any] = {"RGB": "RGB", "BGR": "BGR", "grey": "grey"}
        preprocessing = Preprocessing(width, height, colours[spec.colour], aligned=spec.alignment == ALIGNED, crop=spec.crop)
    return Plan(bundle.task, preprocessing, bundle.classes.labels if bundle.classes else (),
                bundle.embedding.parts if bundle.embedding else (), mirrored=bool(bundle.embedding and bundle.embedding.mirrored))


def _of_keras(path: Path, home: Path, known: Side | None, data: Path | None, say: Say) -> Side:
    from converter.bundle_writer import stage
    from converter.conversion import Conversion
    from converter.sources import fit, load, make_plan, with_probabilities

    loaded = load(path)
    if known is None:
        plan = make_plan(loaded, None, calibration=data)
    else:
        plan = make_plan(loaded, known.plan.task, labels=known.plan.labels or None, parts=known.plan.parts)
        plan = replace(plan, mirrored=known.plan.mirrored)
    loaded = with_probabilities(loaded, plan)
    for sentence in (*loaded.said, *plan.guessed):
        say(f"{path.name}: {sentence}")
    model = loaded if plan.preprocessing is None else fit(loaded, plan.preprocessing)
    with Conversion(model, None) as work:
        made = work.make("float32")
    stage(home, plan, model, {"float32.tflite": made})
    # Converted is the model that takes pixels 0 to 255; compared with is the model as it was brought.
    return Side(path.name, home, "float32", made.content, plan, loaded, open_bundle(home), converted=True)


def _of_file(path: Path, home: Path, known: Side | None) -> Side:
    from converter.bundle_writer import stage

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {WAY_OUT}") from error
    read_flat(content, path.name)
    if refused := ask(content, path.name).get("refused"):
        raise ModelError(str(refused))
    source = TfliteSource(path, content)
    if known is None:
        raise UsageError(f"{path.name} does not say what it is for: compare it with a bundle or a Keras model of the same task")
    if known.plan.preprocessing is not None and [spec.shape for spec in source.inputs] != [spec.shape for spec in known.model.inputs]:
        raise UsageError(f"{path.name} takes {_shapes(source.inputs)} and {known.name} {_shapes(known.model.inputs)}: a lone file can "
                         "only be compared with a model of the same input")
    precision = precision_of(content)
    stage(home, known.plan, source, {f"{precision}.tflite": Candidate(precision, content, "as it was brought")})
    return Side(path.name, home, precision, content, known.plan, source, open_bundle(home))


def _check(a: Side, b: Side) -> None:
    """Raises UsageError where the two cannot be compared."""
    if a.plan.task != b.plan.task:
        raise UsageError(f"{a.name} is of the task {a.plan.task}, {b.name} of {b.plan.task}: only two models of one task can be compared")
    if set(a.plan.labels) != set(b.plan.labels):
        mine, other = (", ".join(side.plan.labels[:4]) or "none" for side in (a, b))
        raise UsageError(f"{a.name} and {b.name} have different classes ({mine}; {other}): they cannot be compared")
    if (a.plan.preprocessing is None) != (b.plan.preprocessing is None):
        raise UsageError(f"one of {a.name} and {b.name} takes a picture and the other does not: they cannot be compared")
    if sorted(spec.shape for spec in a.model.outputs) != sorted(spec.shape for spec in b.model.outputs):
        raise UsageError(f"{a.name} gives {_shapes(a.model.outputs)} and {b.name} {_shapes(b.model.outputs)}: only outputs of the same "
                         "shapes can be compared")


def _shapes(specs: Any) -> str:
    return ", ".join("x".join(map(str, spec.shape)) or "one number" for spec in specs)

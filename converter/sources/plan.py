"""What a model is taken for: its task, what pictures go through, its labels.

From its record where our trainer made it, else guessed, and every guess said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from converter.contract import TASKS, Plan, Preprocessing, SourceModel, TensorSpec
from converter.sources.labels import choose_labels, class_folders
from converter.sources.pixels import RAW, guess_pixels
from edge_face.errors import ModelError, UsageError

COLOURS = ("RGB", "BGR", "grey")
ALIGNED = ("embedder", "liveness", "anonymizer")
"""Tasks whose pictures are aligned faces unless something else is said."""
FACE = 112
VECTOR = range(64, 1025)
"""Lengths of an output that make a 112x112 network an embedder where nobody says what it is."""
LIVENESS = ("attack", "live")
HEADS = Literal["softmax", "sigmoid", "linear"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a user said on the command line; None: nothing."""

    task: str | None = None
    labels: Path | Sequence[str] | None = None
    parts: tuple[int, ...] = ()
    colour: str | None = None
    pixels: tuple[float, float] | None = None
    aligned: bool | None = None
    calibration: Path | None = None
    mirrored: bool = False


def make_plan(model: SourceModel, task: str | None, *, labels: Path | Sequence[str] | None = None, parts: tuple[int, ...] = (),
              colour: str | None = None, pixels: tuple[float, float] | None = None, aligned: bool | None = None,
              calibration: Path | None = None, mirrored: bool = False) -> Plan:
    """What the model is for and what pictures go through. What is said goes before the record, the record before guesses; each
    guess is a sentence in `guessed`. Raises UsageError where it must be asked, ModelError for a record that does not fit."""
    said = Said(task, labels, parts, colour, pixels, aligned, calibration, mirrored)
    if task is not None and task not in TASKS:
        raise UsageError(f"--task {task} is none that edge-face knows: {', '.join(TASKS)}")
    if colour is not None and colour not in COLOURS:
        raise UsageError(f"--colour {colour} is none of {', '.join(COLOURS)}")
    recorded = model.record.get("task")
    if recorded and task in (None, "embedder" if recorded == "sequence" else recorded):
        return _from_record(model, said)
    guessed: list[str] = []
    if task is None:
        task, why = _guess_task(model, said)
        guessed.append(why)
    _check_task(model, task)
    preprocessing = _preprocessing(model, task, said, guessed)
    return Plan(task, preprocessing, _labels(model, task, said, guessed), _parts(model, task, said), tuple(guessed), mirrored)


def picture(model: SourceModel) -> TensorSpec | None:
    """The only input, where that is a picture (height, width, 1 or 3)."""
    only = model.inputs[0] if len(model.inputs) == 1 else None
    return only if only is not None and len(only.shape) == 3 and only.shape[2] in (1, 3) else None


def head(model: SourceModel, name: str) -> HEADS:
    """What the named output's numbers are: by its last layer's activation, else by what the model gives for noise."""
    if model.keras is not None:
        place = [spec.name for spec in model.outputs].index(name)
        layer = model.keras.outputs[place]._keras_history.operation
        activation = getattr(getattr(layer, "activation", None), "__name__", "")
        if type(layer).__name__ == "Softmax" or activation == "softmax":
            return "softmax"
        if type(layer).__name__ == "Sigmoid" or activation == "sigmoid":
            return "sigmoid"
        if not getattr(layer, "layers", None) and type(layer).__name__ in ("Dense", "Conv2D", "BatchNormalization", "Activation"):
            return "linear"
    rng = np.random.default_rng(0)
    values = {spec.name: rng.random((8, *spec.shape)).astype(spec.dtype) * (255 if i % 2 else 1) for i, spec in enumerate(model.inputs)}
    found = model.run(values)[name].reshape(8, -1)
    if ((found < 0) | (found > 1)).any():
        return "linear"
    return "softmax" if found.shape[1] > 1 and np.allclose(found.sum(1), 1, atol=1e-3) else "sigmoid"


def _guess_task(model: SourceModel, said: Said) -> tuple[str, str]:
    ask = f"say --task ({', '.join(TASKS)})"
    if len(model.outputs) != 1:
        raise UsageError(f"{model.path} has {len(model.outputs)} outputs ({', '.join(spec.name for spec in model.outputs)}), and nothing "
                         f"says what it is for: {ask}; other is for models of no task, whose outputs alone are compared")
    taken, given = picture(model), model.outputs[0]
    if taken is not None and given.shape == taken.shape:
        return "anonymizer", f"it makes a picture of a picture of the same size, so it is taken for an anonymizer: {ask} if it is not"
    if len(given.shape) == 1:
        kind, count = head(model, given.name), given.shape[0]
        if kind == "softmax" and count > 1:
            return "classifier", f"it ends in a softmax over {count} classes, so it is taken for a classifier"
        if kind == "sigmoid" and count == 1:
            return "classifier", "it ends in one sigmoid, so it is taken for a classifier that tells two classes apart"
        if kind == "linear" and taken is not None and taken.shape[:2] == (FACE, FACE) and count in VECTOR:
            return "embedder", f"it makes a vector of {count} numbers of a picture of {FACE}x{FACE}, so it is taken for an embedder"
        named = said.labels is not None or (said.calibration is not None and len(class_folders(said.calibration)) == count)
        if kind == "linear" and count > 1 and named:
            return "classifier", f"it gives a number for each of {count} classes that have names, so it is taken for a classifier"
    shapes = " and ".join("x".join(map(str, spec.shape)) for spec in model.inputs)
    raise UsageError(f"nothing says what {model.path} is for ({shapes} in, {'x'.join(map(str, given.shape))} out): {ask}")


def _check_task(model: SourceModel, task: str) -> None:
    """Raises UsageError for a task that the shapes rule out."""
    shapes = [spec.shape for spec in model.outputs]
    taken = picture(model)
    vector = len(shapes) == 1 and len(shapes[0]) == 1
    wrong = ""
    if task in ("classifier", "embedder", "liveness") and not vector:
        wrong = "one output that is a row of numbers"
    elif task == "embedder" and shapes[0][0] < 2:
        wrong = "a vector of two numbers or more"
    elif task == "anonymizer" and (taken is None or shapes != [taken.shape]):
        wrong = "a picture in and a picture of the same size out"
    elif task == "landmarker" and (taken is None or int(np.prod(shapes[0])) != 10 or len(shapes) != 1):
        wrong = "a picture in and five points (10 numbers) out"
    elif task == "detector" and (taken is None or len(shapes) < 2):
        wrong = "a picture in and maps of scores, boxes and landmarks out"
    if wrong:
        raise UsageError(f"{model.path} cannot be a {task}: that has {wrong}, and this gives "
                         f"{', '.join('x'.join(map(str, s)) for s in shapes)}")


def _preprocessing(model: SourceModel, task: str, said: Said, guessed: list[str]) -> Preprocessing | None:
    taken = picture(model)
    if taken is None:
        if said.colour or said.pixels or said.aligned:
            raise UsageError(f"{model.path} takes no single picture, so --colour, --pixels and --aligned say nothing about it")
        return None
    height, width, channels = taken.shape
    if said.colour is not None and (said.colour == "grey") != (channels == 1):
        raise UsageError(f"{model.path} takes {channels} channel{'s' * (channels > 1)}, which is not {said.colour}")
    if channels == 1:
        colour: Literal["RGB", "BGR", "grey"] = "grey"
    elif said.colour == "BGR":
        colour = "BGR"
    else:
        colour = "RGB"
        if said.colour is None:
            guessed.append("colours are taken to be RGB, as Keras's loaders give them: say --colour BGR if OpenCV read its pictures")
    if said.pixels is None:
        (low, high), why = guess_pixels(model)
        guessed.append(why)
    else:
        low, high = said.pixels
    aligned = said.aligned
    if aligned is None:
        aligned = task in ALIGNED
        if aligned:
            guessed.append(f"its pictures are taken to be aligned faces, as for every {task}: say --no-aligned if it takes whole pictures")
    return Preprocessing(width, height, colour, float(low), float(high), aligned)


def _labels(model: SourceModel, task: str, said: Said, guessed: list[str]) -> tuple[str, ...]:
    if task == "liveness":
        _check_liveness(model, said)
        return LIVENESS
    if task != "classifier":
        if said.labels is not None:
            raise UsageError(f"--labels names classes, and {_a(task)} has none: leave it out")
        return ()
    count = model.outputs[0].shape[0]
    labels, more = choose_labels(2 if count == 1 else count, said.labels, said.calibration, model.path)
    guessed.extend(more)
    return labels


def _check_liveness(model: SourceModel, said: Said) -> None:
    if said.labels is not None:
        raise UsageError("--labels names classes, and liveness has its own (attack, live): leave it out")
    if model.outputs[0].shape[0] > 2:
        raise UsageError(f"{model.path} tells {model.outputs[0].shape[0]} classes apart, and liveness is attack or live: say --task "
                         "classifier")


def _parts(model: SourceModel, task: str, said: Said) -> tuple[int, ...]:
    if task != "embedder":
        if said.parts:
            raise UsageError(f"--parts divides an embedding, and {_a(task)} has none: leave it out")
        if said.mirrored:
            raise UsageError(f"--mirrored is for an embedder, and this is {_a(task)}: leave it out")
        return ()
    dimension = model.outputs[0].shape[0]
    parts = said.parts or (dimension,)
    if min(parts) < 1 or sum(parts) != dimension:
        raise UsageError(f"--parts {','.join(map(str, parts))} make {sum(parts)} numbers, and the embedding of {model.path} has "
                         f"{dimension}")
    return tuple(parts)


def _from_record(model: SourceModel, said: Said) -> Plan:
    """The plan of a model of our own trainer; what the user says goes before it."""
    record, task = model.record, str(model.record["task"])
    guessed: list[str] = []
    try:
        if task == "sequence":
            return Plan("embedder", None, parts=(model.outputs[0].shape[0],), guessed=(
                "it is a sequence network over embeddings, which is proven as an embedder is: by the cosine of what it gives",))
        if task not in TASKS:
            raise ModelError(f"{model.path} was trained for {task}, which is none of {', '.join(TASKS)}: say --task")
        _check_task(model, task)
        made = _recorded(record, task, model)
        if task == "classifier" and said.labels is None:
            said = replace(said, labels=[str(name) for name in record["classes"]])
        elif task == "embedder" and not said.parts:
            said = replace(said, parts=tuple(int(part) for part in record.get("parts", ())))
    except (ModelError, UsageError):
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"the record of training in {model.path} is incomplete ({error!r}): take the model of another run") from error
    if said.colour is not None and said.colour != made.colour:
        raise UsageError(f"{model.path} was trained on {made.colour}, as its record says: leave --colour out")
    if said.pixels is not None and said.pixels != RAW:
        raise UsageError(f"{model.path} was trained on pixels 0 to 255, as its record says: leave --pixels out")
    taken = picture(model)
    if taken is None or taken.shape != (made.height, made.width, 1 if made.colour == "grey" else 3):
        raise ModelError(f"{model.path} does not fit its record of training: it takes {[spec.shape for spec in model.inputs]} and was "
                         f"trained on {made.width}x{made.height} {made.colour}; they are of different runs")
    if said.aligned is not None:
        made = replace(made, aligned=said.aligned)
    return Plan(task, made, _labels(model, task, said, guessed), _parts(model, task, said), tuple(guessed), said.mirrored)


def _recorded(record: Mapping[str, Any], task: str, model: SourceModel) -> Preprocessing:
    """What pictures went through in training. Raises KeyError, TypeError or ValueError where the record does not say."""
    if task == "classifier":
        made = record["preprocessing"]
        size = int(made["size"])
        return Preprocessing(size, size, made["colour"], aligned=True, crop=float(made["crop"]))
    height, width, _ = model.inputs[0].shape
    if task == "embedder":
        size = int(record.get("input", {}).get("size", width))
        return Preprocessing(size, size, "RGB", aligned=True)
    # The detector sees whole pictures, the landmarker the rough crop around a face; both as OpenCV reads them.
    return Preprocessing(width, height, "BGR", aligned=task == "landmarker")


def _a(task: str) -> str:
    return f"an {task}" if task[0] in "aeiou" else task if task == "liveness" else f"a {task}"

"""What the rooms of the converter hand to one another: the model that was brought, pictures, files, verdicts.

Data flows one way: sources -> conversion -> parity -> report and bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from edge_face.vision.gate import GateCheck

if TYPE_CHECKING:
    from converter.training.composites import Labels

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Pictures = npt.NDArray[np.uint8]
Kind = Literal["keras", "h5", "savedmodel", "tflite"]  # "tflite": one of two files that are compared
Precision = Literal["int8", "float16", "float32", "dynamic"]

TASKS = ("embedder", "detector", "landmarker", "liveness", "classifier", "anonymizer", "other")
PRECISIONS: tuple[Precision, ...] = ("int8", "float16", "float32", "dynamic")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output: its name in the signature, its shape without the batch, its numpy dtype's name."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


class SourceModel(Protocol):
    """A float model as it was brought, made fit: fixed shapes, clean names of inputs and outputs."""

    path: Path
    kind: Kind
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    record: Mapping[str, Any]  # training.json of our trainer, else empty
    weights_sha256: str
    said: tuple[str, ...]  # what was taken for granted, a sentence each
    keras: Any  # the Keras model that is converted, None of a SavedModel

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        """Float outputs by name for inputs by name, each (n, *shape)."""

    def export(self, folder: Path) -> None:
        """Writes a TensorFlow SavedModel with a batch of 1 and one signature "serving_default" with these very names."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From a picture to the network's only input. The bundle takes pixels 0 to 255; what the model was trained on
    (`low` to `high`) is scaled by a layer that the converter puts in front where the model has none of its own.

    `aligned`: faces are found and aligned first (embedder, liveness, anonymizer, our own classifiers); else the
    picture is resized whole. `crop`: the middle share of an aligned face's side that is used.
    """

    width: int
    height: int
    colour: Literal["RGB", "BGR", "grey"] = "RGB"
    low: float = 0.0
    high: float = 255.0
    aligned: bool = False
    crop: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model is taken for. `labels` of a classifier by output; `parts` of an embedding; `preprocessing` None where
    the inputs are no single picture; `guessed`: a sentence for everything that nobody said and that was guessed. `mirrored`:
    the device embeds a face and its mirror image and takes the direction of their sum."""

    task: str
    preprocessing: Preprocessing | None
    labels: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()
    guessed: tuple[str, ...] = ()
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Material:
    """Examples for calibration or for the gate. `values`: by input name (n, *shape), as the network takes them (pixels 0
    to 255 uint8 for pictures); `pictures`: the same as the device's stage takes them, a list of BGR uint8 pictures (aligned
    faces, or whole pictures of any size), empty where the inputs are no pictures. `labels`: class or person, -1 unknown,
    None where nothing is labelled. `said`: what was left out and why, how varied they are, a warning below 100."""

    values: Mapping[str, Array]
    pictures: Sequence[Pictures] = ()
    labels: npt.NDArray[np.int64] | None = None
    names: Sequence[str] = ()
    said: tuple[str, ...] = ()
    faces: Sequence[Labels] = ()  # a detector's pictures: the labelled faces of each, in its pixels; empty where none are labelled

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


@dataclass(frozen=True, slots=True)
class LayerDamage:
    """What quantizing one layer alone does: `error` is the relative error of the outputs (RMS of the difference over RMS of the float
    output), measured on `material`'s examples; `operator` and `bytes` of weights for the page."""

    layer: str
    operator: str
    error: float
    bytes: int


@dataclass(frozen=True, eq=False)
class Candidate:
    """One converted file. `how`: the converter and its recipe in words; `kept_float`: layers of an int8 file that stay float;
    `recipe`: everything needed to make it again (JSON-able); `said`: notes such as partitions and slow operators."""

    precision: Precision
    content: bytes
    how: str
    kept_float: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()


Check = GateCheck
"""One line of a verdict, as the manifest of a bundle keeps it."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the gate says of one file. `labelled` False: only agreement and output error could be shown. `hint`: the next thing to try
    when it failed. `metrics`: plain figures for the manifest. `said`: what else a reader must know, a sentence each. `plots`: data
    of the report: {"cosine": [...], "error": [...], "scatter": {"float": [...], "quantized": [...]}, "det": {"float": {"fmr": [...],
    "fnmr": [...]}, "quantized": ...}, "confusion": {"float": [[...]], "quantized": [[...]]}, "worst": [{"name": ..., "figure": ...}]},
    each where the task has it; also "iou", "landmarks", "psnr" (numbers) and "thresholds" ({"fmr", "float", "quantized"} each)."""

    task: str
    precision: str
    passed: bool
    checks: tuple[Check, ...]
    examples: int
    labelled: bool
    hint: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    plots: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()

"""`edge-face-convert classifier`: tests a trained classifier on pictures it never saw and makes it a TFLite file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from converter.training.classifier_data import Record

    Pixels = NDArray[np.uint8]

DESCRIPTION = ("Test a classifier that `train classifier` made: accuracy, recall of each person, confusion matrix, and what it says "
               "of people whom it does not know. Pictures that training has seen are left out. With --quantize it becomes an int8 "
               "TFLite file, tested on the same pictures.")
EXAMPLES = """
  edge-face-convert classifier run/ --data tree/ --out result/              the tree that it was trained on, or a newer one
  edge-face-convert classifier run/ --data tree/ --strangers visitors/ --quantize --out result/
  edge-face-convert classifier run/ --data tree/ --out result/ --json -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder that train classifier wrote")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="a folder per person, or a CSV; people who are no class count as strangers")
    parser.add_argument("--strangers", type=Path, metavar="DIR", help="more pictures of people who are no class")
    parser.add_argument("--quantize", action="store_true", help="write int8.tflite too (needs TensorFlow)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder: report.html, labels.json, int8.tflite")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON ('-': standard output)")


def run(args: argparse.Namespace) -> int:
    import json

    from converter.classifier_page import page
    from converter.classifier_test import judge, run_in_batches
    from converter.manifest import new_folder
    from edge_face.media import writing

    record, model = load(args.run, tensorflow_too=args.quantize)
    known, truth, strangers, seen = _pictures(record, args.data, args.strangers)
    with new_folder(args.out) as work:
        results = {"float32": judge(record.classes, run_in_batches(_keras(model), known), truth, run_in_batches(_keras(model), strangers))}
        if args.quantize:
            content = _quantized(args.run / "classifier.keras", args.data, record)
            (work / "int8.tflite").write_bytes(content)
            predict = _tflite(content)
            results["int8"] = judge(record.classes, run_in_batches(predict, known), truth, run_in_batches(predict, strangers))
        (work / "labels.json").write_text(json.dumps(record.table(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        first, others = results["float32"], {name: result for name, result in results.items() if name != "float32"}
        (work / "report.html").write_text(page(f"Classifier of {len(record.classes)} people", first, others), encoding="utf-8")
    figures = {**first.table(), "seen_in_training": seen, **{name: result.table() for name, result in others.items()}}
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    if args.json == "-":
        print(text, end="")
        return 0
    if args.json:
        with writing(args.json) as file:
            file.write_text(text, encoding="utf-8")
    print(f"{figures['pictures']} pictures never seen ({seen} seen ones left out): accuracy {first.accuracy:.1%}, mean recall "
          f"{figures['mean_recall']:.1%}" + "".join(f", {name} {result.accuracy:.1%}" for name, result in others.items()))
    if first.strangers_named is not None:
        print(f"of {first.strangers} pictures of strangers {first.strangers_named:.1%} are called somebody as surely as 95 % of the known")
    print(f"look at {args.out / 'report.html'}")
    return 0


def load(folder: Path, *, tensorflow_too: bool = False) -> tuple[Record, Any]:
    """What stands beside the model, and the model. Raises ModelError, MissingExtraError."""
    import json

    from converter.conversion.quiet import tensorflow
    from converter.training import backend
    from converter.training.classifier_data import Record
    from converter.training.model_tools import load_model
    from edge_face.errors import ModelError

    notes = folder / "training.json"
    try:
        record = Record.read(json.loads(notes.read_text(encoding="utf-8")), folder)
    except (OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{notes} cannot be read ({error}): RUN is the folder that edge-face-convert train classifier wrote") from error
    if tensorflow_too:
        import os

        os.environ["KERAS_BACKEND"] = "tensorflow"
        tensorflow()
    backend.choose()
    model = load_model(folder / "classifier.keras")
    made = record.preprocessing
    outputs = 1 if record.binary else len(record.classes)
    if tuple(model.inputs[0].shape[1:]) != (made.size, made.size, made.channels) or model.outputs[0].shape[-1] != outputs:
        raise ModelError(f"{folder / 'classifier.keras'} does not fit its training.json: they are of different runs")
    return record, model


def _pictures(record: Record, data: Path, more: Path | None) -> tuple[Pixels, NDArray[np.int64], Pixels, int]:
    """Pixels and classes of what training has not seen, pixels of strangers, and how many seen pictures were left out."""
    import sys

    import numpy as np

    from converter.training.classifier_data import crop_digest
    from converter.training.cutting import inner
    from converter.training.datasets import read_ahead
    from converter.training.listing import read_listing
    from edge_face.errors import MediaError

    number = {name: index for index, name in enumerate(record.classes)}
    entries = [(entry, number.get(entry.person, -1)) for source in (data, more) if source for entry in read_listing(source)]
    known, truth, strangers, seen, skipped = [], [], [], 0, 0
    for (entry, who), crop in zip(entries, read_ahead([entry.file for entry, _ in entries]), strict=True):
        if isinstance(crop, str):
            skipped += 1
            print(f"skipped {entry.person}/{entry.file.name}: {crop}", file=sys.stderr)
        elif crop_digest(crop) in record.seen:
            seen += 1
        elif who < 0:
            strangers.append(record.preprocessing.apply(inner(crop)))
        else:
            known.append(record.preprocessing.apply(inner(crop)))
            truth.append(who)
    if not known:
        raise MediaError(f"{data} has no picture of {', '.join(record.classes[:3])}… that training has not seen: {seen} were seen, "
                         f"{len(strangers)} show others, {skipped} cannot be used")
    made = record.preprocessing
    empty = np.zeros((0, made.size, made.size, made.channels), np.uint8)
    return np.stack(known), np.array(truth, np.int64), np.stack(strangers) if strangers else empty, seen


def _keras(model: Any) -> Any:
    def predict(pixels: Pixels) -> Any:
        from keras import ops

        return ops.convert_to_numpy(model(ops.convert_to_tensor(pixels.astype("float32")), training=False))

    return predict


def _quantized(path: Path, data: Path, record: Record) -> bytes:
    import numpy as np

    from converter.contract import Material
    from converter.conversion import convert
    from converter.faces import calibration_faces
    from converter.sources import load as load_source
    from edge_face.errors import UsageError

    if not data.is_dir():
        raise UsageError("--quantize takes its ranges from a folder of pictures: give --data a folder, not a CSV")
    faces = calibration_faces(data, 200)
    pixels = np.stack([record.preprocessing.apply(face) for face in faces])
    model = load_source(path)
    return convert(model, "int8", Material({model.inputs[0].name: pixels})).content


def _tflite(content: bytes) -> Any:
    from edge_face.vision.runtime import Interpreter

    interpreter = Interpreter(content, name="int8.tflite")

    def predict(pixels: Pixels) -> Any:
        import numpy as np

        return np.stack([next(iter(interpreter.run(one).values())).reshape(-1) for one in pixels])

    return predict

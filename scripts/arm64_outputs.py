#!/usr/bin/env python3
"""What the shipped networks give for the bundled pictures; run on x86 and on arm64, then compared number by number.

    arm64_outputs.py inputs INPUTS.npz             cuts the inputs out of the bundled people and clips (once, on one machine)
    arm64_outputs.py run INPUTS.npz OUTPUTS.npz    runs every file of every bundle on them

The inputs are pixels, made once: a JPEG decoder that rounds otherwise is no difference of the networks.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.demo import clip_path, people, stills
from edge_face.media import VideoReader, read_picture
from edge_face.opencv import cv2
from edge_face.privacy.painter import base_of
from edge_face.privacy.patch import Patch
from edge_face.types import Box
from edge_face.vision.align import align, placed
from edge_face.vision.bundle import load_bundle
from edge_face.vision.landmarker import view
from edge_face.vision.live_crop import SIZE, live_crop
from edge_face.vision.runtime import Interpreter, runtime_name

TASKS = ("detector", "landmarker", "embedder", "liveness", "anonymizer")
CLIPS = {"door": (100,), "turn_live": (20,), "spoof_screen": (40,)}
"""Frames of the clips that the detectors see."""
STILLS = ("front",)
POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The labels name the person's own left and right; the template goes by the picture's."""


def make_inputs(path: Path) -> None:
    """Scenes, views of faces, aligned faces, faces with surroundings (n, height, width, 3), BGR uint8, under "task-WIDTHxHEIGHT"."""
    scenes, views, faces, wide, bases = [], [], [], [], []
    for clip, wanted in CLIPS.items():
        with VideoReader(clip_path(clip)) as reader:
            scenes += [image.copy() for index, _, image in reader if index in wanted]
    size, side = (load_bundle("", task).input.width for task in ("landmarker", "anonymizer"))
    for name in people():
        home = stills(name)[0].parent
        labels = {row["file"]: row["faces"][0] for row in map(json.loads, (home / "labels.jsonl").read_text().splitlines())}
        for still in STILLS:
            picture = read_picture(home / f"{still}.jpg")
            marks = labels[f"{still}.jpg"]["landmarks"]
            points = np.array([marks[key] for key in POINTS], np.float32)
            faces.append(align(picture, points).image)
            views.append(placed(picture, points, view(size), size)[0])
            box = Box(*labels[f"{still}.jpg"]["box"])
            wide.append(live_crop(picture, box))
            bases.append(base_of(patch_of(picture, box), side))
    half = [cv2.resize(scene, (320, 240), interpolation=cv2.INTER_AREA) for scene in scenes]
    np.savez(path, **{"detector-640x480": np.stack(scenes), "detector-320x240": np.stack(half),
                      f"landmarker-{size}x{size}": np.stack(views), "embedder-112x112": np.stack(faces),
                      f"liveness-{SIZE}x{SIZE}": np.stack(wide), f"anonymizer-{side}x{side}": np.stack(bases)})


def patch_of(picture: Any, box: Box) -> Patch:
    """A face with eight cells across, as privacy hands it to its methods."""
    top, left = max(int(box.y), 0), max(int(box.x), 0)
    pixels = picture[top:int(box.y + box.height), left:int(box.x + box.width)]
    height, width = pixels.shape[:2]
    return Patch(pixels, np.full((height, width), 255, np.uint8), Box(0.0, 0.0, width, height), 0.5, width / 8, 0)


def steps(interpreter: Interpreter) -> dict[str, float]:
    """What one quantum of each output stands for where the file computes it in int8: the scale before its last DEQUANTIZE."""
    details = {d["index"]: d for d in interpreter._interpreter.get_tensor_details()}
    makers = {out: (op, ins) for op, ins, outs in interpreter.nodes() if op != "DELEGATE" for out in outs}
    found = {}
    for tensor in interpreter.outputs:
        operator, inputs = makers[tensor.index]
        if operator == "DEQUANTIZE" and details[inputs[0]]["dtype"] is np.int8:
            found[tensor.name] = float(details[inputs[0]]["quantization"][0])
        elif tensor.quantized:
            found[tensor.name] = tensor.scale
    return found


def run(inputs: Path, outputs: Path) -> None:
    """Writes each output of each file for all its inputs, and `about` (JSON: machine, runtime, one quantum by output)."""
    pictures = np.load(inputs)
    results: dict[str, Any] = {}
    quanta: dict[str, float] = {}
    for task in TASKS:
        bundle = load_bundle("", task)
        for entry in bundle.files:
            interpreter = Interpreter(bundle.read(entry), name=entry.name)
            height, width = interpreter.inputs[0].shape[1:3]
            colours = slice(None, None, -1 if bundle.input.colour == "RGB" else 1)
            found = [interpreter.run(np.ascontiguousarray(p[:, :, colours])) for p in pictures[f"{task}-{width}x{height}"]]
            key = f"{task}/{entry.name}"
            for tensor in interpreter.outputs:
                results[f"{key}/{tensor.name}"] = np.concatenate([one[tensor.name] for one in found])
            quanta.update({f"{key}/{name}": step for name, step in steps(interpreter).items()})
    results["about"] = np.array(json.dumps({"machine": platform.machine(), "python": platform.python_version(), "runtime": runtime_name(),
                                            "numpy": np.__version__, "opencv": cv2.__version__, "quanta": quanta}))
    np.savez(outputs, **results)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["inputs", path]:
            make_inputs(Path(path))
        case ["run", inputs, outputs]:
            run(Path(inputs), Path(outputs))
        case _:
            sys.exit(__doc__)

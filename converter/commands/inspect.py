"""`edge-face-convert inspect`: what is in a bundle, a .tflite file or a Keras model."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Show what is in a bundle (its digests checked), a .tflite file or a Keras model: inputs and outputs, operators and their "
               "versions, what stays on the XNNPACK delegate, multiply-accumulates, sizes, the gate's verdict.")
EXAMPLES = """
  edge-face-convert inspect edge_face/models/embedder
  edge-face-convert inspect model.tflite --tensors       the quantization of each tensor too
  edge-face-convert inspect bundle/ --speed              median of 30 runs on one thread of this machine
  edge-face-convert inspect classifier.keras --json
"""
RUNS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="BUNDLE|MODEL",
                        help="a bundle's folder, a .tflite file, a .keras or .h5 file, a SavedModel, the folder of a training run")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output, with all tensors")
    parser.add_argument("--tensors", action="store_true", help="list every tensor (of a Keras model: layer)")
    parser.add_argument("--speed", action="store_true", help="measure speed and memory of .tflite files on this machine")


def run(args: argparse.Namespace) -> int:
    import json

    from converter.inspection import inspect_path

    found = inspect_path(args.path, RUNS if args.speed else 0)
    if args.json:
        print(json.dumps(found))
    else:
        from converter.inspection.terminal import lines

        print("\n".join(lines(found, args.tensors)).strip())
    return 0

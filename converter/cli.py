"""`edge-face-convert`: makes, measures and looks into model bundles on a workstation."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from edge_face.cli.main import dispatch

COMMANDS: dict[str, tuple[str, str]] = {
    "quantize": ("converter.commands.quantize", "turn any Keras model into a bundle that is proven"),
    "calibrate-thresholds": ("converter.commands.calibrate_thresholds", "measure false match rates and write them into a bundle"),
    "train-texture": ("converter.commands.train_texture", "learn what tells the texture of skin from that of a copy"),
    "calibrate-liveness": ("converter.commands.calibrate_liveness", "weigh the cues of attack detection, measure its errors"),
    "measure-groups": ("converter.commands.measure_groups", "measure false matches within groups of people"),
    "train": ("converter.commands.train", "train a model by a recipe"),
    "capture": ("converter.commands.capture", "cut faces for training out of video, camera or pictures"),
    "simulate-attacks": ("converter.commands.simulate_attacks", "hold pictures of people up to a simulated camera, for measuring"),
    "liveness-crops": ("converter.commands.liveness_crops", "write the crops that a liveness model sees"),
    "paint-exam": ("converter.commands.paint_exam", "paint the held-out composites behind the detector's figures"),
    "check-data": ("converter.commands.check_data", "find duplicates and wrong labels among training pictures"),
    "classifier": ("converter.commands.classifier", "test a trained classifier and make it a TFLite file"),
    "inspect": ("converter.commands.inspect", "show what is in a bundle, a .tflite file or a Keras model"),
    "compare": ("converter.commands.compare", "compare two models of one task side by side"),
    "table": ("converter.commands.table", "what each precision loses, weighs and takes, for any number of models"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console command `edge-face-convert`."""
    return dispatch(
        "edge-face-convert",
        "Makes the models that the door runs, and proves them.",
        COMMANDS,
        list(sys.argv[1:] if argv is None else argv),
    )


if __name__ == "__main__":
    sys.exit(main())

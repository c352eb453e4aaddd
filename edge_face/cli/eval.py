"""`edge-face eval WHAT`: numbers that a user can reproduce. A new one is a module and a line in EVALUATIONS."""

from __future__ import annotations

import argparse

EVALUATIONS: dict[str, tuple[str, str]] = {
    "verification": ("edge_face.cli.eval_verification", "are two pictures one person? TAR at FMR, LFW accuracy, ROC and DET"),
    "identification": ("edge_face.cli.eval_identification", "open set: enrolled people found, strangers turned away"),
    "detection": ("edge_face.cli.eval_detection", "faces found and missed by height, false alarms, landmarks"),
    "robustness": ("edge_face.cli.eval_robustness", "verification in the dark, backlit, far away, turned, masked, as JPEG 30"),
    "privacy": ("edge_face.cli.eval_privacy", "hidden faces under attack: AUC by method and strength, utility, cost"),
    "leaks": ("edge_face.cli.eval_leaks", "hidden in every frame? Clips, 24 disturbed versions, the films of all methods"),
    "liveness": ("edge_face.cli.eval_liveness", "a living person, or a picture of one? APCER by species, BPCER, DET"),
    "fairness": ("edge_face.cli.eval_fairness", "by group of people: false matches, who is missed, refused, not called alive"),
    "templates": ("edge_face.cli.eval_templates", "protected templates: accuracy lost, linkage, what comes back of a stolen one"),
}
"""By name: a module like a command's (DESCRIPTION, EXAMPLES, add_arguments, run), and a line for the overview."""

DESCRIPTION = ("Measures the shipped pipeline (or a bundle of yours) on pictures of yours: every picture goes through detection, "
               "alignment and embedding as a camera's would.")
EXAMPLES = """
  edge-face eval verification --images lfw/ --pairs pairs.txt --report lfw.html
  edge-face eval identification --images people/ --split openset.csv --json open.json
  edge-face eval detection --frames door.mp4 --labels door.jsonl
  edge-face eval robustness --images people/
  edge-face eval liveness --clips recorded/ --json liveness.json
  edge-face eval privacy --images people/ --report privacy.html
  edge-face eval verification --help             the options and examples of one
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    import importlib

    choice = parser.add_subparsers(dest="evaluation", metavar="WHAT", title="what is measured", required=True)
    for name, (home, text) in EVALUATIONS.items():
        module = importlib.import_module(home)
        own = choice.add_parser(name, help=text, description=module.DESCRIPTION, epilog="examples:\n" + module.EXAMPLES.strip("\n"),
                                formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(own)
        own.set_defaults(run_evaluation=module.run)


def run(args: argparse.Namespace) -> int:
    return int(args.run_evaluation(args))

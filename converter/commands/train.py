"""`edge-face-convert train`: runs a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = "Train a model by a recipe. It can be stopped at any moment and taken up again with --resume."
EXAMPLES = """
  edge-face-convert train detector --data detect/ --out run/                       the shipped recipe
  edge-face-convert train detector my-recipe.toml --data detect/ --out run/ --resume
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", choices=("detector",), metavar="TASK", help="what is trained: detector")
    parser.add_argument("recipe", type=Path, nargs="?", metavar="RECIPE", help="a TOML file (default: the shipped recipe)")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with detect.jsonl and detect.tar")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the state, the model and its history")
    parser.add_argument("--resume", action="store_true", help="take up the run in --out where it stopped")


def run(args: argparse.Namespace) -> int:
    from converter.export import tensorflow
    from edge_face.errors import UsageError

    recipe = args.recipe or Path(__file__).resolve().parent.parent / "training" / "recipes" / "detector.toml"
    _check_recipe(recipe)
    for name in ("detect.jsonl", "detect.tar"):
        if not (args.data / name).is_file():
            raise UsageError(f"{args.data / name} is not there: --data names the folder with detect.jsonl and detect.tar")
    if (args.out / "state.npz").exists() and not args.resume:
        raise UsageError(f"{args.out} holds a run already: take it up with --resume, or name a new folder with --out")
    if args.resume and not (args.out / "state.npz").is_file():
        raise UsageError(f"{args.out} holds no run to resume: leave --resume out")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{args.out} cannot be made ({error.strerror}): name another folder with --out") from error
    tensorflow()
    from converter.training.detector_train import train

    train(recipe, args.data, args.out, args.resume)
    print(f"next: edge-face-convert quantize {args.out} --task detector --calibration {args.data} --out BUNDLE")
    return 0


def _check_recipe(path: Path) -> None:
    """The recipe must be TOML with the sections that training reads."""
    import tomllib

    from edge_face.errors import UsageError

    try:
        recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"the recipe {path} cannot be read as TOML: {error}") from error
    missing = [name for name in ("data", "mixture", "network", "training") if not isinstance(recipe.get(name), dict)]
    if missing:
        raise UsageError(f"the recipe {path} has no section {', '.join(f'[{name}]' for name in missing)}")

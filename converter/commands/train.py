"""`edge-face-convert train`: runs a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = """Train a model by a recipe, a small TOML file. Ctrl-C saves; --resume goes on where a run stopped, also one that was
killed. The folder of the run gets the model (.keras), its state, history.jsonl, progress.svg and training.json. Keras
trains on PyTorch, TensorFlow or JAX: whichever is installed, in this order, or the one that KERAS_BACKEND names."""
EXAMPLES = """
  edge-face-convert train embedder --data shards/ --init embedder-first.keras --out run/     the shipped recipe
  edge-face-convert train embedder embedder-margin --data people/ --out run/   a shipped recipe on a folder per person
  edge-face-convert train embedder my.toml --data people.csv --out run/
  edge-face-convert train embedder my.toml --data people.csv --out run/ --resume
  edge-face-convert train detector --data detect/ --out run/
  edge-face-convert train classifier classifier-64 --data people/ --out run/
  KERAS_BACKEND=jax edge-face-convert train embedder embedder-tiny --data people/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from converter.training.task import MODULES

    parser.add_argument("task", choices=tuple(MODULES), metavar="TASK", help=f"what is trained: {', '.join(MODULES)}")
    parser.add_argument("recipe", nargs="?", metavar="RECIPE",
                        help="a TOML file, or the name of a shipped recipe (default: the one named like the task)")
    parser.add_argument("--data", type=Path, metavar="PATH",
                        help="what is learned from: shards, a folder with a folder per person, a CSV with file,person "
                        "(detector: a folder with detect.jsonl)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the run (default: the recipe's name with -run)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out where it stopped")
    parser.add_argument("--init", type=Path, metavar="MODEL", help="a .keras file whose weights the run starts from")


def run(args: argparse.Namespace) -> int:
    from converter.training.recipe import find
    from converter.training.run import train
    from converter.training.run_folder import RunFolder
    from converter.training.task import make_task
    from edge_face.errors import ModelError

    recipe = find(args.recipe or args.task)
    folder = RunFolder(args.out or Path(f"{recipe.stem}-run"), args.task)
    folder.check(args.resume)
    if args.init is not None and not args.init.is_file():
        raise ModelError(f"{args.init} is no file: --init names a model saved as .keras")
    task = make_task(args.task, recipe, args.data, args.init or (folder.init() if args.resume else None))
    model = train(task, folder.path, args.resume)
    following = _next(args.task, model, task.notes())
    if following:
        print(f"next: edge-face-convert {following}")
    return 0


def _next(task: str, model: Path, notes: object) -> str:
    """The command that makes something of the result, or "" where there is none."""
    if task in ("classifier", "sequence", "liveness-sequence"):
        return f"classifier {model.parent} --data DIR --quantize --out RESULT" if task == "classifier" else ""
    parts = notes.get("parts", []) if isinstance(notes, dict) else []
    named = f" --parts {','.join(map(str, parts))}" if len(parts) > 1 else ""
    source = model.parent if task in ("detector", "landmarker", "anonymizer") else model
    return f"quantize {source} --task {task}{named} --calibration DIR --out BUNDLE"

"""`edge-face-convert compare`: two models of one task side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Run two models of one task on the same pictures and show them side by side: how far they agree, how often each is right "
               "(where the pictures are labelled by folders), size, speed and memory. Bundles, their files, .tflite files, Keras models.")
EXAMPLES = """
  edge-face-convert compare bundle/float32.tflite bundle/int8.tflite --data pictures/
  edge-face-convert compare old-bundle/ new-bundle/ --data people/ --html compare.html
  edge-face-convert compare classifier.keras bundle/ --data pictures/ --json -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", type=Path, metavar="A", help="a bundle's folder or one of its files, a .tflite file, a Keras model")
    parser.add_argument("b", type=Path, metavar="B", help="the other one, of the same task")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="pictures, a folder for each class or person where they are labelled; shards; a video")
    parser.add_argument("--precision", choices=("int8", "float16", "float32", "dynamic"), help="which file of a bundle that has several")
    parser.add_argument("--examples", type=int, default=500, metavar="N", help="how many examples at most (default 500)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page")
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON ('-': to standard output, without the text)")


def run(args: argparse.Namespace) -> int:
    import json
    import sys
    import tempfile

    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError

    if args.examples < 1:
        raise UsageError("--examples must be 1 or more")
    for path in (args.html, args.json):
        require_folder(path)

    from converter.inspection.comparison import compare
    from converter.inspection.comparison_page import lines, render
    from converter.inspection.examples import examples
    from converter.inspection.sides import open_sides
    from converter.manifest import replace_text
    from converter.progress import Progress

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        a, b = open_sides(args.a, args.b, Path(folder), args.precision, args.data, say)
        material = examples(a.plan, a.model, args.data, args.examples)
        with Progress("comparing", 2 * len(material)) as bar:
            found = compare(a, b, material, bar.step)
    if args.json and args.json != "-":
        replace_text(Path(args.json), json.dumps(found.as_dict()) + "\n")
    if args.html:
        replace_text(args.html, render(found))
    print(json.dumps(found.as_dict()) if args.json == "-" else "\n".join(lines(found)))
    return 0

"""`edge-face-convert inspect`: what is in a bundle or a .tflite file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DESCRIPTION = "Show inputs, outputs, sizes and quantization of a .tflite file or of all files of a bundle, digests checked."
EXAMPLES = """
  edge-face-convert inspect edge_face/models/embedder
  edge-face-convert inspect model.tflite --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="a bundle's folder or a .tflite file")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    import json

    from converter.inspection import inspect_path

    found = inspect_path(args.path)
    if args.json:
        print(json.dumps(found))
    else:
        print("\n".join(_lines(found)).strip())
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    if "task" in found:
        lines += [f"{found['name']} {found['version']}: {found['task']}, model id {found['model_id']}", *found["notes"]]
    for file in found["files"]:
        lines += ["", f"{file['file']}  {file['bytes']:,} bytes  sha256 {file['sha256'][:16]}  {file['runtime']}"]
        for side in ("inputs", "outputs"):
            for tensor in file[side]:
                quantum = f"  scale {tensor['scale']:.6g} zero {tensor['zero_point']}" if tensor["scale"] else ""
                shape = "x".join(map(str, tensor["shape"]))
                lines.append(f"  {side[:-1]:<7}{tensor['name']:<24}{shape:<18}{tensor['dtype']}{quantum}")
    return lines

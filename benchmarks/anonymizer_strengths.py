"""How much of an identity each method of hiding removes, by how hard it works: makes `edge_face/privacy/strengths.json`.

    python benchmarks/anonymizer_strengths.py FOLDER [--people N] [--steps N] [--method NAME ...] [--write] [--json FILE]

FOLDER: a folder for each person, or shards of aligned faces with a split, of which the people for thresholds are taken (nobody of them
was trained on). Each face is hidden by each method at several amounts, with a key of its own and a region as far off as the detector's
are, and compared by the shipped embedder with clear faces (naive) and with faces hidden the same way (parrot);
`edge_face.evaluation.privacy_strength` says how that becomes a share of identity. `--write` puts the shares into the table that
strengths are looked up in; methods that were not measured keep their rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from converter.faces import open_faces
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.privacy_strength import Calibration, Hide, identity_removed
from edge_face.privacy import Region, anonymize_at, method_names
from edge_face.privacy.strengths import variant
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder

FIXED = ("crop", "replace", "solid")
"""Methods that always do their most."""
OPTIONS = {"mask": ("", "shapes", "eyes"), "replace": ("", "#b0b2b4")}


def hide_by(name: str, option: str, amount: float) -> Hide:
    return lambda picture, box, landmarks, number: anonymize_at(
        picture, [Region(box, "unknown", number)], name, amount, key=b"strengths", option=option, faces=[landmarks])


def rows(faces: Calibration, name: str, option: str, steps: int) -> list[dict[str, float]]:
    found = []
    for amount in [1.0] if name in FIXED else np.linspace(0, 1, steps).round(3).tolist():
        begun = time.perf_counter()
        removed = identity_removed(faces, hide_by(name, option, amount))
        found.append({"amount": amount, "naive": round(removed.naive, 4), "parrot": round(removed.parrot, 4),
                      "removed": round(removed.share, 3)})
        print(f"{variant(name, option):<13}{amount:>5.1f}  naive {removed.naive:.3f}  parrot {removed.parrot:.3f}  removed "
              f"{removed.share:.3f}  ({time.perf_counter() - begun:.0f} s)", flush=True)
    return found


def table(old: dict[str, Any], about: dict[str, Any], measured: dict[str, list[dict[str, float]]]) -> str:
    """The file's text, a line for each method."""
    kept = {name: row for name, row in old.items() if isinstance(row, dict)}
    for name, found in measured.items():
        # What always does its most does it at every amount.
        removed = [[r["amount"], r["removed"]] for r in (found if len(found) > 1 else [{**found[0], "amount": 0.0}, *found])]
        kept[name] = about | {"removed": removed}
    return "{\n" + ",\n".join(f'  "{name}": {json.dumps(kept[name])}' for name in sorted(kept)) + "\n}\n"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=983, metavar="N")
    parser.add_argument("--steps", type=int, default=11, metavar="N", help="amounts of each method")
    parser.add_argument("--method", action="append", choices=method_names(), metavar="NAME", help="only this one, or several")
    parser.add_argument("--write", action="store_true", help="write edge_face/privacy/strengths.json")
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    args = parser.parse_args(argv)
    faces = open_faces(args.folder, "thresholds", margin=True)
    bundle = load_bundle("", "embedder")
    crops = np.stack([faces.read(i) for i in range(len(faces))])
    calibration = Calibration.of(crops, faces.identity, Embedder(bundle), people=args.people)
    about = {"embedder": bundle.model_id, "people": len(np.unique(calibration.person)), "faces": len(calibration.pictures),
             "clear_auc": round(calibration.clear, 4)}
    print(json.dumps(about), flush=True)
    measured = {variant(name, option): rows(calibration, name, option, args.steps)
                for name in args.method or method_names() for option in OPTIONS.get(name, ("",))}
    if args.json:
        Path(args.json).write_text(json.dumps(about | {"methods": measured}, indent=2) + "\n", encoding="utf-8")
    if args.write:
        path = Path(str(files("edge_face.privacy").joinpath("strengths.json")))
        path.write_text(table(json.loads(path.read_text(encoding="utf-8")), about, measured), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeFaceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)

"""`edge-face-convert check-data`: duplicates, wrong labels, people who are one or two."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DESCRIPTION = ("Look for faults among labelled faces: pictures that are there twice, that look like somebody else's, two people who "
               "look like one, one who looks like two. These are suspicions by an embedder: look at the pictures it names before "
               "you move any. Nothing is changed.")
EXAMPLES = """
  edge-face-convert check-data tree/                     a folder for each person
  edge-face-convert check-data faces.csv --most 100      a CSV with file,person
  edge-face-convert check-data tree/ --json report.json
exit codes: 0 nothing found, 1 something found (or failed), 2 wrong use
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DIR", help="a folder for each person, LFW's layout, or a CSV with file,person")
    parser.add_argument("--bundle", default="", metavar="DIR", help="embedder bundle to judge by (default: the shipped one)")
    parser.add_argument("--precision", default="int8", choices=("int8", "float16", "float32"), help="which of its files (default int8)")
    parser.add_argument("--most", type=int, default=20, metavar="N", help="lines shown of each kind (default 20; --json has all)")
    parser.add_argument("--json", metavar="FILE", help="write everything found as JSON ('-': standard output)")


def run(args: argparse.Namespace) -> int:
    import json
    import os
    import sys

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from edge_face.errors import UsageError
    from edge_face.media import writing

    if args.most < 1:
        raise UsageError("--most must be 1 or more")
    report = check(args.data, args.bundle, args.precision)
    if args.json == "-":
        print(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        if args.json:
            with writing(args.json) as file:
                file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print("\n".join(lines(report, args.most)))
    sys.stdout.flush()
    return 1 if report["found"] else 0


def check(data: Path, bundle: str, precision: str) -> dict[str, Any]:
    """Everything found, JSON-able; pictures by name, relative to `data`'s folder. Raises EdgeFaceError."""
    import numpy as np

    from converter import data_check as of
    from converter.training.cutting import inner
    from converter.training.datasets import read_ahead
    from converter.training.listing import digest, read_listing
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import MediaError
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.embedder import Embedder

    loaded = load_bundle(bundle, "embedder")
    limits, embedder = of.Limits.of(loaded.thresholds), Embedder(loaded, precision)
    entries = read_listing(data)
    root = data if data.is_dir() else data.parent
    names = [os_name(entry.file, root) for entry in entries]
    digests, unusable, kept, embeddings, thumbs = [], [], [], [], []
    with ProgressLine("pictures") as line:
        for number, found in enumerate(read_ahead([entry.file for entry in entries])):
            line.step(number, len(entries))
            try:
                digests.append(digest(entries[number].file))
            except MediaError:
                digests.append(f"unread {number}")
            if isinstance(found, str):
                unusable.append({"file": names[number], "reason": found})
                continue
            face = inner(found)
            kept.append(number)
            embeddings.append(embedder.embed(face))
            thumbs.append(of.thumb(face))
    if not kept:
        raise MediaError(f"no picture in {data} shows a face that can be used: {unusable[0]['file']}: {unusable[0]['reason']}")
    people = sorted({entries[number].person for number in kept})
    index = {name: i for i, name in enumerate(people)}
    faces = of.Labelled(np.stack(embeddings), np.stack(thumbs), np.array([index[entries[number].person] for number in kept], np.int64))
    same_bytes = of.groups(digests)
    identical = {pair for group in same_bytes for pair in _pairs(group)}
    pairs = faces.people * (faces.people - 1) // 2
    report: dict[str, Any] = {
        "pictures": len(entries), "usable": len(kept), "people": len(people), "embedder": f"{loaded.name} {loaded.version}",
        "unusable": unusable,
        "duplicates": [[names[i] for i in group] for group in same_bytes],
        "near_duplicates": [{"files": [names[kept[c.first]], names[kept[c.second]]], "likeness": c.likeness}
                            for c in of.copies(faces) if (kept[c.first], kept[c.second]) not in identical],
        "wrong_labels": [], "unlike": [],
        "one_person": [{"people": [people[t.first], people[t.second]], "similarity": round(t.similarity, 3)}
                       for t in of.twins(faces, limits)],
        "one_person_by_chance": round(pairs * limits.centres_rate, 1),
        "two_people": [{"person": people[s.person], "files": [names[kept[i]] for i in s.smaller], "similarity": round(s.similarity, 3)}
                       for s in of.splits(faces, limits)],
    }
    for m in of.misfits(faces, limits):
        entry = {"file": names[kept[m.face]], "person": entries[kept[m.face]].person, "own": round(m.own, 3), "other": round(m.other, 3)}
        if m.looks_like >= 0:
            report["wrong_labels"].append({**entry, "looks_like": people[m.looks_like]})
        else:
            report["unlike"].append(entry)
    report["found"] = sum(len(report[key]) for key in KINDS)
    return report


KINDS = {
    "duplicates": "the same file more than once",
    "near_duplicates": "the same picture, saved anew",
    "wrong_labels": "pictures that look like somebody else",
    "unlike": "pictures that look like nobody in their folder",
    "one_person": "two people who look like one",
    "two_people": "one person who looks like two",
}


def lines(report: dict[str, Any], most: int) -> list[str]:
    """The report as text."""
    said = [f"{report['usable']} of {report['pictures']} pictures, {report['people']} people, judged by {report['embedder']}"]
    if report["unusable"]:
        said.append(f"\npictures that training will leave out: {len(report['unusable'])}")
        said += [f"  {entry['file']}: {entry['reason']}" for entry in report["unusable"][:most]]
        said += _more(len(report["unusable"]), most)
    for key, title in KINDS.items():
        found = report[key]
        if not found:
            continue
        said.append(f"\n{title}: {len(found)}")
        if key == "one_person" and report["one_person_by_chance"] >= 0.5:
            said[-1] += f" (about {report['one_person_by_chance']:g} are expected by chance among so many strangers)"
        said += [f"  {_line(key, entry)}" for entry in found[:most]]
        said += _more(len(found), most)
    if not report["found"]:
        said.append("nothing suspicious found")
    return said


def _line(key: str, entry: Any) -> str:
    if key == "duplicates":
        return " = ".join(entry)
    if key == "near_duplicates":
        return f"{entry['files'][0]} = {entry['files'][1]} ({entry['likeness']:.3f})"
    if key == "wrong_labels":
        return f"{entry['file']}: like {entry['looks_like']} ({entry['other']:.2f}) rather than {entry['person']} ({entry['own']:.2f})"
    if key == "unlike":
        return f"{entry['file']}: {entry['own']:.2f} to the others of {entry['person']}"
    if key == "one_person":
        return f"{entry['people'][0]} and {entry['people'][1]} ({entry['similarity']:.2f})"
    return f"{entry['person']}: {', '.join(entry['files'])} ({entry['similarity']:.2f} to the others)"


def _more(count: int, most: int) -> list[str]:
    return [f"  … and {count - most} more (--most, --json)"] if count > most else []


def _pairs(group: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(a, b) for i, a in enumerate(group) for b in group[i + 1:]]


def os_name(file: Path, root: Path) -> str:
    """The picture's name below the root, as it can be printed."""
    from edge_face.media.paths import shown

    return shown(file.relative_to(root) if file.is_relative_to(root) else file)

"""`edge-face people pictures` and `people re-enrol`: what people left here, and the new templates that are made of it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.people.again import AgainReport
    from edge_face.people.pictures import Picture
    from edge_face.settings import Settings


def pictures(args: argparse.Namespace, settings: Settings) -> int:
    """Lists, writes out or erases the pictures of one person."""
    from edge_face.cli.people_common import open_people
    from edge_face.errors import UsageError
    from edge_face.people.pictures import facts_of, pictures_of

    if args.out is not None and args.forget:
        raise UsageError("--out and --forget are two steps: write them out first, then erase them")
    if args.forget:
        with open_people(settings, writing=True) as call:
            before = call("people.show", who=args.who)["pictures"]
            answer = call("people.consent", who=args.who, withdraw=["pictures"], how="edge-face people pictures --forget")
        text = f"{before} pictures of {answer['name']} are erased" if before else f"there are no pictures of {answer['name']}"
        print(json.dumps({"name": answer["name"], "erased": before}, ensure_ascii=False) if args.json else text)
        return 0
    with open_people(settings, writing=False) as call:
        answer = call("people.pictures", who=args.who)
    kept = pictures_of(answer["pictures"])
    files = [] if args.out is None else write_out(kept, Path(args.out))
    if args.json:
        print(json.dumps({"name": answer["name"], "pictures": [facts_of(p) for p in kept], "files": [str(f) for f in files]},
                         ensure_ascii=False, indent=2))
        return 0
    if not kept:
        print(f"there are no pictures of {answer['name']}: 'edge-face enroll NAME --again --keep-pictures' keeps some")
    elif files:
        print(f"{len(files)} pictures of {answer['name']} are in {args.out}")
    else:
        for picture in kept:
            print(f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(picture.wall))}  {picture.pose}")
        print("--out DIR writes them out, --forget erases them")
    return 0


def write_out(kept: tuple[Picture, ...], folder: Path) -> list[Path]:
    """PNG files for their owner's eyes only (mode 0600); none is replaced. Raises PeopleError."""
    from edge_face.errors import PeopleError

    written: list[Path] = []
    try:
        folder.mkdir(exist_ok=True)
        for number, picture in enumerate(kept, 1):
            path = folder / f"picture-{number}-{picture.pose if picture.pose.isalnum() else 'face'}.png"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(picture.png)
            written.append(path)
    except FileExistsError as error:
        raise PeopleError(f"{error.filename} exists already: choose another folder") from error
    except OSError as error:
        raise PeopleError(f"{folder} cannot be written ({error.strerror}): choose another folder") from error
    return written


def re_enrol(args: argparse.Namespace, settings: Settings) -> int:
    """New templates for everybody whose templates are another embedder's. 1 when somebody has to come again."""
    from edge_face.cli.people_common import open_people
    from edge_face.people.again import make_again
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.embedder import Embedder

    bundle = load_bundle(settings.vision.embedder, "embedder")
    embedder = Embedder(bundle, settings.vision.precision, settings.vision.threads)

    def progress(name: str) -> None:
        print(f"{name} ...", file=sys.stderr, flush=True)

    with open_people(settings, writing=True) as call:
        report = make_again(call, embedder, bundle.thresholds, wall=time.time(), who=args.who, progress=progress)
    if args.json:
        print(json.dumps({"made": report.made, "must_come": report.must_come, "fitting": report.fitting}, ensure_ascii=False, indent=2))
    else:
        _tell(report, bundle.name)
    return 1 if report.must_come else 0


def _tell(report: AgainReport, embedder: str) -> None:
    for entry in report.made:
        print(f"{entry['name']}: {entry['templates']} new templates, {entry['agreement']:.2f} alike on average")
        for other in entry["alike"]:
            print(f"warning: {entry['name']} and {other['name']} look confusable at the door's rate (score {other['score']:.2f}, "
                  f"{other['needed']:.2f} needed)", file=sys.stderr)
    for left in report.must_come:
        print(f"{left['name']} has to come again ({left['why']}): edge-face enroll \"{left['name']}\" --again")
    print(f"{len(report.made)} enrolled anew for {embedder}, {len(report.must_come)} have to come again, {report.fitting} fit already")

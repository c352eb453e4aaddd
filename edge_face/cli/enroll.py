"""`edge-face enroll`: makes a person known to the door, guided, with consent."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.people.enrolment import Enrolled, Enrolment
    from edge_face.people.guide import Prompt
    from edge_face.settings import Settings
    from edge_face.types import Image

DESCRIPTION = ("Enrols one person: from the camera, step by step (straight, left, right, up), from a folder of pictures, or from a "
               "video. Both consents are asked in words. Pictures are not kept, only templates, sealed; --keep-pictures asks a third "
               "question and keeps the small pictures that the templates are made of, for a later recogniser.")
EXAMPLES = """
  edge-face enroll Ben                                   the settings' camera, guided
  edge-face enroll "Ana María" --camera usb:0
  edge-face enroll Ben --images photos/ben --consent recognise,show
  edge-face enroll Ben --video ben.mp4 --consent recognise --json
  edge-face enroll Ben --keep-pictures                   asks whether they may be kept, sealed, for a later recogniser
  edge-face enroll Zoe --under-16 --guardian "her mother, on paper"    a code is asked for besides the face
  edge-face enroll Ben --again                           new templates for somebody who is enrolled
  edge-face enroll --batch people.csv --images photos    many: a list (name, folder, consent, how) and a folder of pictures for each
"""
SAMPLED = 6.0
"""Frames a second of a video that are looked at."""
_SILENT = 10.0
"""Seconds without a picture after which a camera is given up."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    parser.add_argument("name", metavar="NAME", nargs="?", help="what the person is called here; does not begin with a dash")
    parser.add_argument("--batch", metavar="CSV", help="many people: a list with the columns name, folder, consent, how; whose consent is "
                        "empty waits for it")
    parser.add_argument("--report", metavar="FILE", help="with --batch: the report page (default: beside the list)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--camera", metavar="SOURCE", help="picamera2, usb:N, rtsp://... (default: the settings')")
    source.add_argument("--images", metavar="DIR", help="a folder of pictures of this one person")
    source.add_argument("--video", metavar="FILE", help="a video of this one person, turning the head a little")
    parser.add_argument("--consent", metavar="recognise[,show][,pictures]",
                        help="what the person agreed to, for scripts: to be recognised, to be shown sharp, to leave pictures")
    parser.add_argument("--keep-pictures", action="store_true",
                        help="ask whether the pictures that the templates are made of may be kept, sealed (people re-enrol uses them)")
    parser.add_argument("--again", action="store_true", help="the person is enrolled: replace the templates")
    parser.add_argument("--under-16", action="store_true",
                        help="children's faces match one another more: a code is asked for besides the face; needs --guardian")
    parser.add_argument("--guardian", metavar="HOW", help="with --under-16: how a guardian agreed, in a few words; kept sealed")
    parser.add_argument("--yes", action="store_true", help="enrol without asking even if the face looks like somebody else's")
    parser.add_argument("--refuse-same", action="store_true", help="fail when the face belongs to somebody already")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    import os
    import time

    if args.batch is not None:
        from edge_face.cli.enroll_batch import run_batch

        return run_batch(args)
    # The libraries' own messages beside our sentence help nobody; whoever wants them sets these variables.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    from edge_face.cli import people_common as common
    from edge_face.errors import PeopleError, UsageError
    from edge_face.people.enrolment import Enrolment
    from edge_face.people.person import clean_name
    from edge_face.people.pictures import picture_records
    from edge_face.people.records import template_record
    from edge_face.people.sighting import face_reader
    from edge_face.settings_file import load_settings
    from edge_face.vision.bundle import load_bundle

    if args.name is None or args.report is not None:
        raise UsageError("--report goes with --batch" if args.report is not None else "give the NAME of the person, or --batch people.csv")
    name = clean_name(args.name)
    if args.under_16 != bool(args.guardian and args.guardian.strip()):
        raise UsageError('--under-16 and --guardian "how a guardian agreed" go together')
    settings = load_settings(args.config)
    if not args.again or args.consent is not None or args.keep_pictures:
        renewed = args.again and args.consent is None
        agreed, how = common.asked_consents(args.consent, name, pictures=args.keep_pictures, again=renewed)
        if "recognise" not in agreed and not renewed:
            print(f"{name} does not want to be recognised: nobody was enrolled, nothing is kept", file=sys.stderr)
            return 1
    else:
        agreed, how = [], "kept from the first enrolment"
    if args.images is None and args.video is None and args.camera is None and common.door_runs(settings):
        raise UsageError("the running door holds its camera: stop it meanwhile (sudo systemctl stop edge-face), or enrol with "
                         "--images, --video or another --camera")
    # Two short visits: the store is not held while somebody turns their head.
    with common.open_people(settings, writing=True, create=True) as call:
        if call("people.known", name=name)["known"] != args.again:
            raise PeopleError(f"there is nobody named '{name}' to enrol again: leave out --again" if args.again else
                              f"there is already somebody named '{name}': choose another name, or --again for new templates")
    bundle = load_bundle(settings.vision.embedder, "embedder")
    mirrored = settings.camera.mirror and args.images is None and args.video is None
    enrolled = _enrolled(args, settings, Enrolment(face_reader(settings), bundle.thresholds, mirrored=mirrored), time.time())
    records = [template_record(t) for t in enrolled.templates]
    pictures = picture_records(enrolled.pictures()) if "pictures" in agreed else []
    with common.open_people(settings, writing=True, create=True) as call:
        alike = call("people.alike", templates=records, who=name if args.again else None)["alike"]
        for other in alike:
            print(f"warning: {_warning(name, other)}", file=sys.stderr)
        if alike and common.interactive() and not (args.yes or args.refuse_same) and not common.ask(f"Enrol {name} all the same?"):
            print("nobody was enrolled", file=sys.stderr)
            return 1
        answer = call("people.enroll", name=name, templates=records, consent=agreed, how=how, again=args.again,
                      refuse_same=args.refuse_same, pictures=pictures)
        if args.under_16:
            call("people.assure", who=answer["person"]["id"], changes={"minor": True, "guardian": args.guardian})
    _report(args, answer, enrolled)
    if not args.json and not args.again:
        _say_what_is_missing(settings, name)
    return 0


def _enrolled(args: argparse.Namespace, settings: Settings, enrolment: Enrolment, wall: float) -> Enrolled:
    """From whatever the arguments name. Raises EnrolmentError, MediaError, CameraError."""
    from functools import partial

    from edge_face.errors import EnrolmentError
    from edge_face.media import read_picture
    from edge_face.people.tree import pictures_in

    if args.images is not None:
        files = pictures_in(Path(args.images))
        if not files:
            raise EnrolmentError(f"there is no picture in the folder '{args.images}'")
        return enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in files], wall=wall)
    if args.video is not None:
        return _from_video(args.video, enrolment, wall)
    return enrolment.guided(_camera(settings, args.camera), _teller(), wall=wall)


def _from_video(path: str, enrolment: Enrolment, wall: float) -> Enrolled:
    """What is wrong with the film itself (cut off, damaged in places) is said in any case. Raises EnrolmentError, MediaError."""
    from dataclasses import replace

    from edge_face.errors import EnrolmentError

    notes: list[str] = []
    try:
        enrolled = enrolment.from_frames(_sampled(path, notes), wall=wall)
    except EnrolmentError as error:
        raise EnrolmentError("; ".join([str(error), *notes])) from error
    return replace(enrolled, notes=(*enrolled.notes, *notes))


def _sampled(path: str, notes: list[str]) -> Iterator[tuple[str, Image]]:
    """A few frames of each second of a video; afterwards `notes` has what the reader says about it."""
    from edge_face.media import VideoReader

    due = float("-inf")
    with VideoReader(path) as reader:
        for _, seconds, image in reader:
            if seconds >= due:
                due = seconds + 1.0 / SAMPLED
                yield f"the picture at {seconds:.1f} s", image
        notes += reader.notes


def _camera(settings: Settings, source: str | None) -> Iterator[tuple[float, Image, Image | None]]:
    """Pictures as they come. Raises CameraError with the camera's own reason when none comes."""
    import logging
    import time
    from dataclasses import replace

    from edge_face.cameras import Capture, CaptureState, parse_source
    from edge_face.errors import CameraError

    camera = settings.camera if source is None else replace(settings.camera, source=source)
    shown = parse_source(camera.source).shown
    logging.getLogger("edge_face.cameras.capture").addHandler(logging.NullHandler())  # its reason becomes our error
    with Capture(camera) as capture:
        index, heard = -1, time.monotonic()
        while True:
            frame = capture.latest(index, timeout=0.2)
            if frame is not None:
                index, heard = frame.index, time.monotonic()
                yield frame.monotonic, frame.image, frame.detail
                continue
            health = capture.health
            if health.state is CaptureState.ENDED:
                return
            if time.monotonic() - heard > _SILENT or (index < 0 and health.reason):
                raise CameraError(health.reason or f"{shown} has brought no picture for {_SILENT:g} s: 'edge-face cameras' shows what is "
                                  "there")


def _teller() -> Callable[[Prompt], None]:
    """Prints a prompt when it changes."""
    said: list[str] = []

    def tell(prompt: Prompt) -> None:
        if not said or said[-1] != prompt.text:
            said[:] = [prompt.text]
            print(f"[{round(100 * prompt.share):3d} %] {prompt.text}", file=sys.stderr, flush=True)

    return tell


def _warning(name: str, other: dict[str, Any]) -> str:
    score = f"score {other['score']:.2f}, {other['needed']:.2f} needed"
    if other["same"]:
        return f"this face already belongs to '{other['name']}' ({score}): the door cannot tell the two apart"
    return f"'{name}' and '{other['name']}' look confusable at the door's rate ({score}): are they siblings?"


def _say_what_is_missing(settings: Settings, name: str) -> None:
    """At a door that asks for more than a face nobody gets in who has nothing else."""
    import shlex

    from edge_face.access.assurance import LEVELS, Use, level_of

    level = LEVELS[level_of(settings)]
    if level.face is Use.NOTHING:
        what = "--present" if level.second == "card" else "--generate"
        print(f"a face alone does not open this door ({level.name}): edge-face codes add {shlex.quote(name)} {what}", file=sys.stderr)


def _report(args: argparse.Namespace, answer: dict[str, Any], enrolled: Enrolled) -> None:
    import json

    person, concord = answer["person"], enrolled.concord
    if args.json:
        left_out = [{"what": entry.what, "why": entry.why} for entry in enrolled.left_out]
        print(json.dumps({**answer, "agreement": {"mean": round(concord.mean, 4), "lowest": round(concord.lowest, 4)},
                          "looked_at": enrolled.looked_at, "left_out": left_out, "notes": [*enrolled.notes]}, ensure_ascii=False, indent=2))
        return
    for entry in enrolled.left_out:
        print(f"left out {entry.what}: {entry.why}", file=sys.stderr)
    for note in enrolled.notes:
        print(f"note: {note}", file=sys.stderr)
    shown = "shown sharp" if person["consent"]["show"] else "hidden in pictures"
    print(f"{person['name']} is enrolled ({person['state']}, {shown}): {person['templates']} templates, {concord.mean:.2f} alike on "
          f"average, {concord.lowest:.2f} at least (1 is the same picture)")
    if person["pictures"]:
        print(f"{person['pictures']} pictures are kept, sealed: 'edge-face people pictures' shows and erases them")

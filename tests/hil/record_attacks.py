"""Records real attacks, or counts what the door does with them, guided take by take.

    python tests/hil/record_attacks.py attacks/ --camera picamera2            clips for edge-face eval liveness
    python tests/hil/record_attacks.py attacks/ --door /run/edge-face/control.sock    grants of a running door: IAPAR
    python tests/hil/record_attacks.py attacks/ --report                      the figures so far

What was done is kept: started again, it goes on. Ctrl-C or q ends it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from liveness_attacks import EACH, PEOPLE, SPECIES, Ledger, Take, door_rates, plan

from edge_face.cameras import open_source
from edge_face.cameras.source import SourceEnded
from edge_face.errors import EdgeFaceError, MediaError
from edge_face.media import VideoWriter
from edge_face.settings import CameraSettings
from edge_face.types import Frame

CONSENT = """These clips show faces. Before you begin, everybody whom they show, and everybody whose picture is held up, has been told
- what is recorded and what for (to test whether this door can be tricked), where it is kept, and until when;
- that they may say no, and later have theirs deleted (delete the files of their number and their rows in clips.csv).
Subjects have numbers, never names. Nothing is sent anywhere. Never put these clips into a repository."""
AGREE = "everybody agreed"
Ask = Callable[[str], str]
Say = Callable[[str], None]


def record(frames: Iterable[Frame], path: Path, seconds: float, fps: float) -> int:
    """Writes frames for so long, at the times at which they came; how many. Raises MediaError when the camera brought too few."""
    begun: float | None = None
    writer: VideoWriter | None = None
    try:
        for frame in frames:
            begun = frame.monotonic if begun is None else begun
            if frame.monotonic - begun > seconds:
                break
            if writer is None:
                height, width = frame.image.shape[:2]
                writer = VideoWriter(path, width, height, fps, quality=15)
            writer.write(frame.image, frame.monotonic - begun)
        if writer is None or writer.frames < 5:
            raise MediaError(f"the camera brought {writer.frames if writer else 0} frames in {seconds:g} s: see edge-face doctor")
        writer.close()
        return writer.frames
    except BaseException as error:
        if writer is not None:
            writer.abandon(error)
        raise


def agreed(folder: Path, ask: Ask, say: Say) -> bool:
    """Asks once for each folder."""
    note = folder / "CONSENT.txt"
    if note.is_file():
        return True
    say(CONSENT)
    if ask(f"Type '{AGREE}' to begin: ").strip().lower() != AGREE:
        return False
    note.write_text(CONSENT + f"\nConfirmed by the operator on {time.strftime('%Y-%m-%d')}.\n", encoding="utf-8")
    return True


def guide(takes: Sequence[Take], do: Callable[[Take], str], ask: Ask, say: Say) -> int:
    """Take after take: Enter does it, s leaves it out for now, q ends. How many were done. A take that fails is said and asked again."""
    done, place = 0, 0
    while place < len(takes):
        take = takes[place]
        said = ask(f"\n[{place + 1} of {len(takes)}] {take.species}, {take.subject}, number {take.number}: {take.told}\n"
                   "Enter: ready   s: skip   q: quit  > ").strip().lower()
        if said == "q":
            break
        if said == "s":
            place += 1
            continue
        try:
            say(do(take))
        except EdgeFaceError as error:
            say(f"not done: {error}")
            continue
        done, place = done + 1, place + 1
    return done


def recording(folder: Path, camera: str, seconds: float, fps: float) -> Callable[[Take], str]:
    """Opens the camera anew for each take, so that nothing of the last one is left in it."""
    ledger = Ledger(folder)

    def do(take: Take) -> str:
        with closing(open_source(CameraSettings(source=camera, fps=fps, detail_width=0, paced=False))) as source:
            count = record(_until_end(source), folder / take.file, seconds, fps)
        ledger.add_clip(take)
        return f"{take.file}: {count} frames"

    return do


def _until_end(source: Any) -> Iterable[Frame]:
    while True:
        try:
            yield source.read()
        except SourceEnded:
            return


def watching(folder: Path, call: Callable[..., Any], seconds: float, sleep: Callable[[float], None] = time.sleep) -> Callable[[Take], str]:
    """Watches a running door for so long: a grant among its newer events is the take's outcome. `call`: the door's control socket."""
    ledger = Ledger(folder)

    def do(take: Take) -> str:
        before = max((int(event["id"]) for event in call("events", last=1)), default=-1)
        sleep(seconds)
        newer = [event for event in call("events", last=200) if int(event["id"]) > before]
        grants = [event for event in newer if event["kind"] == "grant"]
        decided = grants or [event for event in newer if event["kind"] == "deny"]
        reason = "; ".join(str(reason["text"]) for reason in decided[-1].get("reasons", [])) if decided else "nothing decided"
        ledger.add_door(take, bool(grants), reason)
        return ("GRANTED" if grants else "not granted") + f": {reason}"

    return do


def report(folder: Path, say: Say) -> None:
    """Raises MediaError where nothing was judged."""
    rates = door_rates(folder)
    attacks = [rate for rate in rates if rate.species != "live"]
    if attacks:
        say(f"worst species: {attacks[0].sentence}")
    for rate in rates:
        say(f"  {rate.sentence}")
    say("[..]: 95 %, Clopper and Pearson; presentations of one person are not independent")


def main(arguments: Sequence[str] | None = None, ask: Ask = input, say: Say = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where clips and tables are kept")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--camera", metavar="SOURCE", help="records: picamera2, usb:0 ... (the door must be stopped: it has the camera)")
    how.add_argument("--door", metavar="SOCKET", help="counts what a running door does: its control socket")
    how.add_argument("--report", action="store_true", help="prints the figures of the door so far")
    parser.add_argument("--species", default=",".join(SPECIES), help=f"default {','.join(SPECIES)}; others may be named")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many subjects, s01, s02 ... (default {PEOPLE})")
    parser.add_argument("--each", type=int, default=EACH, help=f"presentations of each species (default {EACH})")
    parser.add_argument("--seconds", type=float, default=0.0, help="length of a take (default: 6 to record, 25 at the door)")
    parser.add_argument("--fps", type=float, default=15.0)
    args = parser.parse_args(arguments)
    try:
        if args.report:
            report(args.folder, say)
            return 0
        subjects = [f"s{number:02d}" for number in range(1, max(args.people, 0) + 1)]
        takes = plan([name.strip() for name in args.species.split(",")], subjects, args.each)
        args.folder.mkdir(parents=True, exist_ok=True)
        left = Ledger(args.folder).left(takes, door=bool(args.door))
        say(f"{len(takes)} presentations planned, {len(takes) - len(left)} done")
        if left and not agreed(args.folder, ask, say):
            say("nothing is recorded without everybody's consent")
            return 1
        if args.door:
            from edge_face.service.client import Client

            do = watching(args.folder, Client(Path(args.door)).call, args.seconds or 25.0)
        else:
            do = recording(args.folder, args.camera, args.seconds or 6.0, args.fps)
        done = guide(left, do, ask, say)
        say(f"{done} done now, {len(left) - done} left" if left else "everything is done")
        if args.door and done:
            report(args.folder, say)
        elif done:
            say(f"next: edge-face eval liveness --clips {args.folder} --json liveness.json --page liveness.html")
    except (EdgeFaceError, OSError) as error:
        print(f"record_attacks: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        say("\nended; started again, it goes on here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

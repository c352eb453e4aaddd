"""`edge-face blur`: hides the faces in pictures, folders and videos."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.cli.hiding import add_hiding, key_of, privacy_of, weak_note

if TYPE_CHECKING:
    from edge_face.privacy.empty_files import EmptyScenes
    from edge_face.privacy.seeing import Seeing
    from edge_face.settings import PrivacySettings

DESCRIPTION = ("Hides the faces in pictures, folders and videos: everybody who is not named by --keep and surely recognised. "
               "Videos are written as MP4, metadata (place, time, thumbnails) is left behind, sound too.")
EXAMPLES = """
  edge-face blur party.jpg party-hidden.jpg
  edge-face blur hall.mov hall-hidden.mp4 --method gaussian --strength 0.85
  edge-face blur me.jpg me-drawn.jpg --method replace --option face
  edge-face blur street.mp4 out.mp4 --strict --empty street-at-night.jpg
  edge-face blur photos/ hidden/                     a folder with all its folders
  edge-face blur talk.mp4 out.mp4 --keep "Ana M" --keep ben --keep-audio
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read and the file to write."""

    source: Path
    target: Path
    video: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    parser.add_argument("input", metavar="IN", help="a picture, a video or a folder of them")
    parser.add_argument("output", metavar="OUT", help="the file or folder to write")
    add_hiding(parser)
    parser.add_argument("--keep", action="append", default=[], metavar="NAME",
                        help="leave this enrolled person sharp, who agreed to be shown; may be given several times")
    parser.add_argument("--all", action="store_true", help="hide the whole picture, not only faces")
    parser.add_argument("--thorough", action="store_true",
                        help="look for faces of less than 24 px in videos too, as in pictures (slower)")
    parser.add_argument("--strict", action="store_true", help="for a camera that stands still: hide whatever differs from the empty scene, "
                        "face or not; learned from the video itself, or from --empty")
    parser.add_argument("--empty", metavar="FILE", help="a picture or video by the same camera with nobody in it, for --strict")
    parser.add_argument("--keep-audio", action="store_true", help="copy a video's sound; voices can be recognised")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    import json

    # The libraries' own messages beside our sentence help nobody; whoever wants them sets these variables.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    from edge_face.errors import EdgeFaceError, MediaError, UsageError
    from edge_face.media import media_in
    from edge_face.media.paths import shown
    from edge_face.privacy.empty_files import EmptyScenes
    from edge_face.privacy.options import CUT_TO
    from edge_face.privacy.seeing import Seeing
    from edge_face.privacy.strengths import power_for
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    privacy, key = privacy_of(settings.privacy, args), key_of(args)
    note = weak_note(privacy)
    if args.all and args.keep:
        raise UsageError("--all hides the whole picture, so that nobody can be kept: leave out --keep or --all")
    if args.all and args.strict:
        raise UsageError("--all hides more than --strict does: leave out one of them")
    if args.empty is not None and not args.strict:
        raise UsageError("--empty names the empty scene for --strict: add --strict, or leave it out")
    if (privacy.method, privacy.option) == ("crop", CUT_TO) and not args.keep:
        raise UsageError("--option to cuts pictures to the people who are kept, and nobody is: name them by --keep")
    if not args.input or not args.output:
        # An empty variable in a script would mean the current folder.
        raise UsageError("IN and OUT are paths, one of them is empty: name a picture, a video or a folder, and what to write")
    source = Path(args.input)
    others: tuple[Path, ...] = ()
    if source.is_dir():
        tree = media_in(source)
        if not tree.media:
            raise MediaError(f"there is no picture or video in the folder '{shown(source)}'")
        jobs, others = _folder_jobs(source, Path(args.output), tree.media), tree.others
    else:
        jobs = [file_job(source, args.output)]
    seeing = Seeing(replace(settings, privacy=privacy), args.keep, thorough=args.thorough)
    if args.strict and not args.empty and not all(job.video for job in jobs):
        raise UsageError("--strict compares a picture with the empty scene: name one by --empty (only videos are learned from themselves)")
    empty = EmptyScenes(args.empty) if args.strict else None
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    if note:
        print(f"note: {note}", file=sys.stderr)
    bar = ProgressBar(len(jobs))
    for number, job in enumerate(jobs):
        try:
            bar.begin(number, job.source)
            if source.is_dir():
                _make_folder(job.target.parent)
            done.append(_one(job, seeing, privacy, _key_for(job.source, key), args, bar.step, empty))
        except EdgeFaceError as error:
            if not source.is_dir():
                raise
            failed.append({"in": shown(job.source), "why": str(error)})
        finally:
            bar.clear()
        _tell(done, failed, job, quiet=args.json)
    if args.json:
        removed = power_for(privacy.method, privacy.strength, privacy.option).removed
        print(json.dumps({"method": privacy.method, "strength": privacy.strength, "option": privacy.option, "removed": round(removed, 3),
                          "note": note or "", "kept": args.keep, "done": done, "failed": failed,
                          "left_out": [shown(path) for path in others]}, ensure_ascii=False, indent=2))
    elif source.is_dir():
        print(f"{len(done)} of {len(jobs)} files written to '{shown(args.output)}'" + (f", {len(failed)} failed" if failed else ""))
        if others:
            names = ", ".join(shown(path.relative_to(source)) for path in others[:5]) + (", …" if len(others) > 5 else "")
            print(f"left out, neither picture nor video: {len(others)} ({names})", file=sys.stderr)
    return 1 if failed else 0


def file_job(source: Path, output: str) -> Job:
    """What is to be done with one file. Raises MediaError, UsageError."""
    from edge_face.errors import UsageError
    from edge_face.media import Kind, kind_of, same_file
    from edge_face.media.headers import foreign_kind, is_picture
    from edge_face.media.paths import require_file, shown

    require_file(source, "picture or video")
    kind = kind_of(source)
    if kind is None:
        with source.open("rb") as file:
            start = file.read(32)
        # What is surely no video (a PDF) goes the way of pictures, whose reader says what it is.
        kind = Kind.PICTURE if is_picture(start) or foreign_kind(start) not in (None, "video") else Kind.VIDEO
    video = kind is Kind.VIDEO
    target = Path(output)
    if target.is_dir() or output.endswith("/"):
        _make_folder(target)
        target = target / _target_name(source, video)
    if same_file(source, target):
        raise UsageError(f"'{shown(target)}' would overwrite what it is made from: name another file")
    if video and target.suffix.lower() not in (".mp4", ".m4v"):
        raise UsageError(f"videos are written as MP4: name the output '{shown(target.with_suffix('.mp4'))}'")
    return Job(source, target, video)


def _folder_jobs(source: Path, output: Path, found: Sequence[Path]) -> list[Job]:
    """A job for each file, in folders as they are; two files that would get one name keep their old ending in it."""
    from edge_face.errors import UsageError
    from edge_face.media import Kind, kind_of, same_file
    from edge_face.media.paths import shown

    if output.exists() and not output.is_dir():
        raise UsageError(f"'{shown(output)}' is a file: a folder is written to a folder")
    if same_file(source, output) or source.resolve() in output.resolve().parents:
        raise UsageError(f"'{shown(output)}' is or lies in the folder that is read: name a folder outside of it")
    jobs: list[Job] = []
    taken: set[Path] = set()
    for path in found:
        video = kind_of(path) is Kind.VIDEO
        target = output / path.relative_to(source).parent / _target_name(path, video)
        if target in taken:
            target = target.with_name(path.name + target.suffix)
        taken.add(target)
        jobs.append(Job(path, target, video))
    return jobs


def _target_name(source: Path, video: bool) -> str:
    """The name of the output: kinds that are not written become PNG or MP4."""
    from edge_face.media.pictures import WRITABLE

    suffix = source.suffix.lower()
    if video:
        return source.name if suffix in (".mp4", ".m4v") else f"{source.stem}.mp4"
    return source.name if suffix in WRITABLE else f"{source.stem}.png"


def _make_folder(folder: Path) -> None:
    from edge_face.errors import MediaError
    from edge_face.media.paths import reason, shown

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"the folder '{shown(folder)}' cannot be made: {reason(error)}") from None


def _key_for(source: Path, key: bytes) -> bytes:
    """Two files never share what is random: what they have in common could be taken away."""
    import hashlib

    return hashlib.blake2b(os.fsencode(source.name), key=key, digest_size=32).digest()


def _one(job: Job, seeing: Seeing, privacy: PrivacySettings, key: bytes, args: argparse.Namespace,
         step: Callable[[int, int], None], empty: EmptyScenes | None) -> dict[str, Any]:
    """Hides one file's faces; what became of it."""
    from edge_face.media.paths import shown
    from edge_face.privacy import hide_picture, hide_video

    names: dict[str, Any] = {"in": shown(job.source), "out": shown(job.target)}
    strict = None if empty is None else empty.strict(job.source, seeing)
    if job.video:
        video = hide_video(job.source, job.target, None if args.all else seeing.video(), privacy, seeing.consenting,
                           keep_audio=args.keep_audio, key=key, progress=step, strict=strict)
        return names | {"kind": "video"} | asdict(video)
    picture = hide_picture(job.source, job.target, None if args.all else seeing.stills(), privacy, seeing.consenting, key=key,
                           strict=strict)
    return names | {"kind": "picture", "hidden": len(picture.regions), "sharp": picture.sharp, "notes": picture.notes}


def _tell(done: list[dict[str, Any]], failed: list[dict[str, str]], job: Job, *, quiet: bool) -> None:
    """One line for the file that was just worked on; failures and notes to standard error."""
    from edge_face.media.paths import shown

    if failed and failed[-1]["in"] == shown(job.source):
        print(f"failed: {failed[-1]['why']}", file=sys.stderr)
        return
    last = done[-1]
    for note in last["notes"]:
        print(f"note: {note}", file=sys.stderr)
    if quiet:
        return
    if last["kind"] == "video":
        print(f"{last['out']}: {last['frames']} frames, faces hidden in {last['hidden']}")
    else:
        hidden, sharp = last["hidden"], last["sharp"]
        found = f"{hidden} place{'s' * (hidden > 1)} hidden" if hidden else "nothing found to hide: look at it before you share it"
        print(f"{last['out']}: {found}" + (f", {sharp} face{'s' * (sharp > 1)} kept" if sharp else ""))


class ProgressBar:
    """A progress line on standard error with the time left; nothing where that is no terminal."""

    def __init__(self, jobs: int) -> None:
        self._jobs, self._number, self._name, self._begun, self._drawn = jobs, 0, "", 0.0, 0.0
        self._live = sys.stderr.isatty()

    def begin(self, number: int, source: Path) -> None:
        """The next file."""
        import time

        from edge_face.media.paths import shown

        self._number, self._name = number, shown(source.name)
        self._begun = self._drawn = time.monotonic()

    def step(self, done: int, stated: int) -> None:
        """Frame `done` of `stated` (0: unknown) has left."""
        import time

        now = time.monotonic()
        if not self._live or now - self._drawn < 0.1:
            return
        self._drawn = now
        sys.stderr.write("\r\x1b[K" + bar_text(self._name, self._number, self._jobs, done, stated, now - self._begun))
        sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def bar_text(name: str, number: int, jobs: int, done: int, stated: int, elapsed: float) -> str:
    """`[2/5] hall.mp4 [#####.....] 50 % 0:42 left`; without a stated number of frames what is done so far."""
    head = (f"[{number + 1}/{jobs}] " if jobs > 1 else "") + (name if len(name) <= 30 else name[:29] + "…")
    if stated <= 0:
        return f"{head} {done} frames"
    share = min(done / stated, 1.0)
    left = round(elapsed / share - elapsed) if share > 0 else 0
    filled = int(share * 20)
    return f"{head} [{'#' * filled}{'.' * (20 - filled)}] {share * 100:.0f} % {left // 60}:{left % 60:02d} left"

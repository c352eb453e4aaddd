"""The demo: enrols one synthetic person, plays the door clip, checks itself against the clip's labels, writes the page."""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge_face.demo import clip_path, labels_path, stills
from edge_face.demo.annotate import annotate
from edge_face.demo.replay import Replay
from edge_face.demo.report import Fact, Shot, report_html
from edge_face.demo.trace import Trace
from edge_face.errors import EdgeFaceError, MediaError
from edge_face.settings import Settings
from edge_face.types import Image

SHORT = 150
"""Frames of the short demo: ten seconds, in which ben comes, is let in and leaves."""

_COMES_NEAR = defaultdict(int, ben=1)
"""How often each of the eight stands in the intent zone in the clip."""

Progress = Callable[[int, int], None]
"""Told after each picture: how many are done, how many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the demo did, and where it wrote it. `facts` compare it with what must be."""

    trace: Trace
    facts: tuple[Fact, ...]
    folder: Path
    seconds: float

    @property
    def good(self) -> bool:
        return all(fact.good for fact in self.facts)


def play(settings: Settings, who: str, folder: Path, *, short: bool, progress: Progress) -> Outcome:
    """Writes door.mp4, report.html, events.jsonl and pictures into `folder`. Raises EdgeFaceError."""
    with _folder(folder):
        return _play(settings, who, folder, short=short, progress=progress)


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Makes the folder and those above it; those that it made go again if nothing came into them. Raises MediaError."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"{folder} cannot be made: {error.strerror}; name another folder with --out") from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # not empty: what is there may say why it failed
            for place in made:
                place.rmdir()
        raise


def _play(settings: Settings, who: str, folder: Path, *, short: bool, progress: Progress) -> Outcome:
    from edge_face.demo.enrolled import enrolled
    from edge_face.media import VideoWriter, write_picture

    begun = time.perf_counter()
    demo_settings = replace(settings, decision=replace(settings.decision, assurance="face"))
    frames = len(labels_path("door").read_text(encoding="utf-8").splitlines())
    total = min(SHORT, frames) if short else frames
    with enrolled(demo_settings, who, stills(who)) as door:
        replay = Replay(clip_path("door"), demo_settings, door.pipeline, door.consenting, door.names)
        trace = replay.trace
        shots: dict[str, tuple[Image, str]] = {}
        with VideoWriter(folder / "door.mp4", 640, 480, 15.0) as writer:
            for shown in replay.frames(total if short else None):
                annotate(shown.picture, shown.record.tracks, trace.names, seconds=shown.record.seconds, released=shown.released)
                writer.write(shown.picture)
                _keep_moments(shots, shown.picture, trace)
                progress(len(trace.frames), total)
    taken = []
    for name, (picture, caption) in shots.items():
        write_picture(folder / f"{name}.jpg", picture)
        taken.append(Shot(f"{name}.jpg", caption))
    seconds = time.perf_counter() - begun
    facts = tuple(_facts(trace, who, seconds, total))
    grants = trace.grants()
    if not all(fact.good for fact in facts):
        verdict = f"the door granted {len(grants)} times: see below what is not as it must be"
    elif grants:
        verdict = f"{who} was let in once, at {grants[0].seconds:.1f} s; nobody else was let in, nobody else was seen"
    else:
        verdict = f"nobody was let in, as it must be: {who} never stands before this door; nobody else was seen"
    about = (f"The bundled clip, {len(trace.frames)} frames of 640x480, through the real pipeline with mock pins. {door.about} "
             'assurance = "face", chosen for the demo: a good photo or screen may open such a door.')
    _write(folder / "report.html", report_html(trace, verdict=verdict, facts=facts, shots=taken, video="door.mp4",
                                               zone=demo_settings.decision.zone, about=about))
    _write(folder / "events.jsonl", "".join(json.dumps(row) + "\n" for row in trace.events()))
    return Outcome(trace, facts, folder, seconds)


def _keep_moments(shots: dict[str, tuple[Image, str]], picture: Image, trace: Trace) -> None:
    """Keeps the pictures that tell the story, each when it happens."""
    record = trace.frames[-1]
    sharp = [t for t in record.tracks if not t.hidden and t.person]
    hidden = [t for t in record.tracks if t.hidden and t.state == "confirmed"]
    granted = any(abs(d.seconds - record.seconds) < 0.5 / trace.fps for d in trace.grants())
    if hidden and not sharp and "coming" not in shots and record.seconds > 1.5:
        shots["coming"] = (picture.copy(), f"{record.seconds:.1f} s: somebody comes; nobody knows who yet, so the face is hidden")
    if granted and "granted" not in shots:
        shots["granted"] = (picture.copy(), f"{record.seconds:.1f} s: enough good frames agree; the door is released")
    later = bool(trace.grants()) and record.seconds > trace.grants()[0].seconds + 6
    if later and hidden and not sharp and "stranger" not in shots and hidden[0].box[0] < 0.6 * trace.width and hidden[0].box[3] > 60:
        shots["stranger"] = (picture.copy(), f"{record.seconds:.1f} s: a stranger walks by, hidden from the first frame; "
                                             "the door stays shut")
    if sharp and hidden and "together" not in shots and hidden[0].eye_share and hidden[0].eye_share > 0.035:
        shots["together"] = (picture.copy(), f"{record.seconds:.1f} s: two people; only the one who agreed to be shown is sharp")


def _facts(trace: Trace, who: str, seconds: float, total: int) -> Iterator[Fact]:
    from edge_face.evaluation.leaks import find_leaks, read_labels
    from edge_face.privacy.regions import Region

    grants = trace.grants()
    names = [trace.names.get(g.person or "", "?") for g in grants]
    yield Fact(f"{len(grants)}", f"grant{'' if len(grants) == 1 else 's'}: " + (", ".join(
        f"{n} at {g.seconds:.2f} s" for n, g in zip(names, grants, strict=True)) or "none"), names == [who] * _COMES_NEAR[who])
    yield Fact(f"{len(trace.frames)} of {total}", "frames left the door, each once, in order",
               [f.index for f in trace.frames] == list(range(total)))
    labels = {frame: faces for frame, faces in read_labels(labels_path("door")).items() if frame < total}
    record = {f.index: [Region.from_json(r) for r in f.regions] for f in trace.frames}
    leaks = find_leaks(record, labels, trace.width, trace.height, shown={who})
    yield Fact(f"{len({leak.frame for leak in leaks})}", "frames in which a face of anybody else was not hidden", not leaks)
    sharp = [f for f in trace.frames if any(not t.hidden and t.person for t in f.tracks)]
    seen = any(face.name == who and face.box.height > 60 for faces in labels.values() for face in faces)
    yield Fact(f"{len(sharp)}", f"frames show {who} sharp" + (f", the first at {sharp[0].seconds:.2f} s" if sharp else ""),
               bool(sharp) == seen)
    released = [e for e in trace.edges if e.released]
    yield Fact(f"{len(released)}", "edges of the lock's pin towards released", len(released) == len(grants))
    speed = len(trace.frames) / max(seconds, 1e-6)
    # Told, not judged: a slow machine's door is as right as a quick one's.
    yield Fact(f"{seconds:.1f} s", f"for everything: {speed:.1f} frames a second, encoding included", True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EdgeFaceError(f"{path} cannot be written: {error.strerror}; name another folder with --out") from error

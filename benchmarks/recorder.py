"""What pictures and films of events cost: time of each picture, bytes on the disk for each event, memory, and forgetting somebody.

    python benchmarks/recorder.py [--events 50] [--clip door] [--folder DIR]

Takes the pictures of a bundled clip through the real outlet (found faces are replaced by one box that follows nobody: hiding costs the
same), reel and recorder into a real store. Bytes are counted twice: of the files, and as the kernel counts what this process sends to disks
(getrusage, ru_oublock; so `--folder` must not be in memory).
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_face.access import Decision, Kind
from edge_face.clock import ManualClock
from edge_face.demo import clip_path
from edge_face.media import VideoReader
from edge_face.opencv import cv2
from edge_face.people import Consent, Given, Store
from edge_face.privacy.delay import Released
from edge_face.privacy.regions import Region, cover
from edge_face.privacy.registry import anonymize_as
from edge_face.service.books import Books, open_books
from edge_face.service.outlet import QUALITY
from edge_face.service.recorder import Recorder
from edge_face.service.store_thread import StoreThread
from edge_face.service.wear import process_written
from edge_face.settings import RecorderSettings, Settings, StoreSettings
from edge_face.types import Box, Frame, Image, Scene


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--clip", default="door")
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    images = [image for _, _, image in VideoReader(clip_path(args.clip))]
    print(f"{len(images)} pictures of {images[0].shape[1]}x{images[0].shape[0]}, {args.events} events each")
    privacy = Settings().privacy
    box = cover(Box(250, 120, 140, 180), privacy.margin)
    regions = (Region(box, "unknown", 1),)
    spent = []
    for image in images[:100]:
        begun = time.process_time()
        _jpeg(anonymize_as(privacy, image, regions, None, key=b"same"))
        spent.append(time.process_time() - begun)
    each = statistics.median(spent)
    how = f"{privacy.method} {privacy.strength:g}"
    print(f"hiding one face ({how}) and coding the picture: {each * 1000:.2f} ms of one core; at 5 a second {each * 500:.1f} % of it")
    for clips in (False, True):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            measure(Path(folder), images, regions, clips, args.events)


def measure(folder: Path, images: list[Image], regions: tuple[Region, ...], clips: bool, events: int) -> None:
    recording = RecorderSettings(events=["grant"], clips=clips, quota=65536)
    settings = replace(Settings(), recorder=recording, store=StoreSettings(folder=str(folder)))
    given = Given(1.0, "a benchmark")
    with Store(folder) as store:
        person = store.add("somebody", Consent(given, given), wall=1.0).id
    thread: StoreThread[Books] = StoreThread(lambda: open_books(settings), lambda: None, lambda error: None)
    thread.start()
    clock = ManualClock(wall=1.8e9)
    recorder = Recorder(recording, folder, clock, thread.call)
    recorder.start()
    pictures, at, most = itertools.cycle(images), 0.0, 0
    before, begun = process_written(), time.process_time()
    spent_on_hiding = 0.0
    for _ in range(events):
        until = at + 10.0
        noted = None
        while at < until:
            at += 1 / 15
            clock.sleep(1 / 15)
            if noted is None and at > until - 6.0:
                decision = Decision(Kind.GRANT, at, clock.wall(), ())
                noted = recorder.hear(decision)
                noted(thread.call(lambda books: books.ask(lambda store: store.events.append("grant", clock.wall(), person, {}))))
            if recorder.reel.due(at):
                image = next(pictures)
                hiding = time.process_time()
                hidden = anonymize_as(settings.privacy, image, regions, None, key=b"same")
                jpeg = _jpeg(hidden)
                spent_on_hiding += time.process_time() - hiding
                frame = Frame(int(at * 1000), at, clock.wall(), image)
                scene = Scene(frame.index, at, frame.wall, image.shape[1], image.shape[0])
                recorder.reel.put(Released(frame, scene, regions), hidden, jpeg)
                most = max(most, recorder.reel.held)
        _until(lambda number=_ + 1: recorder.facts().kept >= number)  # type: ignore[misc]
    facts = recorder.facts()
    cpu = (time.process_time() - begun - spent_on_hiding) / events
    sent = (process_written() - before) / events
    what = f"picture and film of {recording.before + recording.after:g} s at {recording.fps:g}" if clips else "picture"
    file = facts.size / facts.kept
    print(f"{what}: {facts.kept} kept, {file / 1000:.0f} kB of file each, {sent / 1000:.0f} kB to the disk each with the event's own row; "
          f"50 a day: {sent * 50 / 1e6:.1f} MB; a quota of 256 MB holds {256 * 2 ** 20 / file:.0f}; {cpu * 1000:.0f} ms of one core each "
          f"beside hiding; reel {most / 1e6:.1f} MB")
    begun = time.perf_counter()
    thread.call(lambda books: books.ask(lambda store: store.forget(person, wall=2.0)))
    print(f"  forgetting the person of all of them: {time.perf_counter() - begun:.2f} s; files left: "
          f"{len(list((folder / 'recordings').glob('*')))}")
    recorder.stop()
    thread.stop()


def _jpeg(image: Image) -> bytes:
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return content.tobytes()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("an event was not kept")
        time.sleep(0.002)


if __name__ == "__main__":
    main()

"""Cameras and vision that fail in every way that we could think of, some fifty times each.

Many doors at once, each with a daemon of its own in this process: what takes time here is waiting, not computing. In each
round the door first opens for a known face, so that there is something to lose; then something fails, often while it is open; the
picture must be hidden, the door safe, exit button and card must work; then the fault ends, and all must be well again by itself.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import edge_face
from edge_face.errors import ModelError
from edge_face.service import daemon as daemon_module
from edge_face.settings import Settings, VisionSettings
from edge_face.types import Image

from .edge_log import openings, unallowed
from .sights import HEIGHT, LOCK, LONGEST, PULSE, WIDTH, SeeingHouse
from .verdict import UNNAMED, Row, Trial

LANES = 12
HIDDEN_AFTER = 5.0
"""Seconds in which what a viewer sees must be hidden once nobody watches over it: 1 s of the outlet, the rest for a busy machine."""
ACTS = 8.0
"""Seconds in which exit button and card must open the door."""
HEALS = 20.0
"""Seconds in which all must be well again: vision is built anew after pauses that double."""
Fault = Callable[[SeeingHouse, random.Random], Callable[[], None]]


def _camera_gone(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    house.eye.alive = False
    return lambda: setattr(house.eye, "alive", True)


def _frozen(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    house.eye.moving = False
    return lambda: setattr(house.eye, "moving", True)


def _one_fps(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    house.eye.fps = 1.0
    return lambda: setattr(house.eye, "fps", 10.0)


def _black(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    return _pictures(house, lambda: np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def _garbage(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    shapes = ((HEIGHT, WIDTH, 3), (HEIGHT, WIDTH, 3), (1, 1, 3), (HEIGHT, WIDTH, 4), (HEIGHT, WIDTH), (0, WIDTH, 3), (3 * HEIGHT, 7, 3))
    noise = np.random.default_rng(luck.getrandbits(32))

    def picture() -> Image:
        return noise.integers(0, 256, luck.choice(shapes), np.uint8)

    return _pictures(house, picture)


def _pictures(house: SeeingHouse, make: Callable[[], Image]) -> Callable[[], None]:
    before = house.eye.picture
    house.eye.picture = make
    return lambda: setattr(house.eye, "picture", before)


def _stalls(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    over = threading.Event()
    house.sight.trouble = lambda: void(over.wait(30.0))

    def end() -> None:
        house.sight.trouble = lambda: None
        over.set()

    return end


def _dies(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    kind = luck.choice((RuntimeError, MemoryError, ValueError, ZeroDivisionError, ModelError, OSError, AssertionError))

    def dies() -> None:
        raise kind("it died")

    house.sight.trouble = dies
    if luck.random() < 0.5:
        house.build_fails = dies

    def end() -> None:
        house.sight.trouble = house.build_fails = lambda: None

    return end


def _slow(house: SeeingHouse, luck: random.Random) -> Callable[[], None]:
    seconds = luck.uniform(2.1, 3.0)
    house.sight.trouble = lambda: time.sleep(seconds)
    return lambda: setattr(house.sight, "trouble", lambda: None)


HIDES = ("camera gone", "frozen", "vision stalls", "vision dies", "garbage")
"""After these nobody may see the picture any more. A black picture and one picture a second are looked at as ever; so are slow ones."""
BLIND = (*HIDES, "black", "vision slow")
"""During these no face opens."""
FAULTS: dict[str, Fault] = {"camera gone": _camera_gone, "frozen": _frozen, "black": _black, "garbage": _garbage, "1 fps": _one_fps,
                            "vision stalls": _stalls, "vision dies": _dies, "vision slow": _slow}
DAMAGED = "model damaged"


def cameras(trial: Trial, *, careless: bool = False, names: Sequence[str] = (*FAULTS, DAMAGED)) -> Row:
    """`careless`: an outlet that never hides, to see this row fail."""
    row = Row("cameras and vision", "picture hidden, door safe, exit and codes work; recovery without a person (a damaged model says what "
              "to do)")
    guard = threading.Lock()
    work = [(names[k % len(names)], trial.random.getrandbits(32), trial.folder / str(k)) for k in range(trial.rounds)]

    def one(job: tuple[str, int, Path]) -> None:
        name, seed, place = job
        found: list[str] = []
        try:
            luck = random.Random(seed)
            found = _damaged(place, luck) if name == DAMAGED else _round(name, place, luck, row, guard, careless)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        with guard:
            row.rounds += 1
            row.count(name)
            for sentence in found:
                row.fails(f"{name}, {seed}: {sentence}")
            trial.say(f"cameras {row.rounds} of {trial.rounds}, {row.broken} broken")
        shutil.rmtree(place, ignore_errors=True)

    before = vars(daemon_module)["load_models"]
    setattr(daemon_module, "load_models", lambda *settings: _checked(before, *settings))  # noqa: B010
    try:
        with ThreadPoolExecutor(LANES) as pool:
            list(pool.map(one, work))
    finally:
        setattr(daemon_module, "load_models", before)  # noqa: B010
    return row


class _NoModels:
    """In place of networks that nobody asks here."""

    live = object()

    def describe(self) -> str:
        return "made up"


def _checked(load: Callable[[VisionSettings, float], Any], settings: VisionSettings, bpcer: float) -> Any:
    """Bundles that were named are read as they are; the shipped ones are not needed."""
    return load(settings, bpcer) if settings.detector else _NoModels()


def _round(name: str, place: Path, luck: random.Random, row: Row, guard: threading.Lock, careless: bool) -> list[str]:
    house = SeeingHouse(place)
    found: list[str] = []
    if not house.start():
        return [f"it did not start: {house.failure}"]
    if careless and house.daemon.parts.outlet is not None:
        setattr(house.daemon.parts.outlet, "_hide_all", lambda: None)  # noqa: B010
    try:
        if not house.wait(lambda: house.shown() > 0.5, 10.0):
            return ["no picture was shown before the fault"]
        open_before = luck.random() < 0.5
        if not _enters(house, 10.0, wait_shut=not open_before):
            found.append("the door did not open for a known face before the fault")
        mend = FAULTS[name](house, luck)
        begun = time.monotonic()
        if name in HIDES and not house.wait(lambda: house.shown() < 0.2, HIDDEN_AFTER):
            found.append(f"the picture is not hidden ({house.shown():.2f} of it is shown)")
        if not house.wait(lambda: not house.released, PULSE + 3.0):
            found.append("the door did not lock")
        found += _works(house, luck)
        if name in HIDES and house.shown() > 0.2:
            found.append("the picture came back during the fault")
        if name in BLIND:
            found += _nobody_enters(house)
        time.sleep(max(0.0, begun + luck.uniform(0.0, 1.0) - time.monotonic()))
        mend()
        mended = time.monotonic()
        if not _enters(house, HEALS):
            found.append(f"nobody was let in by face {HEALS:g} s after the fault had ended")
        with guard:
            row.most("slowest recovery (s)", time.monotonic() - mended)
        if not house.wait(lambda: house.shown() > 0.5, 10.0):
            found.append("the picture did not come back after the fault")
        if not house.running:
            found.append(f"it ended: {house.failure}")
    finally:
        house.sight.trouble = lambda: None
        house.stop()
    return [*found, *_edges(house, row, guard)]


def _enters(house: SeeingHouse, seconds: float, *, wait_shut: bool = True) -> bool:
    """A known face before the door, which goes away and comes back until the door opens: one visit opens once."""
    house.wait(lambda: not house.released, LONGEST)
    house.word("face", seconds + 5.0)
    before, until, opened = len(_openings(house)), time.monotonic() + seconds, False
    while not opened and time.monotonic() < until and house.running:
        time.sleep(0.8)  # longer than DecisionSettings.approach_gap
        house.sight.track += 1
        house.sight.person = house.person
        opened = house.wait(lambda: len(_openings(house)) > before, 3.0)
        house.sight.person = None
    if wait_shut:
        house.wait(lambda: not house.released, LONGEST)
    return opened


def _nobody_enters(house: SeeingHouse) -> list[str]:
    """A face that stays before the door during the fault. What is left of it in the pipeline may not open afterwards either."""
    house.wait(lambda: not house.released, LONGEST)
    before = len(_openings(house))
    house.sight.track += 1
    house.sight.person = house.person
    time.sleep(0.5)
    house.sight.person = None
    return ["a face opened the door without sight"] if len(_openings(house)) > before else []


def _works(house: SeeingHouse, luck: random.Random) -> list[str]:
    found = []
    for name, deed in luck.sample([("the exit button", house.press), ("a card", house.show_card)], 2):
        house.wait(lambda: not house.released, LONGEST)
        before = len(_openings(house))
        deed()
        if not house.wait(lambda before=before: len(_openings(house)) > before, ACTS):  # type: ignore[misc]
            found.append(f"{name} did not open the door")
        elif not house.wait(lambda: not house.released, PULSE + 3.0):
            found.append(f"the door did not lock after {name}")
    return found


def _openings(house: SeeingHouse) -> list[Any]:
    edges: list[dict[str, object]] = [{"pin": e.pin, "level": e.level, "time": e.time} for e in list(house.pins.edges)]
    return openings(edges, LOCK, 1, 0)


def _edges(house: SeeingHouse, row: Row, guard: threading.Lock) -> list[str]:
    was = _openings(house)
    unnamed = unallowed(was, house.words)
    with guard:
        row.count("releases", len(was))
        row.count(UNNAMED, len(unnamed))
        for opening in was:
            row.most("longest release (s)", (opening.until or time.monotonic()) - opening.since)
    found = [f"released at {opening.since:.3f} without anybody's word" for opening in unnamed]
    found += [f"released for {opening.until - opening.since:.2f} s" for opening in was
              if opening.until is not None and opening.until - opening.since > LONGEST + 0.3]
    return found if not house.released else [*found, "the coil is on after the end"]


def _damaged(place: Path, luck: random.Random) -> list[str]:
    """A model file with noise in it: the door says what to do and never moves its lock."""
    bundle = place / "detector"
    shutil.copytree(Path(edge_face.__file__).parent / "models" / "detector", bundle)
    file = bundle / f"int8-{Settings().vision.input}.tflite"
    data = bytearray(file.read_bytes())
    kind = luck.randrange(3)
    if kind == 0:
        data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
    elif kind == 1:
        del data[luck.randrange(len(data)):]
    else:
        data = bytearray(luck.randbytes(len(data)))
    file.write_bytes(data)
    house = SeeingHouse(place / "house", vision=replace(VisionSettings(), detector=str(bundle)))
    found = []
    started = house.start()
    with suppress(Exception):
        house.stop()
    if started or not isinstance(house.failure, ModelError):
        found.append(f"a damaged model was taken: {house.failure!r}")
    elif "install" not in str(house.failure):
        found.append(f"it does not say what to do: {house.failure}")
    if any(edge.pin == LOCK and edge.level == 1 for edge in house.pins.edges):
        found.append("the lock moved")
    return found


def void(value: object) -> None:
    """Only the waiting is of interest."""

"""Examples to calibrate with and others to judge by, from whatever a user names; what is left out is counted and named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from converter.contract import Material, Pictures, Plan, SourceModel
from converter.progress import Progress
from converter.sources import variety
from converter.sources.arrays import gather_arrays
from converter.sources.composed import gather_composed, is_composed
from converter.sources.items import Collection, Item, open_collection
from converter.sources.staging import Stager, network_input
from edge_face.errors import EdgeFaceError, MediaError

Say = Callable[[str], None]
BYTES = 256_000_000
"""Memory that the network inputs of one set of examples may take."""
LIVE = ("live", "real", "genuine", "bonafide", "bona_fide", "bona-fide")
AHEAD = 32


def gather(plan: Plan, model: SourceModel, calibration: Path, count: int, held_out: int, gate: Path | None = None,
           say: Say = lambda text: None) -> tuple[Material, Material]:
    """Up to `count` examples to calibrate with and up to `held_out` others to judge by, which share no picture.

    From a folder (a folder in it for each class or person), face shards, a video, or for inputs that are no pictures an `.npz`.
    The gate's come from `gate`, else from what is held back of `calibration`. Raises MediaError where nothing can be used or all
    is alike, UsageError for the wrong kind of place.
    """
    if plan.preprocessing is None:
        made = gather_arrays(plan, model, calibration, count, held_out, gate)
    elif plan.task == "detector" and is_composed(calibration):
        made = gather_composed(plan, model, calibration, count, held_out, gate, BYTES)
    else:
        most = max(BYTES // (plan.preprocessing.width * plan.preprocessing.height * 3), 16)
        if count > most:
            say(f"of the {count} pictures asked for {most} are used: more of this size would take over {BYTES // 1_000_000} MB")
        made = _gather_pictures(plan, model, calibration, min(count, most), min(held_out, most), gate)
    for material in made:
        for sentence in material.said:
            say(sentence)
    return made


@dataclass
class Sieve:
    """Pictures that pass, the reasons of those that do not, and the digests of all that are used already, by either side."""

    stager: Stager
    taken: set[str] = field(default_factory=set)

    def run(self, items: Sequence[Item], wanted: int, refuse: Callable[[str], str], bar: Progress) -> Chosen:
        """The first `wanted` usable pictures; `refuse(digest)` gives a reason to leave one out ("": none)."""
        found = Chosen()
        for item, staged in _ahead(items, self._staged):
            if isinstance(staged, str):
                found.left_out.append((item.name, staged))
                continue
            picture, digest = staged
            why = "a copy of another picture" if digest in self.taken else refuse(digest)
            if why:
                found.left_out.append((item.name, why))
                continue
            self.taken.add(digest)
            found.items.append(item)
            found.pictures.append(picture)
            found.digests.append(digest)
            bar.step()
            if len(found.items) >= wanted:
                break
        return found

    def _staged(self, item: Item) -> tuple[Pictures, str] | str:
        try:
            return self.stager.stage(np.asarray(item.read(), np.uint8))
        except EdgeFaceError as error:
            return str(error)


@dataclass
class Chosen:
    """What came through the sieve."""

    items: list[Item] = field(default_factory=list)
    pictures: list[Pictures] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def _gather_pictures(plan: Plan, model: SourceModel, calibration: Path, count: int, held_out: int,
                     gate: Path | None) -> tuple[Material, Material]:
    spec = plan.preprocessing
    assert spec is not None
    place = open_collection(calibration, count + held_out)
    other = open_collection(gate, held_out) if gate is not None else None
    mine, judges = _divided(place, other, plan, count, held_out)
    seen = frozenset(str(each) for each in model.record.get("seen", ()))
    sieve = Sieve(Stager(plan))
    with Progress("reading pictures", min(len(mine), count) + min(len(judges), held_out)) as bar:
        # The gate first: what training has seen proves less, and is good enough to calibrate with.
        shared = bool(seen) and other is None
        pool = [*judges, *mine] if shared else judges
        judging = sieve.run(pool, min(held_out, max(len(pool) // 2, 1)) if shared else held_out,
                            lambda digest: SEEN if digest in seen else "", bar)
        if not judging.items and seen:
            judging = sieve.run(judges, held_out, lambda digest: "", bar)
        kept = {id(item) for item in judging.items}
        rest = [item for item in ([*mine, *judges] if shared else mine) if id(item) not in kept]
        first = sieve.run(rest, count, lambda digest: "", bar)
    for chosen, where, items in ((first, calibration, mine), (judging, gate or calibration, judges)):
        if not chosen.items:
            raise MediaError(_nothing(chosen, where, len(items), chosen is first))
    return (_material(first, plan, model, "calibration", place, seen),
            _material(judging, plan, model, "the gate", other or replace(place, said=()), seen))


SEEN = "training has seen it"


def _divided(place: Collection, other: Collection | None, plan: Plan, count: int, held_out: int) -> tuple[list[Item], list[Item]]:
    """The items of calibration and of the gate, in the order in which they are tried."""
    rng = np.random.default_rng(0)
    if other is not None:
        return _mixed(place.items, rng), _mixed(other.held or other.items, rng)
    if place.held:
        return _mixed(place.items, rng), list(place.held)
    groups: dict[str, list[Item]] = {}
    whole = plan.task == "embedder"  # people are judged by their pairs, so that a person's pictures stay together
    for item in place.items:
        groups.setdefault(item.block or item.group, []).append(item)
    mine: list[Item] = []
    judges: list[Item] = []
    together = (whole and len(groups) >= 4) or any(item.block for item in place.items)
    names = sorted(groups)
    if together:
        wanted = min(held_out, len(place.items) // 2)
        order = rng.permutation(len(names)).tolist() if whole else [*range(1, len(names), 2), *range(0, len(names), 2)]
        for index in order:
            part = _mixed(groups[names[index]], rng)
            (judges if len(judges) < wanted else mine).extend(part)
    else:
        for name in names:  # of each class as large a share
            part = _mixed(groups[name], rng)
            share = min(0.5, held_out / len(place.items))
            cut = int(len(part) * share + rng.random())
            judges.extend(part[:cut])
            mine.extend(part[cut:])
    for empty, full in ((judges, mine), (mine, judges)):
        if not empty and len(full) > 1:
            empty.append(full.pop())
    return _mixed(mine, rng), judges if together else _mixed(judges, rng)


def _mixed(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    return [items[index] for index in rng.permutation(len(items)).tolist()]


def _ahead(items: Sequence[Item], make: Callable[[Item], tuple[Pictures, str] | str]) -> Iterator[tuple[Item, tuple[Pictures, str] | str]]:
    """Each item with what `make` makes of it, in order, made by threads ahead of time."""
    import os

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        todo = iter(items)
        waiting = [(item, pool.submit(make, item)) for item in islice(todo, AHEAD)]
        try:
            while waiting:
                item, future = waiting.pop(0)
                yield item, future.result()
                waiting.extend((more, pool.submit(make, more)) for more in islice(todo, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _material(chosen: Chosen, plan: Plan, model: SourceModel, what: str, place: Collection, seen: frozenset[str]) -> Material:
    name = model.inputs[0].name
    values = {name: np.stack([network_input(picture, plan) for picture in chosen.pictures])}
    labels, about = _labels(chosen.items, plan, what)
    said = [f"{what}: {len(chosen.items)} pictures of {place.path}", *place.said, *_left_out(chosen, what), *about,
            *variety.of_pictures(chosen.pictures, what)]
    if what != "calibration" and not seen.isdisjoint(chosen.digests):
        said.append("warning: training has seen these pictures, so the float model's own figures are too good: bring others with --gate")
    return Material(values, tuple(chosen.pictures), labels, tuple(item.name for item in chosen.items), tuple(said))


def _labels(items: Sequence[Item], plan: Plan, what: str) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """The class or person of each picture, -1 unknown, None where nothing is labelled; and a sentence on it."""
    groups = [item.group for item in items]
    names = sorted(set(groups) - {""})
    if plan.task == "embedder":
        number = {name: index for index, name in enumerate(names)}
    elif plan.task == "classifier":
        number = {name: index for index, name in enumerate(plan.labels) if name in names}
    elif plan.task == "liveness":
        live = [name for name in names if name.lower() in LIVE]
        number = {name: int(name in live) for name in names} if live else {}
    else:
        return None, ()
    labels = np.array([number.get(group, -1) for group in groups], np.int64)
    if plan.task == "embedder":
        if (labels < 0).all():
            return None, ()
        return labels, (f"{what}: {len(set(labels.tolist()) - {-1})} people",)
    strangers = [name for name in names if name not in number]
    if (labels < 0).all():
        wanted = "live and of attacks" if plan.task == "liveness" else ", ".join(plan.labels[:4])
        return None, (f"{what}: its pictures have no labels (folders called {wanted} would give them)",)
    about = [f"{what}: {int((labels >= 0).sum())} pictures have labels by their folders"]
    if strangers:
        about.append(f"{what}: the folders {', '.join(strangers[:3])}{', …' if len(strangers) > 3 else ''} are no class: their pictures "
                     "count as unlabelled")
    return labels, tuple(about)


def _left_out(chosen: Chosen, what: str) -> tuple[str, ...]:
    """A sentence on what was left out and why, by reason, with the first names."""
    if not chosen.left_out:
        return ()
    reasons: dict[str, list[str]] = {}
    for name, why in chosen.left_out:
        plain = re.sub(r" '[^']*'", "", why.removeprefix("cannot be used (").removesuffix(")"))
        reasons.setdefault(plain, []).append(name)
    parts = [f"{len(names)}, {why} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
             for why, names in sorted(reasons.items(), key=lambda entry: -len(entry[1]))]
    return (f"{what}: left out {len(chosen.left_out)}: {'; '.join(parts)}",)


def _nothing(chosen: Chosen, where: Path, tried: int, calibrates: bool) -> str:
    """Why there is not one usable picture, and the way out."""
    reasons = Counter(why for _, why in chosen.left_out)
    if not tried:
        return f"{where} has one picture, and it cannot both calibrate and judge: bring 100 or more, or others to judge by with --gate"
    most = reasons.most_common(1)[0][0] if reasons else "none could be read"
    from converter.training.datasets import NO_FACE

    if most == NO_FACE:
        return (f"no picture in {where} shows a face that stands out, and the model takes aligned faces: bring pictures of faces, or say "
                "--no-aligned if it takes whole pictures")
    way = "bring others" if calibrates else "bring others with --gate"
    return f"none of the {tried} pictures in {where} can be used to {'calibrate' if calibrates else 'judge by'} ({most}): {way}"

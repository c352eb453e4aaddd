"""Enrolment: pictures, a video or a camera become the templates of one person, with what was left out and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_face.errors import EnrolmentError, MediaError
from edge_face.people.guide import EXTRA, Guide, Look, Prompt, Rules, Take, advance, pose_label
from edge_face.people.person import Template
from edge_face.people.pictures import Picture, picture_of
from edge_face.people.selection import Concord, choose, concord, outliers
from edge_face.people.thresholds import same_person_similarity, templates_measured
from edge_face.types import Image

LEAST = 2
"""Pictures of one person, without which nobody can say whether they agree."""
NO_FACE = "no face was found"
UNSEEN_CHIN = "nobody could see whether the chin was raised: that picture counts as an extra one, not as one from below"
MOST_TAKES = 200
"""Pictures of a long video that are kept in memory, the best ones."""


class Reader(Protocol):
    """What looks at pictures: `edge_face.people.sighting.FaceReader`."""

    model: str

    def look(self, image: Image, monotonic: float = 0.0, detail: Image | None = None) -> Look: ...


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture (or a frame, or a step) that became no template, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The templates of one person, how well they agree, and what was left out. `takes`: what each template was made of; `notes`:
    what else is to be said, in sentences."""

    templates: tuple[Template, ...]
    concord: Concord
    left_out: tuple[LeftOut, ...]
    looked_at: int
    takes: tuple[Take, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()

    def pictures(self) -> tuple[Picture, ...]:
        """The crops of the templates, for whoever agreed that they are kept."""
        return tuple(picture_of(take.crop, str(take.pose), take.quality, template.wall)
                     for take, template in zip(self.takes, self.templates, strict=True) if take.crop is not None)


class Enrolment:
    """Makes templates for one embedder. `thresholds`: the embedder's own tables (they say what one person's pictures
    must have in common, and how many templates the door's rates are measured for). `least`: fewest templates;
    `mirrored`: the pictures are mirrored."""

    def __init__(self, reader: Reader, thresholds: Mapping[str, Any], *, least: int = LEAST, mirrored: bool = False) -> None:
        self.rules = Rules(same=same_person_similarity(thresholds), mirrored=mirrored)
        self._reader, self._most, self._least = reader, max(templates_measured(thresholds), least), least

    def from_pictures(self, pictures: Iterable[tuple[str, Callable[[], Image]]], *, wall: float) -> Enrolled:
        """From named pictures of one person, in any pose. Pictures that cannot be read or used are left out. Raises
        EnrolmentError when too few are left, naming why."""
        takes: list[Take] = []
        names: list[str] = []
        left_out: list[LeftOut] = []
        looked_at = 0
        for name, load in pictures:
            looked_at += 1
            try:
                look = self._reader.look(load())
            except MediaError as error:
                left_out.append(LeftOut(name, str(error)))
                continue
            why = trouble_of(look)
            if why is not None:
                left_out.append(LeftOut(name, why))
                continue
            takes.append(self._take(look))
            names.append(name)
        return self._finished(takes, names, left_out, looked_at, wall)

    def from_looks(self, looks: Iterable[tuple[str, Look]], *, wall: float) -> Enrolled:
        """From named pictures that were looked at as they came. Raises EnrolmentError as `from_pictures`."""
        takes: list[Take] = []
        names: list[str] = []
        left_out: list[LeftOut] = []
        looked_at = 0
        for name, look in looks:
            looked_at += 1
            why = trouble_of(look)
            if why is not None:
                left_out.append(LeftOut(name, why))
                continue
            takes.append(self._take(look))
            names.append(name)
        return self._finished(takes, names, left_out, looked_at, wall)

    def from_frames(self, frames: Iterable[tuple[str, Image]], *, wall: float) -> Enrolled:
        """From the frames of a video, in any order of poses. Raises EnrolmentError when most frames with faces show more
        than one, and when too few are of use."""
        takes: list[Take] = []
        names: list[str] = []
        troubles: dict[str, int] = {}
        looked_at = crowded = with_faces = 0
        for name, image in frames:
            looked_at += 1
            look = self._reader.look(image)
            with_faces += look.faces > 0
            crowded += look.faces > 1
            why = trouble_of(look)
            if why is not None:
                troubles[_general(why)] = troubles.get(_general(why), 0) + 1
                continue
            takes.append(self._take(look))
            names.append(name)
            if len(takes) > MOST_TAKES:
                worst = min(range(len(takes)), key=lambda i: takes[i].quality.overall)
                del takes[worst], names[worst]
        if crowded * 2 > with_faces:
            raise EnrolmentError(f"{crowded} of {with_faces} frames with a face show more than one: film one person alone")
        left_out = [LeftOut(f"{count} of {looked_at} frames", why) for why, count in sorted(troubles.items(), key=lambda i: -i[1])]
        return self._finished(takes, names, left_out, looked_at, wall)

    def guided(self, frames: Iterable[tuple[float, Image, Image | None]], tell: Callable[[Prompt], None], *,
               wall: float) -> Enrolled:
        """From a camera: monotonic time, picture, larger picture of the same or None. `tell` gets a prompt for each frame.
        Ends by itself. Raises EnrolmentError when it comes to nothing."""
        guide = Guide()
        looked_at = 0
        for monotonic, image, detail in frames:
            looked_at += 1
            guide, prompt = advance(guide, self._reader.look(image, monotonic, detail), self.rules)
            tell(prompt)
            if guide.done(self.rules):
                break
        return self.finish(guide, looked_at, wall=wall)

    def finish(self, guide: Guide, looked_at: int, *, wall: float) -> Enrolled:
        """The templates of a guided enrolment that is over or was cut off. Raises EnrolmentError."""
        if guide.failure is not None:
            raise EnrolmentError(guide.failure)
        skipped = [LeftOut(f"the step '{step}'", "no usable picture came of it") for step in guide.skipped]
        return self._finished(list(guide.takes), [f"the step '{t.pose}'" for t in guide.takes], skipped, looked_at, wall)

    def _take(self, look: Look) -> Take:
        assert look.quality is not None and look.embedding is not None
        return Take(pose_label(look.quality, self.rules), look.quality, look.embedding, look.crop)

    def _finished(self, takes: list[Take], names: list[str], left_out: list[LeftOut], looked_at: int, wall: float) -> Enrolled:
        apart = outliers(takes, self.rules.same)
        gone = {o.index for o in apart}
        if apart and len(gone) == len(takes):
            raise EnrolmentError(f"the pictures do not show one person ({' and '.join(names[o.index] for o in apart[-2:])} are "
                                 f"only {apart[-1].similarity:.2f} alike, {self.rules.same:.2f} needed): use pictures of one person")
        left_out = left_out + [LeftOut(names[o.index], f"it looks like somebody else than the other pictures ({o.similarity:.2f} alike, "
                                                       f"{self.rules.same:.2f} needed)") for o in apart]
        kept = [take for i, take in enumerate(takes) if i not in gone]
        if len(kept) < self._least:
            raise EnrolmentError(_too_few(len(kept), self._least, looked_at, left_out))
        chosen = [kept[i] for i in choose(kept, self._most)]
        templates = tuple(Template(t.embedding, self._reader.model, round(t.quality.overall, 3), str(t.pose), wall) for t in chosen)
        return Enrolled(templates, concord(chosen), tuple(left_out), looked_at, tuple(chosen),
                        (UNSEEN_CHIN,) if any(t.pose == EXTRA for t in chosen) else ())


def trouble_of(look: Look) -> str | None:
    """Why a picture cannot become a template, or None."""
    if look.faces < 1:
        return NO_FACE
    if look.faces > 1:
        return f"{look.faces} faces: only one may be in the picture"
    if look.advice:
        return look.advice[0]
    return None if look.embedding is not None else NO_FACE


def _too_few(kept: int, least: int, looked_at: int, left_out: list[LeftOut]) -> str:
    if not looked_at:
        return "there is no picture to enrol from"
    shown = "; ".join(f"{entry.what}: {entry.why}" for entry in left_out[:5]) + ("; ..." if len(left_out) > 5 else "")
    need = f"{least} usable picture{'s' if least > 1 else ''} of one person {'are' if least > 1 else 'is'} needed"
    return f"{need}, there {'is' if kept == 1 else 'are'} {kept or 'none'}" + (f" ({shown})" if shown else "")


def _general(why: str) -> str:
    """The same trouble with other numbers is one trouble."""
    return "more than one face" if "faces:" in why else why.split(":")[0] if why.startswith("too far") else why

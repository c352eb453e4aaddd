"""The whole door against attacks, on the bundled clips and on films made from them: real networks, a real store, recorded pins.

Ben is enrolled. The default settings but for the assurance; the order of a challenge is given where it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from liveness_films import every, film, on_a_tablet, with_another_from, with_sunglasses

from edge_face.demo import clip_path, stills
from edge_face.demo.enrolled import Enrolled, enrolled
from edge_face.demo.replay import Replay
from edge_face.demo.trace import DecisionTrace, Trace
from edge_face.evaluation.tablet import showings
from edge_face.settings import DecisionSettings, Settings
from edge_face.types import Frame

CHALLENGE = replace(Settings(), decision=DecisionSettings(assurance="face+challenge"))
FACE = replace(Settings(), decision=DecisionSettings(assurance="face"))
Play = Callable[..., Trace]


@pytest.fixture(scope="module")
def bens_door() -> Iterator[Enrolled]:
    with enrolled(CHALLENGE, "ben", stills("ben")) as door:
        yield door


@pytest.fixture
def play(bens_door: Enrolled) -> Play:
    def run(clip: str, actions: tuple[str, ...] = ("left", "right"), source: Sequence[Frame] | None = None,
            settings: Settings = CHALLENGE) -> Trace:
        bens_door.pipeline.reset()
        replay = Replay(clip_path(clip), settings, bens_door.pipeline, bens_door.consenting, bens_door.names, actions=actions,
                        source=source)
        for _ in replay.frames():
            pass
        return replay.trace

    return run


def denials(trace: Trace) -> list[DecisionTrace]:
    return [d for d in trace.decisions if d.kind == "deny"]


def speaks_of_liveness(decision: DecisionTrace) -> bool:
    return any(code.startswith("liveness") for code in decision.codes)


@pytest.mark.parametrize("clip", ["spoof_print", "spoof_screen", "turn_print"])
def test_a_photo_and_a_screen_get_nothing_and_are_told_why(play: Play, clip: str) -> None:
    trace = play(clip)
    assert trace.grants() == [] and trace.edges == []
    refused = denials(trace)
    assert refused, "the picture is recognised, so it is refused for what it is"
    assert all(speaks_of_liveness(d) for d in refused), [d.reasons for d in refused]


def test_a_person_who_turns_as_asked_is_let_in(play: Play) -> None:
    trace = play("turn_live", ("left", "right"))
    assert [trace.names[g.person or ""] for g in trace.grants()] == ["ben"]
    assert trace.grants()[0].seconds <= 5.0
    assert "liveness-challenge" in trace.grants()[0].codes and "live" in trace.grants()[0].codes


def test_the_other_order_is_not_what_was_asked_for(play: Play) -> None:
    trace = play("turn_live", ("right", "left"))
    assert trace.grants() == [] and trace.edges == []
    assert any("liveness-order" in d.codes for d in denials(trace))


@pytest.mark.parametrize("number", [0, 19])
def test_the_right_order_on_a_tablet_gets_nothing_at_a_door_as_it_comes(play: Play, number: int) -> None:
    """Hardly any moire, and much. What all twenty get at face+challenge: benchmarks/tablet_attacks.py, docs/liveness.md."""
    trace = play("turn_live", ("left", "right"), on_a_tablet("turn_live", showings(20)[number]), settings=Settings())
    assert trace.grants() == [] and trace.edges == []
    assert any(track.person for frame in trace.frames for track in frame.tracks), "the face on the tablet is recognised"


def test_with_face_alone_chosen_ben_is_let_in_as_before(play: Play) -> None:
    trace = play("door", settings=FACE)
    assert [trace.names[g.person or ""] for g in trace.grants()] == ["ben"]
    assert 4.0 <= trace.grants()[0].seconds <= 8.0 and "live" in trace.grants()[0].codes


@pytest.mark.parametrize("clip", ["spoof_print", "spoof_screen"])
def test_with_face_alone_passive_detection_still_speaks(play: Play, clip: str) -> None:
    assert play(clip, settings=FACE).grants() == []


def test_five_pictures_a_second_hold_no_challenge_and_ask_for_a_code(play: Play) -> None:
    trace = play("turn_live", ("left", "right"), every(film("turn_live"), 3))
    assert trace.grants() == []
    assert any("liveness-slow" in d.codes for d in denials(trace)), [(d.kind, d.codes) for d in trace.decisions]
    assert asks_for(trace, "code")


def test_sunglasses_get_no_grant_by_a_face(play: Play) -> None:
    """Who cannot be recognised behind them is unknown; who is must still pass. Neither opens; a code does."""
    assert play("turn_live", ("left", "right"), with_sunglasses("turn_live")).grants() == []


@pytest.mark.parametrize(("second", "still"), [(1.0, "front"), (2.0, "left"), (2.6, "right")])
def test_another_person_in_mid_challenge_gets_nothing(play: Play, second: float, still: str) -> None:
    """One begins, another steps in: before the turn, within it, and to make the second turn."""
    trace = play("turn_live", ("left", "right"), with_another_from("turn_live", second, "felix", still))
    assert trace.grants() == [] and trace.edges == []


def asks_for(trace: Trace, what: str) -> bool:
    return any(d.kind == "prompt" and what in " ".join((*d.codes, *d.reasons)) for d in trace.decisions)

"""The line gives each picture once and in order, and hides in earlier pictures what later ones teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import scenes
from hypothesis import given
from hypothesis import strategies as st
from scenes import frame, known, scene, stranger, weak

from edge_face.privacy import DelayLine, Hider, Released, covered_share, everything, mask_of
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Scene, TrackState

SETTINGS = PrivacySettings(delay=6)
STEP = 1 / 15
BEN = frozenset({"ben"})


def play(made: Sequence[Scene | None], settings: PrivacySettings = SETTINGS) -> list[Released]:
    """Scenes at 15 a second through hider and line, to the end."""
    line, hider, out = DelayLine(settings), Hider(settings), list[Released]()
    for index, one in enumerate(made):
        if one is None:
            regions = (everything(scenes.WIDTH, scenes.HEIGHT),)
        else:
            one = replace(one, index=index, monotonic=index * STEP)
            regions = hider.regions(one, BEN)
        out += line.push(frame(index), one, regions)
    return out + list(line.flush())


def share(released: Released, box: Box) -> float:
    return covered_share(mask_of(released.regions, scenes.WIDTH, scenes.HEIGHT), box)


def walk(first: int, last: int, place: Callable[[int], Box], count: int, number: int = 1) -> list[Scene]:
    return [scene(stranger(number, place(i))) if first <= i <= last else scene() for i in range(count)]


@given(made=st.lists(st.one_of(st.none(), scenes.scenes), max_size=20), delay=st.integers(0, 8))
def test_each_picture_leaves_once_in_order_and_never_with_less_than_its_own(made: list[Scene | None], delay: int) -> None:
    settings = PrivacySettings(delay=delay)
    out = play(made, settings)
    assert [r.frame.index for r in out] == list(range(len(made)))
    hider = Hider(settings)
    for released, given_scene in zip(out, made, strict=True):
        assert released.frame.image[0, 0, 0] == released.frame.index % 256
        if given_scene is None:
            assert released.regions[0].whole
        else:
            own = hider.regions(replace(given_scene, monotonic=released.frame.index * STEP), BEN)
            assert released.regions[:len(own)] == own


@pytest.mark.parametrize("delay", [0, 1, 6])
def test_it_waits_exactly_as_long_as_asked(delay: int) -> None:
    line = DelayLine(PrivacySettings(delay=delay))
    for index in range(20):
        out = line.push(frame(index), scene(), ())
        assert [r.frame.index for r in out] == ([index - delay] if index >= delay else [])
    assert [r.frame.index for r in line.flush()] == list(range(20 - delay, 20))
    assert list(line.flush()) == []


def test_indices_must_rise() -> None:
    line = DelayLine(SETTINGS)
    line.push(frame(3), scene(), ())
    with pytest.raises(ValueError, match="frame 3 after frame 3"):
        line.push(frame(3), scene(), ())


@pytest.mark.parametrize("speed", [-14.0, -6.0, 0.0, 6.0, 14.0])
def test_a_new_face_is_hidden_in_the_frames_before_it_was_found(speed: float) -> None:
    """Somebody walks at a steady pace and is found only in frame 10: frames 4 to 9 show a face too."""
    def place(i: int) -> Box:
        return Box(140 + speed * (i - 10), 80, 50, 65)

    out = play(walk(10, 20, place, 21))
    for i in range(4, 10):
        assert share(out[i], place(i)) >= 0.95, i
        assert all(r.source == "backfilled" for r in out[i].regions)
    assert out[3].regions == ()  # out of reach: it had left


def test_a_face_that_enters_at_the_edge_is_hidden_from_its_first_pixels() -> None:
    def place(i: int) -> Box:
        return Box(320 - 15 * (i - 5), 80, 60, 75)

    out = play(walk(10, 20, place, 21))
    for i in range(6, 21):
        assert share(out[i], place(i)) >= 0.95, i


def test_a_face_that_grows_towards_the_camera_is_held_too() -> None:
    def place(i: int) -> Box:
        return Box(140 - i, 80 - i, 50 + 2 * i, 65 + 2 * i)

    out = play(walk(10, 20, place, 21))
    assert min(share(out[i], place(i)) for i in range(4, 21)) >= 0.95


def test_a_gap_is_filled_where_prediction_was_wrong() -> None:
    """Lost in frames 8 to 11 while it turned back: prediction went on, interpolation knows better."""
    def place(i: int) -> Box:
        return Box(100 + 6 * min(i, 8) - 12 * max(i - 8, 0), 80, 40, 50)

    made = [scene(stranger(1, place(i))) for i in range(16)]
    for i in range(9, 12):
        made[i] = scene(stranger(1, place(8).moved(25 * (i - 8), 0), TrackState.COASTING))
    out = play(made)
    for i in range(16):
        assert share(out[i], place(i)) >= 0.95, i
    assert any(r.why == "between two sights" for r in out[10].regions)


def test_a_face_found_again_under_a_new_number_near_by_was_in_between() -> None:
    def place(i: int) -> Box:
        return Box(100 + 5 * i, 80, 40, 50)

    made = [scene(stranger(1 if i <= 6 else 2, place(i))) for i in range(16)]
    for i in range(7, 10):
        made[i] = scene()
    out = play(made)
    assert min(share(out[i], place(i)) for i in range(16)) >= 0.95


def test_a_new_weak_detection_is_carried_back() -> None:
    box = Box(150, 60, 30, 40)
    made = [scene(weak=(weak(box),) if i >= 8 else ()) for i in range(12)]
    out = play(made)
    assert all(share(out[i], box) == 1.0 for i in range(2, 12)) and out[1].regions == ()


def test_a_weak_second_look_at_a_sharp_face_hides_nothing_before() -> None:
    again = Box(106, 88, 48, 64)
    made = [scene(known(matched_at=i * STEP), weak=(weak(again),) if i == 8 else ()) for i in range(12)]
    assert all(r.regions == () for r in play(made))


@pytest.mark.parametrize(("change", "hidden"), [
    ({"person": None}, True), ({"person": "eve"}, True), ({"ambiguous": True}, True), ({"score": 0.2}, True),
    ({"matched_at": -9.0}, True), ({"yaw": 60.0}, False), ({"box": Box(-5, 80, 60, 80)}, False)])
def test_an_identity_that_does_not_hold_hides_the_waiting_pictures_a_turned_head_does_not(
        change: dict[str, object], hidden: bool) -> None:
    made = [scene(known(matched_at=i * STEP)) for i in range(14)]
    made[10] = scene(known(**({"matched_at": 10 * STEP} | change)))  # type: ignore[arg-type]
    out = play(made)
    assert out[3].regions == () and out[11].regions == () and out[10].regions
    for i in range(4, 10):
        assert bool(out[i].regions) is hidden
        if hidden:
            assert share(out[i], Box(100, 80, 60, 80)) == 1.0


def test_being_recognised_later_does_not_show_what_was_hidden() -> None:
    made = [scene(known(person=None if i < 8 else "ben", matched_at=i * STEP)) for i in range(16)]
    out = play(made)
    assert all(share(r, Box(100, 80, 60, 80)) == 1.0 for r in out[:8]) and all(not r.regions for r in out[8:])


def test_without_delay_nothing_is_learned_and_nothing_lost() -> None:
    out = play(walk(10, 20, lambda i: Box(140, 80, 50, 65), 21), PrivacySettings(delay=0))
    assert all(not r.regions for r in out[:10]) and all(r.regions for r in out[10:])


def test_memory_stays_flat_over_many_tracks() -> None:
    line, hider = DelayLine(SETTINGS), Hider(SETTINGS)
    for index in range(400):
        one = replace(scene(stranger(index + 1, Box(100, 80, 40, 50))), monotonic=index * STEP)
        line.push(frame(index), one, hider.regions(one, ()))
    assert len(line._first) < 60 and len(line._last) < 60 and len(line._line) == 6

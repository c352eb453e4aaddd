"""When the pipeline has a face judged for life, and when what was said of it is forgotten."""

from __future__ import annotations

import pytest
from live_fakes import Verdicts
from pipeline_world import BEN, HIRO, World

from edge_face.errors import ModelError
from edge_face.types import Image, Liveness, LiveVerdict, Track


def world(judge: Verdicts, who: int = BEN, eye: float = 50, **options: object) -> World:
    found = World(live=judge, **options)
    found.people["somebody"] = (who, 200, 100, eye, 0.9)
    return found


def liveness(place: World, **options: object) -> Liveness | None:
    (track,) = place.look(**options).tracks  # type: ignore[arg-type]
    return track.liveness


def test_without_a_judge_nothing_is_said() -> None:
    place = World()
    place.people["ben"] = (BEN, 200, 100, 50, 0.9)
    for _ in range(10):
        assert liveness(place) is None


def test_only_confirmed_faces_near_the_zone_are_judged() -> None:
    judge = Verdicts()
    place = world(judge, eye=30)
    for _ in range(20):
        assert liveness(place) is None
    place.people["somebody"] = (BEN, 200, 100, 50, 0.9)
    found = [liveness(place) for _ in range(5)]
    assert found[-1] is not None and found[-1].verdict is LiveVerdict.LIVE and set(judge.looked) == {1}
    early = Verdicts()
    assert liveness(world(early)) is None and early.looked == [], "a face of one frame is not believed yet"


def test_who_is_not_due_keeps_what_was_said() -> None:
    judge = Verdicts()
    place = world(judge)
    for _ in range(10):
        liveness(place)
    judge.due, looks = False, len(judge.looked)
    assert liveness(place) == Liveness(LiveVerdict.LIVE, 0.9, looks) and len(judge.looked) == looks


def test_two_faces_at_most_in_one_frame_the_nearest_first() -> None:
    judge = Verdicts()
    place = World(live=judge)
    for number, eye in enumerate((40, 46, 43)):
        place.people[f"p{number}"] = (BEN, 10 + 210 * number, 100, eye, 0.9)
    for _ in range(10):
        scene = place.look()
    sizes = {t.id: t.box.area for t in scene.tracks}
    judged = set(judge.looked)
    assert len(judged) == 2 and min(sizes, key=lambda i: sizes[i]) not in judged
    forced = Verdicts()
    place = World(live=forced, force_embedding=True)
    for number in range(3):
        place.people[f"p{number}"] = (BEN, 10 + 210 * number, 100, 25, 0.9)
    place.look()
    assert len(set(forced.looked)) == 3


def test_the_detail_stream_is_what_life_is_looked_for_in() -> None:
    judge = Verdicts()
    place = world(judge)
    for _ in range(6):
        scene = place.look(detail=2.0)
    assert judge.places[-1].width == pytest.approx(2 * scene.tracks[0].box.width)
    assert judge.places[-1].x == pytest.approx(2 * scene.tracks[0].box.x)


def test_a_lost_face_is_judged_from_nothing() -> None:
    judge = Verdicts()
    place = world(judge)
    for _ in range(10):
        liveness(place)
    gone = place.people.pop("somebody")
    assert liveness(place) is None and 1 in judge.forgotten
    place.people["somebody"] = gone
    found = [liveness(place) for _ in range(3)]
    assert all(f is None or f.frames <= 3 for f in found)


def test_another_person_in_the_same_track_is_judged_from_nothing() -> None:
    judge = Verdicts()
    place = world(judge)
    for _ in range(10):
        before = liveness(place)
    assert before is not None and before.frames >= 5
    place.people["somebody"] = (HIRO, 200, 100, 50, 0.9)
    frames = []
    for _ in range(12):
        found = liveness(place)
        frames.append(found.frames if found else 0)
    assert 1 in judge.forgotten and min(frames) <= 1


def test_who_leaves_and_everybody_at_a_reset_is_forgotten() -> None:
    judge = Verdicts()
    place = world(judge)
    for _ in range(10):
        liveness(place)
    place.pipeline.reset()
    assert 1 in judge.forgotten
    place.look()
    assert place.look().tracks[0].liveness is None


def test_a_judge_that_fails_fails_the_frame() -> None:
    class Broken(Verdicts):
        def look(self, track_id: int, image: Image, track: Track, monotonic: float) -> Liveness:
            raise ModelError("broken")

    place = world(Broken())
    with pytest.raises(ModelError):
        for _ in range(10):
            place.look()


def test_the_seconds_are_told() -> None:
    place = world(Verdicts())
    assert "live" in place.look().timings


def test_a_watched_track_is_embedded_in_every_good_frame() -> None:
    place = World()
    place.people["somebody"] = (BEN, 200, 100, 30, 0.9)
    for _ in range(10):
        place.look()
    before = place.embeddings
    place.pipeline.watch = 1
    for _ in range(10):
        place.look()
    assert place.embeddings - before == 10
    place.pipeline.watch = None
    for _ in range(10):
        place.look()
    assert place.embeddings - before < 10 + 4

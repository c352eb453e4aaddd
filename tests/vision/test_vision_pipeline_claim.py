"""A face against the one person whom a code or card names: when it is compared, and that no one is mixed up."""

from __future__ import annotations

from pipeline_world import BEN, HIRO, World

from edge_face.types import Claimed


def claimed(world: World) -> Claimed | None:
    (track,) = world.look().tracks
    return track.claimed


def near_the_door(who: int, enrolled: tuple[int, ...] = (BEN, HIRO)) -> World:
    world = World(enrolled=enrolled)
    world.people["somebody"] = (who, 200, 100, 50, 0.9)
    for _ in range(40):
        world.look()
    return world


def test_without_a_claim_nobody_is_compared() -> None:
    assert claimed(near_the_door(BEN)) is None


def test_the_claimed_person_is_compared_in_every_frame_from_the_next_on() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p1"
    before = world.embeddings
    for _ in range(10):
        found = claimed(world)
        assert found is not None and found.person == "p1" and found.agrees
        assert found.score >= found.threshold == 0.7
    assert world.embeddings - before == 10
    world.pipeline.claim = None
    assert claimed(world) is None


def test_somebody_else_does_not_agree() -> None:
    world = near_the_door(HIRO)
    world.pipeline.claim = "p1"
    for _ in range(5):
        found = claimed(world)
        assert found is not None and not found.agrees and found.score < found.threshold


def test_who_is_not_enrolled_is_nobody() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p9"
    found = claimed(world)
    assert found is not None and (found.score, found.agrees) == (-1.0, False)


def test_another_claim_starts_from_nothing() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p1"
    assert claimed(world) is not None
    world.pipeline.claim = "p2"
    found = claimed(world)
    assert found is not None and found.person == "p2" and not found.agrees and found.score < found.threshold


def test_a_frame_that_was_not_embedded_does_not_agree_again() -> None:
    world = World()
    world.people["far"] = (BEN, 200, 100, 30, 0.9)
    world.pipeline.claim = "p1"
    found = [claimed(world) for _ in range(20)]
    assert all(f is not None and f.score >= f.threshold for f in found)
    assert [f.agrees for f in found if f].count(True) < 12, "outside the zone it is embedded rarely"


def test_a_lost_face_has_to_be_compared_anew() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p1"
    assert claimed(world) is not None
    gone = world.people.pop("somebody")
    assert claimed(world) is None
    world.people["somebody"] = (HIRO, *gone[1:])
    for _ in range(5):
        found = claimed(world)
        assert found is None or not (found.agrees or found.score >= found.threshold)


def test_somebody_else_under_the_same_box_takes_nothing_over() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p1"
    assert claimed(world) is not None
    world.people["somebody"] = (HIRO, *world.people["somebody"][1:])
    for _ in range(10):
        found = claimed(world)
        assert found is None or not (found.agrees or found.score >= found.threshold)


def test_another_gallery_has_to_say_it_again() -> None:
    world = near_the_door(BEN)
    world.pipeline.claim = "p1"
    assert claimed(world) is not None
    world.pipeline.gallery = type(world.gallery)((HIRO,))
    found = claimed(world)
    assert found is not None and found.score == -1.0 and not found.agrees

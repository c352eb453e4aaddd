"""The decision, case by case: who is let in, when, and what is said about it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edge_face.access import Decision, DoorState, FaceFact, Facts, Kind, Rules, decide
from edge_face.types import Light, LiveVerdict, TrackState

STEP = 1 / 15
RULES = Rules()
KNOWN = FaceFact(1, TrackState.CONFIRMED, 0.09, 2.0, "ben", 0.8, 0.6, "ben", True, "ben", live=LiveVerdict.LIVE, live_score=0.9)
STRANGER = FaceFact(2, TrackState.CONFIRMED, 0.09, 2.0, None, 0.2, 0.6, "ben", True, None)
BLURRED = replace(STRANGER, judged=False, failing=("sharpness",))


class Door:
    """A door told one moment after the other; `all` is everything it decided."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules, self.state, self.now = rules, DoorState(), 1000.0
        self.all: list[Decision] = []

    def tell(self, *faces: FaceFact, step: float = STEP, **more: object) -> list[Kind]:
        return self.facts(Facts(self.now + step, 1e9, faces, **more))  # type: ignore[arg-type]

    def tick(self, step: float = STEP, **more: object) -> list[Kind]:
        return self.facts(Facts(self.now + step, 1e9, None, **more))  # type: ignore[arg-type]

    def facts(self, facts: Facts) -> list[Kind]:
        if math.isfinite(facts.monotonic):
            self.now = facts.monotonic
        self.state, made = decide(self.state, facts, self.rules)
        self.all += made
        return [d.kind for d in made]

    def watch(self, seconds: float, *faces: FaceFact) -> list[Kind]:
        return [k for _ in range(round(seconds / STEP)) for k in self.tell(*faces)]

    def last(self, kind: Kind) -> Decision:
        return [d for d in self.all if d.kind is kind][-1]

    def codes(self, kind: Kind) -> set[str]:
        return {r.code for r in self.last(kind).reasons}


def test_a_known_face_that_stays_is_let_in_once_after_the_dwell_time() -> None:
    door = Door()
    start = door.now + STEP
    assert door.watch(2.0, KNOWN) == [Kind.GRANT]
    grant = door.last(Kind.GRANT)
    assert (grant.person, grant.track, grant.seconds) == ("ben", 1, 3.0)
    assert RULES.dwell <= grant.monotonic - start <= RULES.dwell + STEP + 1e-9
    assert door.codes(Kind.GRANT) == {"votes", "matched", "near", "facing", "stayed", "live", "assurance-face"}
    values = {k: v for r in grant.reasons if r.code != "live" for k, v in r.values.items()}
    assert values["score"] == 0.8 and values["threshold"] == 0.6 and values["agreeing"] == 5 and values["share"] == 0.09
    assert "0.800" in " ".join(r.text for r in grant.reasons) and "ben" not in " ".join(r.text for r in grant.reasons)


def test_the_door_locks_again_at_its_time_without_any_picture() -> None:
    door = Door()
    door.watch(1.0, KNOWN)
    until = door.state.release.until  # type: ignore[union-attr]
    assert until == pytest.approx(door.last(Kind.GRANT).monotonic + 3.0)
    assert door.tick(step=until - door.now - 0.01) == []
    assert door.tick(step=0.02) == [Kind.RELOCK] and door.state.release is None
    assert door.tick(step=5.0) == []


@pytest.mark.parametrize("worse", [
    {"eye_share": RULES.zone * 0.999}, {"yaw": RULES.zone_yaw}, {"yaw": -40.0},
    {"state": TrackState.COASTING}, {"state": TrackState.TENTATIVE},
    {"person": None}, {"vote": None}, {"vote": "ana"}, {"person": "ana"},
    {"judged": False}, {"failing": ("light",)}, {"score": 0.59},
    {"eye_share": math.nan}, {"yaw": math.nan}, {"score": math.nan}, {"threshold": math.nan},
    {"eye_share": math.inf}, {"eye_share": 1.5}, {"ambiguous": True}, {"live_score": math.nan},
    {"live": LiveVerdict.UNKNOWN}, {"live": LiveVerdict.UNSURE}, {"live": LiveVerdict.ATTACK},
], ids=str)
def test_whatever_is_missing_opens_nothing(worse: dict[str, object]) -> None:
    door = Door()
    assert Kind.GRANT not in door.watch(6.0, replace(KNOWN, **worse))  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [{"healthy": False}, {"light": Light.TOO_DARK}, {"light": Light.TOO_BRIGHT}], ids=str)
def test_what_cannot_be_judged_opens_nothing_and_what_was_seen_before_is_void(more: dict[str, object]) -> None:
    door = Door()
    for _ in range(60):
        assert door.tell(KNOWN, **more) == []
    door = Door()
    for _ in range(4):
        door.tell(KNOWN)
    door.tell(KNOWN, **more)
    assert door.watch(RULES.dwell - STEP, KNOWN) == []
    assert door.watch(3 * STEP, KNOWN) == [Kind.GRANT]


def test_a_vote_counts_once_and_only_within_the_window() -> None:
    door = Door()
    for _ in range(50):
        door.tell(KNOWN, step=0.0)
    assert door.state.approach.stays[0].votes.__len__() == 1
    slow = Door(replace(RULES, window=0.5))
    assert slow.watch(0.0) == []
    for _ in range(20):
        assert Kind.GRANT not in slow.tell(KNOWN, step=0.3), "two frames in any half second are not three"
    assert Door(replace(RULES, window=0.7)).watch(2.0, KNOWN) == [Kind.GRANT]


def test_n_of_m_must_agree() -> None:
    door = Door(replace(RULES, votes=3, of=5, dwell=0.0))
    pattern = [True, False, True, False, False]
    kinds = [k for i in range(40) for k in door.tell(KNOWN if pattern[i % 5] else replace(KNOWN, vote=None))]
    assert Kind.GRANT not in kinds
    door = Door(replace(RULES, votes=3, of=5, dwell=0.0))
    assert [door.tell(KNOWN if ok else replace(KNOWN, vote=None)) for ok in (True, False, True, False, True)][-1] == [Kind.GRANT]


def test_the_frame_that_opens_must_itself_agree() -> None:
    door = Door(replace(RULES, dwell=0.5))
    door.watch(0.45, KNOWN)
    for vote in (None, "ana"):
        assert door.watch(0.2, replace(KNOWN, vote=vote)) == []


def test_frames_of_two_tracks_do_not_add_up() -> None:
    door = Door(replace(RULES, of=30, dwell=0.0))
    for i in range(30):
        assert Kind.GRANT not in door.tell(replace(KNOWN, track=10 + i // 2))


def test_passing_by_opens_nothing_and_leaving_starts_over() -> None:
    door = Door()
    assert door.watch(RULES.dwell - 2 * STEP, KNOWN) == []
    assert door.watch(0.5, replace(KNOWN, eye_share=0.03)) == []
    assert door.watch(RULES.dwell - 2 * STEP, KNOWN) == []


def test_trembling_at_the_edge_keeps_a_stay_but_grants_only_inside() -> None:
    door = Door()
    door.watch(4 * STEP, KNOWN)
    since = door.state.approach.stays[0].since
    below = replace(KNOWN, eye_share=RULES.zone * 0.97)
    assert door.watch(10 * STEP, below) == []
    assert door.state.approach.stays[0].since == since
    assert door.tell(KNOWN) == [Kind.GRANT]
    only_below = Door()
    assert Kind.GRANT not in only_below.watch(5.0, below)


def test_a_face_lost_for_a_moment_has_not_left() -> None:
    door = Door()
    door.watch(3 * STEP, KNOWN)
    since = door.state.approach.stays[0].since
    door.watch(2 * STEP, replace(KNOWN, state=TrackState.COASTING))
    assert door.state.approach.stays[0].since == since
    door.watch(0.4, replace(KNOWN, state=TrackState.COASTING))
    assert door.state.approach.stays == ()


def test_a_pause_without_pictures_starts_over() -> None:
    door = Door()
    door.watch(3 * STEP, KNOWN)
    door.tick(step=1.2)
    assert door.tell(KNOWN) == [] and door.state.approach.stays[0].since == door.now


def test_an_ambiguous_face_loses_its_votes() -> None:
    door = Door()
    door.watch(RULES.dwell - STEP, KNOWN)
    door.tell(replace(KNOWN, ambiguous=True, judged=False))
    assert door.watch(RULES.dwell - STEP, KNOWN) == []


def test_one_approach_gets_one_grant_and_the_next_one_another() -> None:
    door = Door()
    assert door.watch(20.0, KNOWN) == [Kind.GRANT, Kind.RELOCK]
    assert door.watch(RULES.approach_gap - 0.5) == []
    assert door.watch(3.0, replace(KNOWN, track=7)) == [], "a new track of the same approach"
    assert door.watch(RULES.approach_gap + 0.5) == []
    assert door.watch(1.0, replace(KNOWN, track=9)) == [Kind.GRANT]


def test_time_in_which_nothing_could_be_seen_is_no_absence() -> None:
    door = Door()
    door.watch(1.0, KNOWN)
    for _ in range(150):
        door.tell(healthy=False)
    door.tick(step=30.0)
    assert Kind.GRANT not in door.watch(2.0, replace(KNOWN, track=5))


def test_two_people_at_the_door_the_known_one_is_let_in_and_the_other_is_mentioned() -> None:
    door = Door()
    assert door.watch(1.0, KNOWN, STRANGER) == [Kind.GRANT]
    assert door.last(Kind.GRANT).track == 1
    (company,) = [r for r in door.last(Kind.GRANT).reasons if r.code == "company"]
    assert company.values == {"others": 1}


def test_two_known_people_are_both_let_in_and_the_release_goes_on() -> None:
    door = Door()
    ana = replace(KNOWN, track=2, person="ana", vote="ana", nearest="ana")
    assert door.watch(1.0, KNOWN) == [Kind.GRANT]
    assert door.watch(1.0, KNOWN, ana) == [Kind.GRANT]
    assert door.state.release.until == pytest.approx(door.last(Kind.GRANT).monotonic + 3.0)  # type: ignore[union-attr]


def test_two_faces_of_one_person_are_not_believed() -> None:
    door = Door()
    assert door.watch(1.5, KNOWN, replace(KNOWN, track=2)) == [Kind.DENY, Kind.DENY]
    assert "named-twice" in door.codes(Kind.DENY)


def test_one_id_for_two_faces_is_not_believed() -> None:
    assert Door().watch(1.5, KNOWN, KNOWN) == []


def test_an_unknown_face_that_stays_is_a_failed_approach_again_and_again() -> None:
    door = Door()
    assert door.watch(RULES.fail_after - 2 * STEP, STRANGER) == []
    assert door.watch(3 * STEP, STRANGER) == [Kind.DENY]
    deny = door.last(Kind.DENY)
    assert door.codes(Kind.DENY) == {"unknown", "near", "stayed", "failures"} and deny.person is None
    assert deny.reasons[0].values == {"score": 0.2, "threshold": 0.6, "nearest": "ben"}
    assert door.watch(RULES.fail_again - 2 * STEP, STRANGER) == []
    assert door.watch(3 * STEP, STRANGER) == [Kind.DENY] and door.state.approach.failures == 2


def test_a_face_that_was_never_good_enough_is_refused_with_its_fault_but_not_counted() -> None:
    door = Door()
    assert door.watch(2.5, BLURRED) == [Kind.DENY, Kind.PROMPT]
    assert door.state.prompt is not None and (door.state.prompt.what, door.state.prompt.person) == ("code", None)
    assert door.codes(Kind.DENY) == {"quality", "not-counted"} and "sharpness" in door.last(Kind.DENY).reasons[0].text
    assert door.state.approach.failures == 0


def test_a_face_whose_frames_disagree_is_refused_with_the_count() -> None:
    door = Door()
    kinds = [k for i in range(45) for k in door.tell(KNOWN if i % 3 == 0 else replace(KNOWN, vote=None))]
    assert kinds == [Kind.DENY] and {"matched", "votes"} <= door.codes(Kind.DENY)


def fail(door: Door, times: int) -> list[Kind]:
    made = []
    for i in range(times):
        made += door.watch(RULES.fail_after + 2 * STEP, replace(STRANGER, track=100 + i))
        made += door.watch(0.5)
    return made


def test_after_five_failures_in_a_row_the_door_rests_and_the_button_works() -> None:
    door = Door()
    assert fail(door, 5) == [Kind.DENY] * 5 + [Kind.REST]
    assert door.last(Kind.REST).seconds == 30.0
    begun = door.last(Kind.REST).monotonic
    assert door.watch(3.0, KNOWN) == [Kind.DENY], "told once"
    assert "resting" in door.codes(Kind.DENY) and door.last(Kind.DENY).person == "ben"
    assert door.tick(exit_pressed=True) == [Kind.EXIT]
    made = door.watch(40.0, KNOWN)
    assert made == [Kind.RELOCK, Kind.REST_OVER, Kind.GRANT, Kind.RELOCK]
    assert door.last(Kind.REST_OVER).monotonic - begun == pytest.approx(30.0, abs=2 * STEP)
    assert door.last(Kind.GRANT).monotonic - door.last(Kind.REST_OVER).monotonic >= RULES.dwell
    assert door.state.approach.failures == 0


def test_a_grant_ends_the_row_of_failures() -> None:
    door = Door()
    fail(door, 4)
    door.watch(1.0, KNOWN)
    assert door.state.approach.failures == 0
    door.watch(4.0)
    assert fail(door, 4) == [Kind.DENY] * 4 and door.state.rest_until is None


def test_a_rest_of_no_seconds_never_locks_anybody_out() -> None:
    door = Door(replace(RULES, rest=0.0))
    assert Kind.REST not in fail(door, 12)
    door.watch(3.0)
    assert door.watch(1.0, KNOWN) == [Kind.GRANT]


def test_a_person_who_was_let_in_is_no_failure_however_long_they_stay() -> None:
    door = Door()
    door.watch(1.0, KNOWN)
    assert door.watch(30.0, replace(KNOWN, person=None, vote=None)) == [Kind.RELOCK]


def test_the_exit_button_releases_at_any_time_and_the_newest_press_counts() -> None:
    door = Door()
    assert door.tick(exit_pressed=True) == [Kind.EXIT] and door.last(Kind.EXIT).person is None
    first = door.state.release.until  # type: ignore[union-attr]
    assert door.tell(healthy=False, exit_pressed=True, step=1.0) == [Kind.EXIT]
    assert door.state.release.until == pytest.approx(first + 1.0)  # type: ignore[union-attr]


def test_pressing_for_ever_releases_no_longer_than_the_settings_say() -> None:
    door = Door(replace(RULES, max_release=10.0))
    relocks = []
    for _ in range(600):
        before = door.now
        if Kind.RELOCK in door.tick(exit_pressed=True):
            relocks.append(before + STEP)
        assert all(d.seconds > 0 for d in door.all if d.kind is Kind.EXIT)
    assert len(relocks) == 3 and relocks[0] - 1000 == pytest.approx(10.0, abs=0.2)


def test_a_clock_that_runs_backwards_locks_and_forgets_but_keeps_the_rest() -> None:
    door = Door()
    door.watch(1.0, KNOWN)
    assert door.tell(KNOWN, step=-100.0) == [Kind.RELOCK] and door.codes(Kind.RELOCK) == {"clock"}
    assert door.state.approach.stays == () and door.state.release is None
    assert door.tick(exit_pressed=True) == [Kind.EXIT]
    resting = Door()
    fail(resting, 5)
    resting.tick(step=-500.0)
    assert resting.state.rest_until == pytest.approx(resting.now + 30.0)
    assert Kind.GRANT not in resting.watch(29.0, KNOWN)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_opens_nothing_and_locks_what_is_open(bad: float) -> None:
    door = Door()
    door.watch(1.0, KNOWN)
    assert door.facts(Facts(bad, 1e9, (KNOWN,), exit_pressed=True)) == [Kind.RELOCK]
    assert door.state.release is None and door.state.approach.stays == ()
    assert door.facts(Facts(bad, 1e9, (KNOWN,))) == []


def test_the_wall_clock_means_nothing() -> None:
    one, two = Door(), Door()
    for i in range(100):
        at = 1000 + (i + 1) * STEP
        a = one.facts(Facts(at, 1e9 + at, (KNOWN,)))
        b = two.facts(Facts(at, [math.nan, -1e18, 1e300, 0.0][i % 4], (KNOWN,)))
        assert a == b
    assert one.state == two.state

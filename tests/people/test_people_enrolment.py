"""From pictures, frames and cameras to templates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import MODEL, THRESHOLDS, ScriptedReader, near, picture, quality, unit

from edge_face.errors import EnrolmentError, MediaError, ModelError
from edge_face.people.enrolment import Enrolled, Enrolment
from edge_face.people.guide import Look, Prompt, Take
from edge_face.people.selection import choose, concord, outliers
from edge_face.people.sighting import FaceReader
from edge_face.types import Box, Detection, Floats, Image

FACE = unit(1)
ARC = np.array([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]], np.float32)


def _good(seed: int, yaw: float = 0.0, sharpness: float = 1.0, face: Floats = FACE) -> Look:
    return Look(0.0, 1, quality(yaw, 0.0, sharpness), (), near(face, 0.8, seed))


def _pictures(*looks: Look, least: int = 2) -> Enrolled:
    enrolment = Enrolment(ScriptedReader(looks), THRESHOLDS, least=least)
    return enrolment.from_pictures([(f"{k}.jpg", lambda k=k: picture(k)) for k in range(len(looks))], wall=7.0)


def test_good_pictures_become_templates() -> None:
    enrolled = _pictures(_good(1), _good(2, 20.0), _good(3, -20.0))
    assert [t.pose for t in enrolled.templates] == ["straight", "left", "right"]
    assert all(t.model == MODEL and t.wall == 7.0 for t in enrolled.templates)
    assert enrolled.left_out == () and enrolled.looked_at == 3
    pairs = [float(a.embedding @ b.embedding) for k, a in enumerate(enrolled.templates) for b in enrolled.templates[k + 1:]]
    assert enrolled.concord.lowest == pytest.approx(min(pairs), abs=1e-6)
    assert enrolled.concord.mean == pytest.approx(np.mean(pairs), abs=1e-6)


def test_no_more_templates_than_the_rates_are_measured_for() -> None:
    enrolled = _pictures(*(_good(k, 20.0 * (k % 3 - 1)) for k in range(12)))
    assert len(enrolled.templates) == 4
    assert {t.pose for t in enrolled.templates} == {"straight", "left", "right"}


def test_what_is_left_out_is_named_with_its_reason() -> None:
    dark = Look(0.0, 1, quality(), ("too dark: turn to the light",))
    enrolled = _pictures(_good(1), Look(0.0, 0), Look(0.0, 2), dark, _good(2), _good(3, face=unit(77)))
    assert [(o.what, o.why.split(":")[0].split("(")[0].strip()) for o in enrolled.left_out] == [
        ("1.jpg", "no face was found"), ("2.jpg", "2 faces"), ("3.jpg", "too dark"),
        ("5.jpg", "it looks like somebody else than the other pictures")]
    assert len(enrolled.templates) == 2


def test_a_picture_that_cannot_be_read_is_left_out() -> None:
    def broken() -> Image:
        raise MediaError("'x.jpg' is cut off")

    enrolment = Enrolment(ScriptedReader([_good(1), _good(2)]), THRESHOLDS)
    enrolled = enrolment.from_pictures([("a", lambda: picture(0)), ("x.jpg", broken), ("b", lambda: picture(1))], wall=0.0)
    assert [(o.what, o.why) for o in enrolled.left_out] == [("x.jpg", "'x.jpg' is cut off")]


@pytest.mark.parametrize(("looks", "message"), [
    ([], "there is no picture"), ([_good(1)], r"2 usable pictures of one person are needed, there is 1"),
    ([Look(0.0, 0), Look(0.0, 0)], "there are none.*no face was found"), ([Look(0.0, 2), _good(1)], "0.jpg: 2 faces"),
    ([_good(1), _good(2, face=unit(9))], "do not show one person"), ([Look(0.0, 0)] * 9, r"; \.\.\.\)$")])
def test_too_little_is_refused_with_reasons(looks: list[Look], message: str) -> None:
    with pytest.raises(EnrolmentError, match=message) as caught:
        _pictures(*looks)
    assert "\n" not in str(caught.value)


def _frames(*looks: Look) -> Enrolled:
    enrolment = Enrolment(ScriptedReader(looks), THRESHOLDS)
    return enrolment.from_frames([(f"frame {k}", picture(k)) for k in range(len(looks))], wall=0.0)


def test_a_video_of_one_person() -> None:
    enrolled = _frames(*(_good(k, (k - 10) * 2.0, 0.5 + k / 50) for k in range(20)), Look(0.0, 0), Look(0.0, 0), Look(0.0, 2))
    assert {t.pose for t in enrolled.templates} == {"straight", "left", "right"}
    assert [(o.what, o.why) for o in enrolled.left_out] == [("2 of 23 frames", "no face was found"),
                                                            ("1 of 23 frames", "more than one face")]


def test_a_long_video_keeps_memory_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.enrolment.MOST_TAKES", 10)
    enrolled = _frames(*(_good(k, 0.0, 0.9 if k == 30 else 0.5) for k in range(60)))
    assert max(t.quality for t in enrolled.templates) == 0.9


def test_a_video_of_two_people_is_refused() -> None:
    with pytest.raises(EnrolmentError, match="film one person alone"):
        _frames(*[Look(0.0, 2)] * 5, _good(1), _good(2), Look(0.0, 0))


def test_a_video_without_faces_is_refused() -> None:
    with pytest.raises(EnrolmentError, match="no face was found"):
        _frames(*[Look(0.0, 0)] * 5)
    with pytest.raises(EnrolmentError, match="no picture"):
        _frames()


def _guided(looks: list[Look], step: float = 0.2) -> tuple[Enrolled, list[Prompt]]:
    prompts: list[Prompt] = []
    enrolment = Enrolment(ScriptedReader(looks), THRESHOLDS)
    frames = ((k * step, picture(k), None) for k in range(len(looks)))
    return enrolment.guided(frames, prompts.append, wall=1.0), prompts


def test_guided_by_prompts() -> None:
    looks = [_good(k, yaw) for yaw in (0.0, 20.0, -20.0) for k in range(7)] + [_good(40 + k) for k in range(40)]
    enrolled, prompts = _guided(looks)
    assert [t.pose for t in enrolled.templates] == ["straight", "left", "right", "extra"]
    assert len(enrolled.notes) == 1 and "chin" in enrolled.notes[0]
    shares = [p.share for p in prompts]
    assert shares[-1] == 1.0 and shares == sorted(shares)
    assert "turn your head a bit to your left" in [p.text for p in prompts]


def test_a_guided_enrolment_that_comes_to_nothing() -> None:
    with pytest.raises(EnrolmentError, match=r"no usable picture within 20 s: nobody is in the picture"):
        _guided([Look(0.0, 0)] * 200)


def test_a_camera_that_ends_early_leaves_too_few() -> None:
    with pytest.raises(EnrolmentError, match="there is 1"):
        _guided([_good(k) for k in range(8)])


TAKES = st.tuples(st.sampled_from([0, 0, 0, 1, 2]), st.integers(0, 30), st.sampled_from(["straight", "left", "up"]), st.floats(0.1, 1))


@given(st.lists(TAKES, min_size=1, max_size=12), st.integers(1, 6))
def test_selection_keeps_one_person_and_no_more_than_allowed(given_: list[tuple[int, int, str, float]], most: int) -> None:
    faces = [unit(200), unit(201), unit(202)]
    takes = [Take(pose, quality(sharpness=sharp), near(faces[who], 0.9, seed)) for who, seed, pose, sharp in given_]
    gone = {o.index for o in outliers(takes, 0.4)}
    kept = [t for k, t in enumerate(takes) if k not in gone]
    chosen = choose(kept, most)
    assert len(chosen) == len(set(chosen)) == min(most, len(kept))
    if len(kept) > 1:
        means = [np.mean([float(a.embedding @ b.embedding) for b in kept if b is not a]) for a in kept]
        assert min(means) >= 0.4 - 1e-6
    assert concord([kept[i] for i in chosen]).lowest <= concord([kept[i] for i in chosen]).mean + 1e-6
    best_of_pose = {t.pose: max(o.quality.overall for o in kept if o.pose == t.pose) for t in kept}
    if len(best_of_pose) <= most:
        assert {kept[i].pose for i in chosen} == set(best_of_pose)


class FakeDetector:
    """Finds as many faces as the first pixel says."""

    recognise = 0.6

    def __init__(self, landmarks: Floats = ARC) -> None:
        self.landmarks, self.thresholds = landmarks, [0.0]

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        self.thresholds.append(threshold)
        return [Detection(Box(0, 0, 112, 112), self.landmarks, 0.9)] * int(image[0, 0, 0])


class FakeEmbedder:
    def __init__(self) -> None:
        self.seen: list[Image] = []

    def embed(self, aligned: Image) -> Floats:
        self.seen.append(aligned)
        return FACE


def _scene(faces: int, size: int = 112) -> Image:
    source = np.random.default_rng(0)
    image = source.integers(60, 200, (size, size, 3)).astype(np.uint8)
    image[0, 0] = faces
    return image


def test_the_reader_embeds_only_what_may_become_a_template() -> None:
    from edge_face.vision.quality import Limits

    embedder, detector = FakeEmbedder(), FakeDetector()
    lax = Limits(0.0, 0.0, 0.0, 0.0, 10.0)
    reader = FaceReader(detector, embedder, MODEL, lax)
    assert [reader.look(_scene(n)).faces for n in (0, 1, 2)] == [0, 1, 2]
    assert len(embedder.seen) == 1 and embedder.seen[0].shape == (112, 112, 3)
    assert detector.thresholds[-1] == 0.6
    strict = FaceReader(detector, embedder, MODEL, Limits(0.0, 0.0, 0.0, 0.0, 500.0))
    look = strict.look(_scene(1), 4.0)
    assert look.embedding is None and look.monotonic == 4.0 and look.advice[0].startswith("too far: 35 px between the eyes, 500 needed")
    assert len(embedder.seen) == 1


def test_the_larger_picture_is_aligned_from() -> None:
    from edge_face.vision.quality import Limits

    reader = FaceReader(FakeDetector(), FakeEmbedder(), MODEL, Limits(0.0, 0.0, 0.0, 0.0, 60.0))
    small = _scene(1)
    assert reader.look(small).advice
    look = reader.look(small, 0.0, _scene(1, 224))
    assert not look.advice and look.quality is not None and look.quality.eye_distance == pytest.approx(2 * 35.24, abs=0.1)


def test_landmarks_that_make_no_face_are_no_face() -> None:
    reader = FaceReader(FakeDetector(np.zeros((5, 2), np.float32)), FakeEmbedder(), MODEL)
    assert reader.look(_scene(1)).faces == 0


def test_a_broken_detector_is_said() -> None:
    class Broken(FakeDetector):
        def detect(self, image: Image, threshold: float) -> list[Detection]:
            raise ModelError("the detector gives no numbers")

    with pytest.raises(ModelError):
        FaceReader(Broken(), FakeEmbedder(), MODEL).look(_scene(1))

"""The shipped attack detector, by the device's own pipeline, on the bundled clips of people who do not exist."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from live_fakes import bundle

from edge_face.demo import clip_path
from edge_face.errors import ModelError
from edge_face.evaluation.bench import Crowd
from edge_face.media import VideoReader
from edge_face.service.models import Models, load_models
from edge_face.settings import Settings, VisionSettings
from edge_face.types import Frame, LiveVerdict
from edge_face.vision.pipeline import VisionPipeline


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(VisionSettings())


@pytest.mark.parametrize(("clip", "wanted", "start", "end"), [
    ("door", LiveVerdict.LIVE, 55, 100), ("turn_live", LiveVerdict.LIVE, 0, 45), ("turn_print", LiveVerdict.ATTACK, 0, 45),
    ("spoof_print", LiveVerdict.ATTACK, 30, 75), ("spoof_screen", LiveVerdict.ATTACK, 40, 85)])
def test_clips_get_the_right_verdict_in_every_frame(models: Models, clip: str, wanted: LiveVerdict, start: int, end: int) -> None:
    pipeline = VisionPipeline(Settings(), models.detector, models.embedder, Crowd(5, models.embedder.dimension), live=models.live)
    verdicts: Counter[LiveVerdict] = Counter()
    with VideoReader(clip_path(clip)) as video:
        for index, seconds, image in video:
            if index >= end:
                break
            if index >= start:
                scene = pipeline.process(Frame(index, seconds, seconds, image))
                verdicts.update(t.liveness.verdict for t in scene.tracks if t.liveness and t.liveness.verdict is not LiveVerdict.UNKNOWN)
    assert set(verdicts) == {wanted} and verdicts[wanted] >= 20


def test_a_bundle_that_was_not_measured_is_no_doors(tmp_path: Path) -> None:
    vision = replace(VisionSettings(), liveness=str(bundle(tmp_path, {})))
    with pytest.raises(ModelError, match="calibrate-liveness"):
        load_models(vision)


def test_the_models_say_what_they_are(models: Models) -> None:
    assert models.live_bundle is not None and models.live_bundle.name in models.describe()

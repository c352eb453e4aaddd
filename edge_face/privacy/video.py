"""A video file with its faces hidden: read, see, decide, wait, hide, write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass

from edge_face.errors import MediaError
from edge_face.media import VideoReader, VideoWriter, same_file
from edge_face.media.paths import shown
from edge_face.privacy.behind import Behind
from edge_face.privacy.delay import DelayLine, Released
from edge_face.privacy.hider import Hider
from edge_face.privacy.options import CUT_TO, check_option
from edge_face.privacy.regions import everything
from edge_face.privacy.registry import anonymize_as, anonymizer
from edge_face.privacy.sealed.marks import left_behind
from edge_face.privacy.strict import Strict
from edge_face.privacy.watching import SceneMaker
from edge_face.settings import PrivacySettings
from edge_face.types import Frame, Image


@dataclass(frozen=True, slots=True)
class HiddenVideo:
    """What became of a video: frames written, frames with anything hidden, `seconds` it lasts, the encoder, notes."""

    frames: int
    hidden: int
    seconds: float
    codec: str
    notes: tuple[str, ...]


def hide_video(source: str | os.PathLike[str], target: str | os.PathLike[str], vision: SceneMaker | None,
               settings: PrivacySettings, consenting: Collection[str] = (), *, keep_audio: bool = False,
               key: bytes = b"", progress: Callable[[int, int], None] | None = None,
               record: Callable[[Released], None] | None = None,
               hidden_as: Callable[[Released, Image], None] | None = None, strict: Strict | None = None) -> HiddenVideo:
    """Writes `source` to the MP4 `target` with every face hidden that is not surely a consenting person's.

    `vision`: makes the scenes (`Watcher`, `VisionPipeline`), None hides the whole picture throughout. Frame i of the
    output shows frame i of the input, none dropped, none doubled, at the same time. `progress(done, stated)` and
    `record(released)` are called in this thread for each frame that leaves; `stated` is 0 when the container does not say.
    `hidden_as(released, image)` is called in the thread behind with each frame as it is written, in order. `strict`: hides besides
    what differs from the empty scene.

    Raises MediaError for anything wrong with the files (nothing is left behind), ModelError when vision fails: a video
    that was not looked at does not come out.
    """
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the video that is read: name another file")
    anonymizer(settings.method)
    check_option(settings.method, settings.option)
    if settings.option == CUT_TO and settings.method == "crop":
        raise MediaError(f"'{shown(source)}' is a video, and only pictures are cut to a person: leave out --option to")
    hider, line = Hider(settings), DelayLine(settings)
    hidden, left, seconds = 0, 0, 0.0
    with contextlib.ExitStack() as files:
        reader = files.enter_context(VideoReader(source))
        writer = files.enter_context(VideoWriter(target, reader.width, reader.height, reader.fps,
                                                 audio_from=source if keep_audio else None))

        def hide_and_write(released: Released) -> None:
            image = anonymize_as(settings, released.frame.image, released.regions, released.scene, key=key)
            if hidden_as is not None:
                hidden_as(released, image)
            writer.write(image, released.frame.monotonic)

        def leave(released: Released) -> None:
            nonlocal hidden, left
            behind.put(released)
            hidden, left = hidden + bool(released.regions), left + 1
            if record is not None:
                record(released)
            if progress is not None:
                progress(left, reader.frames)

        # Reading and looking here, hiding and encoding behind: on two cores that is nearly twice as fast.
        with Behind(hide_and_write) as behind:
            for index, at, image in reader:
                frame = Frame(index, at, at, image)
                scene = vision.process(frame) if vision is not None else None
                regions = (hider.regions(scene, consenting) if scene is not None
                           else (everything(reader.width, reader.height, "asked for"),))
                if strict is not None and scene is not None:
                    regions += strict.regions(image, scene, regions)
                for released in line.push(frame, scene, regions):
                    leave(released)
                seconds = at
            for released in line.flush():
                leave(released)
        if writer.frames != reader.read:
            raise MediaError(f"'{shown(target)}' would have {writer.frames} frames, its source {reader.read}")
        notes, codec = [*reader.notes, *left_behind(source)], writer.codec
        seconds += 1 / reader.fps
    if codec.endswith("(OpenCV)"):
        notes.append("encoded by OpenCV, which is slow and keeps no sound: pip install 'edge-face[media]' is faster")
    return HiddenVideo(writer.frames, hidden, seconds, codec, tuple(notes))

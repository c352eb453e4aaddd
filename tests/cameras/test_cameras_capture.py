"""The capture process, with real processes: what it delivers, and what happens when it hangs, dies, freezes or ends."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_face.cameras import Capture, CaptureRules, CaptureState
from edge_face.errors import SettingsError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame

SETTINGS = CameraSettings(width=160, height=120, fps=30, stall_seconds=0.5)
RULES = CaptureRules(stall=0.8, open=20.0, grace=0.3, death=2.0)
PATIENT = CaptureRules(stall=20.0, open=30.0, grace=0.3, death=2.0)
"""For tests that are not about stalls: a busy machine must not look like one."""
PATIENCE = 60.0


def capture(name: str, settings: CameraSettings = SETTINGS, rules: CaptureRules = PATIENT) -> Capture:
    return Capture(settings, rules, _opener=f"capture_sources:{name}")


def wait_until(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def frames(from_: Capture, count: int, after: int = -1) -> list[Frame]:
    got: list[Frame] = []
    until = time.monotonic() + PATIENCE
    while len(got) < count and time.monotonic() < until:
        frame = from_.latest(got[-1].index if got else after, timeout=1.0)
        if frame is not None:
            got.append(frame)
    assert len(got) == count, from_.health
    return got


def pid_in(frame: Frame) -> int:
    return int.from_bytes(bytes(frame.image[0, :4, 0].tolist()), "little")


def alive(pid: int) -> bool:
    """False for a process that is gone and for a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def own_children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends meanwhile
            found.update(map(int, (task / "children").read_text().split()))
    return found


def test_frames_come_in_order_with_both_pictures_whole() -> None:
    with capture("steady") as camera:
        got = frames(camera, 20)
        assert camera.health.state is CaptureState.RUNNING and camera.health.ok and camera.health.reason == ""
        age = camera.health.frame_age
        assert age is not None and age < 1.0
    assert [f.index for f in got] == sorted({f.index for f in got})
    for frame in got:
        assert frame.image.shape == (120, 160, 3) and frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous
        assert frame.detail is not None and frame.detail.shape == (240, 320, 3)
        assert (frame.image == frame.index % 251).all() and (frame.detail == 255 - frame.index % 251).all()
    assert all(a.monotonic < b.monotonic and a.wall <= b.wall for a, b in itertools.pairwise(got))
    assert abs(got[-1].monotonic - time.monotonic()) < 10


def test_a_slow_reader_gets_the_newest_frame_and_never_a_torn_one() -> None:
    with capture("quick", CameraSettings(width=640, height=480)) as camera:
        frames(camera, 1)
        seen = -1
        skipped = torn = 0
        for number in range(120):
            frame = camera.latest(seen, timeout=2.0)
            assert frame is not None and frame.detail is not None
            torn += frame.image.min() != frame.image.max() or frame.detail.min() != frame.detail.max()
            torn += int(frame.image[0, 0, 0]) != 255 - int(frame.detail[0, 0, 0])
            skipped += frame.index - seen - 1
            seen = frame.index
            if number % 10 == 0:
                time.sleep(0.03)
    assert torn == 0
    assert skipped > 10


def test_pictures_that_grow_get_more_room() -> None:
    with capture("growing") as camera:
        heights = {frames(camera, 1, after=n)[0].image.shape[0] for n in (0, 15, 30, 60)}
    assert len(heights) > 1


def test_nothing_new_is_none_at_once_or_after_the_timeout() -> None:
    with capture("ending") as camera:
        wait_until(lambda: camera.health.state is CaptureState.ENDED)
        last = camera.latest()
        assert last is not None and last.index == 4
        assert camera.latest(last.index) is None
        assert camera.latest(last.index, timeout=0.05) is None
        assert camera.health.ok and camera.health.reopens == 0
        assert "end" in camera.health.reason


@pytest.mark.parametrize(("name", "reason"), [
    ("hanging", "brought no new picture for 0.8 s"),
    ("dying", "SIGSEGV"),
    ("freezing", "same picture again and again"),
    ("broken", "KeyError"),
    ("pi_camera_freezing", "frozen"),
    ("pi_camera_hanging", "brought no new picture for 0.8 s"),
])
def test_a_camera_that_fails_is_started_again_and_indices_go_on(name: str, reason: str) -> None:
    reasons: set[str] = set()
    with capture(name, rules=RULES) as camera:
        first = frames(camera, 1)[0]
        wait_until(lambda: reasons.add(camera.health.reason) or (
            camera.health.reopens >= 1 and any(reason in one for one in reasons)))
        again = frames(camera, 1, after=camera.latest().index if camera.latest() else first.index)[0]  # type: ignore[union-attr]
        assert again.index > first.index and again.monotonic > first.monotonic
        children = own_children()
        assert len(children) <= 2  # the old one may just be ending; none piles up
    assert not any("secret" in one or "path" in one for one in reasons)
    assert own_children() == set()


def test_the_watch_over_the_camera_outlives_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it happens: while frames are counted, or while a process is started."""
    with capture("steady") as camera:
        frames(camera, 3)
        scarce = iter([True, True, True])

        def turn(selector: object) -> None:
            if next(scarce, False):
                raise MemoryError
            monkeypatch.undo()
            camera._turn(selector)  # type: ignore[arg-type]

        monkeypatch.setattr(camera, "_turn", turn)
        time.sleep(2.0)
        frames(camera, 5, after=frames(camera, 1)[0].index)
        assert camera.health.state is CaptureState.RUNNING


def test_a_camera_that_never_opens_is_ended_and_tried_again() -> None:
    with capture("hanging_at_open", rules=CaptureRules(stall=0.5, open=1.0, grace=0.2, death=2.0)) as camera:
        wait_until(lambda: camera.health.state is CaptureState.BACKING_OFF and camera.health.reopens == 1)
        assert "brought no picture within 1 s" in camera.health.reason
        assert camera.latest(timeout=0.01) is None and camera.health.frame_age is None and camera.health.fps == 0


def test_an_absent_camera_says_what_to_do_and_backs_off() -> None:
    with capture("absent") as camera:
        wait_until(lambda: camera.health.reopens >= 1)
        assert camera.health.reason == "there is no such camera: plug it in"
        assert not camera.health.ok


def test_darkness_is_no_fault() -> None:
    with capture("black") as camera:
        got = frames(camera, 40)
        assert all(not f.image.any() for f in got)
        assert camera.health.reopens == 0 and camera.health.ok


def test_a_process_that_prints_much_is_not_held_up() -> None:
    with capture("chatty") as camera:
        frames(camera, 5)
        assert camera.health.reopens == 0


def test_metering_reaches_the_source() -> None:
    with capture("steady") as camera:
        seen = frames(camera, 1)[0].index
        for _ in range(400):
            camera.meter([Box(77.0, 1.0, 2.0, 3.0)])
            frame = frames(camera, 1, after=seen)[0]
            seen = frame.index
            if (frame.image == 77).all():
                return
    pytest.fail("the boxes did not reach the source")


def test_the_frame_rate_is_measured() -> None:
    with capture("steady") as camera:
        frames(camera, 1)
        start, began = camera.latest(), time.monotonic()
        frames(camera, 60)
        end, took = camera.latest(), time.monotonic() - began
        assert start is not None and end is not None
        true = (end.index - start.index) / took
        assert camera.health.fps == pytest.approx(true, rel=0.35)


def test_masks_are_painted_before_frames_leave_the_process() -> None:
    settings = CameraSettings(width=160, height=120, privacy_masks=[[0.0, 0.0, 0.5, 0.5]])
    with capture("steady", settings) as camera:
        frame = frames(camera, 1, after=5)[0]
    assert frame.detail is not None
    assert not frame.image[:60, :80].any() and not frame.detail[:120, :160].any()
    assert frame.image[60:].all() and frame.detail[120:].all()


def test_closing_ends_the_process_even_when_it_hangs() -> None:
    camera = capture("hanging", rules=CaptureRules(stall=30.0, open=30.0, grace=0.2, death=2.0)).start()
    wait_until(lambda: (frame := camera.latest()) is not None and frame.index >= 9)
    assert len(own_children()) == 1
    camera.close()
    assert own_children() == set()
    assert camera.health.state is CaptureState.CLOSED
    camera.close()


def test_a_waiting_reader_is_released_by_close() -> None:
    camera = capture("absent").start()
    got: list[Frame | None] = []
    waiter = threading.Thread(target=lambda: got.append(camera.latest(timeout=60)))
    waiter.start()
    time.sleep(0.05)
    camera.close()
    waiter.join(10)
    assert not waiter.is_alive() and got == [None]


def test_closed_and_started_again() -> None:
    camera = capture("steady")
    with camera:
        first = frames(camera, 1)[0]
    assert camera.latest() is None
    with camera:
        assert frames(camera, 1, after=first.index)[0].index > first.index
    assert own_children() == set()


def test_nothing_is_left_open_after_many_restarts() -> None:
    def handles() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    with capture("steady") as camera:
        frames(camera, 1)
    before = handles()
    for _ in range(3):
        with capture("dying") as camera:
            frames(camera, 1)
            wait_until(lambda: camera.health.reopens >= 1)
    assert handles() == before


def test_the_process_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from edge_face.cameras import Capture
        from edge_face.settings import CameraSettings
        camera = Capture(CameraSettings(width=160, height=120), _opener="capture_sources:childbearing").start()
        frame = None
        while frame is None:
            frame = camera.latest(timeout=1.0)
        print(int.from_bytes(bytes(frame.image[0, :4, 0].tolist()), "little"), flush=True)
        time.sleep(600)
    """)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    wait_until(lambda: not alive(child))


def test_memory_stays_flat_over_many_frames() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with capture("quick", CameraSettings(width=320, height=240)) as camera:
        seen = frames(camera, 100)[-1].index
        before = resident()
        for _ in range(800):
            frame = camera.latest(seen, timeout=2.0)
            assert frame is not None
            seen = frame.index
        after = resident()
    assert after - before < 8 << 20


def test_an_address_with_a_password_is_on_no_command_line_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    settings = CameraSettings(source="rtsp://owner:geheim@127.0.0.1:1/live?key=geheim", stall_seconds=0.5)
    with caplog.at_level(logging.DEBUG), Capture(settings, RULES) as camera:
        wait_until(lambda: own_children())
        lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in own_children()]
        wait_until(lambda: camera.health.state is CaptureState.BACKING_OFF and camera.health.reopens >= 1)
        reason = camera.health.reason
    assert "rtsp://127.0.0.1:1" in reason and "cannot be reached" in reason
    assert all(b"geheim" not in line for line in lines)
    assert "geheim" not in reason + caplog.text


def test_settings_that_cannot_be_meant_are_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="allowed are"):
        Capture(CameraSettings(source="webcam"))
    with pytest.raises(SettingsError, match="mask 1"):
        Capture(CameraSettings(privacy_masks=[[0.5, 0.5, 2.0, 1.0]]))

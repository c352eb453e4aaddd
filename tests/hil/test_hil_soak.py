"""The long run: its verdict on made-up runs, its sampling of a real (short) door, and the run itself with --hil-soak."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hil_soak import Limits, Sample, growth, sample, soak, temperature, throttling, verdict, write_csv

from edge_face.clock import ManualClock

STATUS: dict[str, Any] = {"healthy": True, "pid": 5, "memory_mb": 120.0, "camera": {"fps": 20.0, "reopens": 0}, "vision": {"fps": 15.0}}


def a_day(per_hour: float = 0.0, **changes: Any) -> list[Sample]:
    """A day of samples, one a minute, with noise, a first rise and a peak each hour."""
    chance = random.Random(4)
    return [Sample(60.0 * i, 120 + min(i / 10, 8) + per_hour * i / 60 + chance.uniform(-1, 1) + (30 if i % 60 == 59 else 0), 20.0, 15.0,
                   60 + chance.uniform(-3, 3), 0, True, 5, 0) for i in range(1441)] if not changes else [
        replace(s, **changes) if i == 700 else s for i, s in enumerate(a_day(per_hour))]


def test_good_day() -> None:
    assert verdict(a_day(), Limits()) == [] and abs(growth(a_day())) < 0.1


@pytest.mark.parametrize("leak", [0.5, 3.0, 40.0])
def test_growth_is_measured(leak: float) -> None:
    assert growth(a_day(leak)) == pytest.approx(leak, abs=0.1)
    assert bool(verdict(a_day(leak), Limits())) == (leak > 2)


@pytest.mark.parametrize(("changes", "words"), [
    ({"pid": 6}, "started 1 times anew"), ({"healthy": False}, "not healthy in 1 of 1441"), ({"degrees": 85.0}, "85.0 degrees"),
    ({"throttled": 0x50005}, "voltage is too low")])
def test_one_bad_moment_is_told(changes: dict[str, Any], words: str) -> None:
    assert any(words in sentence for sentence in verdict(a_day(0.0, **changes), Limits()))


def test_slow_camera_and_reopened_camera() -> None:
    day = [replace(s, camera_fps=9.0) if i % 20 == 0 else s for i, s in enumerate(a_day())]
    assert "fewer than 15 frames a second in 72 of 1440" in verdict(day, Limits())[0]
    assert "opened anew 2 times" in verdict([*a_day()[:-1], replace(a_day()[-1], reopens=2)], Limits())[0]


def test_too_short_a_run_proves_nothing() -> None:
    assert verdict(a_day()[:2], Limits()) == ["2 samples say nothing: let the run last longer"] and verdict([], Limits())


def test_board_without_sensors(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None
    (tmp_path / "thermal_zone0").mkdir()
    (tmp_path / "thermal_zone0/temp").write_text("61800\n")
    (tmp_path / "thermal_zone1").mkdir()
    (tmp_path / "thermal_zone1/temp").write_text("nonsense")
    assert temperature(tmp_path) == 61.8

    def no_such_command(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError

    assert throttling(no_such_command) is None
    assert throttling(lambda *_, **__: SimpleNamespace(stdout="throttled=0x50000\n")) == 0x50000
    assert throttling(lambda *_, **__: SimpleNamespace(stdout="VCHI initialization failed\n")) is None

    def hangs(*_: Any, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("vcgencmd", 10)

    assert throttling(hangs) is None


def test_seconds_on_a_made_up_door(tmp_path: Path) -> None:
    """The loop itself: a sample each 5 s of 60, the last at the end, told as they come, written down."""
    clock, told = ManualClock(), list[Sample]()
    leaking = {**STATUS}

    def status() -> dict[str, Any]:
        leaking["memory_mb"] = 120 + clock.monotonic() / 60
        return leaking

    found = soak(status, 60.0, 5.0, clock.monotonic, clock.sleep, degrees=lambda: 50.0, throttled=lambda: None, seen=told.append)
    assert len(found) == 13 and found == told and found[-1].seconds == pytest.approx(60)
    assert growth(found) == pytest.approx(60, rel=0.01) and "memory grows by 60.0 MB an hour" in verdict(found, Limits())[0]
    write_csv(tmp_path / "soak.csv", found)
    lines = (tmp_path / "soak.csv").read_text().splitlines()
    assert len(lines) == 14 and lines[0].startswith("seconds,memory_mb,camera_fps")


def test_door_that_dies_ends_the_run() -> None:
    clock = ManualClock()

    def status() -> dict[str, Any]:
        if clock.monotonic() > 20:
            raise ConnectionError("the daemon is not running")
        return STATUS

    with pytest.raises(ConnectionError):
        soak(status, 60.0, 5.0, clock.monotonic, clock.sleep, degrees=lambda: None, throttled=lambda: None)


def test_sample_of_a_real_door(tmp_path: Path) -> None:
    """The names of `status` are those that are read here: a door without a camera, mock pins."""
    from edge_face.door.mock import EdgeRecorder
    from edge_face.service.daemon import Daemon
    from edge_face.settings_file import parse_settings

    daemon = Daemon(parse_settings(f'[camera]\nsource = "none"\n[store]\nfolder = "{tmp_path}"\n'), pins=EdgeRecorder())
    import threading

    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        while daemon.parts.lock is None or daemon.parts.policy is None or daemon.parts.vision is None or daemon.parts.feed is None:
            assert time.monotonic() < until and thread.is_alive()
            time.sleep(0.01)
        one = sample(0.0, daemon.status(), None, None)
    finally:
        daemon.stop()
        thread.join(30)
    assert one.memory_mb > 10 and one.pid > 0 and one.reopens == 0


@pytest.mark.hil
@pytest.mark.timeout(0)
def test_the_long_run(hil: pytest.Config, hil_camera: str, record_property: Any, tmp_path: Path) -> None:
    """`edge-face run` on the real camera and pins for --hil-soak hours."""
    hours = float(hil.getoption("--hil-soak"))
    if hours <= 0:
        pytest.skip("the long run is asked for with --hil-soak HOURS (24 for a release)")
    from hil_door import running_door

    with running_door(tmp_path, hil_camera, hil.getoption("--hil-chip")) as client:
        found = soak(lambda: client.call("status"), hours * 3600, min(60.0, hours * 60), time.monotonic, time.sleep)
    write_csv(Path("hil-out") / "soak.csv" if Path("hil-out").is_dir() else tmp_path / "soak.csv", found)
    record_property("hours", hours)
    record_property("memory growth, MB an hour", round(growth(found), 2))
    record_property("memory at the end, MB", found[-1].memory_mb)
    record_property("hottest, degrees", max((s.degrees for s in found if s.degrees is not None), default="not told"))
    record_property("frames a second, lowest", min(s.camera_fps for s in found[1:]))
    limits = Limits(hil.getoption("--hil-growth"), hil.getoption("--hil-hot"), hil.getoption("--hil-fps"))
    assert verdict(found, limits) == []

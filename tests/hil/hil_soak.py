"""The long run: what is sampled of a running door and its board, and what the samples say."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

THROTTLED = {0: "the supply's voltage is too low", 1: "the clock is capped", 2: "the processor is throttled",
             3: "it is near its temperature limit", 16: "the supply's voltage was too low", 17: "the clock was capped",
             18: "the processor was throttled", 19: "it was near its temperature limit"}
"""Bits of `vcgencmd get_throttled` (Raspberry Pi documentation)."""
SETTLING = 0.1
"""Share of the run at its start that does not count for growth: caches fill, the first faces are seen."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. Seconds since the start; `degrees` and `throttled` are None where the board does not say."""

    seconds: float
    memory_mb: float
    camera_fps: float
    vision_fps: float
    degrees: float | None
    throttled: int | None
    healthy: bool
    pid: int
    reopens: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Megabytes an hour, degrees Celsius, frames a second."""

    growth: float = 2.0
    hottest: float = 80.0
    least_fps: float = 15.0


def temperature(sysfs: Path = Path("/sys/class/thermal")) -> float | None:
    """The hottest zone in degrees Celsius; None where there is none."""
    found = []
    for zone in sysfs.glob("thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return max(found, default=None)


def throttling(run: Callable[..., Any] = subprocess.run) -> int | None:
    """The bits of vcgencmd; None where the board has no such command."""
    try:
        said = run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"throttled=0x([0-9a-fA-F]+)", said)
    return None if found is None else int(found[1], 16)


def sample(seconds: float, status: Mapping[str, Any], degrees: float | None, throttled: int | None) -> Sample:
    """From the daemon's `status`."""
    return Sample(seconds, float(status["memory_mb"]), float(status["camera"]["fps"]), float(status["vision"]["fps"]), degrees, throttled,
                  bool(status["healthy"]), int(status["pid"]), int(status["camera"]["reopens"]))


def soak(status: Callable[[], Mapping[str, Any]], seconds: float, every: float, clock: Callable[[], float], sleep: Callable[[float], None],
         *, degrees: Callable[[], float | None] = temperature, throttled: Callable[[], int | None] = throttling,
         seen: Callable[[Sample], None] = lambda sample: None) -> list[Sample]:
    """Looks every so often for so long. Raises what `status` raises: a door that cannot be asked has failed its run."""
    begun, found = clock(), []
    while True:
        now = clock() - begun
        found.append(sample(now, status(), degrees(), throttled()))
        seen(found[-1])
        if now >= seconds:
            return found
        sleep(min(every, max(seconds - now, 1e-3)))


def growth(samples: Sequence[Sample]) -> float:
    """Megabytes an hour, after the settling: the median of all slopes between samples (Theil 1950, Sen 1968), which a single
    peak does not move. 0 for fewer than three samples."""
    rest = [s for s in samples if s.seconds >= SETTLING * samples[-1].seconds] if samples else []
    rest = rest[:: max(len(rest) // 300, 1)]
    slopes = [(b.memory_mb - a.memory_mb) / (b.seconds - a.seconds) for a, b in combinations(rest, 2) if b.seconds > a.seconds]
    return median(slopes) * 3600 if len(rest) >= 3 else 0.0


def verdict(samples: Sequence[Sample], limits: Limits) -> list[str]:
    """What is not as it must be, in sentences; empty: the door stood the run."""
    if len(samples) < 3:
        return [f"{len(samples)} samples say nothing: let the run last longer"]
    found = []
    climb = growth(samples)
    if climb > limits.growth:
        found.append(f"memory grows by {climb:.1f} MB an hour ({samples[0].memory_mb:.0f} to {samples[-1].memory_mb:.0f} MB), "
                     f"at most {limits.growth:g} is allowed")
    pids = {s.pid for s in samples}
    if len(pids) > 1:
        found.append(f"the door was started {len(pids) - 1} times anew")
    ill = sum(not s.healthy for s in samples)
    if ill:
        found.append(f"it was not healthy in {ill} of {len(samples)} samples")
    later = samples[1:]  # the first one may have been taken before the camera had brought anything
    slow = [s for s in later if s.camera_fps < limits.least_fps]
    if len(slow) > len(later) * 0.01:
        found.append(f"the camera brought fewer than {limits.least_fps:g} frames a second in {len(slow)} of {len(later)} samples, "
                     f"at least {min(s.camera_fps for s in slow):.1f}")
    if samples[-1].reopens > samples[0].reopens:
        found.append(f"the camera had to be opened anew {samples[-1].reopens - samples[0].reopens} times")
    hottest = max((s.degrees for s in samples if s.degrees is not None), default=None)
    if hottest is not None and hottest > limits.hottest:
        found.append(f"the processor reached {hottest:.1f} degrees, {limits.hottest:g} are allowed: more air, or a heat sink")
    bits = 0
    for s in samples:
        bits |= s.throttled or 0
    found += [f"vcgencmd says: {text}" for bit, text in THROTTLED.items() if bits >> bit & 1]
    return found


def write_csv(path: Path, samples: Sequence[Sample]) -> None:
    """One line a sample, for whoever wants to plot it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f.name for f in fields(Sample)])
        writer.writerows(astuple(s) for s in samples)

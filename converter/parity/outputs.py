"""Landmarkers and anonymizers: how far numbers moved."""

from __future__ import annotations

import numpy as np

from converter.contract import Floats
from converter.parity import device
from converter.parity.case import Case, Found, listed
from converter.parity.checks import Checks

PEAK = 255.0
DARK = 2.0
"""A model whose pictures stay below this gives 0 to 1 or -1 to 1."""
BEST = 99.0
"""dB that two equal pictures count as."""


def relative_error(was: Floats, now: Floats) -> float:
    """RMS of the difference over the RMS of the float output; 0 where both are nothing but zeros."""
    size = float(np.sqrt(np.mean(np.square(was, dtype=np.float64))))
    away = float(np.sqrt(np.mean(np.square(was.astype(np.float64) - now))))
    return away / size if size > 0 else (0.0 if away == 0 else float("inf"))


def psnr(was: Floats, now: Floats) -> Floats:
    """(n,) dB of pictures (n, h, w, c), peak 255; at most BEST."""
    error = np.mean(np.square(was.astype(np.float64) - now).reshape(len(was), -1), 1)
    return np.asarray(np.minimum(10 * np.log10(PEAK ** 2 / np.maximum(error, 1e-12)), BEST), np.float32)


def measure_landmarks(case: Case, checks: Checks) -> Found:
    """Five points (n, 10) in eye distances. Raises ModelError when the float model itself gives no numbers."""
    was = case.expected()[case.main]
    return judge_landmarks(case, checks, was.reshape(len(was), 5, 2), device.answers(case).reshape(len(was), 5, 2))


def judge_landmarks(case: Case, checks: Checks, was: Floats, now: Floats) -> Found:
    """Compares points (n, 5, 2)."""
    moved = np.linalg.norm(was - now, axis=2).mean(1)
    median, high = float(np.median(moved)), float(np.percentile(moved, 95))
    checks.add("points_moved_median", median)
    checks.add("points_moved_p95", high)
    return Found(metrics={"points_moved_median": round(median, 5), "points_moved_p95": round(high, 5)},
                 plots={"landmarks": listed(moved), "worst": case.worst(moved)})


def measure_others(case: Case, checks: Checks) -> Found:
    """All outputs of a model that is for none of the known tasks. Raises ModelError as above."""
    was, now = case.expected(), device.all_answers(case)
    errors = {name: relative_error(was[name], now[name]) for name in was}
    checks.add("output_error", max(errors.values()))
    moved = np.stack([np.abs(was[name] - now[name]).reshape(len(now[name]), -1).mean(1) / max(float(np.abs(was[name]).mean()), 1e-9)
                      for name in was]).max(0)
    return Found(metrics={"output_errors": {name: round(error, 5) for name, error in errors.items()}},
                 plots={"error": listed(moved), "worst": case.worst(moved)})


def measure_pictures(case: Case, checks: Checks) -> Found:
    """Pictures out of pictures. Raises ModelError as above."""
    return judge_pictures(case, checks, case.expected()[case.main], device.answers(case))


def judge_pictures(case: Case, checks: Checks, was: Floats, now: Floats) -> Found:
    """Compares pictures (n, h, w, c) of 0 to 255."""
    ratio = psnr(was, now)
    if float(was.max()) <= DARK:
        checks.refuse("brightest", float(was.max()), DARK, "the pictures of a bundle go from 0 to 255, those of this model do not")
    checks.add("psnr_mean", float(ratio.mean()))
    checks.add("psnr_worst", float(ratio.min()))
    return Found(metrics={"psnr_mean": round(float(ratio.mean()), 3), "psnr_worst": round(float(ratio.min()), 3)},
                 plots={"psnr": listed(ratio, 3), "worst": case.worst(ratio, low_is_bad=True)})

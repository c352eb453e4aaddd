"""The face in the frequency domain: moire of screens and prints, and detail that a copy has lost.

A screen's or a print's raster seen through a camera's raster gives regular patterns, so narrow peaks in the spectrum: D. C. Garcia,
R. L. de Queiroz, "Face-spoofing 2D-detection based on moire-pattern analysis", IEEE TIFS 10(4), 2015. A picture of a picture has
less of the finest detail: J. Li, Y. Wang, T. Tan, A. K. Jain, "Live face detection based on the analysis of Fourier spectra",
SPIE 5404, 2004; here the bands are counted in cycles for each eye distance, so that near and far faces are held to the same.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from edge_face.opencv import cv2
from edge_face.types import Floats, Mask
from edge_face.vision.live_cues.sight import WINDOW

LOWEST = 0.12
"""Cycles a pixel from which a peak counts: below it the face itself has structure."""
PEAKS = 6
NEIGHBOURS = 5
FINE = (5.0, 10.0)
COARSE = (2.0, 5.0)
"""Cycles for each eye distance: lashes and pores; brows and nostrils."""
LEAST_EYES = 24.0
"""Pixels between the eyes below which the fine band is beyond the picture's own resolution."""


def spectrum(windows: Floats) -> Floats | None:
    """The mean power of the windows (n, 64, 64), as (64, 33) of `numpy.fft.rfft2`; None without windows."""
    if not len(windows):
        return None
    parts = windows - windows.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.rfft2(parts * _hann())) ** 2
    return np.asarray(power.mean(axis=0), np.float32)


def moire(power: Floats | None) -> float | None:
    """How far the strongest peaks stand above the median of their neighbours, in natural logarithms: the mean of the highest six.
    Hair and lashes give broad ridges, which their neighbours share; a raster gives points."""
    if power is None:
        return None
    level = np.log(np.roll(power, WINDOW // 2, axis=0) + 1e-3)
    rise = (level - cv2.medianBlur(level, NEIGHBOURS))[_high()]
    return float(np.partition(rise, -PEAKS)[-PEAKS:].mean())


def sharpness(power: Floats | None, eye_distance: float) -> float | None:
    """Fine detail against coarse, as a logarithm of power densities; None for a face that is too small."""
    if power is None or not eye_distance >= LEAST_EYES:
        return None
    radius = _radius() * eye_distance
    fine, coarse = ((radius >= low) & (radius < high) for low, high in (FINE, COARSE))
    if not fine.any() or not coarse.any():
        return None
    return math.log((float(power[fine].mean()) + 1e-3) / (float(power[coarse].mean()) + 1e-3))


@lru_cache(maxsize=1)
def _hann() -> Floats:
    hann = np.hanning(WINDOW).astype(np.float32)
    return np.outer(hann, hann)


@lru_cache(maxsize=1)
def _radius() -> Floats:
    """Cycles a pixel of each place of the spectrum."""
    down, across = np.fft.fftfreq(WINDOW)[:, None], np.fft.rfftfreq(WINDOW)[None]
    return np.asarray(np.hypot(down, across), np.float32)


@lru_cache(maxsize=1)
def _high() -> Mask:
    """Where peaks count, in a spectrum whose rows were rolled so that 0 is in the middle."""
    radius = np.roll(_radius(), WINDOW // 2, axis=0)
    return np.asarray((radius >= LOWEST) & (radius <= 0.5), np.bool_)

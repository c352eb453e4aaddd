"""Structured noise: made in the frequency domain with the face's own spectrum, so that it cannot be told from a face by frequency."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.privacy.methods._keyed import drawn, over_face
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Floats, Image

SIDE = 64


@method("spectrum", feather=0.12)
def spectrum(patch: Patch) -> Image:
    """The face with the weight 1 - amount, and with the rest noise that has as much of each spatial frequency as the face, whatever the
    direction, at phases drawn from the key: a filter that takes such noise away takes the face away too. Of the face itself
    nothing is left in the noise but its mean colour and how quickly its contrast falls with detail."""
    small = cv2.resize(patch.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    power = np.abs(np.fft.rfft2(small, axes=(0, 1))) ** 2
    ring, count = _rings()
    level = np.stack([np.sqrt(np.bincount(ring.ravel(), power[:, :, c].ravel(), len(count)) / count)[ring] for c in range(3)], 2)
    waves = level * _phases(patch.seed)[:, :, None]
    waves[0, 0] = small.sum((0, 1))
    shaped = np.fft.irfft2(waves, (SIDE, SIDE), axes=(0, 1))
    grains: Image = np.clip(shaped + 0.5, 0, 255).astype(np.uint8)
    found: Image = cv2.addWeighted(patch.pixels, 1 - patch.amount, over_face(grains, patch, cv2.INTER_LINEAR), patch.amount, 0)
    return found


@functools.lru_cache(maxsize=1)
def _rings() -> tuple[npt.NDArray[np.intp], Floats]:
    """Of each wave the number of its ring, by length, and how many waves a ring has."""
    across, down = np.fft.rfftfreq(SIDE, 1 / SIDE), np.fft.fftfreq(SIDE, 1 / SIDE)
    ring = np.round(np.hypot(down[:, None], across[None, :])).astype(np.intp)
    return ring, np.bincount(ring.ravel()).astype(np.float32)


@functools.lru_cache(maxsize=64)
def _phases(seed: int) -> npt.NDArray[np.complex128]:
    """Those of white noise: what a real picture may have. All colours share them, for otherwise a face would turn into a rainbow."""
    waves = np.fft.rfft2(drawn(seed, SIDE, SIDE).astype(np.float32))
    found: npt.NDArray[np.complex128] = waves / np.maximum(np.abs(waves), 1e-9)
    return found

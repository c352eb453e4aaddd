"""Is there enough light to see anybody at all? Darkness is a state of the world, not a fault of the camera."""

from __future__ import annotations

import numpy as np

from edge_face.types import Image, Light

STEP = 8
"""Every so many pixels of every so many rows are looked at."""
DARK = 40
"""Green below this, also in the brightest fiftieth of the picture: nothing can be recognised."""
BRIGHT = 235
"""Green above this, also in the darkest fiftieth: washed out."""


def judge_light(image: Image) -> Light:
    """The light of a whole picture (BGR uint8).

    Percentiles rather than the mean: privacy masks are painted black, and one lit face in a dark hall is enough light.
    """
    green = image[::STEP, ::STEP, 1].ravel()
    total = np.cumsum(np.bincount(green, minlength=256))
    low, high = np.searchsorted(total, (0.02 * len(green), 0.98 * len(green)))
    if high < DARK:
        return Light.TOO_DARK
    return Light.TOO_BRIGHT if low > BRIGHT else Light.OK

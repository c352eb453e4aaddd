"""Blinking: eyes that close and open again; a print's stay as they are, a replay's blink as well.

G. Pan, L. Sun, Z. Wu, S. Lao, "Eyeblink-based anti-spoofing in face recognition from a generic webcamera", ICCV 2007. People blink
every three to four seconds: that nobody blinked for a second says nothing, so the cue is the depth of what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST = 15
"""Frames with eyes that could be judged."""


def blink(openness: Sequence[float]) -> float | None:
    """The deepest closing that lies between two openings, 0 to 1, of the eyes' openness over time; None for too few frames."""
    if len(openness) < FEWEST:
        return None
    values = np.asarray(openness, np.float64)
    if not np.isfinite(values).all():
        return None
    before, after = np.maximum.accumulate(values), np.maximum.accumulate(values[::-1])[::-1]
    return float(np.max(np.minimum(before, after) - values))

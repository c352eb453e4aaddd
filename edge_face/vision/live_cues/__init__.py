"""Cues of passive attack detection: one small measure a file, each a number that grows or falls with life, or None where it
cannot be measured. What each is worth is measured, not assumed: `edge_face.vision.live_fusion` weighs them by the bundle's manifest."""

from __future__ import annotations

NETWORK = "network"
"""The network's own opinion (its logit, the mean over the looks of a track)."""
CUES = (NETWORK, "moire", "sharpness", "highlights", "flicker", "banding", "border", "surroundings", "blink")
"""Names of all cues that a manifest may weigh."""

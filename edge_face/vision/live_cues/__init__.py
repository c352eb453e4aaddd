"""Cues of passive attack detection: one small measure a file, each a number that grows or falls with life, or None where it
cannot be measured. What each is worth is measured, not assumed: `edge_face.vision.live_fusion` weighs them by the bundle's manifest."""

from __future__ import annotations

from collections.abc import Mapping

NETWORK = "network"
"""The network's own opinion (its logit, the mean over the looks of a track)."""
TEXTURE = "texture"
"""How much like skin the face's micro-texture is, by the line of the bundle."""
CUES = (NETWORK, TEXTURE, "moire", "sharpness", "highlights", "flicker", "banding", "border", "surroundings", "blink")
"""Names of all cues that a manifest may weigh."""
PICTURE = (NETWORK, TEXTURE, "moire", "highlights", "border")
"""Those that one picture alone shows."""
TOWARDS_LIFE: Mapping[str, int] = {NETWORK: 1, TEXTURE: 1, "moire": -1, "sharpness": 1, "highlights": -1, "flicker": -1, "banding": -1,
                                   "border": -1, "surroundings": -1, "blink": 1}
"""Which way each speaks for life, by what it measures: 1 where more of it does."""

"""What passive attack detection remembers of one track: the latest looks, of bounded number, and their cues."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable

import numpy as np

from edge_face.types import Box, Floats, Image
from edge_face.vision.live_cues import CUES, NETWORK, PICTURE, TEXTURE
from edge_face.vision.live_cues.blink import blink
from edge_face.vision.live_cues.border import border
from edge_face.vision.live_cues.flicker import Tone, banding, flicker, tone_of
from edge_face.vision.live_cues.highlights import highlights
from edge_face.vision.live_cues.sight import Sight, sight_of
from edge_face.vision.live_cues.spectrum import moire, sharpness, spectrum
from edge_face.vision.live_cues.surroundings import surroundings
from edge_face.vision.live_cues.texture import Skin, texture

LOOKS = 12
"""Looks that count, the latest: with one in a quarter of a second the last three seconds, so that what is swapped in tells soon."""
KEPT = 3
"""Earlier looks whose surroundings are kept, a fifth of a second apart."""
APART = 0.2
PAUSE = 0.6
"""Seconds without a look, as while the head is turned, after which there are looks in every frame again."""
FRAMES = 60
"""Frames whose eyes' openness is kept: four seconds at 15 a second, long enough for a blink."""
MOST_LOGIT = 8.0
WIDE = frozenset({"border", "surroundings"})
"""Cues of what is around the face, which every second look measures, beginning with the first."""
CLOSE = frozenset({TEXTURE, "moire", "sharpness"})
"""Cues of the face's own pixels, which the looks between measure: so a look costs half."""


class LiveTrack:
    """The cues of one track, those that are `wanted`; `skin`: the bundle's network of micro-texture. `looks`: how many it had. Nothing here
    tells who somebody is; the few small pictures go with it."""

    def __init__(self, wanted: Collection[str] = CUES, skin: Skin | None = None) -> None:
        self._wanted = frozenset(wanted) - (frozenset() if skin is not None else {TEXTURE})
        self._skin = skin
        self._values: deque[dict[str, float]] = deque(maxlen=LOOKS)
        self._tones: deque[Tone] = deque(maxlen=LOOKS)
        self._earlier: deque[Sight] = deque(maxlen=KEPT)
        self._eyes: deque[float] = deque(maxlen=FRAMES)
        self.looks = 0
        self.run = 0
        """Looks since the last pause in them."""
        self.looked_at: float | None = None

    def eyes(self, openness: float | None) -> None:
        """The eyes' openness in a frame."""
        if openness is not None and math.isfinite(openness):
            self._eyes.append(openness)

    def look(self, image: Image, box: Box, landmarks: Floats, network: float, monotonic: float) -> None:
        """Takes one frame with the network's probability of life. Raises ModelError for a box without area."""
        wanted = self._wanted - (WIDE if self.looks % 2 else CLOSE)
        toned = bool(wanted & {"flicker", "banding"})
        sight = sight_of(image, box, landmarks, monotonic, close=bool(wanted & {"moire", "sharpness"}), wide=toned or bool(wanted & WIDE),
                         small=toned or "highlights" in wanted)
        self._values.append(_measured(wanted, image, box, sight, network, self._skin, self._earlier))
        if toned:
            self._tones.append(tone_of(sight))
        if wanted & WIDE and (not self._earlier or not 0 <= monotonic - self._earlier[-1].monotonic < APART):
            self._earlier.append(sight)
        paused = self.looked_at is None or not 0 <= monotonic - self.looked_at < PAUSE
        self.looks, self.run, self.looked_at = self.looks + 1, 1 if paused else self.run + 1, monotonic

    def cues(self) -> dict[str, float | None]:
        """Every cue over the latest looks, None where it could not be measured."""
        found: dict[str, float | None] = {}
        for name in CUES:
            kept = [values[name] for values in self._values if name in values]
            found[name] = float(np.mean(kept)) if kept else None
        found["flicker"], found["banding"] = flicker(tuple(self._tones)), banding(tuple(self._tones))
        found["blink"] = blink(tuple(self._eyes))
        return found


def picture_cues(image: Image, box: Box, network: float, skin: Skin | None = None,
                 wanted: Collection[str] = PICTURE) -> dict[str, float | None]:
    """What one picture by itself shows of `wanted`. Raises ModelError for a box without area."""
    nowhere = np.full((5, 2), np.nan, np.float32)
    chosen = frozenset(wanted) & frozenset(PICTURE) - (frozenset() if skin is not None else {TEXTURE})
    sight = sight_of(image, box, nowhere, 0.0, close="moire" in chosen, wide="border" in chosen, small="highlights" in chosen)
    found = _measured(chosen, image, box, sight, network, skin, ())
    return {name: found.get(name) for name in CUES}


def _measured(wanted: Collection[str], image: Image, box: Box, sight: Sight, network: float, skin: Skin | None,
              earlier: Iterable[Sight]) -> dict[str, float]:
    """Those of one look that can be measured."""
    power = spectrum(sight.windows)
    measures: dict[str, Callable[[], float | None]] = {
        NETWORK: lambda: logit(network), TEXTURE: lambda: texture(image, box, skin) if skin is not None else None,
        "moire": lambda: moire(power), "sharpness": lambda: sharpness(power, sight.eye_distance),
        "highlights": lambda: highlights(sight.face), "border": lambda: border(sight.around, sight.inside),
        "surroundings": lambda: surroundings(sight, earlier)}
    return {name: value for name, measure in measures.items() if name in wanted and (value := measure()) is not None}


def logit(probability: float) -> float:
    """The logarithm of the odds, at most 8 either way; not a number for no number."""
    if not math.isfinite(probability):
        return math.nan
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(p / (1 - p)), -MOST_LOGIT), MOST_LOGIT)

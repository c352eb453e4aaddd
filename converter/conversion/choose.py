"""Which layers stay in float when plain int8 loses too much: the most damaged first, twice as many with each try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converter.contract import LayerDamage

NEGLIGIBLE = 0.02
"""A layer with less than this share of the worst one's damage is not worth its int8 speed."""


def choose_float(damages: Sequence[LayerDamage], most: float = 0.5) -> Iterator[tuple[str, ...]]:
    """Tuples of layers to keep in float, to be tried one after the other: the 1, 2, 4... most damaged ones, until all damage that counts
    is covered or `most` of the layers would stay float (then int8 has no point). Nothing for no damage."""
    ranked = sorted((one for one in damages if one.error > 0.0), key=lambda one: (-one.error, one.layer))
    if not ranked:
        return
    worth = [one.layer for one in ranked if one.error >= NEGLIGIBLE * ranked[0].error]
    limit = min(len(worth), max(1, int(most * len(damages))))
    count = 1
    while count < limit:
        yield tuple(worth[:count])
        count *= 2
    yield tuple(worth[:limit])

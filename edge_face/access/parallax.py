"""Does the nose stand out of the face? Five landmarks of a head that turns against those of a plane that is turned.

**Parallax.** The middles and ends of eyes and mouth are a trapezoid, so the four points lie in one plane. The homography that brings
them onto a fixed trapezoid brings with them every other point of that plane, however it is turned, moved or tilted before a
perspective camera; a point that stands before the plane is left over as parallax (R. Hartley and A. Zisserman, "Multiple View
Geometry in Computer Vision", 2nd ed., 2004, chapter 13, plane + parallax). So `across` and `down`, where that homography puts
the nose, are constants of a flat picture, whoever turns it and how. Of a head, whose nose stands RELIEF eye distances before the
plane, `across` is RELIEF tan(yaw).

**Foreshortening.** The affine part of the same four points (weak perspective; C. Tomasi and T. Kanade, "Shape and motion from image
streams under orthography", IJCV 9(2), 1992) says how wide they are for their height: `width` / `height` is K cos(yaw). With
cos**-2 = 1 + tan**2 both together give (height / width)**2 = K**-2 (1 + across**2 / RELIEF**2): a straight line, whose slope says
how far the nose stands out without knowing any angle. For a head that is 0.4 to 0.8 eye distances; paper that is bent about one axis
with radius r stands out by r (1 - cos(d / 2r)) for eyes that are d apart: at most 0.2 for r = 8 cm and a print of up to twice life.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EYE, MOUTH, HEIGHT = 0.5, 0.415, 1.155
"""Half the distance between the eyes, half the mouth's width, and from the eyes to the mouth, in eye distances: any trapezoid would do."""
NOSE = 0.62
"""How far the nose of a usual head stands out, in eye distances (edge_face.vision.pose)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Five points of one picture. `across`, `down`: where the nose stands in the plane of eyes and mouth, in eye distances from the
    middle of the eyes (across > 0: to the right of the picture); `width`, `height` of that plane as seen, in widths of the picture
    for one eye distance; `x`, `y`: the middle of the four points, in widths of the picture."""

    across: float
    down: float
    width: float
    height: float
    x: float
    y: float

    @property
    def yaw(self) -> float:
        """Degrees, of a usual head."""
        return math.degrees(math.atan(self.across / NOSE))

    @property
    def narrowness(self) -> float:
        """(height / width)**2: grows with the square of tan(yaw)."""
        return (self.height / self.width) ** 2


def shape_of(points: Sequence[float]) -> Shape | None:
    """The shape of x, y, x, y, ... in widths of the picture (left eye, right eye, nose, left and right mouth corner as seen), or None
    where they make no face: not five, no numbers, crossed over or all in a line."""
    if len(points) != 10 or not all(map(math.isfinite, points)):
        return None
    (lx, ly, rx, ry, nx, ny, ax, ay, bx, by) = points
    # Shifted and scaled so that the numbers are near 1 whatever the picture.
    unit = math.hypot(rx - lx, ry - ly)
    if not 1e-6 < unit < 1e3:
        return None
    ox, oy = (lx + rx + ax + bx) / 4, (ly + ry + ay + by) / 4
    quad = [((x - ox) / unit, (y - oy) / unit) for x, y in ((lx, ly), (rx, ry), (bx, by), (ax, ay))]
    inside = _in_square(quad, (nx - ox) / unit, (ny - oy) / unit)
    if inside is None:
        return None
    width, height = _sides(quad)
    across, down = _in_trapezoid(*inside)
    values = (across, down, width * unit, height * unit, ox, oy)
    if not all(map(math.isfinite, values)) or width < 0.05 or height < 0.05 or abs(across) > 5 or abs(down) > 5:
        return None
    return Shape(*values)


def _in_square(quad: Sequence[tuple[float, float]], x: float, y: float) -> tuple[float, float] | None:
    """Where the homography from a convex quadrilateral (clockwise as seen, from the left eye) to the unit square puts a point: the
    inverse of the square's map (P. Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.3)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    corners = ((x0, y0, x1, y1, x2, y2), (x1, y1, x2, y2, x3, y3), (x2, y2, x3, y3, x0, y0), (x3, y3, x0, y0, x1, y1))
    if any((bx - ax) * (cy - by) - (by - ay) * (cx - bx) < 1e-3 for ax, ay, bx, by, cx, cy in corners):
        return None
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    # The adjugate of [[a, b, c], [d, e, f], [g, h, 1]] times (x, y, 1).
    u = (e - f * h) * x + (c * h - b) * y + (b * f - c * e)
    v = (f * g - d) * x + (a - c * g) * y + (c * d - a * f)
    w = (d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d)
    return (u / w, v / w) if abs(w) > 1e-9 else None


def _in_trapezoid(u: float, v: float) -> tuple[float, float]:
    """From the unit square to the trapezoid of eyes and mouth: the square's own map for those four corners, worked out."""
    g = EYE / MOUTH - 1
    w = 1 + g * v
    return ((2 * EYE * u - EYE + (EYE - (1 + g) * MOUTH) * v) / w, HEIGHT * (1 + g) * v / w)


def _sides(quad: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Lengths of the trapezoid's two axes under the affine map that fits best (least squares)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    spread = 2 * (EYE**2 + MOUTH**2)
    wx = (EYE * (x1 - x0) + MOUTH * (x2 - x3)) / spread
    wy = (EYE * (y1 - y0) + MOUTH * (y2 - y3)) / spread
    hx, hy = (x2 + x3 - x0 - x1) / (2 * HEIGHT), (y2 + y3 - y0 - y1) / (2 * HEIGHT)
    return math.hypot(wx, wy), math.hypot(hx, hy)


@dataclass(frozen=True, slots=True)
class Relief:
    """How far the nose stands out, in eye distances, from `samples` pictures: `relief`, and between `least` and `most` with all likelihood.
    `span`: how far it moved across; `misfit`: root mean square distance of log(narrowness) from the line. Before anything moved
    nothing can be said: nan, between 0 and infinity."""

    relief: float
    least: float
    most: float
    span: float
    misfit: float
    samples: int


NOISE = 0.05
"""Standard deviation of one narrowness, as a share of itself, that neighbouring pictures share: measured 0.02 to 0.06."""
APART = 4
"""So many pictures in a row count as one: their errors hang together."""
_NOTHING = (math.nan, 0.0, math.inf)


def relief_of(samples: Sequence[tuple[float, float]]) -> Relief:
    """From (across, narrowness) of several pictures: the slope of narrowness over across**2 by least squares, give or take two standard
    deviations. Infinite where the face does not become narrower at all. Never raises."""
    count = len(samples)
    if count < 3:
        return Relief(*_NOTHING, 0.0, 0.0, count)
    squares = [n * n for n, _ in samples]
    mean_x, mean_y = sum(squares) / count, sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x in squares)
    span = max(n for n, _ in samples) - min(n for n, _ in samples)
    if not (spread > 1e-12 and mean_y > 0):
        return Relief(*_NOTHING, span, 0.0, count)
    slope = sum((x - mean_x) * (y - mean_y) for x, (_, y) in zip(squares, samples, strict=True)) / spread
    front = max(mean_y - slope * mean_x, 0.05 * mean_y)
    errors = [math.log(max(y, 1e-9) / max(front + slope * x, 1e-9)) for x, (_, y) in zip(squares, samples, strict=True)]
    misfit = math.sqrt(sum(e * e for e in errors) / count)
    unsure = 2 * max(NOISE, misfit) * mean_y / front * math.sqrt(APART / spread)
    curve = slope / front
    return Relief(_stands(curve), _stands(curve + unsure), _stands(curve - unsure), span, misfit, count)


def _stands(curve: float) -> float:
    return 1 / math.sqrt(curve) if curve > 0 else math.inf

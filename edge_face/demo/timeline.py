"""The timeline of a replay as one SVG: tracks, votes, distance to the intent zone, lock, blur, over the same seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from edge_face.demo.trace import Trace, TrackTrace

WIDTH, LEFT, RIGHT = 1080, 150, 20
KNOWN, UNKNOWN, LOST, RELEASED, HIDDEN, INK = "#1b7f5c", "#c2571a", "#b9bec7", "#2457c5", "#5b4b8a", "#1d2430"


class _Axis:
    """Seconds to x."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 0.1)
        self.scale = (WIDTH - LEFT - RIGHT) / self.seconds

    def __call__(self, t: float) -> float:
        return round(LEFT + t * self.scale, 1)


def _rect(x: float, y: float, w: float, h: float, fill: str, title: str) -> str:
    return (f'<rect x="{x}" y="{y}" width="{max(w, 0.8):.1f}" height="{h}" rx="2" fill="{fill}">'
            f"<title>{escape(title)}</title></rect>")


def _label(y: float, text: str, small: str = "") -> str:
    extra = f'<tspan class="small" x="{LEFT - 12}" dy="14">{escape(small)}</tspan>' if small else ""
    return f'<text x="{LEFT - 12}" y="{y}" text-anchor="end" class="row">{escape(text)}{extra}</text>'


def _runs(samples: Iterable[tuple[float, str]], step: float) -> list[tuple[float, float, str]]:
    """Joins neighbouring samples of the same kind into (start, end, kind)."""
    runs: list[tuple[float, float, str]] = []
    for t, kind in samples:
        if runs and runs[-1][2] == kind and t - runs[-1][1] <= step * 1.5:
            runs[-1] = (runs[-1][0], t + step, kind)
        else:
            runs.append((t, t + step, kind))
    return runs


def timeline_svg(trace: Trace, zone: float) -> str:
    """The picture; `zone` is the intent zone's eye distance as a share of the picture's width."""
    axis, step = _Axis(trace.seconds + 1 / trace.fps), 1 / trace.fps
    by_track: dict[int, list[tuple[float, TrackTrace]]] = defaultdict(list)
    for frame in trace.frames:
        for track in frame.tracks:
            by_track[track.id].append((frame.seconds, track))
    # A blink of a detection is hidden all the same, but it would drown the people in the picture.
    shown = {i: s for i, s in by_track.items() if len(s) >= 5}
    parts: list[str] = []
    y = 34
    for number, samples in shown.items():
        who = next((t.person for _, t in reversed(samples) if t.person), None)
        name = trace.names.get(who, who) if who else "unknown"
        parts.append(_label(y + 12, f"track {number}", str(name)))
        kinds = [(t, "coasting" if k.state == "coasting" else ("known" if k.person else "unknown")) for t, k in samples]
        colour = {"known": KNOWN, "unknown": UNKNOWN, "coasting": LOST}
        for start, end, kind in _runs(kinds, step):
            parts.append(_rect(axis(start), y, (end - start) * axis.scale, 12, colour[kind], f"track {number}: {kind}, {start:.2f} to {end:.2f} s"))
        for t, k in samples:
            if k.vote:
                parts.append(f'<line x1="{axis(t)}" x2="{axis(t)}" y1="{y + 15}" y2="{y + 23}" stroke="{KNOWN}" stroke-width="1.4">'
                             f"<title>vote for {escape(str(trace.names.get(k.vote, k.vote)))} at {t:.2f} s</title></line>")
        sharp = [(t, "sharp" if not k.hidden else "hidden") for t, k in samples]
        for start, end, kind in _runs(sharp, step):
            if kind == "hidden":
                parts.append(_rect(axis(start), y + 26, (end - start) * axis.scale, 4, HIDDEN, f"hidden {start:.2f} to {end:.2f} s"))
        y += 46
    top, high = y + 8, 70
    ceiling = max([zone * 1.5] + [t.eye_share or 0.0 for s in shown.values() for _, t in s])
    parts.append(_label(top + 22, "between the eyes", "share of the width"))
    zone_y = round(top + high * (1 - zone / ceiling), 1)
    parts.append(f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{zone_y - top}" fill="#e9f3ee"/>'
                 f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{zone_y}" y2="{zone_y}" stroke="{KNOWN}" stroke-dasharray="4 3"/>'
                 f'<text x="{WIDTH - RIGHT - 4}" y="{zone_y - 4}" text-anchor="end" class="small">intent zone: over {zone:.0%}</text>')
    for number, samples in shown.items():
        points = " ".join(f"{axis(t)},{top + high * (1 - min(k.eye_share / ceiling, 1)):.1f}" for t, k in samples if k.eye_share is not None)
        known = any(k.person for _, k in samples)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{KNOWN if known else UNKNOWN}" stroke-width="1.6"><title>track {number}</title></polyline>')
    y = top + high + 18
    parts.append(_label(y + 14, "lock"))
    level, since = False, 0.0
    segments: list[tuple[float, float, bool]] = []
    for edge in trace.edges:
        segments.append((since, edge.seconds, level))
        since, level = edge.seconds, edge.released
    segments.append((since, trace.seconds, level))
    for start, end, released in segments:
        parts.append(_rect(axis(start), y + (2 if released else 12), (end - start) * axis.scale, 14 if released else 4,
                           RELEASED if released else INK, f"{'released' if released else 'locked'} {start:.2f} to {end:.2f} s"))
    for decision in trace.decisions:
        if decision.kind == "grant":
            name = trace.names.get(decision.person or "", "")
            parts.append(f'<text x="{axis(decision.seconds) + 4}" y="{y - 2}" class="small strong">granted to {escape(name)}, {decision.seconds:.2f} s</text>')
    y += 34
    parts.append(_label(y + 12, "faces hidden"))
    most = max((len(f.regions) for f in trace.frames), default=1) or 1
    for frame in trace.frames:
        count = len(frame.regions)
        if count:
            h = 22 * count / most
            parts.append(f'<rect x="{axis(frame.seconds)}" y="{y + 22 - h:.1f}" width="{step * axis.scale + 0.2:.2f}" height="{h:.1f}" fill="{HIDDEN}"/>')
    y += 40
    ticks = []
    for second in range(0, int(trace.seconds) + 1, 2):
        ticks.append(f'<line x1="{axis(second)}" x2="{axis(second)}" y1="24" y2="{y - 8}" stroke="#e4e7ec"/>'
                     f'<text x="{axis(second)}" y="16" text-anchor="middle" class="small">{second} s</text>')
    return (f'<svg viewBox="0 0 {WIDTH} {y}" role="img" aria-label="timeline of tracks, votes, lock and blur" xmlns="http://www.w3.org/2000/svg">'
            + "".join(ticks) + "".join(parts) + "</svg>")

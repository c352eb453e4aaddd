"""Draws circuits as SVG by hand-set coordinates: wires, parts, boxes, text. No fonts from elsewhere; readable in light and in dark."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

Point = tuple[float, float]

STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:14px;fill:#1d2430}
.small{font-size:12.5px;fill:#4d5664}.bold{font-weight:600}.title{font-size:17px;font-weight:600}.pin{font-size:12.5px;font-weight:600}
.paper{fill:#ffffff}.box{fill:#f3f6fa;stroke:#1d2430;stroke-width:1.6}.zone{fill:none;stroke:#7b8794;stroke-width:1.4;stroke-dasharray:7 5}
.part{fill:#ffffff;stroke:#1d2430;stroke-width:1.8}.solid{fill:#1d2430;stroke:#1d2430;stroke-width:1.2}
.wire{fill:none;stroke:#1d2430;stroke-width:1.8;stroke-linejoin:round}.plus{stroke:#c62828}.minus{stroke:#2457c5}.signal{stroke:#1b7a3d}
.dash{stroke-dasharray:4 4;stroke-width:1.4}.dot{fill:#1d2430}.halo{fill:none;stroke:#ffffff;stroke-width:7}
.warn{fill:#fff4d6;stroke:#b7791f;stroke-width:1.4}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ee}.small{fill:#aab3c0}.paper{fill:#0f141b}.box{fill:#1b2330;stroke:#d5dbe4}.zone{stroke:#8a94a3}
.part{fill:#0f141b;stroke:#e6e9ee}.solid{fill:#e6e9ee;stroke:#e6e9ee}.wire{stroke:#e6e9ee}.plus{stroke:#ff7b72}.minus{stroke:#79a8ff}
.signal{stroke:#5fd38a}.dot{fill:#e6e9ee}.halo{stroke:#0f141b}.warn{fill:#3a2f14;stroke:#d9a441}}
"""


class Picture:
    """One picture of width x height units. Later things lie over earlier ones. x to the right, y down."""

    def __init__(self, width: int, height: int, title: str, about: str) -> None:
        self.width, self.height = width, height
        self._head = f"<title>{escape(title)}</title><desc>{escape(about)}</desc>"
        self._parts = [f'<rect class="paper" width="{width}" height="{height}"/>']
        self.text(20, 30, title, "title")

    def svg(self) -> str:
        body = "\n".join(self._parts)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
                f'height="{self.height}" role="img">{self._head}<style>{STYLE}</style>\n{body}\n</svg>\n')

    # Text and boxes

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Lines are parted by |."""
        for number, line in enumerate(words.split("|")):
            name = f' class="{kind}"' if kind else ""
            self._add(f'<text x="{_n(x)}" y="{_n(y + 17 * number)}"{name} text-anchor="{anchor}">{escape(line)}</text>')

    def box(self, x: float, y: float, width: float, height: float, words: str = "", kind: str = "box", top: float | None = None) -> None:
        """Its words in the middle, or from `top` units below its upper edge."""
        self._add(f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="6"/>')
        lines = words.split("|") if words else []
        at = y + (height - 17 * len(lines)) / 2 + 13 if top is None else y + top
        for number, line in enumerate(lines):
            self.text(x + width / 2, at + 17 * number, line, "bold" if number == 0 else "small", "middle")

    def zone(self, x: float, y: float, width: float, height: float, words: str) -> None:
        """A dashed area with its name at its lower left."""
        self._add(f'<rect class="zone" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="10"/>')
        self.text(x + 12, y + height - 10, words, "small")

    def pin(self, x: float, y: float, name: str, side: str) -> None:
        """A terminal on the edge of a box; its name inside: `side` is the box's edge that it is on."""
        self._add(f'<circle class="part" cx="{_n(x)}" cy="{_n(y)}" r="4.5"/>')
        dx, dy, anchor = {"right": (-10, 4.5, "end"), "left": (10, 4.5, "start"), "top": (0, 20, "middle"),
                          "bottom": (0, -11, "middle")}[side]
        self.text(x + dx, y + dy, name, "pin", anchor)

    # Wires

    def wire(self, points: Sequence[Point], kind: str = "", *, over: bool = False) -> None:
        """Straight pieces; `over`: with a gap where it passes over others."""
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        if over:
            self._add(f'<polyline class="halo" points="{path}"/>')
        self._add(f'<polyline class="wire {kind}" points="{path}"/>')

    def dot(self, *points: Point) -> None:
        """Joints."""
        for x, y in points:
            self._add(f'<circle class="dot" cx="{_n(x)}" cy="{_n(y)}" r="3.6"/>')

    # Parts: between (x, y) and `length` further down, or to the right with across=True

    def resistor(self, x: float, y: float, words: str = "", *, length: float = 60, across: bool = False, kind: str = "",
                 side: float = 14) -> None:
        rest = (length - 36) / 2
        if across:
            self.wire([(x, y), (x + length, y)], kind)
            self._add(f'<rect class="part" x="{_n(x + rest)}" y="{_n(y - 7)}" width="36" height="14"/>')
            self.text(x + length / 2, y - 13, words, "small", "middle")
        else:
            self.wire([(x, y), (x, y + length)], kind)
            self._add(f'<rect class="part" x="{_n(x - 7)}" y="{_n(y + rest)}" width="14" height="36"/>')
            self.text(x + side, y + length / 2 + 4 - 8.5 * words.count("|"), words, "small", "start" if side > 0 else "end")

    def diode_up(self, x: float, y: float, words: str = "", *, length: float = 60) -> None:
        """Anode below, cathode (the ring) above: across a coil whose plus is above."""
        middle = y + length / 2
        self.wire([(x, y), (x, y + length)])
        self._add(f'<polygon class="solid" points="{_n(x - 9)},{_n(middle + 9)} {_n(x + 9)},{_n(middle + 9)} {_n(x)},{_n(middle - 8)}"/>')
        self.wire([(x - 10, middle - 9), (x + 10, middle - 9)])
        self.text(x + 16, middle + 1, words, "small")

    def led_down(self, x: float, y: float, words: str = "", *, length: float = 60) -> None:
        """Anode above; two arrows of light."""
        middle = y + length / 2
        self.wire([(x, y), (x, y + length)])
        self._add(f'<polygon class="solid" points="{_n(x - 9)},{_n(middle - 8)} {_n(x + 9)},{_n(middle - 8)} {_n(x)},{_n(middle + 9)}"/>')
        self.wire([(x - 10, middle + 9), (x + 10, middle + 9)])
        for shift in (0, 8):
            self.wire([(x + 12, middle - 2 + shift), (x + 22, middle - 12 + shift)])
            self.wire([(x + 17, middle - 12 + shift), (x + 22, middle - 12 + shift), (x + 22, middle - 7 + shift)])
        self.text(x + 28, middle + 5, words, "small")

    def coil(self, x: float, y: float, words: str, *, length: float = 80) -> None:
        """A winding between two points, one below the other."""
        turns = int((length - 16) // 16)
        start = y + (length - 16 * turns) / 2
        arcs = "".join("a8,8 0 0 1 0,16 " for _ in range(turns))
        self._add(f'<path class="wire" d="M{_n(x)},{_n(y)} V{_n(start)} {arcs}V{_n(y + length)}"/>')
        self.text(x - 12, y + length / 2 + 4 - 8.5 * words.count("|"), words, "bold", "end")

    def contact(self, x: float, y: float, *, closed: bool, words: str = "", length: float = 50, kind: str = "", button: bool = False,
                below: bool = False) -> None:
        """A switch across: `closed`: at rest. `button`: somebody pushes it."""
        left, right = x + 10, x + length - 10
        self.wire([(x, y), (left, y)], kind)
        self.wire([(right, y), (x + length, y)], kind)
        tip = y if closed else y - 14
        self.wire([(left, y), (right + (3 if closed else 0), tip - (3 if closed else 0))], kind)
        if closed:
            self.wire([(right, y), (right, y - 9)], kind)
        for at in (left, right):
            self._add(f'<circle class="part" cx="{_n(at)}" cy="{_n(y)}" r="3"/>')
        if button:
            self.wire([(x + length / 2, (y + tip) / 2 - 2), (x + length / 2, y - 24)], "dash")
            self.wire([(x + length / 2 - 9, y - 24), (x + length / 2 + 9, y - 24)])
        if words:
            at = y + 22 if below else y - 24 - (10 if button else 0) - 17 * words.count("|")
            self.text(x + length / 2, at, words, "small", "middle")

    def ground(self, x: float, y: float) -> None:
        """GND of the Pi."""
        self.wire([(x, y), (x, y + 8)], "minus")
        for number, half in enumerate((11, 7, 3)):
            self.wire([(x - half, y + 8 + 5 * number), (x + half, y + 8 + 5 * number)], "minus")

    def transistor(self, x: float, y: float) -> None:
        """NPN: base at (x, y), collector at (x + 30, y - 30), emitter at (x + 30, y + 30)."""
        self._add(f'<circle class="part" cx="{_n(x + 21)}" cy="{_n(y)}" r="19"/>')
        self.wire([(x, y), (x + 14, y)])
        self.wire([(x + 14, y - 12), (x + 14, y + 12)])
        self.wire([(x + 14, y - 5), (x + 30, y - 15), (x + 30, y - 30)])
        self.wire([(x + 14, y + 5), (x + 30, y + 15), (x + 30, y + 30)])
        self._add(f'<polygon class="solid" points="{_n(x + 29)},{_n(y + 14)} {_n(x + 20)},{_n(y + 13)} {_n(x + 24)},{_n(y + 7)}"/>')

    def _add(self, element: str) -> None:
        self._parts.append(element)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

"""What a new code is handed over on: a page to print (plain HTML with its own style, nothing loaded from anywhere), and QR pictures of
an authenticator app's enrolment, on the page or in the terminal."""

from __future__ import annotations

import html
import importlib
from collections.abc import Sequence

from edge_face.errors import MissingExtraError

Modules = Sequence[Sequence[bool]]
_STYLE = """
body { font: 16px/1.5 sans-serif; color: #111; background: #fff; max-width: 36em; margin: 3em auto; padding: 0 1em; }
h1 { font-size: 1.5em; }
.keys { font: 2.2em monospace; letter-spacing: 0.06em; border: 2px solid #111; padding: 0.4em 0.8em; display: inline-block; }
.keys span { margin-right: 0.6em; }
svg { width: 60mm; height: 60mm; }
code { overflow-wrap: anywhere; }
footer { margin-top: 3em; font-size: 0.85em; color: #555; }
@media print { body { margin: 0; } }
"""


def qr_modules(text: str) -> Modules:
    """Rows of dark (true) and light modules, with the quiet zone. Raises MissingExtraError."""
    try:
        qrcode = importlib.import_module("qrcode")
    except ImportError as error:
        raise MissingExtraError("qrcode", "pi", apt="python3-qrcode") from error
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


def half_blocks(modules: Modules, *, coloured: bool) -> str:
    """Two rows of modules a line. `coloured`: black on white by ANSI codes; without, light modules are drawn, for a dark terminal."""
    rows = [list(row) for row in modules]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        drawn = "".join(" ▄▀█"[2 * (a is coloured) + (b is coloured)] for a, b in zip(upper, lower, strict=True))
        lines.append(f"\033[30;107m{drawn}\033[0m" if coloured else drawn)
    return "\n".join(lines)


def svg(modules: Modules) -> str:
    """A picture that stands in a page."""
    runs = []
    for y, row in enumerate(modules):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = max(end, x + 1)
    size = len(modules)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img" '
            f'aria-label="QR code"><rect width="{size}" height="{size}" fill="#fff"/><path d="{"".join(runs)}"/></svg>')


def code_page(name: str, number: str, pin: str, limits: str) -> str:
    """Of a visitor or a person: what is to be keyed, and when it opens the door."""
    return _page(f"Door code for {name}", f"""
<p class="keys"><span>{html.escape(number)}</span><span>{html.escape(pin)}</span>#</p>
<p>At the keypad: key the number <b>{html.escape(number)}</b>, then the PIN, then <b>#</b>. Made a mistake? <b>*</b> begins anew.</p>
<p>It opens the door {html.escape(limits)}.</p>""")


def app_page(name: str, number: str, uri: str) -> str:
    """Of an authenticator app's enrolment."""
    secret = uri.partition("secret=")[2].partition("&")[0]
    return _page(f"Authenticator app for {name}", f"""
<p>Scan this with an authenticator app:</p>
{svg(qr_modules(uri))}
<p>Or type this key into it: <code>{html.escape(secret)}</code></p>
<p>At the keypad: key the number <b>{html.escape(number)}</b>, then the six digits that the app shows, then <b>#</b>. Each opens the door
once.</p>""")


def _page(title: str, body: str) -> str:
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>{body}\n"
            "<footer>Whoever has this page can open the door. Hand it over, then delete the file.</footer></body></html>\n")

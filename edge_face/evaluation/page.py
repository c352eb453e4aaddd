"""The pages of the evaluations: one HTML file, readable without a network, pictures only where they were asked for."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from edge_face.errors import MediaError

STYLE = """
:root{--ink:#1d2430;--soft:#5b6472;--line:#e1e5eb;--accent:#2457c5;--paper:#fff;--ground:#f4f6f8}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.15rem;margin:32px 0 10px}
.sub{color:var(--soft);margin:0 0 18px}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px}
.fact{background:var(--paper);border:1px solid var(--line);border-left:4px solid var(--accent);border-radius:8px;padding:12px 14px}
.fact b{display:block;font-size:1.3rem;font-variant-numeric:tabular-nums}.fact span{color:var(--soft);font-size:.88rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:14px;overflow-x:auto}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.file{overflow-wrap:anywhere}
svg{width:100%;height:auto;font-family:inherit}
.title{font-size:15px;font-weight:600;fill:#1d2430}.tick{font-size:12px;fill:#5b6472}
.axis{font-size:13px;fill:#1d2430}.grid{stroke:#e8ebf0}.frame{fill:none;stroke:#b9bec7}
.curve{fill:none;stroke-width:2.2;stroke-linejoin:round}
.faces{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:14px}figure{margin:0}
.faces img{height:130px;border-radius:6px;margin-right:6px;background:#ddd}
figcaption{color:var(--soft);font-size:.82rem;overflow-wrap:anywhere}
"""
THUMBNAIL = 160
_NUMBER = re.compile(r"[\d.,]+(e[+-]?\d+)?( %)?|-", re.ASCII)
Cell = str | float | int | None


def page(title: str, about: str, sections: Sequence[str], head: str = "") -> str:
    """The whole page; `sections` are HTML already, and so is `head`, which ends the page's head."""
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style>{head}</head><body><main>\n<h1>{escape(title)}</h1>"
            f'<p class="sub">{escape(about)}</p>\n'
            + "\n".join(sections) + "\n</main></body></html>\n")


def facts(values: Sequence[tuple[str, str]]) -> str:
    """The headline: figures and what they are."""
    return '<div class="facts">' + "".join(f'<div class="fact"><b>{escape(value)}</b><span>{escape(text)}</span></div>'
                                           for value, text in values) + "</div>"


def section(title: str, body: str, note: str = "") -> str:
    """A heading, a sentence, and a card."""
    said = f'<p class="sub">{escape(note)}</p>' if note else ""
    return f'<h2>{escape(title)}</h2>{said}<div class="card">{body}</div>'


def plots(charts: Sequence[str]) -> str:
    """Plots side by side."""
    return '<div class="plots">' + "".join(charts) + "</div>"


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Columns of numbers to the right, text and the first column to the left; None is a dash."""
    numeric = [i > 0 and all(_is_number(row[i]) for row in rows) for i in range(len(head))]
    top = "".join(f'<th class="n">{escape(text)}</th>' if number else f"<th>{escape(text)}</th>"
                  for text, number in zip(head, numeric, strict=True))
    body = "".join("<tr>" + "".join(_cell(value, number) for value, number in zip(row, numeric, strict=True)) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _is_number(value: Cell) -> bool:
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


def _cell(value: Cell, number: bool) -> str:
    if value is None:
        text = "-"
    elif isinstance(value, float):
        text = f"{value:.4f}"
    else:
        text = f"{value:,}" if isinstance(value, int) else escape(value)
    return f'<td class="{"n" if number else "file"}">{text}</td>'


def percent(value: float | None, digits: int = 2) -> str:
    """`63.12 %`, or a dash."""
    return "-" if value is None else f"{value * 100:.{digits}f} %"


def thumbnail(path: Path) -> str:
    """A small JPEG as part of the page; a note where the file cannot be read."""
    from edge_face.media import read_picture
    from edge_face.opencv import cv2

    try:
        image = read_picture(path)
    except MediaError as error:
        return f"<em>{escape(str(error))}</em>"
    share = THUMBNAIL / image.shape[0]
    small = cv2.resize(image, (max(round(image.shape[1] * share), 1), THUMBNAIL), interpolation=cv2.INTER_AREA)
    data = base64.b64encode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()).decode("ascii")
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'

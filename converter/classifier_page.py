"""A classifier's page: accuracy, recall of each class, the confusion matrix, what it says of strangers. Works offline."""

from __future__ import annotations

import math
from html import escape

from converter.classifier_test import Result

_STYLE = """
:root{--ink:#1d2430;--soft:#5b6472;--line:#e1e5eb;--paper:#fff;--ground:#f4f6f8}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:960px;margin:0 auto;padding:28px 20px 60px}h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.1rem;margin:30px 0 10px}
.sub{color:var(--soft);margin:0 0 20px}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px}
.fact{background:var(--paper);border:1px solid var(--line);border-left:4px solid #2457c5;border-radius:8px;padding:12px 14px}
.fact.bad{border-left-color:#b3261e}.fact b{display:block;font-size:1.3rem}.fact span{color:var(--soft);font-size:.88rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:14px;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem}th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}svg{display:block;max-width:100%;height:auto;margin:0 auto}
"""
MOST = 60
"""Classes drawn as a matrix; beyond, only the table and the commonest mistakes."""


def page(title: str, result: Result, others: dict[str, Result]) -> str:
    """The page as HTML. `others`: the same pictures in other precisions, by name."""
    facts = [(f"{result.accuracy:.1%}", f"of {int(result.confusion.sum())} pictures never seen in training", False),
             (_percent(_mean(result.recall.tolist())), "recall, mean over people", False)]
    facts += [(f"{other.accuracy:.1%}", f"{name}, the same pictures", other.accuracy < result.accuracy - 0.02)
              for name, other in others.items()]
    if result.strangers_named is not None:
        facts.append((f"{result.strangers_named:.1%}", f"of {result.strangers} pictures of strangers are called somebody, as surely "
                      "as 95 % of the people it knows", result.strangers_named > 0.01))
    boxes = "".join(f'<div class="fact{" bad" if bad else ""}"><b>{value}</b><span>{escape(text)}</span></div>'
                    for value, text, bad in facts)
    matrix = f'<h2>Confusion matrix</h2><div class="card">{matrix_svg(result)}</div>' if len(result.classes) <= MOST else ""
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
            f'<title>{escape(title)}</title><style>{_STYLE}</style><main><h1>{escape(title)}</h1>'
            f'<p class="sub">A closed set of {len(result.classes)} people: whoever else comes is called one of them.</p>'
            f'<div class="facts">{boxes}</div>{matrix}<h2>Each person</h2><div class="card">{_table(result)}</div></main></html>\n')


def matrix_svg(result: Result) -> str:
    """Rows: who it is. Columns: who it is said to be. Shade: the share of the row."""
    n = len(result.classes)
    cell = max(14, min(44, 760 // n))
    left = 20 + 7.2 * min(max(map(len, result.classes)), 24)
    top = left
    width, height = round(left + n * cell + 10), round(top + n * cell + 30)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="confusion matrix" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="inherit" font-size="12">']
    for i, name in enumerate(result.classes):
        text = escape(name if len(name) <= 24 else name[:23] + "…")
        y, x = top + (i + 0.5) * cell, left + (i + 0.5) * cell
        out.append(f'<text x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end" fill="#1d2430">{text}</text>')
        out.append(f'<text transform="translate({x + 4:.1f} {top - 8:.1f}) rotate(-90)" fill="#1d2430">{text}</text>')
        row = int(result.confusion[i].sum())
        for j in range(n):
            count = int(result.confusion[i, j])
            share = count / row if row else 0.0
            fill = _shade((36, 87, 197) if i == j else (179, 38, 30), share) if count else "#f4f6f8"
            out.append(f'<rect x="{left + j * cell:.1f}" y="{top + i * cell:.1f}" width="{cell - 1}" height="{cell - 1}" fill="{fill}">'
                       f"<title>{escape(name)} called {escape(result.classes[j])}: {count} of {row}</title></rect>")
            if count and cell >= 20:
                out.append(f'<text x="{left + (j + 0.5) * cell - 0.5:.1f}" y="{y + 4:.1f}" text-anchor="middle" '
                           f'fill="{"#fff" if share > 0.45 else "#1d2430"}">{count}</text>')
    out.append(f'<text x="{left + n * cell / 2:.1f}" y="{top + n * cell + 20:.1f}" text-anchor="middle" fill="#5b6472">'
               "rows: who it is; columns: who it is said to be</text></svg>")
    return "".join(out)


def _shade(tone: tuple[int, int, int], share: float) -> str:
    red, green, blue = (round(255 - (255 - part) * (0.15 + 0.85 * share)) for part in tone)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _table(result: Result) -> str:
    rows = []
    for i, name in enumerate(result.classes):
        counts = zip(result.confusion[i].tolist(), result.classes, strict=True)
        mistakes = [(count, other) for count, other in counts if count and other != name]
        text = ", ".join(f"{other} ({count})" for count, other in sorted(mistakes, reverse=True)[:3])
        rows.append(f'<tr><td>{escape(name)}</td><td class="n">{int(result.confusion[i].sum())}</td>'
                    f'<td class="n">{_percent(float(result.recall[i]))}</td><td class="n">{_percent(float(result.precision[i]))}</td>'
                    f"<td>{escape(text)}</td></tr>")
    return ('<table><tr><th>person</th><th class="n">pictures</th><th class="n">recall</th><th class="n">precision</th>'
            f'<th>taken for</th></tr>{"".join(rows)}</table>')


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _percent(share: float) -> str:
    return f"{share:.1%}" if math.isfinite(share) else "none"

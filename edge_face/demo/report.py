"""The demo's page: verdict first, then the clip, the timeline, the pictures, the decisions, the speed. Works offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from edge_face.demo.timeline import timeline_svg
from edge_face.demo.trace import Trace

_STYLE = """
:root{--ink:#1d2430;--soft:#5b6472;--line:#e1e5eb;--good:#1b7f5c;--bad:#b3261e;--paper:#fff;--ground:#f4f6f8}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}h1{font-size:1.7rem;margin:0 0 4px}h2{font-size:1.15rem;margin:34px 0 10px}
.sub{color:var(--soft);margin:0 0 20px}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px}
.fact{background:var(--paper);border:1px solid var(--line);border-left:4px solid var(--good);border-radius:8px;padding:12px 14px}
.fact.bad{border-left-color:var(--bad)}.fact b{display:block;font-size:1.25rem}.fact span{color:var(--soft);font-size:.88rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:14px;overflow-x:auto}
video,.shots img{width:100%;border-radius:6px;display:block;background:#000}.shots{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:14px}
figure{margin:0}figcaption{color:var(--soft);font-size:.88rem;margin-top:5px}table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;min-width:820px;height:auto;font-family:inherit}.row{font-size:13px;fill:#1d2430}.small{font-size:11px;fill:#5b6472}.strong{font-weight:600;fill:#2457c5}
.key i{display:inline-block;width:12px;height:12px;border-radius:2px;margin:0 5px 0 14px;vertical-align:-1px}
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the verdict: what was asked, what came out, and whether it is as it must be."""

    value: str
    text: str
    good: bool


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the page: its file beside the page and what to see on it."""

    file: str
    caption: str


def _facts(facts: Sequence[Fact]) -> str:
    return "".join(f'<div class="fact{"" if f.good else " bad"}"><b>{escape(f.value)}</b><span>{escape(f.text)}</span></div>' for f in facts)


def _decisions(trace: Trace) -> str:
    rows = "".join(f'<tr><td class="n">{d.seconds:.2f} s</td><td>{escape(d.kind)}</td><td>{escape(trace.names.get(d.person or "", d.person or "-"))}</td>'
                   f"<td>{'<br>'.join(escape(r) for r in d.reasons)}</td></tr>" for d in trace.decisions)
    return f'<table><tr><th class="n">when</th><th>decision</th><th>person</th><th>reasons</th></tr>{rows}</table>'


def _speed(trace: Trace) -> str:
    rows = "".join(f'<tr><td>{escape(stage)}</td><td class="n">{v["p50"]:.2f}</td><td class="n">{v["p95"]:.2f}</td><td class="n">{v["share"]:.0%}</td></tr>'
                   for stage, v in trace.speed.items())
    return f'<table><tr><th>stage</th><th class="n">median ms</th><th class="n">95 % ms</th><th class="n">of frames</th></tr>{rows}</table>'


def report_html(trace: Trace, *, verdict: str, facts: Sequence[Fact], shots: Sequence[Shot], video: str, zone: float, about: str) -> str:
    """The whole page as one string; `video` and the shots are files beside it."""
    shots_html = "".join(f'<figure><img src="{escape(s.file)}" alt="{escape(s.caption)}"><figcaption>{escape(s.caption)}</figcaption></figure>' for s in shots)
    key = "".join(f'<i style="background:{colour}"></i>{text}' for colour, text in (
        ("#1b7f5c", "recognised, and votes for it"), ("#c2571a", "not recognised"), ("#b9bec7", "lost, carried by the tracker"),
        ("#5b4b8a", "hidden"), ("#2457c5", "door released")))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>edge-face: what the door did</title><style>{_STYLE}</style></head><body><main>
<h1>{escape(verdict)}</h1><p class="sub">{escape(about)}</p>
<div class="facts">{_facts(facts)}</div>
<h2>The clip, as it leaves the door</h2><div class="card"><video controls muted playsinline preload="metadata" src="{escape(video)}"></video></div>
<h2>What happened when</h2><div class="card">{timeline_svg(trace, zone)}<p class="key small">{key}</p></div>
<h2>Moments</h2><div class="card shots">{shots_html}</div>
<h2>Decisions and their reasons</h2><div class="card">{_decisions(trace)}</div>
<h2>Speed on this machine</h2><div class="card">{_speed(trace)}</div>
<p class="sub">Every picture here is synthetic: nobody in it exists. Frame by frame: events.jsonl.</p>
</main></body></html>
"""

"""The notice beside the camera (GDPR, articles 12 and 13), filled from the settings: one page to print, in the house's languages.

It says what these settings do and nothing else: another setting, another notice.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Sequence
from pathlib import Path

from edge_face.settings import Settings

LANGUAGES = ("en", "zh")
PICTURE = ("memory", "nothing of others", "strict", "shown", "recorded", "originals", "snapshot")
KEPT = ("templates", "codes", "diary", "audit", "attendance", "hook")
TEXTS = Path(__file__).parent / "texts"
_STYLE = """@page{size:A4;margin:16mm}body{font:12pt/1.45 sans-serif;margin:0 auto;max-width:42em;color:#000;background:#fff}
h1{font-size:22pt;margin:0 0 .4em}h2{font-size:13pt;margin:.9em 0 .2em}p,ul{margin:.2em 0}li{margin:.15em 0}
section{break-inside:avoid}section+section{break-before:page}.who{border:1.5pt solid;padding:.5em .8em;margin:.5em 0}
svg{float:right;width:22mm;height:22mm;margin:0 0 2mm 4mm}footer{margin-top:1em;font-size:9pt}"""
_CAMERA = ('<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="2" y="6" width="13" height="12" rx="2" fill="none" stroke="#000" '
           'stroke-width="1.6"/><path d="M15 11l7-4v10l-7-4z" fill="none" stroke="#000" stroke-width="1.6"/></svg>')


def facts(settings: Settings) -> list[str]:
    """Which sentences hold with these settings, by their keys."""
    camera = settings.camera.source.strip().lower() != "none"
    recorded = bool(settings.recorder.events)
    wanted: list[tuple[str, bool]] = [
        ("camera", camera), ("no camera", not camera), ("memory", camera), ("nothing of others", camera and not recorded),
        ("strict", camera and settings.privacy.strict), ("shown", camera and (settings.kiosk.fps > 0 or settings.service.preview_fps > 0)),
        ("recorded", recorded), ("originals", recorded and bool(settings.recorder.originals)),
        ("hook", bool(settings.hooks.webhook or settings.hooks.command)), ("snapshot", settings.hooks.snapshot),
        ("templates", camera), ("codes", True), ("diary", True), ("audit", True), ("attendance", settings.kiosk.attendance)]
    return [key for key, holds in wanted if holds]


def notice_page(settings: Settings, languages: Sequence[str] = LANGUAGES) -> str:
    """A page of HTML, one sheet for each language."""
    sheets = "\n".join(_sheet(settings, language) for language in languages)
    title = html.escape(_texts(languages[0])["heads"]["title"])
    return (f'<!doctype html>\n<html lang="{languages[0]}"><head><meta charset="utf-8"><title>{title}</title>\n<style>{_STYLE}</style>'
            f"</head>\n<body>\n{sheets}\n</body></html>\n")


def _sheet(settings: Settings, language: str) -> str:
    texts, numbers, holds = _texts(language), _numbers(settings), facts(settings)
    heads, said = texts["heads"], texts["said"]

    def listed(keys: Sequence[str]) -> str:
        return "".join(f"<li>{html.escape(said[key].format_map(numbers))}</li>" for key in keys if key in holds)

    responsible = html.escape(settings.kiosk.responsible) or heads["nobody"]
    parts = [f"<h1>{_CAMERA if 'camera' in holds else ''}{heads['title']}</h1>",
             f"<p>{said['camera' if 'camera' in holds else 'no camera']}</p>",
             f'<h2>{heads["who"]}</h2><p class="who">{responsible}</p>',
             f"<h2>{heads['picture']}</h2><ul>{listed(PICTURE)}</ul>", f"<h2>{heads['kept']}</h2><ul>{listed(KEPT)}</ul>",
             f"<h2>{heads['rights']}</h2><p>{said['rights']}</p>", f"<footer>{heads['foot']}</footer>"]
    empty = f"<h2>{heads['picture']}</h2><ul></ul>"
    return f'<section lang="{language}">' + "\n".join(part for part in parts if part != empty) + "</section>"


def _texts(language: str) -> dict[str, dict[str, str]]:
    with (TEXTS / f"notice.{language}.toml").open("rb") as file:
        found: dict[str, dict[str, str]] = tomllib.load(file)
    return found


def _numbers(settings: Settings) -> dict[str, object]:
    return {"events": settings.store.keep_events, "audit": settings.audit.keep, "recorded": settings.recorder.keep}

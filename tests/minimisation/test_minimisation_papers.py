"""The notice and the draft say what the settings do, in words that hold, in both languages."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace

from edge_face.minimisation.dpia import YOURS, draft
from edge_face.minimisation.notice import KEPT, LANGUAGES, PICTURE, _texts, facts, notice_page
from edge_face.settings import CameraSettings, HookSettings, KioskSettings, PrivacySettings, RecorderSettings, Settings

FULL = Settings(recorder=RecorderSettings(events=["alarm"], originals="/etc/edge-face/owner.pub", keep=5),
                hooks=HookSettings(webhook="https://x", snapshot=True), privacy=PrivacySettings(strict=True),
                kiosk=KioskSettings(attendance=True, responsible="Ada & Bo <ada@example.org>"))


class _Text(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_languages_have_the_same_sentences_and_each_is_used() -> None:
    english, chinese = _texts("en"), _texts("zh")
    assert {part: set(english[part]) for part in english} == {part: set(chinese[part]) for part in chinese}
    assert set(english["said"]) == {*PICTURE, *KEPT, "camera", "no camera", "rights"}
    for key, sentence in english["said"].items():
        assert re.findall(r"\{\w+\}", sentence) == re.findall(r"\{\w+\}", chinese["said"][key]), key
        assert re.search(r"[\u4e00-\u9fff]", chinese["said"][key]) and not re.search(r"[\u4e00-\u9fff]", sentence)


def test_the_notice_says_what_these_settings_do() -> None:
    plain, full = _Text(notice_page(Settings(), ("en",))), _Text(notice_page(FULL, LANGUAGES))
    assert "Of people who did not agree nothing is stored" in plain.text and "short film" not in plain.text and "90 days" in plain.text
    assert "nothing is stored" not in full.text and "for 5 days at most" in full.text and "最多 5 天" in full.text
    assert "Ada & Bo <ada@example.org>" in full.text and "ada@example.org" not in full.tags, "it is text, not markup"
    assert full.tags.count("section") == 2 and "script" not in full.tags
    assert "hidden faces are kept" in full.text and "sent to the responsible" in full.text and "who came when" in full.text
    assert "{" not in full.text.split("}")[-1]


def test_a_door_without_a_camera_says_so() -> None:
    blind = replace(Settings(), camera=CameraSettings(source="none"))
    assert set(facts(blind)) == {"no camera", "codes", "diary", "audit"}
    said = _Text(notice_page(blind, ("en",)))
    assert "no camera" in said.text and "your picture" not in said.text and "svg" not in said.tags


def test_the_draft_is_filled_and_marks_what_is_the_owner_s() -> None:
    text = draft(FULL, "2026-01-02")
    assert "(draft, 2026-01-02)" in text and "Ada & Bo" in text and "kept of alarm, hidden, 5 days and 256 MB at most" in text
    assert text.count(YOURS) >= 8 and "{" not in text.replace("{settings", "")
    assert "| **templates**" in text and "being listed by days" in text and "once in 10,000 approaches" in text
    plain = draft(Settings(), "2026-01-02")
    assert "none are kept" in plain and "Nobody is told" in plain and f"Responsible: {YOURS}" in plain

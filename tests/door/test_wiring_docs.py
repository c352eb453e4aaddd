"""docs/wiring.md explains every pin that the settings know; its drawings are what the script draws, and well-formed."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge_face.pin_names import HEADER
from edge_face.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT / "scripts"))

from wiring_drawings import DRAWINGS  # noqa: E402

WIRING, HIL = ((DOCS / name).read_text(encoding="utf-8") for name in ("wiring.md", "hil.md"))
SVG = "{http://www.w3.org/2000/svg}"


def pin_keys() -> list[str]:
    """Keys of the settings that name pins: by what they say of themselves."""
    settings = Settings()
    return [f"{section.name}.{key.name}" for section in fields(settings) for key in fields(getattr(settings, section.name))
            if key.name.endswith("_pin") or re.match(r"pins? of ", str(key.metadata["doc"]))]


def test_settings_name_the_pins_that_we_think() -> None:
    assert {"door.lock_pin", "inputs.wiegand_d1", "inputs.keypad_columns", "signals.alarm_pin"} <= set(pin_keys()) and len(pin_keys()) >= 14


@pytest.mark.parametrize("key", pin_keys())
def test_every_pin_is_explained(key: str) -> None:
    assert re.search(rf"`([a-z]+\.)?{key.partition('.')[2]}`", WIRING), f"docs/wiring.md does not explain {key}"


@pytest.mark.parametrize("key", ["kind", "fail", "drive", "drive_pulse", "active_high", "max_on", "max_release", "egress_cut"])
def test_every_choice_of_the_lock_is_explained(key: str) -> None:
    assert re.search(rf"`{key}\b", WIRING)


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_what_the_script_draws(name: str) -> None:
    """Changed by hand, or not drawn again: scripts/wiring-pictures."""
    assert (DOCS / "images" / f"wiring-{name}.svg").read_text(encoding="utf-8") == DRAWINGS[name]().svg()


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_well_formed_and_alone(name: str) -> None:
    text = (DOCS / "images" / f"wiring-{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.find(f"{SVG}title") is not None and root.find(f"{SVG}desc") is not None
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|@font-face|url\(|<script|<image|<foreignObject", text)
    assert "prefers-color-scheme:dark" in text
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter(f"{SVG}text"):
        x, y, words = float(element.attrib["x"]), float(element.attrib["y"]), element.text or ""
        # 7.6 units is what a bold letter of 14 needs at most on average in the fonts of the style.
        length = len(words) * (7.6 if "small" not in element.get("class", "") else 6.4)
        left = x - {"start": 0.0, "middle": length / 2, "end": length}[element.attrib["text-anchor"]]
        assert left >= -2 and left + length <= width + 8 and 0 < y < height, f"{words!r} leaves the picture"


def test_drawings_are_shown() -> None:
    shown = set(re.findall(r"images/wiring-([a-z]+)\.svg", WIRING + HIL))
    assert shown == set(DRAWINGS) == {path.stem.removeprefix("wiring-") for path in (DOCS / "images").glob("wiring-*.svg")}


def test_header_of_the_drawing_is_the_header() -> None:
    root = ElementTree.fromstring(DRAWINGS["hil"]().svg())
    texts = [(float(t.attrib["x"]), float(t.attrib["y"]), t.text or "") for t in root.iter(f"{SVG}text")]
    numbers = {y: {} for _, y, _ in texts}  # type: dict[float, dict[float, str]]
    for x, y, words in texts:
        numbers[y][x] = words
    found = {}
    for row in numbers.values():
        if 200.0 in row:
            found[int(row[200.0])], found[int(row[270.0])] = row[160.0], row[310.0]
    assert len(found) == 40
    assert {number: int(name.removeprefix("GPIO")) for number, name in found.items() if name.startswith("GPIO")} == HEADER


def test_drawn_jumpers_are_those_of_the_bench() -> None:
    bench = (ROOT / "tests" / "hil" / "loop_bench.py").read_text(encoding="utf-8")
    pairs = {tuple(sorted((int(a), int(b)))) for a, b in re.findall(r'"GPIO(\d+)": "GPIO(\d+)"', bench)}
    told = re.search(r"header: ([\d\-, ]+)\.", HIL)
    assert told is not None
    drawn = {tuple(sorted((HEADER[int(a)], HEADER[int(b)]))) for a, b in re.findall(r"(\d+)-(\d+)", told[1])}
    assert drawn == pairs and len(pairs) == 4

"""What a replay leaves behind: ordered events, a timeline that is valid XML, a page that escapes what it shows."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from edge_face.demo.report import Fact, Shot, report_html
from edge_face.demo.timeline import timeline_svg
from edge_face.demo.trace import DecisionTrace, EdgeTrace, FrameTrace, Trace, TrackTrace

NAME = 'Bé<n> & "co"'


def a_trace(frames: int = 30) -> Trace:
    trace = Trace(640, 480, 15.0, names={"p1": NAME})
    for i in range(frames):
        known = i > 10
        trace.frames.append(FrameTrace(i, i / 15, (
            TrackTrace(1, "confirmed", (10.0, 20.0, 50.0, 60.0), "p1" if known else None, "p1" if known else None,
                       0.8 if known else 0.2, 0.05 + i / 1000, not known),), () if known else ({"box": [1, 2, 3, 4]},)))
    trace.decisions.append(DecisionTrace(12 / 15, "grant", "p1", ("3 of 5 frames agree", "score 0.80 over 0.51")))
    trace.edges += [EdgeTrace(12 / 15, "GPIO17", True, True), EdgeTrace(1.8, "GPIO17", False, False)]
    trace.speed["detect"] = {"p50": 1.1, "p95": 1.9, "share": 1.0}
    return trace


def test_events_come_in_the_order_of_their_time_and_survive_json() -> None:
    rows = [json.loads(json.dumps(row)) for row in a_trace().events()]
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)
    assert sum(row["event"] == "frame" for row in rows) == 30
    grant = next(row for row in rows if row["event"] == "grant")
    assert grant["person"] == NAME
    before = next(row for row in rows if row["event"] == "frame" and row["frame"] == 0)
    assert before["tracks"][0]["person"] is None and before["tracks"][0]["hidden"] is True


def test_the_timeline_is_well_formed_and_shows_the_release() -> None:
    root = ET.fromstring(timeline_svg(a_trace(), 0.06))
    text = "".join(root.itertext())
    assert f"granted to {NAME}" in text
    assert "released 0.80 to 1.80 s" in text


def test_an_empty_replay_still_makes_a_timeline() -> None:
    assert "granted" not in "".join(ET.fromstring(timeline_svg(Trace(640, 480, 15.0), 0.06)).itertext())


def test_the_page_escapes_names_and_marks_what_is_not_as_it_must_be() -> None:
    page = report_html(a_trace(), verdict=f"{NAME} was let in once", zone=0.06, video="door.mp4", about="a <test>",
                       facts=[Fact("1", "grants", True), Fact("2", "leaks", False)], shots=[Shot("a.jpg", "x < y")])
    assert "<n>" not in page and "Bé&lt;n&gt;" in page
    assert page.count('class="fact bad"') == 1 and page.count('class="fact"') == 1
    assert "http://www.w3.org/2000/svg" in page and "https://" not in page  # nothing is fetched

"""The pages: complete, offline, safe with any file name, pictures only where they were asked for."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from evaluation_material import lfw_folder, random_people

from edge_face.evaluation.detection import Found
from edge_face.evaluation.embedding_run import Models
from edge_face.evaluation.page import page, section, table, thumbnail
from edge_face.evaluation.pictures import open_pictures, read_pairs
from edge_face.evaluation.plots import Axis, Curve, chart, thinned
from edge_face.evaluation.report_others import height_name
from edge_face.evaluation.report_verification import verification_page, verification_plots
from edge_face.evaluation.tally import Metric
from edge_face.evaluation.verification import compare_all
from edge_face.evaluation.verification_result import Verification, measure_verification, verification_json


class Balanced(HTMLParser):
    """Notes elements that are not closed, and everything that would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs
                         if name in ("src", "href", "srcset") and not (value or "").startswith("data:")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Verification:
    home = lfw_folder(tmp_path_factory.mktemp("lfw"), ("ana", "ben", "chidi"), 3)
    (home / "ana" / "ana_0001.jpg").rename(home / "ana" / "<b>&_0001.jpg")
    (home / "wall_0001.png").write_bytes(b"\x89PNG")
    (home.parent / "pairs.txt").write_text("2 1\nben 1 2\nana 2 ben 3\nchidi 1 2\nchidi 1 ben 2\n")
    pictures = open_pictures(home)
    pairs, models = read_pairs(home.parent / "pairs.txt", pictures), Models.load()
    return measure_verification(pictures, pairs, models.recogniser, models.about(), Metric())


def test_the_page_is_whole_and_needs_nothing_else(result: Verification) -> None:
    text = verification_page(result)
    found = Balanced(text)
    assert found.wrong == [] and found.fetched == [] and "<script" not in text and "http" not in text
    assert text.count("<svg") == 2 and "ROC" in text and "DET" in text
    assert "ana/&lt;b&gt;&amp;_0001.jpg" in text and "<b>&_" not in text
    assert "wall_0001.png" in text and "<img" not in text


def test_pictures_only_on_show(result: Verification) -> None:
    text = verification_page(result, show=True)
    shown = 2 * (len(result.hard_genuine) + len(result.hard_impostor))
    assert Balanced(text).wrong == [] and text.count("data:image/jpeg;base64,") == shown


def test_the_figures_have_what_was_promised(result: Verification) -> None:
    figures = verification_json(result)
    assert {"accuracy", "accuracy_std", "tar_at_fmr", "threshold_at_fmr", "intervals", "pairs", "failures_to_detect",
            "model"} <= set(figures)
    assert list(figures["tar_at_fmr"]) == list(figures["threshold_at_fmr"]) == ["1e-2", "1e-3", "1e-4", "1e-5"]
    assert set(figures["tar_at_fmr"].values()) == {None}  # 27 impostor pairs decide nothing
    assert figures["pairs"] == 45 and figures["failures_to_detect"] == 1 and figures["unreadable_pictures"] == 1
    assert [row["file"] for row in figures["failed_pictures"]] == ["wall_0001.png"]
    assert figures["accuracy"] == 1.0 and figures["accuracy_std"] == 0.0 and figures["eer"] == 0.0


def test_the_hardest_pairs_are_the_hardest(result: Verification) -> None:
    scores = [pair.score for pair in result.hard_genuine]
    assert scores == sorted(scores) and len(scores) == 9
    scores = [pair.score for pair in result.hard_impostor]
    assert scores == sorted(scores, reverse=True) and len(scores) == 20


def test_curves_go_through_the_counted_points() -> None:
    pictures, person = random_people(30, 5, noise=1.3)
    tally = compare_all(pictures, person, Metric()).tally
    roc, det = verification_plots([("one", tally), ("two", tally)])
    for drawing in (roc, det):
        assert Balanced(drawing).wrong == [] and drawing.count("<polyline") == 2
        points = [tuple(map(float, p.split(","))) for p in re.findall(r'points="([^"]*)"', drawing)[0].split()]
        assert len(points) > 50
        steps = np.diff(np.array(points), axis=0)
        assert (steps[:, 0] <= 0.11).all(), "the rate falls along the curve"
    rate, tar = tally.roc()
    at = int(np.argmin(np.abs(rate - 0.1)))
    x, y = 64 + (560 - 64 - 18) * (np.log10(rate[at]) + 5) / 5, 36 + (1 - tar[at]) * (400 - 36 - 52)
    drawn = np.array([tuple(map(float, p.split(","))) for p in re.findall(r'points="([^"]*)"', roc)[0].split()])
    assert np.abs(drawn - [x, y]).sum(axis=1).min() < 4


def test_nothing_compared_is_an_empty_plot() -> None:
    pictures, person = random_people(4, 3)
    lost, _ = random_people(4, 3, lost=tuple(range(12)))
    tally = compare_all(pictures, person, Metric(), lost).tally
    assert (tally.genuine_pairs, tally.impostor_pairs, tally.missed, tally.uncompared) == (24, 0, 24, 108)
    assert tally.at_fmr(0.01) is None and tally.eer() == 1.0 and np.isnan(tally.auc())
    for drawing in verification_plots([("none", tally)]):
        assert Balanced(drawing).wrong == [] and "nan" not in drawing


def test_axes_and_thinning() -> None:
    assert Axis("", 1e-3, 1, log=True).ticks() == pytest.approx([1e-3, 1e-2, 1e-1, 1])
    assert Axis("", 1, 30, log=True).ticks() == pytest.approx([1, 2, 5, 10, 20])
    assert Axis("", 0, 1, percent=True).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert Axis("", 0, 1, percent=True).text(0.2) == "20 %"
    many = [(i / 100, 0.0) for i in range(10001)]
    few = thinned(many)
    assert few[0] == many[0] and few[-1] == many[-1] and len(few) < 400
    assert thinned([]) == [] and thinned([(0, 0)]) == [(0, 0)]
    assert (9.0, 0.0) in thinned([(0.0, 0.0), *((x / 10, 0.0) for x in range(1, 91)), (9.0, 50.0)]), "a step keeps its corner"
    drawing = chart("t", Axis("x", 1e-3, 1, log=True), Axis("y", 0, 1), [Curve("a", [0.0, 0.1, float("nan")], [1, 1, 1])])
    assert Balanced(drawing).wrong == [] and "nan" not in drawing


def test_tables_escape_and_align() -> None:
    text = table(("name", "n", "share", "words"), [("<i>", 1200, "3.5 %", "a"), ("b", None, "-", "1.0")])
    assert "&lt;i&gt;" in text and '<td class="n">1,200</td>' in text and '<td class="n">3.5 %</td>' in text
    assert '<td class="file">1.0</td>' in text and '<td class="n">-</td>' in text
    assert Balanced(page("<t>", "&", [section("s", text, "<note>")])).wrong == []


def test_a_picture_that_cannot_be_shown_leaves_a_sentence(tmp_path: Path) -> None:
    assert "there is no picture" in thumbnail(tmp_path / "none.jpg")


def test_names_of_heights() -> None:
    assert height_name(24.0) == "24 to 30 px" and height_name(240.0) == "240 px and more"
    assert set(Found(0.5).by_height) >= {24.0, 240.0}

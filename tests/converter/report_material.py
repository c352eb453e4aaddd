"""Reports for the tests: an embedder that passed, a classifier that failed, and an HTML reader that notices what must not be there."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np

from converter.contract import Check, LayerDamage, Plan, Preprocessing, TensorSpec, Verdict
from converter.report.content import Attempt, Examples, Footprint, ModelFacts, Report

VOID = {"meta", "img", "br", "wbr"}
ALONE = {"rect", "line", "path", "polyline"}


class Reader(HTMLParser):
    """Notes elements that are not closed, scripts, handlers, whatever would be fetched, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form", "a", "use", "image", "foreignobject"):
            self.wrong.append(tag)
        for name, value in attrs:
            fetched = name in ("src", "href", "srcset", "xlink:href", "action", "data", "poster", "background")
            if name.startswith("on") or (fetched and not (value or "").startswith("data:image/")):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "style" and "url(" in (value or ""):
                self.wrong.append(f"{tag} {name}={value}")
        if len({name for name, _ in attrs}) != len(attrs):
            self.wrong.append(f"{tag} has an attribute twice")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open and self.open[-1] == "style" and ("url(" in data or "@import" in data):
            self.wrong.append("style fetches something")

    @property
    def text(self) -> str:
        return " ".join(self.words)


def check(metric: str = "agreement", figure: float | None = 0.99, limit: float = 0.95, at_least: bool = True, passed: bool = True,
          text: str = "share of examples on which both models agree: 99.00% (at least 95.00% passes)") -> Check:
    return Check(metric, figure, limit, at_least, passed, text)


def verdict(passed: bool = True, checks: tuple[Check, ...] | None = None, plots: dict[str, Any] | None = None, **others: Any) -> Verdict:
    filled: dict[str, Any] = {"task": "classifier", "precision": "int8", "examples": 200, "labelled": True, **others}
    return Verdict(passed=passed, checks=(check(passed=passed),) if checks is None else checks, plots=plots or {}, **filled)


def model(name: str = "embedder.keras") -> ModelFacts:
    return ModelFacts(name, "keras", (TensorSpec("picture", (112, 112, 3)),), (TensorSpec("embedding", (384,)),), "ab" * 32, 1_249_000,
                      139_000_000, ("The batch was fixed at 1.",))


def embedder() -> Report:
    """Passed with one layer in float, after a plain int8 that failed."""
    rng = np.random.default_rng(0)
    float_scores = rng.normal(0.2, 0.2, 300).clip(-1, 1)
    rates = np.geomspace(1e-4, 1, 20)
    plots = {"cosine": rng.normal(0.99, 0.003, 200).tolist(),
             "scatter": {"float": float_scores.tolist(), "quantized": (float_scores + rng.normal(0, 0.01, 300)).tolist(),
                         "same": (float_scores > 0.4).tolist()},
             "det": {name: {"fmr": rates.tolist(), "fnmr": (0.4 * (1 - rates ** 0.2) + 1e-3).tolist()} for name in ("float", "quantized")},
             "thresholds": [{"fmr": 1e-3, "float": 0.4422, "quantized": 0.4556}],
             "worst": [{"name": "ana/ana_0001.jpg", "figure": 0.971}]}
    good = verdict(checks=(check("cosine_mean", 0.9903, 0.98, text="mean cosine: 0.9903 (at least 0.9800 passes)"),
                           check("tar_lost_1e-3", 0.18, 0.5, False, text="true accept rate lost: 0.18 points (at most 0.50 points passes)"),
                           check("tar_lost_1e-4", None, 1.0, False, text="not measurable here: too few pairs")),
                   plots=plots, task="embedder", metrics={"cosine_mean": 0.9903})
    bad = verdict(False, (check("cosine_mean", 0.962, 0.98, passed=False, text="mean cosine: 0.9620 (at least 0.9800 passes)"),),
                  hint="keep the damaged layers in float")
    return Report(
        "Our embedder", model(), Plan("embedder", Preprocessing(112, 112, aligned=True), parts=(256, 128), guessed=("Pixels 0 to 255.",)),
        (Attempt("int8", "TFLiteConverter", bad, Footprint(1_301_000, 0.62, 9_100_000), why="two layers do most of the damage"),
         Attempt("int8", "ai-edge-quantizer", good, Footprint(1_364_144, 0.628, 9_400_000), ("stage3/conv",),
                 "60 of 63 nodes, two partitions", sha256="cd" * 32, chosen="int8.tflite", why="the smallest and fastest that passes")),
        Footprint(5_051_416, 1.87, 16_000_000),
        damage=[LayerDamage("stage3/conv", "CONV_2D", 0.0246, 92_000), LayerDamage("stage1/conv", "CONV_2D", 0.0052, 8_000)],
        calibration=Examples(500, 0, 0, ("3 pictures with no face were left out.",), "faces"), gate=Examples(400, 400, 109, (), "faces"),
        limits={"cosine_mean": 0.98}, limits_from="limits.toml", environment={"Python": "3.12.1", "Processor": "Some CPU"},
        digests={"embedder.keras": "ef" * 32}, recipe={"skip": ["stage3/conv"]}, seconds={"converting": 14.2, "gate": 17.3},
        command="edge-face-convert quantize embedder.keras --precision auto --out bundle")


def classifier(labels: tuple[str, ...] = ("cat", "dog", "owl"), **others: Any) -> Report:
    """Failed, with confusion; `others` replaces fields of the report."""
    size = len(labels)
    before = np.eye(size, dtype=int) * 20
    after = before.copy()
    after[0, -1], after[0, 0] = 7, 13
    lost = check("accuracy_lost", 3.2, 0.5, False, False, "accuracy lost: 3.20 points (at most 0.50 points passes)")
    bad = verdict(False, (lost, check()),
                  {"error": np.linspace(0, 0.3, 60).tolist(), "confusion": {"float": before.tolist(), "quantized": after.tolist()},
                   "worst": [{"name": f"cats/{i}.jpg", "figure": 0.3 - i / 100} for i in range(3)]}, hint="give more calibration pictures")
    filled: dict[str, Any] = {
        "name": "tutorial", "model": model("tutorial.h5"), "plan": Plan("classifier", Preprocessing(64, 64), labels),
        "attempts": (Attempt("int8", "TFLiteConverter", bad, Footprint(820_000, 0.31)),), "before": Footprint(3_260_000, 0.55),
        "calibration": Examples(64), **others}
    return Report(**filled)

"""The loop on a toy task: what is trained, stopped, resumed, kept and said; on whichever backend is installed."""

from __future__ import annotations

import json
import signal
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converter.training.errors import TrainingError  # noqa: E402
from converter.training.recipe_parts import Common, Optimizer, Schedule, Stop  # noqa: E402
from converter.training.run import train  # noqa: E402
from converter.training.stepper import Batch, make_stepper  # noqa: E402
from edge_face.errors import UsageError  # noqa: E402

TRUE = np.random.default_rng(9).standard_normal((4, 2)).astype(np.float32)
QUICK = Optimizer(kind="adam", rate=0.05, average=0.5)


@dataclass
class Line:
    """Learns a linear map, with one extra scale; as a task of its own, without forks."""

    recipe: Common
    broken_at: int = -1
    stop_at: int = -1
    examined: int = 0

    data = {"digest": "line"}  # noqa: RUF012

    def open(self, first: int) -> None:
        self.number = first

    def build(self, resumed: Path | None) -> Any:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="map")])
        model.set_weights([np.zeros((4, 2), np.float32), np.zeros(2, np.float32)])
        return model

    def extras(self) -> Sequence[Any]:
        return (keras.Variable(np.ones(1, np.float32), name="centres"),)

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        error = keras.ops.mean(keras.ops.square(outputs * extras[0] - targets["y"]))
        return {"loss": error, "error": error}

    def batches(self) -> Iterator[Batch]:
        while True:
            x = np.random.default_rng((1, self.number)).standard_normal((16, 4)).astype(np.float32)
            y = x @ TRUE
            if self.number == self.broken_at:
                y[0] = np.nan
            if self.number == self.stop_at:
                signal.raise_signal(signal.SIGINT)
            self.number += 1
            yield Batch(x, {"y": y})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        self.examined += 1
        x = np.eye(4, dtype=np.float32)
        return {"fit": 1 - float(np.abs(predict(x) - TRUE).mean())}

    def notes(self) -> Mapping[str, Any]:
        return {"kind": "line"}

    def close(self) -> None:
        self.closed = True


def task(steps: int = 30, **more: Any) -> Line:
    fields = {key: more.pop(key) for key in ("stop", "optimizer", "precision") if key in more}
    schedule = Schedule(steps=steps, log_steps=5, save_s=0, examine_steps=10)
    return Line(Common(task="line", batch=16, schedule=schedule, **{"optimizer": QUICK, "precision": "float32", **fields}), **more)


def history(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def weights(path: Path) -> list[np.ndarray]:
    return keras.models.load_model(path, compile=False).get_weights()  # type: ignore[no-any-return]


def test_a_run_learns_and_its_result_says_where_it_comes_from(tmp_path: Path) -> None:
    model = train(task(80), tmp_path)
    lines = history(tmp_path)
    assert [line["step"] for line in lines if "loss" in line] == list(range(5, 81, 5))
    assert [line["step"] for line in lines if "fit" in line] == list(range(0, 81, 10))
    assert lines[-1]["fit"] > lines[0]["fit"] + 0.4
    with zipfile.ZipFile(model) as archive:
        notes = json.loads(archive.read("training.json"))
    assert notes["recipe"]["schedule"]["steps"] == 80
    assert (notes["data"], notes["kind"], notes["step"], notes["parameters"]) == ({"digest": "line"}, "line", 80, 10)
    assert keras.backend.backend() in notes["backend"]
    assert notes["code"]
    assert (tmp_path / "progress.svg").read_text().startswith("<svg")
    assert np.abs(weights(model)[0]).max() > 0.1


def test_a_run_that_was_stopped_ends_where_an_unbroken_one_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = train(task(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(task(stop_at=17), tmp_path / "torn")
    assert "interrupted at step 18: saved, go on with --resume" in capsys.readouterr().err
    assert history(tmp_path / "torn")[-1]["step"] <= 18
    torn = train(task(), tmp_path / "torn", resume=True)
    for one, other in zip(weights(whole), weights(torn), strict=True):
        assert np.allclose(one, other, atol=1e-6)
    last = [lines[-1]["fit"] for lines in (history(tmp_path / "whole"), history(tmp_path / "torn"))]
    assert last[0] == pytest.approx(last[1], abs=1e-6)
    again = train(task(), tmp_path / "torn", resume=True)  # there is nothing left to do
    assert weights(again)[0].tolist() == weights(torn)[0].tolist()


def test_a_loss_that_is_no_number_keeps_the_last_good_state(tmp_path: Path) -> None:
    broken = task(broken_at=12)
    words = r"no number at step 13 .*keeps the state of step 12: begin anew .*--init .*line.keras and a lower"
    with pytest.raises(TrainingError, match=words) as caught:
        train(broken, tmp_path)
    assert caught.value.exit_code == 1
    assert broken.closed
    with np.load(tmp_path / "state.npz") as state:
        assert state["counters"][0] == 12
        assert all(np.isfinite(state[name]).all() for name in state.files if name != "counters")


def test_another_recipe_or_other_data_are_not_resumed(tmp_path: Path) -> None:
    train(task(), tmp_path)
    with pytest.raises(UsageError, match=r"optimizer.rate: 0.05, 0.06"):
        train(task(optimizer=replace(QUICK, rate=0.06)), tmp_path, resume=True)
    other = task()
    other.data = {"digest": "curve"}
    with pytest.raises(UsageError, match="on other data"):
        train(other, tmp_path, resume=True)
    with pytest.raises(UsageError, match="holds a run already"):
        train(task(), tmp_path)


def test_early_stopping_keeps_the_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Fading(Line):
        def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
            super().examine(predict)
            return {"fit": [0.1, 0.5, 0.4, 0.3, 0.9][self.examined - 1]}

    plain = task(200, stop=Stop(patience=2, figure="fit"))
    model = train(Fading(plain.recipe), tmp_path)
    assert "stopped early: fit has not risen above 0.5000 for 2 examinations" in capsys.readouterr().err
    with zipfile.ZipFile(model) as archive:
        assert json.loads(archive.read("training.json"))["step"] == 10
    assert [line["fit"] for line in history(tmp_path) if "fit" in line] == [0.1, 0.5, 0.4, 0.3]
    resumed = Fading(plain.recipe)
    train(resumed, tmp_path, resume=True)
    assert resumed.examined == 0


def test_a_figure_that_cannot_be_measured_stops_nothing_in_silence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"'tar_0\.001' cannot be measured on the held-out data: fit can"):
        train(task(stop=Stop(patience=2, figure="tar_0.001")), tmp_path)


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_optimizer_and_precision_learns(kind: Any, precision: str) -> None:
    settings = Optimizer(kind=kind, rate=0.05, weight_decay=0.001, l2=1e-4, average=0.5)
    line = task()
    line.open(0)
    stepper = make_stepper(keras.backend.backend(), line.build(None), line.extras(), line.loss, settings, precision)
    losses = [stepper.step(batch, 0.05, 0.5) for batch, _ in zip(line.batches(), range(60), strict=False)]
    assert losses[-1]["error"] < 0.3 * losses[0]["error"]
    assert losses[-1]["loss"] == pytest.approx(losses[-1]["error"] + losses[-1]["l2"], rel=1e-4)
    assert stepper.average.layers[-1].compute_dtype == "float32"
    assert stepper.predict(np.eye(4, dtype=np.float32)).dtype == np.float32


def test_one_step_of_sgd_is_what_the_book_says() -> None:
    line = task()
    line.open(0)
    settings = Optimizer(kind="sgd", rate=0.1, momentum=0.0, clip=0.0)
    stepper = make_stepper(keras.backend.backend(), line.build(None), (), lambda o, t, e: line.loss(o, t, (1.0,)), settings, "float32")
    batch = next(line.batches())
    stepper.step(batch, 0.1, 0.75)
    x, y = batch.inputs, batch.targets["y"]
    expected = -0.1 * 2 / y.size * x.T @ (0 - y)
    state = stepper.state()
    assert np.allclose(state["model_000"], expected, atol=1e-6)
    assert np.allclose(state["average_000"], 0.25 * expected, atol=1e-6)


def test_a_state_of_another_net_is_refused() -> None:
    line = task()
    line.open(0)
    stepper = make_stepper(keras.backend.backend(), line.build(None), line.extras(), line.loss, QUICK, "float32")
    state = stepper.state()
    with pytest.raises(KeyError):
        stepper.restore({name: array for name, array in state.items() if name != "model_001"})
    with pytest.raises(ValueError, match="model_000 has the shape"):
        stepper.restore({**state, "model_000": np.zeros((5, 2))})
    with pytest.raises(ValueError, match="model_009 is of another model"):
        stepper.restore({**state, "model_009": np.zeros(2)})

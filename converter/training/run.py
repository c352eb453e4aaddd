"""The loop that trains any task: steps, states, examinations, early stopping; stopped at any moment and taken up again."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from converter.training import backend
from converter.training.errors import TrainingError
from converter.training.progress import Progress
from converter.training.progress_plot import draw_progress
from converter.training.recipe import digest, table
from converter.training.run_folder import Counters, RunFolder, code_version
from converter.training.stepper import Batch, Stepper, make_stepper
from converter.training.task import Task


def train(task: Task, out: Path, resume: bool = False) -> Path:
    """Trains until the recipe's end; gives the `.keras` file. Ctrl-C and SIGTERM save and raise KeyboardInterrupt.

    Raises EdgeFaceError: a recipe or data that do not fit, a loss that is no number, a disk that is full.
    """
    folder = RunFolder(out, task.recipe.task)
    folder.check(resume)
    chosen = backend.choose()
    folder.prepare(resume)
    task.open(folder.first())
    try:
        return _Loop(task, folder, chosen, resume).run()
    finally:
        task.close()


class _Loop:
    """One run from its first or resumed step to its end."""

    def __init__(self, task: Task, folder: RunFolder, chosen: str, resume: bool) -> None:
        self.task, self.folder, self.recipe = task, folder, task.recipe
        recipe = table(self.recipe)
        if resume:
            folder.check_same(recipe, str(task.data["digest"]))
        import keras

        keras.utils.set_random_seed(self.recipe.seed)
        precision = backend.precision(self.recipe.precision)
        model = task.build(folder.model if resume else None)
        self.stepper: Stepper = make_stepper(chosen, model, task.extras(), task.loss, self.recipe.optimizer, precision)
        self.counters = Counters()
        if resume:
            state, self.counters = folder.load()
            try:
                self.stepper.restore(state)
            except (KeyError, ValueError) as error:
                raise TrainingError(f"{folder.state} does not fit the recipe's net ({error}): begin anew in another folder") from error
        self.history = folder.entries(self.counters.step)
        accelerator = "GPU" if backend.has_accelerator() else "CPU"
        self.notes: dict[str, Any] = {
            **(folder.origin() if resume else {}),
            "task": self.recipe.task, "recipe": recipe, "recipe_sha256": digest(self.recipe), "data": dict(task.data),
            "code": code_version(), "backend": f"{chosen}, keras {keras.__version__}, {precision} on {accelerator}",
            "parameters": int(model.count_params()), **task.notes(),
        }
        folder.save_notes(self.notes)
        self.progress = Progress(sys.stderr)
        self.progress.say(f"{self.recipe.task}: {self.notes['parameters']:,} parameters, {self.notes['backend']}"
                          + (f", resumed at step {self.counters.step}" if resume else ""))
        self._saved_step = self.counters.step if resume else -1

    def run(self) -> Path:
        schedule, counters = self.recipe.schedule, self.counters
        if not self.history and counters.step == 0:
            self._examine()
            self._save()
        saved = examined = counters.seconds
        window = _Window()
        with _interruptible() as interrupted:
            ended = schedule.progress(counters.step, counters.seconds) >= 1 or self._patience_is_over()
            last = time.monotonic()
            for batch in () if ended else self.task.batches():
                self._step(batch, window)
                now = time.monotonic()
                counters.seconds, last = counters.seconds + now - last, now
                progress = schedule.progress(counters.step, counters.seconds)
                ended = progress >= 1
                self.progress.show(progress, counters.step, counters.seconds, window.line())
                if counters.step % schedule.log_steps == 0 or ended:
                    self._log(window)
                if interrupted:
                    self._save()
                    self.progress.say(f"interrupted at step {counters.step}: saved, go on with --resume")
                    raise KeyboardInterrupt
                due = counters.seconds - examined >= schedule.examine_s
                if schedule.examine_steps:
                    due = counters.step % schedule.examine_steps == 0
                if due and not ended:
                    self._examine()
                    ended = self._patience_is_over()
                    examined, last = counters.seconds, time.monotonic()
                if counters.seconds - saved >= schedule.save_s and not ended:
                    self._save()
                    saved, last = counters.seconds, time.monotonic()
                if ended:
                    break
            if self._saved_step != counters.step:
                if not self.history or self.history[-1].get("examined_at") != counters.step:
                    self._examine()
                self._save()
        self.progress.say(f"done: {counters.step} steps in {counters.seconds / 60:.1f} minutes; {self.folder.model}")
        return self.folder.model

    def _step(self, batch: Batch, window: _Window) -> None:
        counters, settings = self.counters, self.recipe.optimizer
        rate = settings.rate * self.recipe.schedule.factor(self.recipe.schedule.progress(counters.step, counters.seconds))
        decay = settings.average
        if self.recipe.start.mode == "new":  # weights that were drawn are forgotten soon
            decay = min(decay, (10 + counters.step) / (100 + counters.step))
        losses = self.stepper.step(batch, rate, decay)
        if not all(math.isfinite(value) for value in losses.values()):
            self.progress.end()
            raise TrainingError(
                f"the loss is no number at step {counters.step + 1} ({', '.join(k for k, v in losses.items() if not math.isfinite(v))}); "
                f"{self.folder.path} keeps the state of step {max(self._saved_step, 0)}: begin anew from it with --init "
                f"{self.folder.model} and a lower [optimizer] rate (half of {settings.rate:g}), a lower clip, or precision = \"float32\"")
        counters.step += 1
        window.add(losses, len(batch.inputs[0] if isinstance(batch.inputs, tuple) else batch.inputs), rate)

    def _log(self, window: _Window) -> None:
        self._note({"step": self.counters.step, "seconds": round(self.counters.seconds, 1), **window.close()})

    def _note(self, entry: dict[str, Any]) -> None:
        self.history.append(entry)
        try:
            self.folder.note(entry)
            draw_progress(self.folder.plot, self.history, self.recipe.task)
        except OSError as error:
            self.progress.say(f"{self.folder.history} and its plot cannot be written ({error.strerror}): training goes on")

    def _examine(self) -> None:
        figures = self.task.examine(self.stepper.predict)
        step, stop = self.counters.step, self.recipe.stop
        if figures:
            self._note({"step": step, "seconds": round(self.counters.seconds, 1), "examined_at": step, **figures})
            self.progress.say(f"examined at step {step}: " + " ".join(f"{k} {v:.4f}" for k, v in figures.items()))
        if not stop.patience:
            return
        if stop.figure not in figures:
            raise TrainingError(f"[stop] figure {stop.figure!r} cannot be measured on the held-out data: "
                                f"{', '.join(figures) or 'nothing'} can; hold out more people, or set patience = 0")
        if figures[stop.figure] > self.counters.best:
            self.counters.best, self.counters.since_best = figures[stop.figure], 0
            self.folder.save_model(self.stepper.average, self._result(), step)
        else:
            self.counters.since_best += 1

    def _patience_is_over(self) -> bool:
        stop = self.recipe.stop
        over = bool(stop.patience) and self.counters.since_best >= stop.patience
        if over:
            self.progress.say(f"stopped early: {stop.figure} has not risen above {self.counters.best:.4f} "
                              f"for {stop.patience} examinations")
        return over

    def _save(self) -> None:
        state = self.stepper.state()
        bad = [name for name, array in state.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]
        if bad:
            raise TrainingError(f"the weights are no numbers any more at step {self.counters.step} ({bad[0]}); {self.folder.path} "
                                f"keeps the state before: begin anew with --init {self.folder.model} and a lower [optimizer] rate")
        self.folder.save(state, self.counters)
        if not self.recipe.stop.patience:
            self.folder.save_model(self.stepper.average, self._result(), self.counters.step)
        self._saved_step = self.counters.step

    def _result(self) -> Mapping[str, Any]:
        """What the model carries: the notes and the examinations so far."""
        return {**self.notes, "examined": [entry for entry in self.history if "examined_at" in entry]}


class _Window:
    """Means of the losses since the last line of history."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._steps = self._seen = 0
        self._rate, self._since = 0.0, time.monotonic()

    def add(self, losses: Mapping[str, float], seen: int, rate: float) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._steps, self._seen, self._rate = self._steps + 1, self._seen + seen, rate

    def line(self) -> str:
        if not self._steps:
            return ""
        speed = self._seen / max(time.monotonic() - self._since, 1e-9)
        return f"loss {self._sums['loss'] / self._steps:.4f}, {speed:.0f}/s"

    def close(self) -> dict[str, float]:
        elapsed = max(time.monotonic() - self._since, 1e-9)
        means = {name: total / max(self._steps, 1) for name, total in self._sums.items()}
        means |= {"rate": self._rate, "speed": round(self._seen / elapsed, 1)}
        self.__init__()  # type: ignore[misc]
        return means


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted in the list and obeyed between two steps; a second one is obeyed at once."""
    noted: list[int] = []

    def handler(number: int, frame: object) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for number, old in before.items():
            signal.signal(number, old)

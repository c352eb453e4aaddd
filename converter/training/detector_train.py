"""Trains the face detector on composites: a loop that can be stopped at any moment and taken up again.

Run as `python -m converter.training.detector_train --data DIR --out DIR [--recipe FILE] [--resume]`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from converter.training.composites import choose_heldout, load_photos
from converter.training.feeder import Feeder
from converter.training.scenes import Mixture, Painter

RECIPE = Path(__file__).with_name("recipes") / "detector.toml"
HELDOUT = {"portrait": 150, "mask": 40, "background": 60}


def rate_at(progress: float, warmup: float, peak: float, final: float) -> float:
    """Learning rate at a share of the run (0 to 1): linear warm-up, then a cosine down to `final` times
    the peak."""
    if progress < warmup:
        return peak * max(progress / warmup, 0.01)
    done = min((progress - warmup) / max(1 - warmup, 1e-9), 1.0)
    return peak * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done)))


def heldout_files(recipe_path: Path, recipe: dict[str, Any], data_dir: Path) -> set[str]:
    """Names of the held-out pictures: the list next to the recipe, written on the first run if it is
    missing."""
    path = recipe_path.parent / recipe["data"]["heldout_file"]
    if not path.exists():
        records = [
            json.loads(line) for line in (data_dir / "detect.jsonl").read_text().splitlines() if line.strip()
        ]
        path.write_text("\n".join(choose_heldout(records, HELDOUT, str(recipe["data"]["seed"]))) + "\n")
    return set(path.read_text().split())


def save_atomically(path: Path, write: Any) -> None:
    """Write a file under another name first: a stop in between leaves the old one whole."""
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    write(partial)
    partial.replace(path)


class Trainer:
    """Model, optimizer, averaged weights and the counters that a resume needs."""

    def __init__(
        self, recipe: dict[str, Any], centres: np.ndarray[Any, Any], strides: np.ndarray[Any, Any]
    ) -> None:
        import keras
        import tensorflow as tf

        from converter.training.detector_net import build
        from converter.training.detector_targets import losses

        keras.utils.set_random_seed(recipe["data"]["seed"])
        shape = dict(recipe["network"])
        self.model = build(**shape)
        self.average = build(**shape)
        self.average.set_weights(self.model.get_weights())
        settings = recipe["training"]
        self.optimizer = keras.optimizers.AdamW(
            settings["learning_rate"],
            weight_decay=settings["weight_decay"],
            global_clipnorm=settings["clip_norm"],
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        self.optimizer.build(self.model.trainable_variables)
        self.step = 0
        self.seconds = 0.0
        self.runs = 0
        weights = {k: settings[f"{k}_weight"] for k in ("score", "box", "landmark")}

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def train_step(images: Any, targets: Any, decay: Any) -> Any:
            with tf.GradientTape() as tape:
                parts = losses(
                    self.model(tf.cast(images, tf.float32), training=True), targets, centres, strides
                )
                loss = (
                    weights["score"] * parts["score"]
                    + weights["box"] * parts["box"]
                    + weights["landmark"] * parts["landmarks"]
                )
            gradients = tape.gradient(loss, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
            for mean, value in zip(self.average.variables, self.model.variables, strict=True):
                if "seed" not in mean.path:
                    mean.assign(mean * decay + value * (1.0 - decay))
            return tf.stack([loss, parts["score"], parts["box"], parts["landmarks"], parts["positives"]])

        self.train_step = train_step
        self.predict = tf.function(lambda images: self.average(tf.cast(images, tf.float32), training=False))

    def variables(self) -> dict[str, Any]:
        groups = {
            "model": self.model.variables,
            "average": self.average.variables,
            "optimizer": self.optimizer.variables,
        }
        return {f"{group}_{i:03d}": v for group, values in groups.items() for i, v in enumerate(values)}

    def save(self, out_dir: Path) -> None:
        """The whole state as one file, and the averaged model as a Keras file."""
        arrays = {name: np.asarray(v) for name, v in self.variables().items()}
        arrays["counters"] = np.asarray([self.step, self.seconds, self.runs], np.float64)
        save_atomically(out_dir / "state.npz", lambda path: np.savez(path, **arrays))  # type: ignore[arg-type]
        save_atomically(out_dir / "detector.keras", self.average.save)

    def load(self, out_dir: Path) -> None:
        with np.load(out_dir / "state.npz") as state:
            for name, variable in self.variables().items():
                variable.assign(state[name])
            step, self.seconds, runs = (float(v) for v in state["counters"])
            self.step, self.runs = int(step), int(runs)


def train(recipe_path: Path, data_dir: Path, out_dir: Path, resume: bool = False) -> None:
    """Train until the recipe's minutes are used up; `out_dir` gets state.npz, detector.keras and
    history.jsonl."""
    recipe = tomllib.loads(recipe_path.read_text())
    settings, data, network = recipe["training"], recipe["data"], recipe["network"]
    out_dir.mkdir(parents=True, exist_ok=True)
    resumed = resume and (out_dir / "state.npz").exists()
    held = heldout_files(recipe_path, recipe, data_dir)
    photos = load_photos(data_dir)
    painter = Painter(
        [p for p in photos if p.file not in held],
        network["width"],
        network["height"],
        Mixture(**recipe["mixture"]),
    )
    runs = 0
    if resumed:
        with np.load(out_dir / "state.npz") as state:
            runs = int(state["counters"][2]) + 1
    # A resumed run must not see the composites of its beginning again.
    feeder = Feeder(painter, settings["batch"], settings["workers"], data["seed"] + 1000003 * runs)

    from converter.training.detector_eval import detect_all, heldout_set, summary, tally

    examination = heldout_set(
        [p for p in photos if p.file in held],
        data["heldout_composites"],
        data["heldout_seed"],
        network["width"],
        network["height"],
    )
    trainer = Trainer(recipe, feeder.centres, feeder.strides)
    if resumed:
        trainer.load(out_dir)
    trainer.runs = runs

    def note(entry: dict[str, Any]) -> None:
        with (out_dir / "history.jsonl").open("a") as history:
            history.write(json.dumps(entry, sort_keys=True) + "\n")

    def examine() -> None:
        found = detect_all(
            lambda x: {k: v.numpy() for k, v in trainer.predict(x).items()}, examination.images
        )
        figures = summary(tally(found, examination.labels))
        note({"step": trainer.step, "seconds": round(trainer.seconds), **figures})
        short = " ".join(f"{k.removeprefix('recall@')}={v:.3f}" for k, v in figures.items())
        print(f"examined at step {trainer.step}: {short}", flush=True)

    limit, warmup = settings["minutes"] * 60, settings["warmup_minutes"] / settings["minutes"]
    saved = examined = trainer.seconds
    sums, pictures, window = np.zeros(5), 0, time.monotonic()
    last = time.monotonic()
    for images, targets in feeder.batches():
        rate = rate_at(trainer.seconds / limit, warmup, settings["learning_rate"], settings["final_rate"])
        trainer.optimizer.learning_rate.assign(rate)
        decay = min(settings["ema"], (1 + trainer.step) / (10 + trainer.step))
        sums += trainer.train_step(images, targets, np.float32(decay)).numpy()
        trainer.step += 1
        pictures += len(images)
        now = time.monotonic()
        trainer.seconds, last = trainer.seconds + now - last, now
        if trainer.step % settings["log_every"] == 0:
            loss, score, box, marks, _ = sums * settings["batch"] / pictures
            speed = pictures / (now - window)
            left = (limit - trainer.seconds) / 60
            seen = trainer.step * settings["batch"]
            print(
                f"step {trainer.step} seen {seen} loss {loss:.3f} (score {score:.3f} box {box:.3f}"
                f" landmarks {marks:.3f}) rate {rate:.2e} {speed:.0f} pictures/s, {left:.1f} min left",
                flush=True,
            )
            note(
                {
                    "step": trainer.step,
                    "seconds": round(trainer.seconds),
                    "loss": round(float(loss), 4),
                    "score": round(float(score), 4),
                    "box": round(float(box), 4),
                    "landmarks": round(float(marks), 4),
                    "rate": rate,
                    "speed": round(speed, 1),
                }
            )
            sums, pictures, window = np.zeros(5), 0, now
        if not math.isfinite(float(sums.sum())):
            raise RuntimeError(
                f"the loss is no number at step {trainer.step}: resume from the last state with a lower rate"
            )
        if trainer.seconds - saved >= settings["save_minutes"] * 60:
            trainer.save(out_dir)
            saved = trainer.seconds
        if trainer.seconds - examined >= settings["evaluate_minutes"] * 60:
            examine()
            examined = trainer.seconds
        if trainer.seconds >= limit:
            break
    trainer.save(out_dir)
    examine()
    feeder.close()
    print(f"done: {trainer.step} steps, {trainer.step * settings['batch']} composites", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with detect.jsonl and detect.tar")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for state, averaged model and history"
    )
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--resume", action="store_true", help="take up the run in --out")
    arguments = parser.parse_args()
    train(arguments.recipe, arguments.data, arguments.out, arguments.resume)


if __name__ == "__main__":
    main()

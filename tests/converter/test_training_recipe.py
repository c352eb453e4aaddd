"""Recipes: shipped ones are right, wrong keys are named with their line, digests see what matters and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.training import recipe
from converter.training.embedder_recipe import EmbedderRecipe
from converter.training.recipe_parts import Schedule
from edge_face.errors import SettingsError

RIGHT = """
task = "embedder"
batch = 12

[data]
people = 4
faces = 3

[losses.triplet]
margin = 0.3

[optimizer]
rate = 0.01

[schedule]
steps = 40
"""


def read(folder: Path, text: str) -> EmbedderRecipe:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return recipe.read(path, EmbedderRecipe)


@pytest.mark.parametrize("name", [name for name in recipe.shipped() if name.startswith("embedder")])
def test_shipped_recipes_of_embedders_are_right_and_survive_their_own_record(name: str) -> None:
    found = recipe.read(recipe.find(name), EmbedderRecipe)
    again = recipe.parse(recipe.table(found), EmbedderRecipe)
    assert again == found
    assert recipe.digest(again) == recipe.digest(found)


def test_a_recipe_is_read_with_its_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, RIGHT)
    assert (found.optimizer.rate, found.optimizer.kind, found.losses.margin) == (0.01, "adamw", None)
    assert found.losses.triplet is not None
    assert found.losses.triplet.margin == 0.3


@pytest.mark.parametrize(("before", "after", "words"), [
    ("rate = 0.01", "rat = 0.01", ("mine.toml, line 13, [optimizer]: rat is no key here", "did you mean rate?")),
    ("rate = 0.01", "colour = 1", ("allowed are kind, rate",)),
    ("rate = 0.01", "rate = -1", ("line 13, [optimizer]: rate must be from 1e-07 to 10, not -1",)),
    ("rate = 0.01", 'rate = "fast"', ("rate must be a number, not 'fast'",)),
    ("rate = 0.01", "rate = true", ("rate must be a number, not True",)),
    ("rate = 0.01", 'kind = "lion"', ("kind must be 'sgd' or 'adam' or 'adamw', not 'lion'",)),
    ("steps = 40", "steps = 4.5", ("steps must be a whole number",)),
    ("steps = 40", "", ("[schedule]: the schedule needs either minutes or steps",)),
    ("steps = 40", "steps = 40\nminutes = 1", ("either minutes or steps",)),
    ("[schedule]\nsteps = 40", "", ("schedule is missing",)),
    ("[losses.triplet]\nmargin = 0.3", "[losses]", ("[losses]: name at least one of [losses.imitation]",)),
    ("[losses.triplet]\nmargin = 0.3", "[losses]\ntriplet = 3", ("triplet must be a section, not 3",)),
    ("batch = 12", "batch = 13", ("batch must be people x faces, 12, not 13",)),
    ("[data]\npeople = 4\nfaces = 3", "", ("need [data] people and faces",)),
    ('task = "embedder"', 'task = "classifier"', ("edge-face-convert train classifier",)),
    ("[schedule]", "[augmentation]\nwithout = [\"ghosts\"]\n[schedule]", ("unknown augmentation ghosts: known are far",)),
    ("[schedule]", "[schedule", ("cannot be read as TOML",)),
])
def test_what_is_wrong_is_named(tmp_path: Path, before: str, after: str, words: tuple[str, ...]) -> None:
    assert before in RIGHT
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, RIGHT.replace(before, after, 1))
    for part in words:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value).replace("(at line", "")
    assert caught.value.exit_code == 2


def test_a_recipe_that_is_not_there_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="embedder-tiny"):
        recipe.find(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read as TOML"):
        recipe.read(tmp_path / "bytes.toml", EmbedderRecipe)


def test_the_digest_sees_values_only(tmp_path: Path) -> None:
    first = recipe.digest(read(tmp_path, RIGHT))
    head, _, rest = RIGHT.partition("[optimizer]")
    assert recipe.digest(read(tmp_path, "# a comment\n" + head + "[optimizer]\nkind = 'adamw'" + rest)) == first
    assert recipe.digest(read(tmp_path, RIGHT.replace("0.01", "0.02"))) != first


def test_differences_are_told_by_key(tmp_path: Path) -> None:
    one, other = (recipe.table(read(tmp_path, text)) for text in (RIGHT, RIGHT.replace("0.01", "0.02")))
    assert recipe.differences(one, other) == ["optimizer.rate: 0.01, 0.02"]
    assert recipe.differences(one, one) == []


@given(st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 1))
def test_the_rate_stays_between_nothing_and_its_peak(progress: float, warmup: float, final: float) -> None:
    assert 0 <= Schedule(steps=10, warmup=warmup, final=final).factor(progress) <= 1


def test_the_rate_rises_and_falls() -> None:
    plan = Schedule(minutes=10, warmup=0.1, final=0.01)
    assert plan.progress(7, 60) == pytest.approx(0.1)
    assert plan.factor(0.05) == pytest.approx(0.5)
    assert plan.factor(0.1) == pytest.approx(1.0)
    assert plan.factor(0.55) == pytest.approx(0.505)
    assert plan.factor(1.0) == pytest.approx(0.01)
    assert plan.progress(0, 1e9) == 1

"""A classifier gives probabilities, a liveness model one: where the model ends in raw scores (logits), the softmax or sigmoid is put
behind it, and of two numbers, attack and live, the second is taken."""

from __future__ import annotations

from converter.contract import Plan, SourceModel
from converter.sources.plan import head
from edge_face.errors import ModelError


def with_probabilities(model: SourceModel, plan: Plan) -> SourceModel:
    """The model whose numbers are probabilities, as a classifier's and a liveness model's are; the model itself where they are, or
    where the task is another. Raises ModelError for a SavedModel of two numbers."""
    made = _activated(model, plan)
    return _live(made) if plan.task == "liveness" and made.outputs[0].shape == (2,) else made


def _live(model: SourceModel) -> SourceModel:
    from converter.sources.keras_model import KerasSource

    if not isinstance(model, KerasSource):
        raise ModelError(f"{model.path} gives two numbers, and liveness is one, 1 for live: bring the .keras file, or end the model in one")
    return model.with_column(1, "of its two numbers, attack and live, the second is taken")


def _activated(model: SourceModel, plan: Plan) -> SourceModel:
    if plan.task not in ("classifier", "liveness") or len(model.outputs) != 1 or head(model, model.outputs[0].name) != "linear":
        return model
    from converter.sources.keras_model import KerasSource
    from converter.sources.saved_model import SavedSource

    if not isinstance(model, KerasSource | SavedSource):
        raise TypeError(f"a model of the kind {type(model).__name__} cannot be changed")
    return model.with_ending("sigmoid" if model.outputs[0].shape[-1] == 1 else "softmax")

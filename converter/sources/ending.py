"""A classifier gives probabilities: where the model ends in raw scores (logits), the softmax or sigmoid is put behind it."""

from __future__ import annotations

from converter.contract import Plan, SourceModel
from converter.sources.plan import head


def with_probabilities(model: SourceModel, plan: Plan) -> SourceModel:
    """The model whose numbers are probabilities, as a classifier's and a liveness model's are; the model itself where they are, or
    where the task is another."""
    if plan.task not in ("classifier", "liveness") or len(model.outputs) != 1 or head(model, model.outputs[0].name) != "linear":
        return model
    from converter.sources.keras_model import KerasSource
    from converter.sources.saved_model import SavedSource

    if not isinstance(model, KerasSource | SavedSource):
        raise TypeError(f"a model of the kind {type(model).__name__} cannot be changed")
    return model.with_ending("sigmoid" if model.outputs[0].shape[-1] == 1 else "softmax")

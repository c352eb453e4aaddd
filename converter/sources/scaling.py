"""A bundle takes pixels 0 to 255: where the model was trained on others, a layer in front brings them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_face.errors import UsageError

if TYPE_CHECKING:
    from converter.contract import Preprocessing, SourceModel


def fit(model: SourceModel, preprocessing: Preprocessing) -> SourceModel:
    """The model as a bundle takes it: pixels 0 to 255 in, scaled inside to `low` to `high`. The model itself where nothing is
    to be done. Raises UsageError for a range that is none or an input that is no single picture."""
    low, high = preprocessing.low, preprocessing.high
    if not high > low:
        raise UsageError(f"--pixels {low:g},{high:g} is no range: say black first, then white, such as --pixels 0,1 or --pixels=-1,1")
    if (low, high) == (0.0, 255.0):
        return model
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 3:
        raise UsageError(f"{model.path} takes {len(model.inputs)} inputs, not one picture: --pixels says nothing about it")
    if not model.inputs[0].dtype.startswith("float"):
        raise UsageError(f"{model.path} takes whole numbers ({model.inputs[0].dtype}): they are pixels 0 to 255, leave --pixels out")
    from converter.sources.keras_model import KerasSource
    from converter.sources.saved_model import SavedSource

    if not isinstance(model, KerasSource | SavedSource):
        raise TypeError(f"a model of the kind {type(model).__name__} cannot be scaled")
    return model.with_pixels(low, high)

"""Names of inputs and outputs that a signature can carry and a person can read."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERED_INPUT = re.compile(r"^(keras_tensor|input_layer|inputs?|args?|x)(_\d+)*$")
_NUMBERED_OUTPUT = re.compile(r"^(outputs?|keras_tensor|identity|statefulpartitionedcall)(_\d+)*$")
LAYER = re.compile(r"^(dense|conv\d?d?|activation|softmax|flatten|re_?lu|leaky_re_lu|add|concatenate|reshape|rescaling|dropout|gru|lstm|"
                   r"batch_normalization|global_\w+_pooling2d|up_sampling2d|conv2d_transpose|sequential|functional|model)(_\d+)?$")
"""Names that Keras gives its layers, where only the name is left."""


def clean_inputs(names: Sequence[str]) -> tuple[str, ...]:
    """The user's own names; those that Keras or TensorFlow numbered become "input", or "input_0", "input_1", …"""
    return _clean(names, [bool(_NUMBERED_INPUT.match(name.lower())) for name in names], "input")


def clean_outputs(names: Sequence[str], automatic: Sequence[bool]) -> tuple[str, ...]:
    """The same for outputs; `automatic`: the name is only that of a layer nobody named."""
    numbered = [auto or bool(_NUMBERED_OUTPUT.match(name.lower())) for name, auto in zip(names, automatic, strict=True)]
    return _clean(names, numbered, "output")


def _clean(names: Sequence[str], numbered: Sequence[bool], word: str) -> tuple[str, ...]:
    out: list[str] = []
    for place, (name, auto) in enumerate(zip(names, numbered, strict=True)):
        wanted = (word if len(names) == 1 else f"{word}_{place}") if auto else re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")
        if not wanted or wanted[0].isdigit():
            wanted = f"{word}_{wanted}".rstrip("_")
        while wanted in out:
            wanted += "_again"
        out.append(wanted)
    return tuple(out)


def automatic(name: str, class_name: str) -> bool:
    """Whether a layer's name is the one that Keras made from its class: conv2d_7 of a Conv2D."""
    return re.sub(r"_\d+$", "", name).replace("_", "") == class_name.lower()

"""Which operators of a .tflite file a Keras layer became, told by the names that the converter gives to tensors.

A tensor is named for the scopes that it was traced in ("embedder_1/s1b1_a_conv_1/convolution"), several joined by semicolons where
operators were fused; a net's last tensors lose their names ("StatefulPartitionedCall_1:0"), but the weights beside them keep theirs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from converter.conversion.graph import Operator
from edge_face.errors import ModelError


def flat_layers(model: Any) -> Iterator[Any]:
    """All layers of a Keras model, those of models inside it too, without the models themselves."""
    for layer in model.layers:
        if hasattr(layer, "layers") and layer.layers is not None:
            yield from flat_layers(layer)
        else:
            yield layer


def scopes(operator: Operator) -> set[str]:
    """All scopes that an operator's outputs and constants were traced in, without the operations' own names."""
    found: set[str] = set()
    for name in (*operator.outputs, *operator.constants):
        for part in name.split(";"):
            found.update(part.split("/")[:-1])
    return found


def traced(graph: Sequence[Operator], names: Sequence[str]) -> dict[str, str]:
    """Scopes of the file and the layers that were traced in them. Tracing appends a number where a name is taken already: in a net of
    "conv2d" and "conv2d_1" these become "conv2d_1" and "conv2d_1_2". So the longest names choose first, a scope with a number
    rather than one without; what is left goes to the layer whose name it begins with (a layer that is used twice)."""
    seen = sorted(set().union(*(scopes(operator) for operator in graph))) if graph else []
    ordered = sorted(names, key=lambda name: (-len(name), name))
    found: dict[str, str] = {}
    for again in (False, True):
        for name in ordered:
            fitting = [scope for scope in seen if scope not in found and re.fullmatch(re.escape(name) + r"(_\d+)?", scope)]
            for scope in fitting if again else sorted(fitting, key=lambda scope: (scope == name, scope))[:1]:
                found[scope] = name
    return found


def outputs_of(wanted: Sequence[str], graph: Sequence[Operator], keras: Any) -> tuple[str, ...]:
    """The output tensors of all operators that the named layers became; a tensor may also be named itself, and where there is no Keras
    model a scope or an operator ("FULLY_CONNECTED") may. A layer that was folded into others gives none. Raises ModelError for a name
    that is neither in the model nor in the file."""
    known = [layer.name for layer in flat_layers(keras)] if keras is not None else []
    owner = traced(graph, known)
    chosen: list[str] = []
    for name in wanted:
        mine = [operator for operator in graph if name in operator.outputs
                or (name in {owner.get(scope) for scope in scopes(operator)} if name in known
                    else name in scopes(operator) or name == operator.name)]
        if not mine and name not in known:
            raise ModelError(f"{name} cannot be kept in float: no layer and no operator has that name{_alike(name, graph, known)}")
        chosen += [output for operator in mine for output in operator.outputs]
    return tuple(dict.fromkeys(chosen))


def layers_of(graph: Sequence[Operator], keras: Any) -> dict[str, tuple[Operator, ...]]:
    """The operators of each layer, in the file's order: of a fused one's layers, the one whose weights it carries, else the first. By
    output tensor where no layer is known."""
    known = list(flat_layers(keras)) if keras is not None else []
    owner = traced(graph, [layer.name for layer in known])
    weighty = [layer.name for layer in known if any("kernel" in weight.name for weight in layer.weights)]
    others = [layer.name for layer in known if layer.name not in weighty]
    found: dict[str, list[Operator]] = {}
    for operator in graph:
        seen = {owner.get(scope) for scope in scopes(operator)}
        mine = [name for name in weighty if name in seen][-1:] or [name for name in others if name in seen][:1]
        found.setdefault(mine[0] if mine else operator.outputs[0] if operator.outputs else operator.name, []).append(operator)
    return {name: tuple(operators) for name, operators in found.items()}


def _alike(name: str, graph: Sequence[Operator], known: Sequence[str]) -> str:
    names = known or sorted({scope for operator in graph for scope in scopes(operator)} | {operator.name for operator in graph})
    close = difflib.get_close_matches(name, names, 3, 0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def pattern(outputs: Sequence[str]) -> str:
    """A regular expression for ai-edge-quantizer's scopes (output names, each ended by a semicolon) that finds just these."""
    return "|".join(f"(^|;){re.escape(output)};" for output in outputs)

"""How much each layer alone loses when it is made int8: what mixed precision is decided by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from converter.contract import Floats, LayerDamage, Material, SourceModel
from converter.conversion import quantizer_engine
from converter.conversion.convert import Conversion
from converter.conversion.feeding import Feed, feed
from converter.conversion.graph import Operator, operators
from converter.conversion.layers import layers_of
from converter.conversion.quiet import quiet
from edge_face.vision.runtime import Interpreter


def damage(model: SourceModel, calibration: Material, examples: Material, *, say: Callable[[str], None] = lambda line: None,
           step: Callable[[], None] = lambda: None, work: Conversion | None = None) -> tuple[LayerDamage, ...]:
    """The damage of every layer that int8 changes, the worst first.

    A file is made for each layer in which that layer's operators alone are int8 (kernels with a scale for each output channel,
    activations by their range on `calibration`) and everything else is float32, by ai-edge-quantizer; `error` is the RMS of what that
    changes in the outputs over the RMS of the float outputs, on `examples` (of several outputs, the root mean square of theirs). It
    is measured in the file rather than in Keras because what the converter folded where decides: the squares of all layers' errors
    add up to about the square of the whole int8 file's. `bytes` are the layer's weights in float32. Operators that belong to no
    layer, and all of a SavedModel's, go by the name of their output. `step` is called for each layer; `work` is a Conversion of
    this model, where there is one already. Raises ModelError.
    """
    if work is None:
        with Conversion(model, calibration, say=say) as own:
            return damage(model, calibration, examples, say=say, step=step, work=own)
    content, ranges, given = work.float32(), work.ranges(), feed(model, examples)
    plain = _outputs(content, given)
    found = []
    for layer, mine in layers_of(operators(content), model.keras).items():
        changed = _alone(content, mine, ranges)
        if changed is not None:
            kind = max(mine, key=lambda operator: operator.bytes).name
            found.append(LayerDamage(layer, kind, _relative(_outputs(changed, given), plain), sum(one.bytes for one in mine)))
        step()
    return tuple(sorted(found, key=lambda one: (-one.error, one.layer)))


def _alone(content: bytes, mine: Sequence[Operator], ranges: quantizer_engine.Ranges) -> bytes | None:
    """The file with these operators alone in int8; None where the quantizer has no int8 rule for any of them."""
    rules = quantizer_engine.only([output for operator in mine for output in operator.outputs])
    with quiet():
        try:
            changed = quantizer_engine.quantize(content, rules, ranges)
        except (ValueError, RuntimeError, KeyError, IndexError):  # it cannot do these without their neighbours
            return None
    return changed if any(operator.name in ("QUANTIZE", "DEQUANTIZE") for operator in operators(changed)) else None


def _outputs(content: bytes, examples: Feed) -> dict[str, Floats]:
    """Outputs by name, (n, *shape), of the examples as they are."""
    net = Interpreter(content)
    found: dict[str, list[Floats]] = {tensor.name: [] for tensor in net.outputs}
    for index in range(len(examples)):
        given = {spec.name: np.asarray(examples.values[spec.name][index]).astype(spec.dtype) for spec in examples.inputs}
        for name, value in net.run(given).items():
            found[name].append(value[0])
    return {name: np.stack(values) for name, values in found.items()}


def _relative(changed: Mapping[str, Floats], plain: Mapping[str, Floats]) -> float:
    shares = [float(np.mean((changed[name] - plain[name]) ** 2) / max(float(np.mean(plain[name] ** 2)), 1e-20)) for name in plain]
    return float(np.sqrt(np.mean(shares)))

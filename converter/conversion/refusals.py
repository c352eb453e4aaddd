"""What a converter's failure means for the person who brought the model: one sentence with the layer, the operator, the way out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from edge_face.errors import EdgeFaceError, ModelError

INSTEAD = {
    "Erf": "gelu with approximate=True",
    "Erfinv": "an activation made of exp, tanh or sigmoid",
    "Conv3D": "Conv2D over pictures, and a GRU with unroll=True over time",
    "FFT": "no Fourier transform: work it out before the network",
    "FFT2D": "no Fourier transform: work it out before the network",
    "FFT3D": "no Fourier transform: work it out before the network",
    "Complex": "real numbers",
    "CropAndResize": "a fixed Cropping2D",
    "Roll": "Concatenate of slices",
    "AdjustContrastv2": "no augmentation in the model that is kept: build it anew without those layers",
    "ImageProjectiveTransformV3": "no augmentation in the model that is kept: build it anew without those layers",
    "StatelessRandomUniformV2": "no random layer outside training: build it anew without those layers",
    "RandomUniform": "no random layer outside training: build it anew without those layers",
    "Qr": "weights worked out beforehand", "Svd": "weights worked out beforehand",
    "MatrixInverse": "weights worked out beforehand", "Cholesky": "weights worked out beforehand",
    "Unique": "a fixed table", "Where": "keras.ops.where with three arguments",
    "Bincount": "one-hot and a sum", "DenseBincount": "one-hot and a sum",
}
"""What people use in place of operators that no device runtime has."""
NAMED = re.compile(r'fused\["(?P<operator>\w+):", "(?P<path>[^"@]+)')
LISTED = re.compile(r"(?:TF Select|Custom|Flex) ops: (?P<names>[\w, ]+)")
UNROLL = "make it with unroll=True and a fixed length, so that its steps become plain operators"


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turns whatever a converter raises into a ModelError; ours, Ctrl-C and a full memory pass through."""
    try:
        yield
    except (EdgeFaceError, MemoryError):
        raise
    except OSError as error:
        raise ModelError(f"{what} cannot be converted: {error.strerror or error} ({error.filename or 'a temporary file'})") from error
    except Exception as error:  # the converters raise ConverterError, ValueError, RuntimeError, KeyError...
        raise ModelError(f"{what} cannot be converted: {reason(str(error))}") from error


def reason(message: str) -> str:
    """The cause in words for a converter's message."""
    listed = LISTED.search(message)
    if listed:
        names = [name.strip() for name in listed["names"].split(",") if name.strip()]
        places = {match["operator"]: match["path"] for match in NAMED.finditer(message)}
        told = ", ".join(_told(name, places.get(name, "")) for name in names[:4])
        outs = list(dict.fromkeys(INSTEAD[name] for name in names if name in INSTEAD))
        return (f"no device runtime has the operator {told}; use {' and '.join(outs[:2]) if outs else 'other layers there'}")
    if re.search(r"TensorList|While\b|WHILE", message):
        return f"it has a recurrent layer that runs in a loop: {UNROLL}"
    first = next((line.strip() for line in message.splitlines() if line.strip()), "the converter gave no reason")
    return f"TensorFlow says: {first[:200]}"


def _told(operator: str, path: str) -> str:
    layer = layer_of(path)
    return f"{operator} (layer {layer})" if layer else operator


def layer_of(path: str) -> str:
    """The layer in a traced path such as "net_1/block_1/Erf": the scope before the operation, without what tracing appended; empty
    where the operation stands in the net itself."""
    parts = path.split("/")
    return re.sub(r"_\d+$", "", parts[-2]) if len(parts) > 2 else ""

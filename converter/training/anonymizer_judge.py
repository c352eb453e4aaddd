"""The door's embedder as a judge inside a loss: whom does a painted face look like?

It is frozen; gradients pass through it to the net that painted. Towards "nobody" (the mean direction of many people's embeddings) they
take the identity out of a face; towards the sharp face's own embedding they put it back (the attack).
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.backend import precision
from converter.training.embedder_losses import joined
from edge_face.errors import ModelError
from edge_face.vision.align import SIZE

PARTS = (256, 128)
"""Of the shipped embedder's outputs."""
CROWD = 2000
"""Faces whose mean direction is nobody's."""


class Judge:
    """`embed(pictures)`: BGR 0..255 [N,112,112,3], a backend's tensor, to joined unit embeddings [N,D]. Raises ModelError for a file
    that is no embedder of the door's size."""

    def __init__(self, path: Path) -> None:
        import keras

        from converter.training.model_tools import load_model

        model = load_model(path)
        if tuple(model.inputs[0].shape[1:]) != (SIZE, SIZE, 3) or len(model.outputs[0].shape) != 2:
            raise ModelError(f"{path} is no embedder of {SIZE}x{SIZE} faces: name one trained by a recipe with task = \"embedder\"")
        model.trainable = False
        width = int(model.outputs[0].shape[1])
        self._parts = PARTS if sum(PARTS) == width else (width,)
        self._run: Any = model
        self._half = precision("auto") == "bfloat16"
        if keras.backend.backend() == "torch":
            from converter.training.torch_graph import TorchGraph

            self._run = TorchGraph(model)

    def embed(self, pictures: Any) -> Any:
        from keras import ops

        return joined(self._outputs(ops.flip(pictures, axis=-1)), self._parts)

    def nobody(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The mean direction [D] of aligned faces (n, 112, 112, 3) BGR."""
        total = sum(self.of(crops[i:i + 100]).sum(0) for i in range(0, len(crops), 100))
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def of(self, pictures: NDArray[Any]) -> NDArray[np.float32]:
        """The same for arrays of numpy, without gradients."""
        import keras

        with _no_gradients():
            return np.asarray(keras.ops.convert_to_numpy(self.embed(keras.ops.convert_to_tensor(pictures.astype(np.float32)))), np.float32)

    def _outputs(self, pictures: Any) -> Any:
        import keras

        if keras.backend.backend() == "torch":
            import torch

            with torch.autocast(pictures.device.type, torch.bfloat16, enabled=self._half):
                return self._run(pictures, training=False).float()
        return self._run(pictures, training=False)


def _no_gradients() -> Any:
    import keras

    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()

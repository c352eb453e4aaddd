"""The worked example of docs/bundles.md runs, and what it prints is what the device says."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dense_model import dense_model

from edge_face.media import write_picture
from edge_face.vision.bundle import load_bundle
from edge_face.vision.classifier import Classifier

DOCS = Path(__file__).resolve().parents[2] / "docs" / "bundles.md"
SIDE = 24


def quantized_input(content: bytes, scale: float, zero: int) -> bytes:
    """The same file with a quantized uint8 input in front."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    pixels = schema.TensorT()
    pixels.name, pixels.shape, pixels.type = b"pixels", list(graph.tensors[0].shape), schema.TensorType.UINT8
    pixels.quantization = schema.QuantizationParametersT()
    pixels.quantization.scale, pixels.quantization.zeroPoint = [scale], [zero]
    graph.tensors.append(pixels)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 2
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = len(model.operatorCodes) - 1, [len(graph.tensors) - 1], [0]
    graph.operators = [operator, *graph.operators]
    graph.inputs = [len(graph.tensors) - 1]
    model.signatureDefs[0].inputs[0].tensorIndex = graph.inputs[0]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def classifier(folder: Path, colour: str, labels: list[str], quantized: bool) -> Path:
    """A classifier that tells colours and places apart."""
    units, channels = (1 if len(labels) == 2 else len(labels)), (1 if colour == "grey" else 3)
    weights = np.random.default_rng(5).standard_normal((units, SIDE * SIDE * channels)).astype(np.float32) / 2000
    activation = "sigmoid" if units == 1 else "softmax"
    content = dense_model(weights, np.zeros(units), (SIDE, SIDE, channels), activation=activation)
    if quantized:
        content = quantized_input(content, 1.5, 7)
    folder.mkdir()
    name = "int8.tflite" if quantized else "float32.tflite"
    (folder / name).write_bytes(content)
    manifest = {"schema": 2, "task": "classifier", "name": "sample", "version": "1.0.0",
                "input": {"kind": "picture", "width": SIDE, "height": SIDE, "colour": colour, "range": [0, 255], "alignment": "none"},
                "outputs": {"probability": {"shape": [1, units], "labels": labels, "activation": activation}},
                "files": {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("colour", "labels", "quantized"), [
    ("RGB", ["red", "green", "blue thing"], False), ("BGR", ["red", "green", "blue"], True), ("grey", ["no", "yes"], False)])
def test_the_example_says_what_the_device_says(tmp_path: Path, colour: str, labels: list[str], quantized: bool) -> None:
    pytest.importorskip("ai_edge_litert")
    code = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 1
    (tmp_path / "example.py").write_text(code[0], encoding="utf-8")
    folder = classifier(tmp_path / "bundle", colour, labels, quantized)
    noise = np.random.default_rng(6).integers(0, 256, (10, 12, 3)).astype(np.uint8)
    picture = np.ascontiguousarray(noise.repeat(12, 0).repeat(10, 1))
    write_picture(tmp_path / "picture.png", picture)
    command = [sys.executable, "example.py", "bundle", "picture.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    share, label = done.stdout.strip().split(" ", 1)
    precision = "int8" if quantized else "float32"
    best, sure = Classifier(load_bundle(folder, "classifier"), precision).classify(picture)[0]
    assert (label, float(share)) == (best, pytest.approx(sure, abs=1e-5))
    assert sure < 0.999, "a picture that is this clear shows no difference"


def test_every_relative_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", DOCS.read_text(encoding="utf-8"))
    assert links and all((DOCS.parent / link).exists() for link in links)

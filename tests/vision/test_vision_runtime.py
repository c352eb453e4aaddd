"""The runtime wrapper: names, quantized tensors, damaged files, missing packages."""

from __future__ import annotations

import builtins
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import EdgeFaceError, MissingExtraError, ModelError
from edge_face.vision import runtime
from edge_face.vision.bundle import MODELS
from edge_face.vision.runtime import Interpreter, runtime_name

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="tiny models are written with LiteRT's schema")
from tiny_model import Tensor, build

EMBEDDER = MODELS / "embedder" / "int8.tflite"


def two_outputs(signature: bool = True) -> bytes:
    tensors = [Tensor("t_in", (1, 3)), Tensor("t_abs", (1, 3)), Tensor("t_neg", (1, 3))]
    names = {"values": "t_in", "negated": "t_neg", "size": "t_abs"}
    return build(tensors, [("ABS", "t_in", "t_abs"), ("NEG", "t_in", "t_neg")], ["t_in"], ["t_abs", "t_neg"],
                 [names] if signature else [])


def test_outputs_come_by_their_signature_names_whatever_their_order() -> None:
    result = Interpreter(two_outputs()).run(np.array([[1.0, -2.0, 3.0]], np.float32))
    assert set(result) == {"negated", "size"}
    np.testing.assert_array_equal(result["negated"], [[-1, 2, -3]])
    np.testing.assert_array_equal(result["size"], [[1, 2, 3]])


def test_without_a_signature_tensor_names_are_used() -> None:
    result = Interpreter(two_outputs(signature=False)).run({"t_in": np.array([[1.0, -2.0, 3.0]], np.float32)})
    np.testing.assert_array_equal(result["t_neg"], [[-1, 2, -3]])


def test_results_are_copies_that_the_next_run_leaves_alone() -> None:
    interpreter = Interpreter(two_outputs())
    first = interpreter.run(np.ones((1, 3), np.float32))["negated"]
    interpreter.run(np.full((1, 3), 5, np.float32))
    np.testing.assert_array_equal(first, [[-1, -1, -1]])


def test_the_batch_axis_may_be_left_out() -> None:
    result = Interpreter(two_outputs()).run(np.array([1.0, 2.0, 3.0], np.float32))
    np.testing.assert_array_equal(result["size"], [[1, 2, 3]])


def test_a_wrong_shape_or_input_name_is_one_sentence() -> None:
    interpreter = Interpreter(two_outputs(), name="tiny.tflite")
    with pytest.raises(ModelError, match=r"tiny\.tflite: input values takes shape \(1, 3\), not \(4,\)"):
        interpreter.run(np.zeros(4, np.float32))
    with pytest.raises(ModelError, match="takes the inputs values, not picture"):
        interpreter.run({"picture": np.zeros((1, 3), np.float32)})


def dequantizing(kind: str, scale: float, zero: int) -> Interpreter:
    tensors = [Tensor("q", (1, 4), kind, scale, zero), Tensor("f", (1, 4))]
    return Interpreter(build(tensors, [("DEQUANTIZE", "q", "f")], ["q"], ["f"], [{"in": "q", "out": "f"}]))


@pytest.mark.parametrize(("kind", "scale", "zero"), [("UINT8", 0.5, 10), ("INT8", 0.25, -3), ("INT8", 1.0, -128)])
def test_real_values_are_quantized_on_the_way_in(kind: str, scale: float, zero: int) -> None:
    values = np.array([[0.0, scale * 3, scale * 7.4, 1e9]], np.float32)
    most = np.iinfo(kind.lower()).max
    result = dequantizing(kind, scale, zero).run(values)["out"]
    np.testing.assert_allclose(result, [[0.0, scale * 3, scale * 7, (most - zero) * scale]], rtol=1e-6)


@pytest.mark.parametrize(("kind", "zero"), [("UINT8", 0), ("INT8", -128)])
def test_pixels_go_unchanged_into_an_input_made_for_pixels(kind: str, zero: int) -> None:
    pixels = np.array([[0, 1, 128, 255]], np.uint8)
    np.testing.assert_array_equal(dequantizing(kind, 1.0, zero).run(pixels)["out"], [[0, 1, 128, 255]])
    turned = np.array([[0, 9, 1, 9, 128, 9, 255, 9]], np.uint8)[:, ::2]
    np.testing.assert_array_equal(dequantizing(kind, 1.0, zero).run(turned)["out"], [[0, 1, 128, 255]])


@pytest.mark.parametrize(("kind", "scale", "zero"), [("UINT8", 0.5, 10), ("INT8", 0.25, -3)])
def test_quantized_outputs_come_out_as_real_values(kind: str, scale: float, zero: int) -> None:
    tensors = [Tensor("f", (1, 3)), Tensor("q", (1, 3), kind, scale, zero)]
    interpreter = Interpreter(build(tensors, [("QUANTIZE", "f", "q")], ["f"], ["q"], [{"in": "f", "out": "q"}]))
    result = interpreter.run(np.array([[0.0, scale * 5, -scale * 4]], np.float32))["out"]
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[0.0, scale * 5, -scale * 4]], atol=1e-6)


def test_uint8_pixels_become_floats_for_a_float_input() -> None:
    result = Interpreter(two_outputs()).run(np.array([[0, 7, 255]], np.uint8))
    np.testing.assert_array_equal(result["size"], [[0, 7, 255]])


def test_a_batch_that_is_not_one_is_refused() -> None:
    tensors = [Tensor("a", (2, 3)), Tensor("b", (2, 3))]
    with pytest.raises(ModelError, match="not a fixed batch of 1"):
        Interpreter(build(tensors, [("ABS", "a", "b")], ["a"], ["b"], [{"in": "a", "out": "b"}]))


def test_a_shape_that_is_not_fixed_is_refused() -> None:
    tensors = [Tensor("a", (1, 3), signature_shape=(-1, 3)), Tensor("b", (1, 3), signature_shape=(-1, 3))]
    with pytest.raises(ModelError, match="shape that is not fixed"):
        Interpreter(build(tensors, [("ABS", "a", "b")], ["a"], ["b"], [{"in": "a", "out": "b"}]))


def test_two_signatures_are_refused() -> None:
    tensors = [Tensor("a", (1, 3)), Tensor("b", (1, 3))]
    names = {"in": "a", "out": "b"}
    with pytest.raises(ModelError, match="2 signatures"):
        Interpreter(build(tensors, [("ABS", "a", "b")], ["a"], ["b"], [names, names]))


def test_outputs_are_found_by_name_else_by_a_shape_that_only_one_has() -> None:
    tensors = [Tensor("a", (1, 3)), Tensor("b", (1, 3)), Tensor("c", (1, 3))]
    both = Interpreter(build(tensors, [("ABS", "a", "b"), ("NEG", "a", "c")], ["a"], ["b", "c"], [{"in": "a", "x": "b", "y": "c"}]))
    assert both.output_names({"y": (1, 3), "x": (1, 3)}) == {"y": "y", "x": "x"}
    with pytest.raises(ModelError, match="has no output embedding and 2 outputs of shape"):
        both.output_names({"embedding": (1, 3)})
    with pytest.raises(ModelError, match=r"output x has shape \(1, 3\), its manifest says \(1, 4\)"):
        both.output_names({"x": (1, 4)})
    one = Interpreter(build(tensors[:2], [("ABS", "a", "b")], ["a"], ["b"], [{"in": "a", "output_0": "b"}]))
    assert one.output_names({"embedding": (1, 3)}) == {"embedding": "output_0"}


@pytest.mark.parametrize("content", [b"", b"not a model", b"\0" * 64, b"\x1c\0\0\0TFL3" + b"\xff" * 200])
def test_what_is_no_model_is_one_sentence(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^bad\.tflite is damaged or no TFLite model"):
        Interpreter(content, name="bad.tflite")


@given(share=st.floats(0.0, 0.999))
def test_a_file_cut_off_anywhere_is_a_model_error(share: float) -> None:
    content = EMBEDDER.read_bytes()
    with pytest.raises(ModelError):
        Interpreter(content[: int(len(content) * share)])


def test_the_runtime_says_its_name_and_version() -> None:
    name, _, number = runtime_name().partition(" ")
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert number[0].isdigit()


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    real_import = builtins.__import__
    for name in [n for n in sys.modules if n.partition(".")[0] in packages]:
        monkeypatch.delitem(sys.modules, name)

    def importer(name: str, *rest: Any, **named: Any) -> ModuleType:
        if name.partition(".")[0] in packages:
            raise ImportError(f"No module named {name!r}")
        return real_import(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", importer)
    monkeypatch.setattr(runtime.importlib, "import_module", lambda name: importer(name) and sys.modules[name])


def test_without_any_runtime_the_sentence_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "ai_edge_litert", "tflite_runtime")
    with pytest.raises(MissingExtraError, match=r"no TFLite runtime can be used .*pip install ai-edge-litert") as caught:
        Interpreter(two_outputs())
    assert isinstance(caught.value, EdgeFaceError)
    with pytest.raises(MissingExtraError):
        runtime_name()


def test_tflite_runtime_is_taken_where_litert_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    litert = runtime.importlib.import_module("ai_edge_litert.interpreter")
    package, module = ModuleType("tflite_runtime"), ModuleType("tflite_runtime.interpreter")
    module.Interpreter = litert.Interpreter  # type: ignore[attr-defined]
    hide(monkeypatch, "ai_edge_litert")
    monkeypatch.setitem(sys.modules, "tflite_runtime", package)
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", module)
    assert runtime_name().startswith("tflite-runtime")
    result = Interpreter(two_outputs()).run(np.ones((1, 3), np.float32))
    np.testing.assert_array_equal(result["size"], [[1, 1, 1]])


def test_threads_do_not_change_the_result() -> None:
    content = Path(EMBEDDER).read_bytes()
    pixels = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    one, two = (Interpreter(content, threads=threads).run(pixels) for threads in (1, 2))
    first, second = one["embedding"].ravel(), two["embedding"].ravel()
    assert float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second))) > 0.9999


def test_the_first_model_is_loaded_without_chatter_and_other_messages_pass() -> None:
    """In a process of its own, because the runtime greets once."""
    code = ("import sys, threading, os\n"
            "from pathlib import Path\n"
            "from edge_face.vision import runtime\n"
            "with runtime._greeting_dropped():\n"
            "    os.write(2, b'kept\\nINFO: ' + runtime.GREETING + b' for CPU.\\n')\n"
            f"interpreter = runtime.Interpreter(Path({str(EMBEDDER)!r}).read_bytes())\n"
            "print('said', file=sys.stderr)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert done.stderr.split() == ["kept", "said"]


def test_a_process_without_standard_error_can_load_models() -> None:
    code = (f"import os\nos.close(2)\nfrom pathlib import Path\nfrom edge_face.vision.runtime import Interpreter\n"
            f"print(len(Interpreter(Path({str(EMBEDDER)!r}).read_bytes()).outputs))\n")
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.stdout == "1\n"

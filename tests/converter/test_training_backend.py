"""Which backend trains and in which precision."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from converter.training import backend
from edge_face.errors import MissingExtraError, UsageError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    names: set[str] = set()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in names else None)
    monkeypatch.setenv("KERAS_BACKEND", "")
    return names


def test_the_first_installed_backend_is_taken_unless_one_is_named(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    installed |= {"keras", "jax", "tensorflow"}
    assert backend.choose() == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert backend.choose() == "jax"
    installed.add("torch")
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert backend.choose() == "torch"


def test_what_is_missing_is_named(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingExtraError, match=r"keras is not installed: pip install 'edge-face\[train\]'"):
        backend.choose()
    installed.add("keras")
    with pytest.raises(MissingExtraError, match="torch is not installed"):
        backend.choose()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UsageError, match="KERAS_BACKEND is jax, which is not installed"):
        backend.choose()
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UsageError, match="training runs on torch, tensorflow, jax"):
        backend.choose()


@pytest.mark.parametrize(("name", "flags", "expected"), [
    ("torch", "fpu amx_bf16", "bfloat16"), ("torch", "avx512_bf16", "bfloat16"), ("torch", "avx512f", "float32"),
    ("tensorflow", "avx512_bf16", "float32"), ("tensorflow", "amx_bf16", "bfloat16"), ("jax", "amx_bf16", "float32"),
])
def test_bfloat16_is_taken_where_it_pays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, flags: str, expected: str) -> None:
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr(backend, "has_accelerator", lambda: False)
    info = tmp_path / "cpuinfo"
    info.write_text(f"flags\t: {flags}\n")
    assert backend.precision("auto", info) == expected
    assert backend.precision("auto", tmp_path / "none") == "float32"
    assert backend.precision("float32", info) == "float32"
    monkeypatch.setattr(backend, "has_accelerator", lambda: True)
    assert backend.precision("auto", tmp_path / "none") == "bfloat16"

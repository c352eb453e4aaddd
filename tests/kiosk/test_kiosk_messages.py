"""The catalogues are what the pages' sentences of now make of them: nothing missing, nothing untranslated, the same values in each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not (ROOT / "scripts" / "messages").exists(), reason="not a checkout of the sources")
def test_every_sentence_is_in_every_language() -> None:
    pytest.importorskip("babel", reason="the extra \"dev\" brings babel")
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "messages"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + "\nrun scripts/messages, then translate what it names"

"""How faces are hidden: tried, and said what it is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_face.doctor import Finding, Host, Status
from edge_face.doctor.all import CHECKS
from edge_face.doctor.hiding import hiding
from edge_face.settings import PrivacySettings, Settings


def found(folder: Path, **keys: object) -> Finding:
    settings = replace(Settings(), privacy=replace(PrivacySettings(), **keys))  # type: ignore[arg-type]
    (only,) = hiding(Host(folder, lambda command: "", frozenset, lambda: 0.0), settings)
    return only


def test_it_is_one_of_the_checks() -> None:
    assert dict(CHECKS)["hiding"] is hiding


@pytest.mark.parametrize(("keys", "status", "words"), [
    ({}, Status.OK, "replace: nothing of a face is left"), ({"method": "solid", "strength": 0.3}, Status.OK, "nothing"),
    ({"method": "gaussian"}, Status.NOTE, "gaussian removes 90% of identity"),
    ({"method": "gaussian", "strength": 0.5, "allow_weak": True}, Status.WARN, "weakly hidden: gaussian at 0.5 removes 50%"),
    ({"method": "noise", "allow_weak": True}, Status.WARN, "through what is laid over it")])
def test_what_it_is_worth(tmp_path: Path, keys: dict[str, object], status: Status, words: str) -> None:
    said = found(tmp_path, **keys)
    assert said.status is status and words in said.text


def test_a_picture_that_cannot_be_read_is_found_before_anybody_comes(tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(b"a dog")
    for option in ("dog.png", "cat.png"):
        said = found(tmp_path, option=str(tmp_path / option))
        assert said.status is Status.FAIL and option in said.text and said.mend

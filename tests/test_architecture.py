"""The house stands as drawn: data flows one way, public names exist, the device never imports the workstation."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge_face

ROOT = Path(edge_face.__file__).parent
FLOORS = {"cameras": 1, "media": 1, "vision": 2, "people": 3, "access": 3, "door": 4, "audit": 4, "privacy": 4, "evaluation": 5,
          "service": 5, "kiosk": 6, "minimisation": 6, "demo": 6, "doctor": 6, "cli": 7}
"""A room imports from its own floor or a lower one. Files beside the rooms (types, errors, settings) are everybody's."""
ROOMS = ("edge_face", *(f"edge_face.{room}" for room in FLOORS if room not in ("cli",)))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_a_lower_room_never_imports_a_higher_one(room: str) -> None:
    wrong = [f"{path.relative_to(ROOT)} imports {name}" for path in (ROOT / room).rglob("*.py") for name in imports(path)
             if name.startswith("edge_face.") and FLOORS.get(name.split(".")[1], 0) > FLOORS[room]]
    assert wrong == []


def test_the_device_never_imports_the_workstation() -> None:
    heavy = re.compile(r"^(converter|tensorflow|keras|torch|ai_edge_quantizer)(\.|$)")
    assert [f"{p}: {n}" for p in ROOT.rglob("*.py") for n in imports(p) if heavy.match(n)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_exists_and_is_documented(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__doc__ and module.__doc__.strip(" .\n")
    for name in getattr(module, "__all__", ()):
        found = getattr(module, name)
        if callable(found):
            assert found.__doc__, f"{room}.{name} has no docstring"


def test_importing_the_package_loads_nothing_heavy() -> None:
    rooms = ", ".join(ROOMS)
    code = f"import sys, {rooms}; print([n for n in ('cv2', 'ai_edge_litert', 'gpiozero', 'av', 'cryptography') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_no_file_is_a_cellar() -> None:
    long = {str(p.relative_to(ROOT)): n for p in ROOT.rglob("*.py") if (n := p.read_text(encoding="utf-8").count("\n")) > 420}
    assert long == {}

"""Options of the hardware runs, and what a test without its hardware says.

    pytest tests/hil --hil                      on a Raspberry Pi with the four wires of docs/hil.md
    pytest tests/hil --hil --hil-camera picamera2 --hil-soak 24
    pytest tests/hil --hil --hil-screen 8080    then open http://PI:8080 on the screen before the camera
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "door"))  # the bodies and the bench of mock pins


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hil", "hardware in the loop (docs/hil.md)")
    group.addoption("--hil", action="store_true", help="real pins over four jumper wires; nothing else may be connected to them")
    group.addoption("--hil-chip", type=int, default=0, metavar="N", help="GPIO chip (default 0)")
    group.addoption("--hil-slack", type=float, default=0.02, metavar="SECONDS", help="how late an edge may be (default 0.02)")
    group.addoption("--hil-camera", default="", metavar="SOURCE",
                    help="camera for frame rate, soak and screen, as in the settings: picamera2, usb:0")
    group.addoption("--hil-fps", type=float, default=15.0, metavar="FPS", help="frames a second that the camera must bring (default 15)")
    group.addoption("--hil-latency", type=float, default=0.5, metavar="SECONDS", help="from frame to relay at most (default 0.5)")
    group.addoption("--hil-soak", type=float, default=0.0, metavar="HOURS",
                    help="how long the door runs under observation (24 for a release)")
    group.addoption("--hil-growth", type=float, default=2.0, metavar="MB", help="memory may grow by so much in an hour (default 2)")
    group.addoption("--hil-hot", type=float, default=80.0, metavar="DEGREES", help="the processor may be so warm (default 80)")
    group.addoption("--hil-screen", type=int, default=0, metavar="PORT",
                    help="serves the clips for a screen before the camera on this port")


@pytest.fixture
def hil(request: pytest.FixtureRequest) -> pytest.Config:
    """The options, for a test that needs the Pi and its wires; skips without."""
    config: pytest.Config = request.config
    if not config.getoption("--hil"):
        pytest.skip("needs a Raspberry Pi with four jumper wires: pytest tests/hil --hil (docs/hil.md)")
    chip = Path(f"/dev/gpiochip{config.getoption('--hil-chip')}")
    if not chip.exists():
        pytest.skip(f"--hil was given, but {chip} is not there: this is no Raspberry Pi, or --hil-chip names another one")
    return config


@pytest.fixture
def hil_camera(request: pytest.FixtureRequest) -> str:
    """The camera's source, for a test that needs a real camera; skips without."""
    config: pytest.Config = request.config
    source = str(config.getoption("--hil-camera"))
    if not config.getoption("--hil") or not source:
        pytest.skip("needs a camera: pytest tests/hil --hil --hil-camera picamera2 (docs/hil.md)")
    return source


@pytest.fixture
def lgpio_factory(hil: pytest.Config) -> Iterator[Callable[..., Any]]:
    """Opens the factory that the door itself would use. Fails, not skips, where a Pi refuses its pins."""
    from edge_face.door import pin_factory
    from edge_face.settings import DoorSettings

    opened: list[Any] = []

    def make(active_high: bool = True) -> Any:
        while opened:  # one at a time has the pins
            opened.pop().close()
        opened.append(pin_factory(DoorSettings(pins="lgpio", chip=hil.getoption("--hil-chip"), lock_pin="GPIO17", active_high=active_high)))
        return opened[-1]

    yield make
    while opened:
        opened.pop().close()

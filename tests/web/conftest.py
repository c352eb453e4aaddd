"""The pages in a real browser: Debian's Chromium, its fake camera fed by the bundled clip, a real door and a real web process behind.

    make test-web                                  or
    pytest tests/web --web                         screenshots in web-out/ ($EDGE_FACE_WEB_OUT)
    pytest tests/web --web --web-browser /usr/bin/chromium-browser
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from edge_face.demo.house import House  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("web", "the pages in a browser")
    group.addoption("--web", action="store_true", help="run what needs a browser (make test-web)")
    group.addoption("--web-browser", default="", metavar="PROGRAM", help="Chromium in place of the one that is found")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.web)


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> str:
    """The browser's program; skips where there is none, or nobody asked for it."""
    if not request.config.getoption("--web", default=False):
        pytest.skip("needs a browser and minutes: make test-web")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-web installs it")
    program = str(request.config.getoption("--web-browser")) or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("no Chromium is installed: sudo apt install chromium")
    return program


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots and figures go: to be looked at."""
    folder = Path(os.environ.get("EDGE_FACE_WEB_OUT", "web-out")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Chromium for all; its camera shows ben, who turns his head."""
    from playwright.sync_api import sync_playwright
    from walking import BROWSER_FLAGS, camera_film

    film = camera_film(tmp_path_factory.mktemp("camera") / "ben.y4m")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=[
            *BROWSER_FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def make_house(chromium: str, shots: Path) -> Iterator[Callable[..., House]]:
    """Makes houses, and takes them down at the end; their logs stay. `names`: who is enrolled; the rest as `House`."""
    houses: list[House] = []

    def make(names: tuple[str, ...] = ("ben",), **options: Any) -> House:
        house = House(Path(tempfile.mkdtemp(prefix="ew-")), **options)  # a unix socket's path is short
        houses.append(house)
        house.prepare(names)
        house.start_door()
        house.start_pages()
        return house

    yield make
    for number, house in enumerate(houses):
        house.close()
        for log in (house.door_log, house.pages_log):
            if log.exists():
                shutil.copy(log, shots / f"house-{number}-{log.name}")
        shutil.rmtree(house.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def house(make_house: Callable[..., House]) -> House:
    """A house that has its owner (`walking.OWNER`), for whoever leaves it as it was."""
    from walking import claim

    made = make_house()
    claim(made)
    return made


@pytest.fixture
def visit(browser: Any, shots: Path) -> Iterator[Callable[..., Any]]:
    """Opens a `Visit`: a browser of one's own, watched. At the end nothing may have left the house, and no page have complained."""
    from walking import Visit

    visits: list[Visit] = []

    def make(house: House, size: str = "laptop", **options: Any) -> Visit:
        visits.append(Visit(browser, house, size, shots, **options))
        return visits[-1]

    yield make
    complaints = [complaint for one in visits for complaint in one.close()]
    assert complaints == []

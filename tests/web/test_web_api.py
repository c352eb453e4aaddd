"""/api/v1 under schemathesis: all its checks over the API's own document, against a real daemon and a real server.

    make fuzz-web                      10,000 examples; N=500 for fewer
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "kiosk"))

from edge_face.kiosk.api_pages import OPERATIONS  # noqa: E402
from edge_face.kiosk.app import make_app  # noqa: E402
from edge_face.kiosk.link import Link  # noqa: E402
from edge_face.kiosk.pages import Listener  # noqa: E402
from edge_face.service.protocol import web_socket_path  # noqa: E402

FEW = 300
KEPT_OUT = ("post_restart", "delete_session", "get_state")
"""End the house, end the session that all others need, and never end."""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    """The owner's pages of a house on a port of their own."""
    if not request.config.getoption("--web", default=False):
        pytest.skip("takes minutes: make test-web, make fuzz-web")
    pytest.importorskip("schemathesis", reason="schemathesis is not installed: make test-web installs it")
    import uvicorn
    from kiosk_house import House

    house = House({"kiosk.attendance": True, "kiosk.remote_unlock": True}, people=("Ben", "Ada", "Dora"))
    app = make_app(house.settings, Listener.OWNER, Link(web_socket_path(house.settings)))
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    house.until(lambda: running.started)
    try:
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}", house
    finally:
        running.should_exit = True
        thread.join(30)
        house.close()


@contextlib.contextmanager
def kept_fresh(house: Any, token: str) -> Iterator[None]:
    """The passphrase counts as just given for as long as it takes."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(30):
            house.daemon.sessions.find(token).proven = house.daemon.clock.monotonic()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def test_no_request_that_the_document_allows_or_forbids_breaks_the_api(server: tuple[str, Any], tmp_path: Path) -> None:
    address, house = server
    wanted = int(os.environ.get("EDGE_FACE_EXAMPLES", FEW))
    token = house.token("owner")
    config = tmp_path / "schemathesis.toml"
    # A body may be right by its schema and wrong by its sense (hours that are none): that is said with 422, too.
    config.write_text('[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]\n'
                      f'[auth.openapi.token]\nbearer = "{token}"\n[parameters]\n"path.who" = "{house.ids["Ben"]}"\n'
                      '[[operations]]\ninclude-operation-id = "delete_people_of_who"\nparameters = { "path.who" = "Dora" }\n',
                      encoding="utf-8")
    each = -(-wanted // len(OPERATIONS))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{address}/api/v1/openapi.json",
               "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(each), "--continue-on-failure",
               "--no-color", "--request-timeout", "60", "--suppress-health-check", "all", "--generation-deterministic"]
    for operation in KEPT_OUT:
        command += ["--exclude-operation-id", operation]
    begun = time.monotonic()
    with kept_fresh(house, token):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    report = done.stdout + done.stderr
    cases = re.search(r"([0-9,]+) generated", report)
    print(f"{cases.group(0) if cases else '?'} in {time.monotonic() - begun:.0f} s")
    assert done.returncode == 0, report[-20_000:]
    assert cases is not None and int(cases.group(1).replace(",", "")) >= wanted, report[-3000:]
    assert house.ask("session.who")["claimed"]

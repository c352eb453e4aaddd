"""How quickly a slow processor shows the pages, how much comes over the wire, and what a page costs at which nobody stands."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_face.demo.house import House

SLOWER, RUNS = 6, 5
PAINT = 1000.0
"""Milliseconds until the first picture or word is there."""
HEAVIEST = 250 * 1024
IDLE_SECONDS, IDLE = 10.0, 0.03
FIRST = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@pytest.fixture(scope="module")
def figures(shots: Path) -> Iterator[dict[str, Any]]:
    """What was measured, written down at the end."""
    found: dict[str, Any] = {}
    yield found
    (shots / "figures.json").write_text(json.dumps(found, indent=1))


def cold(page: Any, address: str) -> tuple[float, int]:
    """Milliseconds until the first paint and bytes, nothing kept from before; the moving picture is not counted."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    names: dict[str, str] = {}
    size: dict[str, int] = {}
    wire.on("Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]}))
    wire.on("Network.loadingFinished", lambda event: size.update({event["requestId"]: int(event["encodedDataLength"])}))
    page.goto(address, wait_until="commit")
    for _ in range(100):
        page.wait_for_timeout(100)
        if (first := page.evaluate(FIRST)) is not None:
            break
    else:
        raise AssertionError(f"{address} painted nothing within 10 s")
    page.wait_for_timeout(500)
    weight = sum(size.get(key, 0) for key, url in names.items() if ".mjpeg" not in url and ".jpg" not in url)
    wire.detach()
    return float(first), weight


@pytest.mark.parametrize("which", ["kiosk", "login", "overview", "people", "settings"])
def test_the_first_paint_of_a_slow_processor(house: House, visit: Callable[..., Any], figures: dict[str, Any], which: str) -> None:
    one = visit(house, "panel5" if which == "kiosk" else "phone")
    if which in ("overview", "people", "settings"):
        one.login()
    base = house.kiosk_url if which == "kiosk" else house.owner_url
    address = base + {"kiosk": "", "login": "login", "overview": "", "people": "people", "settings": "settings/decision"}[which]
    runs = [cold(one.page, address) for _ in range(RUNS)]
    paint, weight = statistics.median(first for first, _ in runs), max(size for _, size in runs)
    figures[which] = {"first_paint_ms": round(paint), "of": [round(first) for first, _ in runs], "slower": SLOWER, "bytes": weight}
    assert weight <= HEAVIEST, f"{which} weighs {weight} bytes"
    assert paint < PAINT, f"{which}: {paint:.0f} ms"


def test_a_page_at_which_nobody_stands_costs_nothing(make_house: Callable[..., House], visit: Callable[..., Any],
                                                      figures: dict[str, Any]) -> None:
    house = make_house(changes={"camera.source": "none", "decision.assurance": "code", "kiosk.sleep": 0.0})
    one = visit(house, "panel5")
    page = one.kiosk()
    one.phase("idle", "code")
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable", {"timeDomain": "timeTicks"})

    def busy() -> float:
        return float({row["name"]: row["value"] for row in wire.send("Performance.getMetrics")["metrics"]}["TaskDuration"])

    page.wait_for_timeout(2000)
    before = busy()
    page.wait_for_timeout(IDLE_SECONDS * 1000)
    share = (busy() - before) / IDLE_SECONDS
    figures["idle"] = {"share_of_one_core": round(share, 4)}
    assert share < IDLE

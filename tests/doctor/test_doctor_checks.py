"""Each check on a made-up machine: what it says, and that it names a way out."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from edge_face.build_date import BUILD_DATE
from edge_face.doctor import Finding, Host, Status, board, door, examine
from edge_face.doctor.bundle import write_bundle
from edge_face.errors import EdgeFaceError, ModelError
from edge_face.settings import CameraSettings, DoorSettings, Settings, StoreSettings


def machine(root: Path, files: dict[str, str] | None = None, answers: dict[str, str] | None = None,
            wall: float = BUILD_DATE + 86400, groups: frozenset[str] = frozenset()) -> Host:
    for name, text in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Host(root, lambda command: (answers or {}).get(command[0], ""), lambda: groups, lambda: wall)


def by_name(findings: list[Finding], name: str) -> Finding:
    found = [f for f in findings if f.check == name]
    assert found, f"no finding {name} among {[f.check for f in findings]}"
    return found[0]


def test_under_voltage_and_heat_are_named(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
                              "/proc/meminfo": "MemTotal: 1000000 kB\nMemAvailable: 100000 kB\n",
                              "/sys/class/thermal/thermal_zone0/temp": "81000\n"}, {"vcgencmd": "throttled=0x50001\n"})
    found = list(board.board(host, Settings()))
    assert by_name(found, "board").text.startswith("Raspberry Pi 4")
    assert "under-voltage now" in by_name(found, "power").text
    assert "throttled since boot" in by_name(found, "power").text
    assert by_name(found, "temperature").status is Status.WARN
    assert by_name(found, "memory").status is Status.WARN


@pytest.mark.parametrize(("heat", "said", "state"), [
    ("48312\n", "throttled=0x0\n", {"temperature": 48.312, "throttled": "0x0"}), ("-2500", "", {"temperature": -2.5}),
    ("--5", "throttled=error", {}), ("hot", "VCHI initialization failed", {}), ("", "", {})])
def test_bench_and_doctor_read_the_board_alike(tmp_path: Path, heat: str, said: str, state: dict[str, object]) -> None:
    host = machine(tmp_path, {"/sys/class/thermal/thermal_zone0/temp": heat}, {"vcgencmd": said})
    assert board.board_state(host) == state
    found = {f.check: f for f in board.board(host, Settings())}
    assert ("temperature" in found, "power" in found) == ("temperature" in state, "throttled" in state)
    if "throttled" in state:
        assert found["power"].status is Status.OK and found["power"].text == "never under-voltage, never throttled"


def test_a_missing_chip_and_a_missing_file_are_failures(tmp_path: Path) -> None:
    settings = replace(Settings(), door=DoorSettings(pins="lgpio", chip=4), camera=CameraSettings(source="file:/nowhere.mp4"))
    assert "gpiochip4" in next(iter(door.pins(machine(tmp_path), settings))).text
    assert next(iter(door.camera(machine(tmp_path), settings))).status is Status.FAIL


def test_a_loose_key_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "device.key").write_bytes(b"k" * 32)
    (tmp_path / "device.key").chmod(0o644)
    settings = replace(Settings(), store=StoreSettings(folder=str(tmp_path)))
    found = list(examine(machine(tmp_path), settings, [("store", door.store)]))
    assert by_name(found, "device key").status is Status.FAIL
    assert "chmod 0400" in by_name(found, "device key").mend


def test_a_check_that_breaks_is_a_finding_and_hides_nothing(tmp_path: Path) -> None:
    def broken(host: Host, settings: Settings) -> list[Finding]:
        raise ZeroDivisionError("oops")

    def refused(host: Host, settings: Settings) -> list[Finding]:
        raise ModelError("the file int8.tflite is damaged: install again")

    found = list(examine(machine(tmp_path), Settings(), [("a", broken), ("b", refused), ("locale", board.locale)]))
    assert found[0].status is Status.WARN and "ZeroDivisionError" in found[0].text
    assert found[1] == Finding("b", Status.FAIL, "the file int8.tflite is damaged: install again")
    assert by_name(found, "locale")


def test_the_bundle_tells_no_password(tmp_path: Path) -> None:
    settings = replace(Settings(), camera=CameraSettings(source="rtsp://caretaker:hunter2@192.168.0.9/stream"))
    target = tmp_path / "report.zip"
    write_bundle(str(target), [Finding("camera", Status.FAIL, "rtsp://caretaker:hunter2@192.168.0.9 does not answer")], settings)
    with zipfile.ZipFile(target) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
        assert json.loads(archive.read("settings.json"))["camera"]["source"] == "rtsp://***@192.168.0.9/stream"
    assert "hunter2" not in text and "caretaker" not in text


def test_a_bundle_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(EdgeFaceError, match="cannot be written"):
        write_bundle(str(tmp_path / "no" / "where.zip"), [], Settings())
    assert list(tmp_path.iterdir()) == []


def test_templates_that_are_not_protected_though_they_should_be_are_named(tmp_path: Path) -> None:
    import numpy as np

    from edge_face.people import Consent, Given, Store, Template

    with Store(tmp_path / "people") as store:
        store.add("Ben", Consent(Given(1.0, "asked")), [Template(np.eye(8, dtype=np.float32)[0], "m")], wall=1.0)
    for wanted, said in ((False, []), (True, ["templates"])):
        settings = Settings(store=StoreSettings(folder=str(tmp_path / "people"), cancelable=wanted))
        found = [f for f in examine(machine(tmp_path), settings, [("store", door.store)]) if f.check == "templates"]
        assert [f.check for f in found] == said and all("store protect" in f.mend for f in found)
    with Store(tmp_path / "people") as store:
        store.protect()
    assert not [f for f in examine(machine(tmp_path), settings, [("store", door.store)]) if f.check == "templates"]

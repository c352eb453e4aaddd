"""Boot line, kernel setting, units, watchdog, hooks: each on a made-up machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.doctor import Finding, Host, Status, boot, units
from edge_face.service import installing
from edge_face.service.hook_delivery import make_key
from edge_face.service.hook_sender import Account
from edge_face.service.hooks import Spool, event, spool_folder
from edge_face.settings import CameraSettings, DoorSettings, HookSettings, Settings, StoreSettings

REAL = replace(Settings(), door=DoorSettings(pins="lgpio", lock_pin="GPIO27"))
PI4, PI5 = "Raspberry Pi 4 Model B Rev 1.4", "Raspberry Pi 5 Model B Rev 1.0"
Check = Callable[[Host, Settings], Iterable[Finding]]


def machine(root: Path, files: dict[str, str] | None = None, answers: dict[str, str] | None = None) -> Host:
    for name, text in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Host(root, lambda command: next((text for words, text in (answers or {}).items() if words in " ".join(command)), ""),
                frozenset, lambda: 0.0)


def found(check: Check, host: Host, settings: Settings) -> list[Finding]:
    return list(check(host, settings))


@pytest.mark.parametrize(("active_high", "fail", "level"), [(True, "secure", "dl"), (False, "secure", "dh"),
                                                            (True, "safe", "dl"), (False, "safe", "dh")])
def test_the_boot_line_holds_the_relay_without_power(tmp_path: Path, active_high: bool, fail: str, level: str) -> None:
    settings = replace(REAL, door=replace(REAL.door, active_high=active_high, fail=fail))
    line = found(boot.boot_line, machine(tmp_path), settings)[0]
    assert line.status is Status.WARN and f"gpio=27=op,{level}" in line.mend
    there = machine(tmp_path, {"/boot/firmware/config.txt": f"# ours\ngpio=27=op,{level}\n"})
    assert found(boot.boot_line, there, settings)[0].status is Status.OK
    by_place = replace(settings, door=replace(settings.door, lock_pin="BOARD13"))
    assert found(boot.boot_line, there, by_place)[0].status is Status.OK, "BOARD13 is GPIO27"
    wrong = machine(tmp_path, {"/boot/firmware/config.txt": f"gpio=27=op,{'dh' if level == 'dl' else 'dl'}\n"})
    assert found(boot.boot_line, wrong, settings)[0].status is Status.FAIL
    assert found(boot.boot_line, there, Settings()) == [], "mock pins have no boot"


@pytest.mark.parametrize(("text", "model", "expected"), [
    ("gpio=27=op,dl", PI4, ("op", "dl")), ("gpio=17,27=op,dh", PI4, ("op", "dh")), ("gpio=20-30=op\ngpio=27=dl", PI4, ("op", "dl")),
    ("#gpio=27=op,dl", PI4, ("", "")), ("gpio=27 = op,dl", PI4, ("", "")), ("gpio=27=op,dl\ngpio=27=op,dh", PI4, ("op", "dh")),
    ("gpio=27=op,dl\ngpio=27=ip,pu", PI4, ("ip", "")), ("[pi5]\ngpio=27=op,dl", PI4, ("", "")), ("[pi5]\ngpio=27=op,dl", PI5, ("op", "dl")),
    ("[cm4]\ngpio=1=op\n[all]\ngpio=27=op,dl", PI4, ("op", "dl")), ("[none]\ngpio=27=op,dl", PI4, ("", "")),
    ("[EDID=x]\ngpio=27=op,dl", PI4, ("", "")), ("gpio=2=op,dl\ngpio=127=op,dl", PI4, ("", "")), ("gpio=27=a5", PI4, ("a5", ""))])
def test_how_config_txt_is_read(text: str, model: str, expected: tuple[str, str]) -> None:
    assert boot.firmware_level(text, 27, model) == expected


@given(st.text(alphabet="gpio=-,0123456789dhl[]alp\n #", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    function, level = boot.firmware_level(text, 17, PI4)
    assert level in ("", "dl", "dh") and len(function) <= 2


@pytest.mark.parametrize(("files", "status"), [
    ({}, Status.NOTE), ({"pinctrl_bcm2835/parameters/persist_gpio_outputs": "Y\n"}, Status.WARN),
    ({"pinctrl_bcm2835/parameters/persist_gpio_outputs": "N\n"}, Status.OK),
    ({"pinctrl_bcm2835/parameters/strict_gpiod": "N\n"}, Status.WARN),
    ({"pinctrl_bcm2835/parameters/strict_gpiod": "Y\n"}, Status.OK),
    ({"pinctrl_bcm2835/parameters/persist_gpio_outputs": "Y\n", "pinctrl_rp1/parameters/persist_gpio_outputs": "N\n"}, Status.OK)])
def test_what_a_kill_leaves(tmp_path: Path, files: dict[str, str], status: Status) -> None:
    host = machine(tmp_path, {"/proc/device-tree/model": PI4 + "\0", **{f"/sys/module/{name}": text for name, text in files.items()}})
    finding = found(boot.kernel, host, REAL)[0]
    assert finding.status is status and (status is Status.OK) == (finding.mend == "")
    assert found(boot.kernel, host, Settings()) == []


def test_units(tmp_path: Path) -> None:
    host = machine(tmp_path)
    assert found(units.units, host, REAL)[0].mend == "sudo edge-face service install"
    installing.carry_out(installing.plan_install(tmp_path), lambda command: None)
    assert [(f.status, f.text) for f in found(units.units, host, REAL)] == [
        (Status.OK, "the systemd units are installed as they were shipped"), (Status.WARN, "the door does not start with the machine")]
    enabled = machine(tmp_path, answers={"is-enabled": "enabled\n"})
    assert [f.status for f in found(units.units, enabled, REAL)] == [Status.OK]
    (tmp_path / "etc/systemd/system/edge-face.service").write_text("mine")
    (tmp_path / "etc/systemd/system/edge-face-hooks.path").unlink()
    mends = [f.mend for f in found(units.units, enabled, REAL)]
    assert len(mends) == 2 and "--force" in mends[1] and "--force" not in mends[0]
    rtsp = replace(REAL, camera=CameraSettings(source="rtsp://camera.local/1"))
    assert any("--with rtsp" in f.mend for f in found(units.units, enabled, rtsp))


@pytest.mark.parametrize(("answer", "there", "pi", "status"), [
    ("14s\n", True, True, Status.OK), ("0\n", True, True, Status.WARN), ("", True, True, Status.NOTE), ("14s\n", False, True, Status.WARN),
    ("0\n", False, False, Status.NOTE)])
def test_the_hardware_watchdog(tmp_path: Path, answer: str, there: bool, pi: bool, status: Status) -> None:
    files = {**({"/dev/watchdog0": ""} if there else {}), **({"/proc/device-tree/model": PI4} if pi else {})}
    finding = found(units.hardware_watchdog, machine(tmp_path, files, {"RuntimeWatchdogUSec": answer}), REAL)[0]
    assert finding.status is status


def test_hooks(tmp_path: Path) -> None:
    assert found(units.hooks, machine(tmp_path), REAL) == []
    key = tmp_path / "hooks.key"
    settings = replace(REAL, store=StoreSettings(folder=str(tmp_path)),
                       hooks=HookSettings(webhook="https://example.org/x", secret_file=str(key)))
    active = machine(tmp_path, answers={"is-active": "active\n"})
    assert found(units.hooks, active, settings)[0].status is Status.FAIL, "no key"
    make_key(key)
    assert [f.status for f in found(units.hooks, active, settings)] == [Status.OK]
    assert found(units.hooks, machine(tmp_path), settings)[0].status is Status.WARN, "nobody sends"
    spool = Spool(spool_folder(settings))
    spool.put(event("alarm", "alarm", "x", 0.0))
    Account(last_trouble="webhook: example.org cannot be reached").keep(spool.folder)
    waiting = found(units.hooks, active, settings)
    assert waiting[0].status is Status.WARN and "cannot be reached" in waiting[0].text and waiting[0].mend == "sudo edge-face hooks test"
    plain = replace(settings, hooks=replace(settings.hooks, webhook="http://example.org/x"))
    assert "not encrypted" in found(units.hooks, active, plain)[0].text

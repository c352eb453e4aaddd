"""Installing, status and uninstalling, into images and on a made-up machine: what is there afterwards, and what is never touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.errors import ServiceError
from edge_face.service import installing, unit_status
from edge_face.service.unit_files import (
    CHROMIUM,
    MANIFEST,
    SERVICES,
    SHIPPED,
    STARTED,
    UNITS,
    State,
    manifest,
    ours,
    shipped_files,
)

UNIT = "etc/systemd/system/edge-face.service"


class Recorder:
    """Runs nothing, remembers everything; may fail on a word."""

    def __init__(self, fail_on: str = "") -> None:
        self.ran: list[tuple[str, ...]] = []
        self._fail_on = fail_on

    def __call__(self, command: Sequence[str]) -> None:
        self.ran.append(tuple(command))
        if self._fail_on and self._fail_on in command:
            raise ServiceError(f"'{' '.join(command)}' failed: no")


def files_below(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def install(root: Path, **options: object) -> Recorder:
    run = Recorder()
    installing.carry_out(installing.plan_install(root, **options), run)  # type: ignore[arg-type]
    return run


def test_all_that_the_units_need_is_put_where_it_belongs(tmp_path: Path) -> None:
    run = install(tmp_path)
    for name in ("edge-face.service", "edge-face-failed.service", "edge-face-hooks.service", "edge-face-hooks.path",
                 "edge-face-maintenance.service", "edge-face-maintenance.timer"):
        assert (tmp_path / "etc/systemd/system" / name).read_bytes() == (SHIPPED / name).read_bytes()
    for name in ("etc/sysusers.d/edge-face.conf", "etc/tmpfiles.d/edge-face.conf", "etc/udev/rules.d/60-edge-face.rules",
                 "etc/systemd/system.conf.d/60-edge-face-watchdog.conf"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644
    assert [command[0] for command in run.ran] == ["systemd-sysusers", "systemctl"] and run.ran[-1][2:] == ("enable", *STARTED)
    assert not list(tmp_path.rglob("*.d/rtsp.conf")) and not list(tmp_path.rglob("*.part"))
    assert set(ours(tmp_path).values()) == {State.CURRENT}


def test_pages_and_screen_are_enabled_when_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units = ("edge-face-kiosk.service", "edge-face-screen.service")
    assert install(tmp_path).ran[-1][2:] == ("enable", *STARTED)
    assert all((tmp_path / "etc/systemd/system" / name).exists() for name in units)
    assert install(tmp_path, chosen=("kiosk", "screen", "screen-night")).ran[-1][2:] == \
        ("enable", *STARTED, *units, "edge-face-screen-night.timer", "edge-face-screen-day.timer")
    command = ["service", "install", "--root", str(tmp_path), "--dry-run", "--with", "kiosk", "--with", "lan"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    enabled = shown.splitlines()[-1].split()
    assert enabled[2:] == ["enable", *STARTED, "edge-face-kiosk.service"] and "edge-face-kiosk.service.d/lan.conf" in shown
    plan = installing.plan_uninstall(tmp_path)
    assert set(units) <= set(plan.before[0]) and CHROMIUM in plan.remove


def test_doing_it_twice_writes_nothing(tmp_path: Path) -> None:
    install(tmp_path)
    before = files_below(tmp_path)
    stamps = {name: (tmp_path / name).stat().st_mtime_ns for name in before if name != MANIFEST.lstrip("/")}
    assert installing.plan_install(tmp_path).empty
    install(tmp_path)
    assert files_below(tmp_path) == before
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in stamps} == stamps


def test_a_dry_run_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "install", "--root", str(tmp_path), "--dry-run", "--with", "rtsp"]) == 0
    shown = capsys.readouterr().out
    assert f"write {tmp_path}/{UNIT}\n" in shown and "edge-face.service.d/rtsp.conf" in shown and f"--root={tmp_path} enable" in shown
    assert list(tmp_path.iterdir()) == []
    install(tmp_path)
    before = files_below(tmp_path)
    assert main(["service", "uninstall", "--root", str(tmp_path), "--dry-run", "--purge"]) == 0
    assert files_below(tmp_path) == before and "remove" in capsys.readouterr().out


def test_an_edited_file_stops_everything_until_force(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / UNIT).write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "etc/systemd/system/edge-face-hooks.path").unlink()
    before = files_below(tmp_path)
    with pytest.raises(ServiceError, match=r"edge-face\.service was edited.*drop-in.*--force"):
        installing.plan_install(tmp_path)
    assert files_below(tmp_path) == before
    install(tmp_path, force=True)
    assert set(ours(tmp_path).values()) == {State.CURRENT}


def test_a_file_that_somebody_else_put_there_counts_as_edited(tmp_path: Path) -> None:
    (tmp_path / UNIT).parent.mkdir(parents=True)
    (tmp_path / UNIT).write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(ServiceError, match="was edited"):
        installing.plan_install(tmp_path)


def test_a_file_of_an_older_version_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old"
    shutil.copytree(SHIPPED, old)
    (old / "edge-face.service").write_text((old / "edge-face.service").read_text() + "# older\n")
    root = tmp_path / "image"
    root.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("edge_face.service.unit_files.SHIPPED", old)
        install(root)
    plan = installing.plan_install(root)
    assert [file.place for file in plan.write] == [f"{UNITS}/edge-face.service"]


def test_drop_ins_stay_chosen_and_own_ones_are_left(tmp_path: Path) -> None:
    install(tmp_path, drop_ins=("rtsp",))
    own = tmp_path / f"{UNIT}.d" / "override.conf"
    own.write_text("[Service]\nNice=1\n")
    rtsp = tmp_path / f"{UNIT}.d" / "rtsp.conf"
    rtsp.unlink()
    install(tmp_path)
    assert rtsp.exists()
    installing.carry_out(installing.plan_uninstall(tmp_path), Recorder())
    assert list(files_below(tmp_path)) == [f"{UNIT}.d/override.conf"]


def test_uninstalling_leaves_people_and_edited_files(tmp_path: Path) -> None:
    install(tmp_path)
    data = tmp_path / "var/lib/edge-face/people.db"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"people")
    (tmp_path / "etc/edge-face/edge-face.toml").write_text("")
    (tmp_path / UNIT).write_text("mine")
    run = Recorder()
    plan = installing.plan_uninstall(tmp_path)
    installing.carry_out(plan, run)
    assert plan.kept == (f"/{UNIT}",)
    assert sorted(files_below(tmp_path)) == [MANIFEST.lstrip("/"), "etc/edge-face/edge-face.toml", UNIT, "var/lib/edge-face/people.db"]
    assert run.ran[0][2] == "disable"
    installing.carry_out(installing.plan_uninstall(tmp_path, force=True), Recorder())
    assert sorted(files_below(tmp_path)) == ["etc/edge-face/edge-face.toml", "var/lib/edge-face/people.db"]
    assert installing.plan_uninstall(tmp_path).empty


def test_purging_asks_and_erases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path)
    key = tmp_path / "var/lib/edge-face/device.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 32)
    (tmp_path / "var/lib/other").mkdir()
    before = files_below(tmp_path)
    for answer in ("y", ""):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert main(["service", "uninstall", "--root", str(tmp_path), "--purge"]) == 2
        assert files_below(tmp_path) == before
    assert "for good" in capsys.readouterr().out
    monkeypatch.setattr("edge_face.service.installing.run_command", Recorder())
    monkeypatch.setattr("builtins.input", lambda _: "erase")
    assert main(["service", "uninstall", "--root", str(tmp_path), "--purge"]) == 0
    assert files_below(tmp_path) == {} and (tmp_path / "var/lib/other").is_dir()


def test_a_link_in_the_place_of_the_data_is_not_followed(tmp_path: Path) -> None:
    install(tmp_path)
    elsewhere = tmp_path / "precious"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("x")
    (tmp_path / "var/lib").mkdir(parents=True)
    (tmp_path / "var/lib/edge-face").symlink_to(elsewhere)
    with pytest.raises(ServiceError, match="is a link"):
        installing.carry_out(installing.plan_uninstall(tmp_path, purge=True), Recorder())
    assert (elsewhere / "file").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"/etc/passwd": "00"}', '{"/etc/systemd/../edge-face": "00"}',
                                  '{"/etc/systemd/edge-face": 3}'])
def test_a_damaged_manifest_removes_nothing_of_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "etc/edge-face").mkdir(parents=True)
    (tmp_path / MANIFEST.lstrip("/")).write_text(text)
    (tmp_path / "etc/passwd").write_text("root")
    assert manifest(tmp_path) == {} and installing.plan_uninstall(tmp_path).empty
    install(tmp_path)
    assert (tmp_path / "etc/passwd").read_text() == "root"


def test_a_command_that_fails_is_told_and_the_next_try_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="enable"):
        installing.carry_out(installing.plan_install(tmp_path), Recorder("enable"))
    assert set(ours(tmp_path).values()) == {State.CURRENT}, "what is written is known as ours"
    assert install(tmp_path).ran[-1][2] == "enable"


def test_a_machine_without_udev_can_be_installed_on(tmp_path: Path) -> None:
    run = Recorder("udevadm")
    installing.carry_out(installing.Plan(tmp_path, after=(("udevadm", "control", "--reload"), ("systemctl", "daemon-reload"))), run)
    assert run.ran[-1] == ("systemctl", "daemon-reload")


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ServiceError, match="No space left"):
        installing.carry_out(installing.plan_install(tmp_path), Recorder())
    assert files_below(tmp_path) == {}


def test_where_the_program_lies() -> None:
    assert installing.folder_to_tell(Path("/opt/edge-face/bin")) == "" == installing.folder_to_tell(Path("/usr/local/bin"))
    assert installing.folder_to_tell(Path("/srv/door/bin")) == "/srv/door/bin"
    for folder in ("/home/pi/venv/bin", "/root/venv/bin", "/tmp/venv/bin", "/srv/my door/bin", "/srv/50%/bin"):
        with pytest.raises(ServiceError, match="/opt/edge-face"):
            installing.folder_to_tell(Path(folder))
    text = {file.place: file.content.decode() for file in shipped_files(program="/srv/door/bin")}
    for name in SERVICES:
        assert "Environment=PATH=/srv/door/bin:/opt/edge-face/bin" in text[f"{UNITS}/{name}.d/10-program.conf"]


def test_who_may_not_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["service", "install"]) == 1
    assert capsys.readouterr().err == "edge-face: only root can do that: use sudo\n"
    assert main(["service", "install", "--root", str(tmp_path / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err
    assert main(["service", "install", "--with", "magic"]) == 2


def test_status_of_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "status", "--root", str(tmp_path)]) == 1
    assert "nothing is installed" in capsys.readouterr().out
    install(tmp_path)
    assert main(["service", "status", "--root", str(tmp_path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert {unit["file"] for unit in table["units"]} == {"installed"} and table["watchdog"] == "set up" and table["files"] == {}
    if shutil.which("systemd-analyze"):
        # Chromium needs a display, and namespaces for its own sandbox.
        assert all(unit["exposure"] < (2.5 if unit["name"] == "edge-face-screen.service" else 1.5) for unit in table["units"]
                   if unit["name"] in SERVICES)
    (tmp_path / UNIT).write_text("[Service]\n")
    assert main(["service", "status", "--root", str(tmp_path)]) == 1
    assert f"/{UNIT}: edited" in capsys.readouterr().out


def test_status_of_a_machine_whose_systemd_answers() -> None:
    ended = json.dumps({"__REALTIME_TIMESTAMP": "1790000000000000", "EXIT_CODE": "killed", "EXIT_STATUS": "KILL"})

    def ask(command: Sequence[str]) -> str:
        if command[0] == "journalctl":
            return f"{ended}\nnonsense\n[]\n"
        if command[0] == "systemd-analyze":
            return "→ Overall exposure level for edge-face.service: 0.6 SAFE\n"
        if "--property=RuntimeWatchdogUSec" in command:
            return "14s\n"
        return "ActiveState=active\nSubState=running\nNRestarts=2\nResult=success\nStatusText=locked\nNeedDaemonReload=yes\n"

    door = unit_status.unit_statuses(Path("/"), ask)[0]
    assert (door.active, door.restarts, door.text) == ("active (running)", 2, "locked") and "daemon-reload" in door.file
    assert unit_status.last_stops(ask) == [{"time": 1_790_000_000.0, "how": "killed", "status": "KILL"}]
    assert "14 s" in unit_status.watchdog(Path("/"), ask)
    assert "off" in unit_status.watchdog(Path("/"), lambda command: "0\n")
    assert unit_status.watchdog(Path("/"), lambda command: "") == "systemd cannot be asked"


@pytest.mark.parametrize(("text", "seconds"), [("14s", 14), ("1min 30s", 90), ("500ms", 0.5), ("0", 0), ("infinity", 0), ("", None),
                                               ("soon", None), ("1d 2h", 93_600)])
def test_times_as_systemd_says_them(text: str, seconds: float | None) -> None:
    assert unit_status.spoken_seconds(text) == seconds

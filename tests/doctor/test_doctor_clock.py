"""The clock on made-up machines: set or not, confirmed or not, with and without a real-time clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_face.build_date import BUILD_DATE
from edge_face.doctor import Finding, Host, Status
from edge_face.doctor.all import CHECKS
from edge_face.doctor.clock import clock
from edge_face.errors import ServiceError
from edge_face.settings import AccessSettings, Settings

NOW = BUILD_DATE + 86_400
PI5, PI4 = "Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 4 Model B Rev 1.4"


def found(root: Path, wall: float = NOW, ntp: str = "no", **files: str) -> dict[str, Finding]:
    names = {"model": "/proc/device-tree/model", "rtc": "/sys/class/rtc/rtc0/since_epoch", "chip": "/sys/class/rtc/rtc0/name",
             "charging": "/sys/class/rtc/rtc0/charging_voltage", "stamp": "/run/systemd/timesync/synchronized"}
    for key, text in files.items():
        path = root / names[key].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    host = Host(root, lambda command: f"{ntp}\n" if command[0] == "timedatectl" else "", frozenset, lambda: wall)
    return {finding.check: finding for finding in clock(host, Settings())}


def test_it_is_one_of_the_checks() -> None:
    assert dict(CHECKS)["clock"] is clock


@pytest.mark.parametrize("wall", [0.0, 1000.0, BUILD_DATE - 1])
def test_a_clock_that_was_never_set_fails_with_the_command_that_sets_it(tmp_path: Path, wall: float) -> None:
    finding = found(tmp_path, wall)["clock"]
    assert finding.status is Status.FAIL and "edge-face clock set" in finding.mend


def test_network_and_rtc_confirm_it(tmp_path: Path) -> None:
    answer = found(tmp_path, ntp="yes")
    assert answer["clock"].status is Status.OK and "by network" in answer["clock"].text
    answer = found(tmp_path, rtc=f"{NOW - 5:.0f}\n", chip="rtc-ds1307 1-0068\n")
    assert {finding.status for finding in answer.values()} == {Status.OK}
    assert "real-time clock" in answer["clock"].text and "rtc-ds1307" in answer["rtc"].text


def test_without_a_network_it_is_said_who_stays_out(tmp_path: Path) -> None:
    finding = found(tmp_path)["clock"]
    assert finding.status is Status.NOTE and "limited hours" in finding.text and "edge-face clock set" in finding.mend
    assert found(tmp_path, ntp="", stamp="")["clock"].status is Status.OK  # systemd-timesyncd's file, where timedatectl says nothing


@pytest.mark.parametrize(("ntp", "believed", "status"), [("no", True, Status.OK), ("no", False, Status.WARN), ("yes", False, Status.WARN)])
def test_a_running_door_knows_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ntp: str, believed: bool, status: Status) -> None:
    class Door:
        def call(self, command: str) -> dict[str, object]:
            assert command == "clock.show"
            return {"trusted": believed, "why": "set by the owner" if believed else "the clock was put forward or back"}

    monkeypatch.setattr("edge_face.service.client.daemon_for", lambda settings: Door())
    finding = found(tmp_path, ntp=ntp)["clock"]
    assert finding.status is status and ("owner" in finding.text or "clock set" in finding.mend)


def test_a_door_that_cannot_be_asked_is_another_checks_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(settings: Settings) -> None:
        raise ServiceError("you may not ask")

    monkeypatch.setattr("edge_face.service.client.daemon_for", refuse)
    assert found(tmp_path, ntp="yes")["clock"].status is Status.OK


def test_no_rtc_names_the_part_that_fits_the_board(tmp_path: Path) -> None:
    assert "DS3231" in found(tmp_path, model=PI4)["rtc"].mend
    assert "J5" in found(tmp_path, model=PI5)["rtc"].mend


@pytest.mark.parametrize(("seconds", "said"), [
    ("", "does not tell"), ("garbage", "does not tell"), ("12", "1970-01-01"), (f"{NOW + 3600:.0f}", "3600 s apart"),
    ("99999999999999999999", "apart")])
def test_an_rtc_that_lost_its_power(tmp_path: Path, seconds: str, said: str) -> None:
    finding = found(tmp_path, rtc=seconds)["rtc"]
    assert finding.status is Status.WARN and said in finding.text and "hwclock" in finding.mend


def test_the_battery_of_a_pi_5(tmp_path: Path) -> None:
    assert "rtc_bbat_vchg" in found(tmp_path, model=PI5, rtc="0", charging="0\n")["rtc battery"].mend
    assert "rtc battery" not in found(tmp_path, model=PI5, charging="3000000\n")


def test_a_time_zone_that_nobody_knows(tmp_path: Path) -> None:
    host = Host(tmp_path, lambda command: "", frozenset, lambda: NOW)
    named = [f for f in clock(host, replace(Settings(), access=AccessSettings(timezone="Europe/Atlantis"))) if f.check == "time zone"]
    assert named and named[0].status is Status.FAIL and "Europe/Atlantis" in named[0].text

"""Settings from the pages: what is shown, what a change would do, what is kept, and the restart that puts it in force."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kiosk_house import House

from edge_face.errors import ForbiddenError, FreshNeededError, ServiceError, SettingsError, UsageError
from edge_face.service.client import Client
from edge_face.service.origin import Origin
from edge_face.service.protocol import web_socket_path
from edge_face.service.web.restarting import AGAIN
from edge_face.settings_file import load_settings, to_toml
from edge_face.settings_overlay import FILE


def stale(house: House, command: str, role: str, **arguments: Any) -> Any:
    return Client(web_socket_path(house.settings)).call(command, token=house.token(role, fresh=False), **arguments)


def test_a_change_is_shown_before_it_is_kept_and_kept_before_it_holds(new_house: Callable[..., House]) -> None:
    house = new_house()
    changes = {"door.pulse": 2, "camera.privacy_masks": [[0, 0, 0.5, 0.5]]}
    seen = house.ask("settings.diff", changes=changes)
    assert {row["key"]: (row["from"], row["to"], row["file"]) for row in seen["rows"]} == {
        "door.pulse": (3.0, 2.0, 3.0), "camera.privacy_masks": ([], [[0.0, 0.0, 0.5, 0.5]], [])}
    assert seen["restart"] and not (house.folder / "store" / FILE).exists()
    assert house.ask("settings.save", changes=changes) == seen
    now = house.ask("settings.show")
    assert now["settings"]["door"]["pulse"] == 2.0 and now["file_values"]["door"]["pulse"] == 3.0
    assert sorted(now["waiting"]) == ["camera.privacy_masks", "door.pulse"] and now["restart"]
    assert house.daemon.settings.door.pulse == 3.0
    said = [row["details"] for row in house.ask("audit.tail")["records"] if row["details"].get("what") == "settings-save"]
    assert said == [{"what": "settings-save", "keys": ["camera.privacy_masks", "door.pulse"], "more": 0}]
    assert house.ask("settings.save", changes={"door.pulse": None})["rows"] == [{"key": "door.pulse", "from": 2.0, "to": 3.0, "file": 3.0}]
    assert house.ask("settings.show")["overlay"] == {"camera.privacy_masks": [[0.0, 0.0, 0.5, 0.5]]}


def test_only_the_owner_who_gave_the_passphrase_again_changes_settings(house: House) -> None:
    with pytest.raises(ForbiddenError):
        house.ask("settings.show", "helper")
    with pytest.raises(ForbiddenError):
        house.ask("settings.save", "helper", changes={"door.pulse": 2})
    with pytest.raises(FreshNeededError):
        stale(house, "settings.save", "owner", changes={"door.pulse": 2})
    assert stale(house, "settings.diff", "owner", changes={"door.pulse": 2})["rows"]


@pytest.mark.parametrize(("changes", "words"), [
    ({"door.pulse": 99}, r"door\.pulse = 99 is out of range"), ({"door.pulse": "long"}, "not a number"),
    ({"door.lock_pin": "GPIO4"}, "settings file on the device"), ({"hooks.command": ["/bin/sh"]}, "settings file on the device"),
    ({"kiosk.remote_unlock": True}, "settings file on the device"), ({"store.folder": "/"}, "settings file on the device"),
    ({"camera.source": "file:/etc/passwd"}, "usb:N or none"), ({"decision.votes": 9}, "votes"), ({"x": 1}, "cannot be set"),
    ({"liveness.actions": ["dance"]}, "dance"), ({"decision.assurance": "face+card"}, "needs faces"),
    ({"access.timezone": "Mars/Olympus"}, "no time zone")])
def test_what_is_wrong_is_said_as_the_file_would_and_nothing_is_kept(house: House, changes: dict[str, Any], words: str) -> None:
    for command in ("settings.diff", "settings.save"):
        with pytest.raises(SettingsError, match=words):
            house.ask(command, changes=changes)
    assert not (house.folder / "store" / FILE).exists()


@pytest.mark.parametrize("changes", [None, {}, [], "door.pulse", {f"door.k{n}": 1 for n in range(201)}])
def test_changes_are_a_table_of_bounded_size(house: House, changes: Any) -> None:
    with pytest.raises(UsageError):
        house.ask("settings.diff", changes=changes)


def test_no_secret_of_the_settings_is_shown(new_house: Callable[..., House]) -> None:
    house = new_house({"hooks.webhook": "https://user:word@example.org/token-123?key=abc", "hooks.secret_file": "/etc/edge-face/hooks.key",
                       "hooks.command": ["/usr/local/bin/ring", "--token", "very-secret"]})
    shown = json.dumps(house.ask("settings.show"))
    assert "token-123" not in shown and "abc" not in shown and "word" not in shown and "very-secret" not in shown
    assert "/usr/local/bin/ring" in shown


def test_everybody_learns_what_a_page_needs_and_no_more(house: House) -> None:
    public = house.ask("settings.public", None)
    assert public["language"] == "en" and public["remote_unlock"] is False
    assert set(public) == {"language", "sleep", "greeting", "fps", "responsible", "attendance", "remote_unlock", "session_idle", "timezone"}


def test_the_settings_file_counts_as_it_is_now(new_house: Callable[..., House], tmp_path: Path) -> None:
    house = new_house()
    file = tmp_path / "edge-face.toml"
    file.write_text(to_toml(house.settings, only_changed=True), encoding="utf-8")
    house.daemon.parts.origin = Origin(file, lambda: load_settings(str(file), pages=False))
    assert house.ask("settings.show")["file"] == str(file) and not house.ask("settings.show")["restart"]
    file.write_text(to_toml(house.settings, only_changed=True) + "[door]\nmax_release = 2.5\npulse = 2.0\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="longer than"):
        house.ask("settings.save", changes={"door.pulse": 2.75})
    assert house.ask("settings.show")["waiting"] == ["door.pulse", "door.max_release"]
    file.write_text("[door\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not TOML"):
        house.ask("settings.show")


def test_a_restart_is_the_owners_and_ends_the_daemon_with_a_code_of_its_own(new_house: Callable[..., House]) -> None:
    house = new_house()
    with pytest.raises(FreshNeededError):
        stale(house, "daemon.restart", "owner")
    with pytest.raises(ForbiddenError):
        house.ask("daemon.restart", "helper")
    codes: list[int] = []
    stop = house.daemon.stop
    house.daemon.stop = lambda code=0: (codes.append(code), stop(code))  # type: ignore[method-assign, assignment, misc, return-value]
    assert house.ask("daemon.restart") == {}
    house.until(lambda: codes)
    assert codes == [AGAIN]


@pytest.mark.slow
def test_a_door_in_the_foreground_starts_itself_anew_with_what_was_saved(tmp_path: Path) -> None:
    """`edge-face run` without a service manager: the same process, other settings."""
    file = tmp_path / "edge-face.toml"
    (tmp_path / "store").mkdir(mode=0o700)
    file.write_text(f'[camera]\nsource = "none"\n[store]\nfolder = "{tmp_path}/store"\n', encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    log = tmp_path / "log.txt"
    door = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "run", "--config", str(file), "--pins", "mock"],
                            stdout=log.open("w"), stderr=subprocess.STDOUT, env=environment)
    control, pages = Client(tmp_path / "store" / "control.sock"), Client(web_socket_path(load_settings(str(file))))
    try:
        code = _patiently(lambda: control.call("kiosk.claim")["code"])
        token = pages.call("session.claim", code=code, name="Olga", passphrase="a long sentence for tests")["token"]
        pages.call("settings.save", token=token, changes={"door.pulse": 2.5})
        pages.call("daemon.restart", token=token)
        assert _patiently(lambda: control.call("settings.show")["door"]["pulse"] == 2.5)
        assert control.call("status")["pid"] == door.pid and door.poll() is None
        assert pages.call("session.who", token=token)["role"] == "nobody"  # whoever was logged in is not any more
        door.send_signal(signal.SIGTERM)
        assert door.wait(30) == 0
        assert log.read_text().count("which the owner's pages wrote") == 1
    finally:
        door.kill()
        door.wait()


def _patiently(ask: Callable[[], Any], seconds: float = 60.0) -> Any:
    until = time.monotonic() + seconds
    while True:
        try:
            found = ask()
        except (ServiceError, OSError):
            found = None
        if found:
            return found
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)

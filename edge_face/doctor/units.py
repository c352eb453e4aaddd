"""systemd's side of the door: the units, the hardware watchdog, whoever tells events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_face.doctor.check import Finding, Host, Status
from edge_face.service.unit_files import UNITS, State, ours, shipped_files, states
from edge_face.service.unit_status import spoken_seconds
from edge_face.settings import Settings


def units(host: Host, settings: Settings) -> Iterator[Finding]:
    """Are the units there, ours, and enabled?"""
    there = states(host.root, shipped_files(watchdog=False))
    if there[f"{UNITS}/edge-face.service"] is State.MISSING:
        yield Finding("service", Status.NOTE, "the systemd units are not installed: the door starts by hand only",
                      "sudo edge-face service install")
        return
    odd = {place: state for place, state in {**there, **ours(host.root)}.items() if state is not State.CURRENT}
    for place, state in sorted(odd.items()):
        edited = state is State.EDITED
        yield Finding("service", Status.WARN, f"{place} is {state.value}",
                      "sudo edge-face service install" + (" --force, after the changes were moved into a drop-in (systemctl edit)"
                                                          if edited else ""))
    if not odd:
        yield Finding("service", Status.OK, "the systemd units are installed as they were shipped")
    enabled = host.run(["systemctl", "is-enabled", "edge-face.service"]).strip() == "enabled" or \
        host.path(f"{UNITS}/multi-user.target.wants/edge-face.service").is_symlink()
    if not enabled:
        yield Finding("service", Status.WARN, "the door does not start with the machine", "sudo systemctl enable edge-face")
    if settings.camera.source.startswith(("rtsp://", "rtsps://")) and not host.path(f"{UNITS}/edge-face.service.d/rtsp.conf").exists():
        yield Finding("service", Status.WARN, "the camera is in the network and the service has none",
                      "sudo edge-face service install --with rtsp")


def hardware_watchdog(host: Host, settings: Settings) -> Iterator[Finding]:
    """Who restarts a machine whose kernel hangs?"""
    if not host.path("/dev").is_dir() or not any(host.path("/dev").glob("watchdog*")):
        yield Finding("hardware watchdog", Status.WARN if host.pi_model else Status.NOTE,
                      "this machine has none (/dev/watchdog): a hung kernel stays hung",
                      "add 'dtparam=watchdog=on' to /boot/firmware/config.txt and restart" if host.pi_model else "")
        return
    seconds = spoken_seconds(host.run(["systemctl", "show", "--property=RuntimeWatchdogUSec", "--value"]))
    if seconds is None:
        yield Finding("hardware watchdog", Status.NOTE, "there is one; systemd cannot be asked whether it is used")
    elif seconds == 0:
        yield Finding("hardware watchdog", Status.WARN, "there is one and nobody uses it: a hung kernel stays hung",
                      "sudo edge-face service install, then sudo systemctl daemon-reload")
    else:
        yield Finding("hardware watchdog", Status.OK, f"it resets a hung machine after {seconds:g} s")


def hooks(host: Host, settings: Settings) -> Iterator[Finding]:
    """Will whoever wants to be told be told?"""
    from edge_face.errors import EdgeFaceError
    from edge_face.service.hook_delivery import read_key
    from edge_face.service.hook_sender import Account
    from edge_face.service.hooks import Spool, spool_folder

    wanted = settings.hooks
    if not wanted.webhook and not wanted.command:
        return
    if wanted.webhook.startswith("http://"):
        yield Finding("hooks", Status.WARN, "hooks.webhook is not encrypted: whoever is in the network can read along",
                      "use an https:// address")
    if wanted.webhook:
        try:
            read_key(wanted)
        except EdgeFaceError as error:
            if not _only_the_sender_may(wanted.secret_file):
                yield Finding("hooks", Status.FAIL, str(error))
    active = host.run(["systemctl", "is-active", "edge-face-hooks.path"]).strip()
    if active != "active":
        yield Finding("hooks", Status.WARN, "nobody sends events: edge-face-hooks.path is not active",
                      "sudo edge-face service install --start (without systemd: edge-face hooks send, from time to time)")
    spool = Spool(spool_folder(settings))
    waiting, account = spool.waiting(), Account.of(spool.folder)
    if waiting and account.last_trouble:
        yield Finding("hooks", Status.WARN, f"{len(waiting)} events wait: {account.last_trouble}", "sudo edge-face hooks test")
    else:
        yield Finding("hooks", Status.OK, f"{account.told} events told, {len(waiting)} wait")


def _only_the_sender_may(name: str) -> bool:
    """A key of mode 0400 that another user owns is as it must be."""
    try:
        found = Path(name).stat()
    except OSError:
        return False
    return found.st_mode & 0o777 == 0o400



"""`edge-face kiosk screen`: Chromium on the screen beside the door, watched over. Runs inside cage (edge-face-screen.service).

Chromium survives the death of its page: it shows a sad face for ever. And whoever is told that nobody answers looks again in half an hour.
So this command looks whether the page still has its connection to the pages, and ends when it has not; the unit starts it again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_face.errors import ServiceError, UsageError

DESCRIPTION = ("Runs Chromium in kiosk mode on the page beside the door, and ends when Chromium ends or the page is dead: its unit then "
               "starts both again.")
NAMES = ("chromium", "chromium-browser")
"""Debian's and Raspberry Pi OS's names."""
FLAGS = ("--kiosk", "--ozone-platform-hint=auto", "--no-first-run", "--noerrdialogs", "--disable-session-crashed-bubble",
         "--hide-crash-restore-bubble", "--disable-pinch", "--overscroll-history-navigation=0", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-breakpad", "--password-store=basic",
         "--disable-features=Translate,MediaRouter,OptimizationHints", "--disk-cache-size=1")
PATIENCE = 30.0
"""Seconds that the page may be without its connection while the pages listen. A page that reconnects takes five."""
LOOK = 2.0
_ESTABLISHED, _LISTENS = 1, 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--page", metavar="URL", default="http://127.0.0.1:8090/", help="the page (default: http://127.0.0.1:8090/)")
    parser.add_argument("--profile", metavar="DIR", required=True, help="folder of Chromium's profile, best in memory: it is emptied first")
    parser.add_argument("--flag", metavar="FLAG", action="append", default=[], help="a further flag for Chromium, as --flag=--headless=new")


def run(args: argparse.Namespace) -> int:
    """0 when it was told to end, 1 when Chromium or its page has ended. Raises `EdgeFaceError`."""
    port = page_port(args.page)
    profile = _emptied(Path(args.profile))
    child = subprocess.Popen(command(find_browser(), args.page, profile, args.flag), stdin=subprocess.DEVNULL, start_new_session=True)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _: told.append(received))
    try:
        why = watch(child, port, told)
    finally:
        _end(child)
    if told:
        return 0
    raise ServiceError(why)


def command(browser: str, page: str, profile: Path, flags: Sequence[str] = ()) -> list[str]:
    """What is started."""
    return [browser, *FLAGS, f"--user-data-dir={profile}", *flags, page]


def page_port(page: str) -> int:
    """Raises `UsageError` for what is no page of this machine: the screen has no business elsewhere."""
    try:
        parts = urlsplit(page)
        port = parts.port or 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost") or parts.username is not None:
        raise UsageError(f"--page {page}: the screen shows this machine's own page, as http://127.0.0.1:8090/")
    return port


def find_browser() -> str:
    """Raises `ServiceError` where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise ServiceError("Chromium is not installed: sudo apt install chromium cage")


def watch(child: subprocess.Popen[bytes], port: int, told: Sequence[int], patience: float = PATIENCE, look: float = LOOK) -> str:
    """Waits until something must end; why."""
    seen = time.monotonic()
    while not told:
        try:
            return f"Chromium ended with code {child.wait(look)}"
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        listens, connected = connections(port)
        if connected or not listens:  # pages that are down, or being restarted, are not the browser's fault
            seen = now
        elif now - seen > patience:
            return f"the page has had no connection for {patience:g} s: it is dead"
    return ""


def connections(port: int, table: Path = Path("/proc/net/tcp")) -> tuple[bool, int]:
    """Does anybody listen on this port of this machine, and how many of this user's connections lead to it?"""
    listens, connected = False, 0
    try:
        rows = [row.split() for row in table.read_text(encoding="ascii", errors="replace").splitlines()[1:]]
    except OSError:
        return False, 0
    for row in rows:
        try:
            here, there, state, user = row[1], row[2], int(row[3], 16), int(row[7])
            listens |= state == _LISTENS and int(here.rpartition(":")[2], 16) == port
            connected += state == _ESTABLISHED and int(there.rpartition(":")[2], 16) == port and user == os.getuid()
        except (IndexError, ValueError):
            continue
    return listens, connected


def _emptied(profile: Path) -> Path:
    """A profile that a crash has left would ask whether to restore it, or refuse to be used twice. Raises `ServiceError`."""
    try:
        linked = profile.is_symlink()
        strange = not linked and profile.exists() and not (profile / "Default").exists() and any(profile.iterdir())
    except OSError as error:
        raise ServiceError(f"{profile} cannot be looked into ({error.strerror}): name another folder with --profile") from error
    if linked or strange:
        what = "is a link" if linked else "holds something else than a profile of Chromium's"
        raise ServiceError(f"{profile} {what}: name a folder of its own with --profile")
    try:
        shutil.rmtree(profile, ignore_errors=True)
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(f"{profile} cannot be made ({error.strerror}): name another folder with --profile") from error
    return profile


def _end(child: subprocess.Popen[bytes]) -> None:
    """Chromium with all its processes."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            try:
                os.killpg(child.pid, number)
                child.wait(5.0)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

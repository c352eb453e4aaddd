"""Installs and removes the units. First a plan, which can be shown; then the plan is carried out.

Nothing that its owner edited is overwritten or deleted without being told to: changes belong into drop-ins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge_face.errors import ServiceError
from edge_face.service.unit_files import (
    CHOSEN,
    DATA,
    DROP_INS,
    MANIFEST,
    SEARCHED,
    SERVICES,
    STARTED,
    UNITS,
    State,
    UnitFile,
    digest,
    manifest,
    manifest_text,
    ours,
    shipped_files,
    states,
)
from edge_face.shredding import shred

Run = Callable[[Sequence[str]], None]
"""Runs a command; raises `ServiceError` when it fails."""
_HIDDEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")
"""ProtectHome=yes and PrivateTmp=yes hide these from the units."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done: `write` and `remove` files, forget `remove_trees` whole, and run `before` and `after` that."""

    root: Path
    write: tuple[UnitFile, ...] = ()
    remove: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    purge: tuple[str, ...] = ()
    kept: tuple[str, ...] = field(default=())
    """Files that are left because they were edited."""

    @property
    def empty(self) -> bool:
        return not (self.write or self.remove or self.purge)

    def lines(self) -> list[str]:
        """The plan for people."""
        shown = [*(" ".join(command) for command in self.before), *(f"write {file.below(self.root)}" for file in self.write),
                 *(f"remove {self.root / place.lstrip('/')}" for place in self.remove),
                 *(f"remove {self.root / place.lstrip('/')} and all that is in it" for place in self.purge),
                 *(" ".join(command) for command in self.after)]
        return [*shown, *(f"keep {self.root / place.lstrip('/')}, which was edited" for place in self.kept)]


def plan_install(root: Path, *, drop_ins: tuple[str, ...] = (), chosen: tuple[str, ...] = (), watchdog: bool = True, program: str = "",
                 force: bool = False, start: bool = False) -> Plan:
    """`chosen`: names of `CHOSEN`, whose units are enabled besides. Raises `ServiceError` when a file there was edited and `force` is
    not given."""
    # A drop-in that was chosen before stays chosen, and is kept up to date.
    before = {name for name, services in DROP_INS.items() if f"{UNITS}/{services[0]}.d/{name}.conf" in manifest(root)}
    files = shipped_files(drop_ins=tuple(sorted({*drop_ins, *before})), watchdog=watchdog, program=program)
    there = states(root, files)
    edited = [place for place, state in there.items() if state is State.EDITED]
    if edited and not force:
        raise ServiceError(f"{edited[0]} was edited: move the changes into a drop-in (sudo systemctl edit edge-face), then install again "
                           "with --force, which replaces it")
    write = tuple(file for file in files if there[file.place] is not State.CURRENT)
    enabled = (*STARTED, *dict.fromkeys(unit for name in chosen for unit in CHOSEN[name]))
    return Plan(root, write, after=_after_install(root, enabled, start=start))


def plan_uninstall(root: Path, *, purge: bool = False, force: bool = False) -> Plan:
    found = ours(root)
    there = [place for place, state in found.items() if state is not State.MISSING]
    kept = tuple(place for place in there if found[place] is State.EDITED and not force)
    remove = tuple(place for place in there if place not in kept)
    live = root == Path("/")
    before: tuple[tuple[str, ...], ...] = ()
    if any(f"{UNITS}/{unit}" in remove for unit in STARTED):
        enabled = dict.fromkeys((*STARTED, *(unit for units in CHOSEN.values() for unit in units)))
        units = [unit for unit in enabled if f"{UNITS}/{unit}" in there]
        running = [unit for unit in SERVICES if f"{UNITS}/{unit}" in there]
        before = ((("systemctl", "disable", "--now", *units), ("systemctl", "stop", *running)) if live
                  else (("systemctl", f"--root={root}", "disable", *units),))
    after = (("systemctl", "daemon-reload"), ("udevadm", "control", "--reload")) if live and remove else ()
    gone = tuple(place for place in DATA if (root / place.lstrip("/")).exists()) if purge else ()
    return Plan(root, remove=remove, before=before, after=after, purge=gone, kept=kept)


def carry_out(plan: Plan, run: Run) -> None:
    """Raises `ServiceError` at the first thing that cannot be done; doing it again goes on from there."""
    for command in plan.before:
        run(command)
    marks = manifest(plan.root)
    for file in plan.write:
        _write(file.below(plan.root), file.content)
        marks[file.place] = digest(file.content)
    for place in plan.remove:
        _remove(plan.root / place.lstrip("/"))
        marks.pop(place, None)
    _keep_manifest(plan, marks)
    for place in plan.purge:
        _purge(plan.root / place.lstrip("/"))
    for command in plan.after:
        # Where udev does not run (a container), its rules are of no use, and nothing is missing.
        with suppress(ServiceError) if command[0] == "udevadm" else nullcontext():
            run(command)


def program_folder() -> str:
    """The folder of our command that the units must be told of (`folder_to_tell`)."""
    # Not resolved: the python of a virtual environment is a link that leads out of it.
    folder = Path(sys.executable).parent
    if not (folder / "edge-face").exists():
        found = shutil.which("edge-face")
        if found is None:
            raise ServiceError("the command edge-face is not found: install the package first (docs/service.md)")
        folder = Path(found).parent
    return folder_to_tell(folder)


def folder_to_tell(folder: Path) -> str:
    """Empty when the units look there by themselves. Raises `ServiceError` for a folder that they cannot see."""
    if str(folder) in SEARCHED:
        return ""
    if f"{folder}/".startswith(_HIDDEN) or str(folder.resolve()).startswith(_HIDDEN):
        raise ServiceError(f"edge-face runs from {folder}, which the service cannot see: install it into /opt/edge-face (docs/service.md), "
                           "and run this from there")
    if any(character in str(folder) for character in " \t\"'%$\\:"):
        raise ServiceError(f"edge-face runs from {folder}: a unit cannot name such a folder, install it into /opt/edge-face")
    return str(folder)


def run_command(command: Sequence[str]) -> None:
    """Raises `ServiceError` with what the command said."""
    try:
        done = subprocess.run(list(command), capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise ServiceError(f"{command[0]} is not installed: is this a system with systemd?") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"'{' '.join(command)}' could not be run: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceError(f"'{' '.join(command)}' failed: {said[-1] if said else f'exit code {done.returncode}'}")


def insist_on_root(root: Path) -> None:
    """Raises `ServiceError` for whoever cannot install there."""
    if root == Path("/"):
        if os.geteuid() != 0:
            raise ServiceError("only root can do that: use sudo")
    elif not root.is_dir():
        raise ServiceError(f"{root} is no folder: --root names the top of an image")


def _after_install(root: Path, enabled: Sequence[str], *, start: bool) -> tuple[tuple[str, ...], ...]:
    if root != Path("/"):
        return (("systemd-sysusers", f"--root={root}", "edge-face.conf"), ("systemctl", f"--root={root}", "enable", *enabled))
    return (("systemd-sysusers", "edge-face.conf"), ("systemd-tmpfiles", "--create", "edge-face.conf"), ("udevadm", "control", "--reload"),
            ("udevadm", "trigger", "--subsystem-match=gpio", "--subsystem-match=dma_heap", "--subsystem-match=media",
             "--subsystem-match=video4linux"), ("systemctl", "daemon-reload"),
            ("systemctl", "enable", *(["--now"] if start else []), *enabled))


def _keep_manifest(plan: Plan, marks: dict[str, str]) -> None:
    path = plan.root / MANIFEST.lstrip("/")
    if marks:
        _write(path, manifest_text(marks).encode())
    elif path.exists():
        _remove(path)


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ServiceError(f"{path} cannot be written ({error.strerror})") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        if path.parent.name.endswith(".d") and path.parent.name.startswith("edge-face"):
            with suppress(OSError):
                path.parent.rmdir()  # unless somebody's own drop-ins are in it
    except OSError as error:
        raise ServiceError(f"{path} cannot be removed ({error.strerror})") from error


def _purge(folder: Path) -> None:
    if folder.is_symlink():
        raise ServiceError(f"{folder} is a link: remove what it leads to by hand")
    try:
        # The key first: whatever a disk keeps of the rest is of no use without it.
        shred(folder / "device.key")
        shutil.rmtree(folder)
    except OSError as error:
        raise ServiceError(f"{folder} cannot be removed ({error.strerror})") from error

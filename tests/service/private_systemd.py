"""A systemd of our own as PID 1 of a small machine in namespaces: tmpfs as its root, this machine's /usr and our Python in it, read only.

Nothing of it is seen outside, and nothing of this machine's systemd, /etc, devices or pins is touched. Needs root, cgroup v2 somewhere,
and a kernel that lets mounts be made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SYSTEMD = next((path for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd") if Path(path).exists()), "")
_TARGET = "trial.target"
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def why_not() -> str:
    """Why no such machine can be had here; empty when it can."""
    if os.geteuid() != 0:
        return "a systemd of our own needs root"
    if not SYSTEMD or not all(map(shutil.which, ("unshare", "systemctl", "pivot_root"))):
        return "systemd or util-linux is not installed"
    hidden = [home for home in ("/tmp", "/var/tmp", "/home") for place in (Path(__file__).parents[2], Path(sys.prefix))
              if place.is_relative_to(home)]
    if hidden:
        return f"the unit does not see {hidden[0]} (PrivateTmp, ProtectHome), and this checkout or its Python lies there"
    if cgroup_root() is None:
        return "no cgroup v2 is mounted"
    tried = subprocess.run(["unshare", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--fork", "sh", "-c",
                            "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mount -t proc proc /mnt && umount /mnt"],
                           capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"this kernel or container allows no namespaces: {tried.stderr.strip()[:100]}"
    try:
        place = cgroup_root() / f"edge-face-probe-{os.getpid()}"  # type: ignore[operator]
        place.mkdir()
        place.rmdir()
    except OSError as error:
        return f"no cgroup can be made here: {error}"
    return ""


def cgroup_root() -> Path | None:
    """Where cgroup v2 is mounted, also beside a cgroup v1."""
    rows = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next((Path(row[1]) for row in rows if row[2] == "cgroup2"), None)


def python_places() -> tuple[Path, ...]:
    """Folders that this Python, its packages and our checkout need, outside of /usr."""
    checkout = Path(__file__).parents[2]
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parents[1], checkout}
    return tuple(sorted(place for place in found if not place.is_relative_to("/usr")))


class Machine:
    """`content`: a folder with what is in the machine besides /usr and our Python (its /etc, its /var); `wanted`: units that start."""

    def __init__(self, content: Path, wanted: Sequence[str]) -> None:
        self._content, self._wanted = content, wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._cgroup = Path(f"{cgroup_root()}/edge-face-trial-{os.getpid()}")

    def start(self, stage: Path) -> None:
        """`stage`: an empty folder outside the machine, for its files and its mount point."""
        content, root = self._content, stage / "root"
        root.mkdir(parents=True)
        self._complete()
        self._cgroup.mkdir()
        script = stage / "init.sh"
        script.write_text(self._script(content, root))
        self._process = subprocess.Popen(
            ["sh", "-c", f"echo $$ > {self._cgroup}/cgroup.procs && exec unshare --mount --uts --ipc --pid --cgroup --fork "
             f"--kill-child=KILL sh -e {script}"],
            stdin=subprocess.DEVNULL, stdout=(stage / "console").open("wb"), stderr=subprocess.STDOUT)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for _ in self.until(20):
            with contextlib.suppress(OSError, IndexError):
                self._pid = int(children.read_text().split()[0])
                if Path(f"/proc/{self._pid}/root/run/systemd/private").exists():
                    return
            if self._process.poll() is not None:
                break
        raise RuntimeError("the machine did not start: " + (stage / "console").read_text(errors="replace")[-1000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()  # --kill-child takes PID 1 along, and that everything else
            self._process.wait()
        for _ in self.until(10):
            for place in sorted(self._cgroup.rglob("*/"), reverse=True):
                if place.is_dir():
                    with contextlib.suppress(OSError):
                        place.rmdir()
            with contextlib.suppress(OSError):
                self._cgroup.rmdir()
            if not self._cgroup.exists():
                return

    def until(self, seconds: float) -> Iterator[float]:
        """Looks every 50 ms, until the time is over: the caller leaves the loop when it has seen what it waits for."""
        begun = time.monotonic()
        while (now := time.monotonic()) - begun < seconds:
            yield now - begun
            time.sleep(0.05)

    def run(self, *command: str) -> str:
        """A command inside the machine; its output. Raises `CalledProcessError`."""
        return subprocess.run(["nsenter", f"--target={self._pid}", "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", *command],
                              capture_output=True, text=True, check=True, timeout=60).stdout

    def show(self, unit: str) -> dict[str, str]:
        """`systemctl show` of a unit."""
        return dict(row.split("=", 1) for row in self.run("systemctl", "show", unit).splitlines() if "=" in row)

    def kill(self, unit: str, signal: str) -> None:
        """A signal to the unit's main process only."""
        self.run("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", unit)

    def path(self, name: str) -> Path:
        """A file of the machine, seen from outside."""
        return Path(f"/proc/{self._pid}/root{name}")

    def _complete(self) -> None:
        wanted = " ".join(self._wanted)
        files = {f"etc/systemd/system/{_TARGET}": f"[Unit]\nDefaultDependencies=no\nWants={wanted}\n",
                 "etc/machine-id": "0123456789abcdef0123456789abcdef\n", "etc/hostname": "door\n",
                 "etc/systemd/system.conf": "[Manager]\nLogTarget=console\nLogLevel=info\nShowStatus=no\nDefaultTimeoutStopSec=5s\n",
                 "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}
        for name, text in files.items():
            path = self._content / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def _script(self, content: Path, root: Path) -> str:
        steps = ["mount --make-rprivate /", f"mount -t tmpfs -o size=256m,mode=755 tmpfs {root}",
                 f"cp -a {content}/. {root}/", f"cd {root}",
                 "umask 022", "mkdir -p usr proc sys dev run tmp root home var/lib var/log old",
                 "mount -t tmpfs -o mode=755 tmpfs dev", "mkdir dev/shm dev/pts dev/mqueue", "chmod 1777 tmp dev/shm",
                 "mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts", "ln -s pts/ptmx dev/ptmx",
                 "mount --rbind /usr usr", "mount -o remount,bind,ro usr"]
        for name in _LINKS:
            if Path("/", name).is_symlink():
                steps.append(f"ln -s {Path('/', name).readlink()} {name}")
            elif Path("/", name).is_dir():
                steps += [f"mkdir -p {name}", f"mount --rbind /{name} {name}"]
        for place in python_places():
            inside = str(place).lstrip("/")
            steps += [f"mkdir -p {inside}", f"mount --bind {place} {inside}", f"mount -o remount,bind,ro {inside}"]
        steps += [f"mknod -m 666 dev/{name} c {major} {minor}" for name, (major, minor) in _DEVICES.items()]
        steps += ["mkdir -p etc opt", f"ln -s {sys.prefix} opt/edge-face", "touch etc/ld.so.cache",
                  "if [ -f /etc/ld.so.cache ]; then cp /etc/ld.so.cache etc/; fi",
                  "mount -t proc proc proc", "mount -t sysfs sysfs sys", "mount -t tmpfs -o mode=755 tmpfs run",
                  "mount -t cgroup2 cgroup2 sys/fs/cgroup", "pivot_root . old", "umount -l /old", "cd /",
                 # As an ordinary boot has it: a unit's credentials are mounted elsewhere and must arrive.
                 "mount --make-rshared /",
                  f"exec env -i container=private PATH=/usr/sbin:/usr/bin:/sbin:/bin {SYSTEMD} --system --unit={_TARGET}"]
        return "\n".join(steps) + "\n"

"""arm64 Debian root file systems and how a command runs in them: emulated, in a mount namespace of its own.

Every mount lives in the private namespace of one `unshare`: when its last process ends the kernel takes all of them away,
also after SIGKILL. The one thing outside is the kernel's entry for arm64 programs; it is removed again by whoever made it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
PACKAGES = "python3-minimal,python3,libstdc++6,libgomp1,ca-certificates,tzdata,bash,coreutils,base-files,dash"
PLATFORMS = [f"manylinux{tag}_aarch64" for tag in ("2014", "_2_17", "_2_27", "_2_28", "_2_31", "_2_34")]
TOOLS = ["cryptography>=44,<49", "av>=13,<18", "pytest>=8,<10", "pytest-timeout>=2.3,<3", "hypothesis>=6.100,<7", "jsonschema>=4.18,<5"]
BINFMT = Path("/proc/sys/fs/binfmt_misc")
HANDLER = "edge-face-aarch64"
# An ELF file for machine 0xb7 (arm64); F: the kernel opens the emulator now, so that it works in every root; P: argv[0] is kept.
MAGIC = (rb":%s:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
         rb":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F")
GONE = 137
"""Exit status of a command that was ended for taking too long."""

# $1 the root, $2 the folder of the tree that is tested, $3 the processor; the rest is the command.
_ENTER = r"""
set -e
root=$1 tree=$2 cpu=$3; shift 3
mount --make-rprivate /
mount -t proc proc "$root/proc"
# A list of one processor: without any the runtime knows no processor and takes other kernels than on a Pi; with the real one
# emulated threads may wait for ever.
mkdir -p "$root/sys"; mount -t tmpfs tmpfs "$root/sys"; mkdir -p "$root/sys/devices/system/cpu"
for list in possible present; do echo 0 >"$root/sys/devices/system/cpu/$list"; done
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero random urandom; do : >"$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"; mount -t tmpfs tmpfs "$root/dev/shm"
mkdir -p "$root/tree"; mount --bind "$tree" "$root/tree"
# No exec: an emulated shell as the first process of a namespace waits for ever for its children.
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 PYTHONUNBUFFERED=1 \
  QEMU_CPU="$cpu" PYTHONPATH=/opt/packages PYTHONPYCACHEPREFIX=/var/cache/python HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis \
  chroot "$root" /bin/sh -c 'cd /tree && exec "$@"' sh "$@"
"""


class Arm64Error(Exception):
    """What is missing or went wrong, in one sentence."""


@dataclass(frozen=True, slots=True)
class Release:
    """A Debian release with the versions of numpy, OpenCV and gpiozero that its apt has (pip's wheels of them), on the
    processor (`qemu-aarch64-static -cpu help`) of a Raspberry Pi: which kernels the networks run on depends on it."""

    name: str
    debian: int
    python: str
    cpu: str
    wheels: tuple[str, ...]


RELEASES = (
    Release("bookworm", 12, "311", "cortex-a72", ("numpy==1.24.2", "opencv-python-headless==4.6.0.66", "gpiozero==1.6.2",
                                                   "setuptools<80")),  # gpiozero 1.6 imports pkg_resources
    Release("trixie", 13, "313", "cortex-a76", ("numpy>=2.2,<2.3", "opencv-python-headless>=4.10,<4.11", "gpiozero==2.0.1")),
)


def missing(emulator: Path | None) -> list[str]:
    """One sentence for each thing without which nothing can be run here."""
    found = []
    if os.geteuid() != 0:
        found.append("root is needed to mount and to change the root folder: sudo make arm64")
    if shutil.which("mmdebstrap") is None:
        found.append("mmdebstrap is not installed: sudo apt install mmdebstrap")
    if emulator is None:
        found.append("the emulator is not installed: sudo apt install qemu-user-static")
    if shutil.which("unshare") is None:
        found.append("unshare is not installed: sudo apt install util-linux")
    return found


def find_emulator() -> Path | None:
    """The statically linked emulator; None where it is not installed."""
    found = shutil.which("qemu-aarch64-static")
    return None if found is None else Path(found).resolve()


@contextlib.contextmanager
def emulation(emulator: Path) -> Iterator[None]:
    """Lets this kernel start arm64 programs. Raises Arm64Error where the kernel refuses."""
    mounted = not (BINFMT / "register").exists()
    if mounted and subprocess.run(["mount", "-t", "binfmt_misc", "none", str(BINFMT)], capture_output=True).returncode:
        raise Arm64Error("binfmt_misc cannot be mounted: modprobe binfmt_misc, or run on a kernel that has it")
    own = False
    try:
        if not _registered():
            try:
                (BINFMT / "register").write_bytes(MAGIC % (HANDLER.encode(), bytes(emulator)))
            except OSError as error:
                raise Arm64Error(f"the kernel does not take {emulator} as the emulator of arm64 programs: {error.strerror}") from error
            own = True
        yield
    finally:
        if own:
            (BINFMT / HANDLER).write_text("-1")
        if mounted:
            subprocess.run(["umount", str(BINFMT)], capture_output=True)


def _registered() -> bool:
    """Whether somebody (apt's package, usually) has told the kernel how arm64 programs start, in every root folder."""
    for entry in BINFMT.glob("*aarch64*"):
        text = entry.read_text()
        if text.startswith("enabled") and any(line.startswith("flags:") and "F" in line for line in text.splitlines()):
            return True
    return False


def make_root(folder: Path, release: Release, litert: str) -> bool:
    """The root file system of a release with its Python packages, from the cache where it is whole and as wanted; true when it
    was made anew. Raises Arm64Error."""
    wanted = {"packages": PACKAGES, "wheels": sorted((*release.wheels, *TOOLS, litert))}
    stamp = folder / "edge-face.json"
    with contextlib.suppress(OSError, ValueError):
        if json.loads(stamp.read_text()) == wanted:
            return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _must(["mmdebstrap", "--quiet", "--arch=arm64", "--variant=extract", f"--include={PACKAGES}", release.name, str(folder), MIRROR],
          f"Debian {release.name} for arm64 cannot be had from {MIRROR}")
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    _must([sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--ignore-requires-python", "--only-binary=:all:",
           "--implementation", "cp", "--python-version", release.python, *platforms, "--target", str(folder / "opt/packages"),
           *wanted["wheels"]], f"the arm64 wheels for Python {release.python} cannot be had")
    stamp.write_text(json.dumps(wanted))
    return True


def put_package(folder: Path, wheel: Path) -> None:
    """Unpacks our wheel beside the other packages. Raises Arm64Error."""
    packages = folder / "opt/packages"
    for old in packages.glob("edge_face*"):
        shutil.rmtree(old)
    shutil.rmtree(packages / "converter", ignore_errors=True)
    _must([sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--no-index", "--upgrade",
           "--ignore-requires-python", "--target", str(packages), str(wheel)], f"{wheel.name} cannot be installed")


class Runner:
    """Starts commands in root file systems, from several threads, and can end all of them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, folder: Path, tree: Path, cpu: str, command: Sequence[str], *, seconds: float,
            log: Path | None = None) -> tuple[int, str]:
        """Runs a command in the root with the folder `tree` at /tree. Gives its status and what it said, or "" where that went to
        `log`. A command that takes too long is ended with all that it started; its status is then `GONE`."""
        # The first process of the new PID namespace dies with unshare, and with it everything inside, and then every mount.
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", _ENTER, "enter", str(folder), str(tree), cpu,
                 *command]
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("w")) if log is not None else subprocess.PIPE
            with self._guard:
                if self._stopped:
                    return GONE, ""
                process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True)
                self._running.add(process)
            try:
                said, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return GONE, ""
            finally:
                with self._guard:
                    self._running.discard(process)
            return (process.returncode if process.returncode >= 0 else GONE), said or ""

    def stop(self) -> None:
        """Ends what runs, and starts nothing any more."""
        with self._guard:
            self._stopped = True
            for process in self._running:
                process.kill()


def _must(words: Sequence[str], otherwise: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise Arm64Error(f"{otherwise}: {lines[-1].strip() if lines else f'status {done.returncode}'}")

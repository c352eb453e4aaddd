"""A real disk of 2 MB for a test, full or read-only, in a process that has mounts of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _own_mounts() -> bool:
    """May a process here have mounts of its own?"""
    done = subprocess.run(["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False) if shutil.which(
        "unshare") else None
    return done is not None and done.returncode == 0


disks = pytest.mark.skipif(not _own_mounts(), reason="needs a kernel that lets a process mount disks of its own (unshare -rm)")


def on_a_small_disk(folder: Path, then: str, code: str) -> dict[str, object]:
    """Runs `code` where `folder` is a disk of 2 MB with the same files; `then` is a shell line between (FOLDER is set)."""
    disk = folder.parent / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o size=2m none {disk} && cp -a {folder}/. {disk}/ && {then} && exec {sys.executable} -c \"$CODE\""
    text = (f"import json, sys\nsys.path[:0] = {[str(HERE)]!r}\nfrom people_fakes import BOTH, template\n"
            "from edge_face.errors import StoreError\nfrom edge_face.people import Store\nfrom pathlib import Path\n"
            f"folder = Path({str(disk)!r})\nanswer = {{}}\n{code}\nprint(json.dumps(answer))")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "CODE": text, "FOLDER": str(disk)})
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


FILL = "(cat /dev/zero > $FOLDER/ballast 2>/dev/null || true)"
READ_ONLY = "mount -o remount,ro $FOLDER"

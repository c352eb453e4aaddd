"""The program in docs/audit.md verifies a log, and does not verify one that was changed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from audit_fakes import DAY, KEY, Quick, record, written

from edge_face.audit import AuditLog

DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    program = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    return subprocess.run([sys.executable, "-c", program[1], str(folder), KEY.hex()], capture_output=True, text=True, check=False)


def test_the_program_of_the_page(tmp_path: Path) -> None:
    clock = written(tmp_path, 12, each_day=3)
    with AuditLog(tmp_path, KEY, reserve=0, clock=clock, disk=Quick()) as log:
        clock.sleep(DAY)
        log.append(record(13), 0.0)
        log.commit()
        assert log.prune(3) > 0
    good = verified(tmp_path)
    assert good.stdout.endswith("records are as they were written\n"), good.stderr
    last = max(tmp_path.glob("*.log"))
    whole = last.read_bytes()
    last.write_bytes(whole.replace(b"deny", b"exit", 1))
    assert "AssertionError" in verified(tmp_path).stderr
    last.write_bytes(whole.rstrip(b"\n").rpartition(b"\n")[0] + b"\n")
    assert "cut off" in verified(tmp_path).stderr
    last.write_bytes(whole)
    sorted(tmp_path.glob("*.log"))[0].unlink()
    assert "AssertionError" in verified(tmp_path).stderr

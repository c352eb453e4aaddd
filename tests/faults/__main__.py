"""`python -m tests.faults`: every fault, a table, and exit 1 when any cell is not what it must be."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import sys
import tempfile
from pathlib import Path

from .rows import FAULTS, run_rows
from .table import as_json, as_markdown, verdict


def main() -> int:
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="make faults", description="Faults proven harmless: see docs/faults.md.")
    parser.add_argument("--seed", type=int, default=None, help="begin as an earlier run did (default: a new one)")
    parser.add_argument("--n", type=float, default=1.0, help="how often, as a multiple of the full table (0.01 is a quick look)")
    parser.add_argument("--only", action="append", choices=names, help="only this row (may be repeated)")
    parser.add_argument("--json", action="store_true", help="the table as JSON on standard output")
    parser.add_argument("--folder", type=Path, help="where stores are made and broken (default: memory, if there is any)")
    args = parser.parse_args()
    if not args.n > 0:
        parser.error("--n is a number above 0")
    seed = secrets.randbelow(1 << 31) if args.seed is None else args.seed
    chosen = [fault for fault in FAULTS if not args.only or fault.name in args.only]

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    # The doors in this process say a lot of what is done to them.
    logging.getLogger("edge_face").addHandler(logging.NullHandler())
    print(f"seed {seed}, {args.n:g} of the full table; again: make faults SEED={seed} N={args.n:g}", file=sys.stderr)
    # SQLite's temporary files stay inside too. Memory: nothing here asks a real disk whether it keeps its word.
    memory = Path("/dev/shm")
    base = args.folder or (memory if os.access(memory, os.W_OK) else None)
    rows = []
    with tempfile.TemporaryDirectory(prefix="faults-", dir=base, ignore_cleanup_errors=True) as folder:
        for row in run_rows(chosen, seed, args.n, Path(folder), say):
            say("")
            print(f"{row.name}: {row.rounds:,} rounds in {row.seconds:.0f} s: {verdict(row)}", file=sys.stderr, flush=True)
            rows.append(row)
    print(json.dumps(as_json(rows, seed), indent=2) if args.json else as_markdown(rows, seed))
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

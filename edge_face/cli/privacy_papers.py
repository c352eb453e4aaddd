"""`edge-face privacy notice`, `dpia`: papers that are filled from the settings."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.settings import Settings


def notice(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.minimisation.notice import LANGUAGES, notice_page

    _hand_out(args, notice_page(settings, LANGUAGES if args.lang == "both" else (args.lang,)))
    if not settings.kiosk.responsible:
        print("nobody is named on it: write [kiosk] responsible, who you are and how to reach you, then print it again", file=sys.stderr)
    return 0


def dpia(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.minimisation.dpia import draft

    _hand_out(args, draft(settings, time.strftime("%Y-%m-%d")))
    return 0


def _hand_out(args: argparse.Namespace, text: str) -> None:
    """Raises `UsageError` for a place where it cannot be written."""
    from edge_face.errors import UsageError

    if args.out is None:
        print(text)
        return
    target = Path(args.out)
    if target.exists() and not (args.force and target.is_file()):
        raise UsageError(f"{target} exists already: choose another file, or --force")
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{target} cannot be written ({error.strerror}): choose another file") from error
    print(f"{target} is written: read it before you use it")

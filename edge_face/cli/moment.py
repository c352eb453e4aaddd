"""Moments as they are given on the command line."""

from __future__ import annotations


def since_of(text: str | None) -> float | None:
    """Wall time of "2026-11-21", "2026-11-21 18:30", "24h", "7d". Raises UsageError."""
    import re
    import time
    from datetime import datetime

    from edge_face.errors import UsageError

    if text is None:
        return None
    ago = re.fullmatch(r"([0-9]{1,5})([hd])", text.strip())
    if ago is not None:
        return time.time() - int(ago[1]) * (3600 if ago[2] == "h" else 86_400)
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--since {text}: write 2026-11-21, '2026-11-21 18:30', 24h or 7d") from error

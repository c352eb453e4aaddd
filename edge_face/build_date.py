"""When this version was made. A clock that shows an earlier time was never set. Moved on with each release."""

from __future__ import annotations

BUILD_DATE = 1_795_219_200.0
"""2026-11-21, in seconds since 1970."""

"""The options that say how faces are hidden, for every command that hides some."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.settings import PrivacySettings

LEAST_KEY = 16
"""Bytes of a key file."""


def add_hiding(parser: argparse.ArgumentParser) -> None:
    """--method, --strength, --option and --key, for `privacy_of` and `key_of`."""
    from edge_face.privacy.options import HELP
    from edge_face.settings import ANONYMIZERS

    parser.add_argument("--method", metavar="NAME", help=f"how faces are hidden: {', '.join(ANONYMIZERS)} (default: the settings')")
    parser.add_argument("--strength", type=float, metavar="S",
                        help="the share of identity to take away, 0.3 to 1, as measured (default: the settings')")
    parser.add_argument("--option", metavar="TEXT", help=HELP)
    parser.add_argument("--key", metavar="FILE", help="file of 16 bytes or more: what is random comes out the same again "
                                                      "with it (default: another key each time)")


def privacy_of(settings: PrivacySettings, args: argparse.Namespace) -> PrivacySettings:
    """The settings with what the command line says instead. Raises UsageError."""
    from edge_face.errors import UsageError
    from edge_face.privacy.options import check_option
    from edge_face.privacy.registry import anonymizer

    if args.method is not None:
        anonymizer(args.method)
        # An option of the settings' method means nothing to another one.
        settings = replace(settings, method=args.method, option=settings.option if args.method == settings.method else "")
    if args.strength is not None:
        if not 0.3 <= args.strength <= 1:
            raise UsageError(f"--strength is 0.3 to 1, not {args.strength:g}: below 0.3 faces can be recognised")
        settings = replace(settings, strength=args.strength)
    if args.option is not None:
        settings = replace(settings, option=args.option)
    check_option(settings.method, settings.option)
    return settings


def key_of(args: argparse.Namespace) -> bytes:
    """The content of --key; random without one. Raises UsageError."""
    import hashlib
    import secrets

    from edge_face.errors import UsageError
    from edge_face.media.paths import reason, shown

    if args.key is None:
        return secrets.token_bytes(32)
    try:
        with Path(args.key).open("rb") as file:
            content = file.read(1 << 20)
    except (OSError, ValueError) as error:
        raise UsageError(f"the key file '{shown(args.key)}' cannot be read: "
                         f"{reason(error) if isinstance(error, OSError) else error}") from None
    if len(content) < LEAST_KEY:
        raise UsageError(f"the key file '{shown(args.key)}' has {len(content)} bytes and needs {LEAST_KEY} or more: make one with "
                         "head -c 32 /dev/urandom > hiding.key")
    return hashlib.sha256(content).digest()


def weak_note(privacy: PrivacySettings) -> str | None:
    """What whoever hides faces so should know; None where they are well hidden."""
    from edge_face.privacy.strengths import EMPTY, leaves_nothing, power_for, weakness

    weak = weakness(privacy.method, privacy.strength, privacy.option)
    if weak is not None:
        return f"weakly hidden: {weak}"
    if not leaves_nothing(privacy.method, privacy.strength, privacy.option):
        power = power_for(privacy.method, privacy.strength, privacy.option)
        most = ", which is its most" if power.removed < privacy.strength else ""
        return (f"{privacy.method} removes {power.removed:.0%} of identity{most}: that stops who compares, not who trains on such faces; "
                f"{', '.join(EMPTY)} stop both")
    return None

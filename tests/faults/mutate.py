"""Bytes and values as somebody hostile, or a dying card, would make them. All from one `random.Random`, so that they come again."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

TOKENS = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"NaN", b"-Infinity", b"1e999", b"9" * 40, b"-1", b"0x41", b"true", b"null", b"[" * 300,
    b'{"a":' * 60, b'"', b"\'\'\'", b"\\u0000", b"\\ud800", b"\n", b"\r\n", b"\x1b[2J", b"../../../etc/passwd", b"%n%s", b"${HOME}",
    b"' OR 1=1 --", b"=", b"#", b"]]", "\u202e\u0130\u00df".encode(), b"GPIO17", b"pulse", b"seconds", b"command", b"2038-01-19T03:14:08Z")
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -2**63, 10**400, 1e308, -0.0, 5e-324, 0.1, "", " ", "\x00", "\ud800", "\u202e", "0" * 5000,
    "9" * 20, "-", "NaN", "../..", "/dev/zero", "GPIO17", "GPIO99", "owner", "face", [], {}, [[]], [None], {"": None}, [0] * 200,
    "1970-01-01", "9999-12-31", "00:00-24:00", "Mars/Phobos")
"""What JSON can carry, and what it hardly can."""


def mutated(data: bytes, luck: random.Random, most: int = 6) -> bytes:
    """One to `most` changes: bits, bytes, tokens, pieces cut, doubled, moved; sometimes something else altogether."""
    if luck.random() < 0.02:
        return luck.randbytes(luck.randrange(300))
    made = bytearray(data)
    for _ in range(luck.randint(1, most)):
        at = luck.randint(0, len(made))
        end = min(len(made), at + luck.choice((1, 2, 4, 16, 64, 512)))
        kind = luck.randrange(8)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << luck.randrange(8)
        elif kind == 1 and at < len(made):
            made[at] = luck.randrange(256)
        elif kind == 2:
            made[at:at] = luck.choice(TOKENS)
        elif kind == 3:
            made[at:end] = luck.choice(TOKENS)
        elif kind == 4:
            del made[at:end]
        elif kind == 5:
            made[at:at] = made[at:end] * luck.choice((1, 2, 50))
        elif kind == 6:
            del made[at:]
        else:
            piece, there = bytes(made[at:end]), luck.randint(0, len(made))
            made[there:there + len(piece)] = piece
    return bytes(made)


def altered(value: Any, luck: random.Random, most: int = 3) -> Any:
    """A copy of a JSON value in which one to `most` places hold something else, are missing, doubled or under another name."""
    made = [copy.deepcopy(value)]
    for _ in range(luck.randint(1, most)):
        places = list(_places(made))
        holder, key = luck.choice(places)
        kind = luck.randrange(6)
        if kind == 0 and isinstance(holder, dict):
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[luck.choice(("", "__class__", "id", "0", "\u0000", "x" * 2000))] = holder.pop(key)
        elif kind == 2 and holder is not made:
            other, there = luck.choice(places)
            _put(holder, key, copy.deepcopy(_get(other, there)))
        elif kind == 3 and isinstance(_get(holder, key), str):
            _put(holder, key, mutated(_get(holder, key).encode("utf-8", "surrogatepass"), luck, 2).decode("utf-8", "surrogateescape"))
        elif kind == 4 and isinstance(_get(holder, key), int | float) and not isinstance(_get(holder, key), bool):
            _put(holder, key, _get(holder, key) * luck.choice((-1, 0, 2, 10**9)) + luck.choice((0, 1, -1)))
        else:
            _put(holder, key, copy.deepcopy(luck.choice(VALUES)))
    return made[0]


def as_line(value: Any) -> bytes:
    """JSON, also of what JSON should not hold."""
    return json.dumps(value, ensure_ascii=True).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 2000:
        holder = waiting.pop()
        keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _get(holder: Any, key: Any) -> Any:
    # A change before this one may have taken the place away.
    try:
        return holder[key]
    except (KeyError, IndexError):
        return None


def _put(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict) or key < len(holder):
        holder[key] = value

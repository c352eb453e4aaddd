"""Passphrases of the owner's pages: what is refused, and how one is kept.

Kept as Argon2id hash like a PIN (`edge_face.people.code_hash`): peppered with the store's key, a salt for each account.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from edge_face.errors import UsageError
from edge_face.people.code_hash import PinHash, hashed
from edge_face.people.person import name_key

SHORTEST, LONGEST = 12, 256
"""Characters. Any are allowed, spaces too; nothing is cut off or folded."""
_FEWEST = 5
"""Different characters."""
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
         "0123456789012", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "zaq1xsw2cde3vfr4bgt5nhy6mju7",
         "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "123qweasdzxc")
"""What fingers find by themselves: the alphabet, rows and columns of keys."""
_STEMS = ("password", "passphrase", "passwort", "motdepasse", "contrasena", "letmein", "welcome", "iloveyou", "administrator",
          "administrateur", "changeme", "correcthorsebatterystaple", "edgeface", "raspberrypi", "raspberry", "frontdoor", "qwerty",
          "dragon", "monkey", "football", "baseball", "princess", "sunshine", "superman", "trustno1", "masterkey", "secret", "admin",
          "leavemealone", "mailcreated", "polniypizdec", "sojdlg123aljg", "login", "owner", "house", "door", "open")
"""What is tried first, with whatever is put around it."""
_REST = 6
"""Letters and digits that must be left beside such a stem, a row of keys and the account's own name."""


def check_passphrase(passphrase: str, name: str) -> str:
    """Raises UsageError for one that is guessed first. `name`: of the account."""
    if len(passphrase) < SHORTEST:
        raise UsageError(f"a passphrase has at least {SHORTEST} characters: four or five random words are a good one")
    if len(passphrase) > LONGEST:
        raise UsageError(f"a passphrase has at most {LONGEST} characters")
    folded = name_key(passphrase)
    plain = "".join(character for character in folded if character.isalnum())
    if len(set(folded)) < _FEWEST or _repeats(plain):
        raise UsageError("this passphrase repeats itself: four or five random words are a good one")
    left = plain
    for stem in sorted({*_STEMS, *_own(name)}, key=len, reverse=True):
        left = left.replace(stem, "")
    if plain and len(_without_rows(left)) < min(_REST, len(plain)):
        raise UsageError("this passphrase is among the first to be guessed (a favourite, keys in a row, or the name): four or five random "
                         "words are a good one")
    return passphrase


def passphrase_hash(key: bytes, account: str, passphrase: str, like: PinHash) -> bytes:
    """Under salt and parameters of `like`; takes tens to hundreds of milliseconds. Raises AccessError where there is no memory or no
    Argon2id. One passphrase typed on two keyboards is one: NFC."""
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hashed(key, f"login {account}", hashlib.sha256(text).hexdigest(), like)


def is_right(given: bytes, kept: PinHash) -> bool:
    """In constant time."""
    return hmac.compare_digest(given, kept.hash)


def _own(name: str) -> set[str]:
    """The words of a name, and all of it."""
    words = [word for word in name_key(name).split() if len(word) >= 3]
    return {"".join(character for character in word if character.isalnum()) for word in (*words, name_key(name))} - {""}


def _repeats(text: str) -> bool:
    """Is it a shorter piece over and over?"""
    return any(text == (text[:size] * (len(text) // size + 1))[:len(text)] for size in range(1, len(text) // 2 + 1))


def _without_rows(text: str) -> str:
    """Without stretches of four and more along such a row, either way."""
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]
    left, at = [], 0
    while at < len(text):
        size = next((size for size in range(len(text) - at, 3, -1) if any(text[at:at + size] in row for row in rows)), 0)
        if not size:
            left.append(text[at])
        at += size or 1
    return "".join(left)

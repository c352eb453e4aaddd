"""Passphrases: which are refused, and how one is kept."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.errors import UsageError
from edge_face.people.account_passphrase import LONGEST, SHORTEST, check_passphrase, is_right, passphrase_hash
from edge_face.people.code_hash import blank

KEY = bytes(32)


@pytest.mark.parametrize("good", ["four random words now", "correct zebra battery 9", "Kv7#pX-2qL9!", "四个随机的词语和一个数字还有更多",
                                  "it's raining in Uetersen", "  leading and trailing  ", "ümläute zählen auch", "🚪🔑🦊🐢🌧️🎺🧂🛶🪵🧭🪁🫖"])
def test_good_ones(good: str) -> None:
    assert check_passphrase(good, "Olga") == good


@pytest.mark.parametrize(("poor", "why"), [
    ("", "at least 12"), ("elevenchars", "at least 12"), ("x" * (LONGEST + 1), "at most"), ("a" * 20, "repeats"),
    ("abcabcabcabc", "repeats"), ("ab ab ab ab ab", "repeats"), ("correcthorsebatterystaple", "first to be guessed"),
    ("Password1234", "first to be guessed"),
    ("passwordpassword!1", "first to be guessed"), ("qwertyuiop123", "first to be guessed"), ("1234567890123", "first to be guessed"),
    ("zyxwvutsrqpon", "first to be guessed"), ("edge-face-door", "first to be guessed"), ("Raspberry Pi 4", "first to be guessed"),
    ("Olga Olga Smirnova", "first to be guessed"), ("smirnovaolga1", "first to be guessed"), ("AdminAdmin2026", "first to be guessed"),
    ("letmein-letmein1", "first to be guessed"), ("".join(chr(ord(c) + 0xFEE0) for c in "PASSWORD") + "1234", "first to be guessed")])
def test_poor_ones(poor: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        check_passphrase(poor, "Olga Smirnova")
    assert len(poor) < 5 or poor not in str(caught.value)


# The twelve of the 3,000 commonest in zxcvbn's list (MIT) that have twelve characters.
@pytest.mark.parametrize("common", ["1q2w3e4r5t6y", "qwerty123456", "123456qwerty", "123456654321", "123qweasdzxc",
                                    "1qaz2wsx3edc", "q1w2e3r4t5y6", "mailcreated5240", "qazwsxedcrfv", "polniypizdec0211",
                                    "sojdlg123aljg", "leavemealone"])
def test_what_everybody_takes(common: str) -> None:
    with pytest.raises(UsageError, match="first to be guessed"):
        check_passphrase(common, "Olga")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=LONGEST + 5), st.text(max_size=30))
def test_any_text_is_taken_or_refused_in_one_sentence(text: str, name: str) -> None:
    try:
        assert check_passphrase(text, name) == text and SHORTEST <= len(text) <= LONGEST
    except UsageError as error:
        assert "passphrase" in str(error)


def test_one_hash_for_one_passphrase_however_it_was_typed() -> None:
    like = blank()
    kept = passphrase_hash(KEY, "0" * 16, "Zoë's fünf wörter", like)
    assert passphrase_hash(KEY, "0" * 16, unicodedata.normalize("NFD", "Zoë's fünf wörter"), like) == kept and len(kept) == 32
    words = "Zoë's fünf wörter"
    others = [passphrase_hash(KEY, "0" * 16, words.lower(), like), passphrase_hash(KEY, "1" * 16, words, like),
              passphrase_hash(bytes([1]) * 32, "0" * 16, words, like), passphrase_hash(KEY, "0" * 16, words, blank())]
    assert kept not in others
    assert is_right(like.hash, like) and not is_right(kept, like)
    assert len(passphrase_hash(KEY, "0" * 16, "\ud800" * 12, like)) == 32

"""A sentence for the next page ("Ben was forgotten"), after the form that did it. Kept in memory; the browser has a random word for it."""

from __future__ import annotations

import secrets
from collections import OrderedDict

MOST = 200
"""Sentences that wait for their page; the oldest is dropped."""

_waiting: OrderedDict[str, tuple[str, str]] = OrderedDict()


def leave(text: str, kind: str = "good") -> str:
    """Keeps a sentence (`Words`, or a text); the word to fetch it by. `kind`: "good" or "bad"."""
    word = secrets.token_urlsafe(18)
    _waiting[word] = (text, kind)
    while len(_waiting) > MOST:
        _waiting.popitem(last=False)
    return word


def fetch(word: str) -> tuple[str, str] | None:
    """The sentence and its kind, once."""
    return _waiting.pop(word, None)

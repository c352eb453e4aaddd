"""What is shown once after a form: to the login that sent it, for some minutes, and not without end."""

from __future__ import annotations

from starlette.requests import Request

from edge_face.kiosk.kept import MOST, SECONDS, Kept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def asked_by(token: str) -> Request:
    return Request({"type": "http", "headers": [], "state": {"token": token}})


def test_it_is_shown_again_to_whoever_sent_the_form() -> None:
    clock = Clock()
    kept = Kept(clock)
    word = kept.keep(asked_by("olga"), {"link": "secret"})
    assert kept.fetch(asked_by("olga"), word) == {"link": "secret"} == kept.fetch(asked_by("olga"), word)
    assert kept.fetch(asked_by("hugo"), word) is None
    assert kept.fetch(asked_by("olga"), "another") is None
    clock.now = SECONDS + 1
    assert kept.fetch(asked_by("olga"), word) is None


def test_the_oldest_goes_when_there_are_too_many() -> None:
    kept = Kept(Clock())
    words = [kept.keep(asked_by("olga"), {"number": number}) for number in range(MOST + 5)]
    found = [kept.fetch(asked_by("olga"), word) for word in words]
    assert found[0] is None
    assert found[-1] == {"number": MOST + 4}
    assert sum(one is not None for one in found) <= MOST

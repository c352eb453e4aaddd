"""The screen before the camera: its checker on recorded events, its player over a real connection, and the run itself with --hil."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from hil_screen import CLIPS, LATE, Player, Playing, check, labels, stays

from edge_face.demo import clip_path, stills
from edge_face.demo.enrolled import enrolled
from edge_face.demo.replay import Replay
from edge_face.settings import DecisionSettings, Settings

T0 = 1_790_000_000.0
PLAYED = [Playing("door", T0, T0 + 22.4), Playing("turn_live", T0 + 30, T0 + 37)]


def grant(at: float, name: str | None = "ben") -> dict[str, Any]:
    return {"id": 1, "kind": "grant", "wall": T0 + at, "name": name, "person": "1f" * 8}


GOOD = [grant(4.9), {"kind": "relock", "wall": T0 + 8, "name": None}, {"kind": "deny", "wall": T0 + 17, "name": None}, grant(31.2)]


def bad(events: list[dict[str, Any]], known: set[str] | None = None) -> list[str]:
    return [f.sentence for f in check(PLAYED, events, {"ben"} if known is None else known) if not f.good]


def test_labels_say_who_stands_near() -> None:
    assert [(s.person, round(s.begin), round(s.end)) for s in stays(labels("door"))] == [("ben", 4, 8)]
    assert [s.person for s in stays(labels("turn_live"))][:1] == ["ben"]
    for attack in ("turn_print", "spoof_print", "spoof_screen"):
        assert stays(labels(attack)) == [], "a print is nobody's stay"


def test_good_run() -> None:
    assert bad(GOOD) == []
    assert any("let in after 0.8 s" in f.sentence for f in check(PLAYED, GOOD, {"ben"}))


def refusal(at: float, code: str) -> dict[str, Any]:
    reasons = [{"code": code, "text": "the pattern of a screen", "values": {}}]
    return {"id": 2, "kind": "deny", "wall": T0 + at, "name": "ben", "reasons": reasons}


def test_a_screen_that_is_refused_as_one_is_a_good_run() -> None:
    seen = [refusal(5.0, "liveness-attack"), refusal(31.2, "liveness-attack")]
    assert bad(seen) == []
    assert sum("no person: the pattern of a screen" in f.sentence for f in check(PLAYED, seen, {"ben"})) == 2
    assert len(bad([refusal(5.0, "unknown"), refusal(12.0, "liveness-attack")])) == 2, "another reason, another time"


def test_stranger_only_run() -> None:
    """Nobody of the clips is known: no grant is what must be."""
    assert bad([], {"ana"}) == [] and bad([], set()) == []


@pytest.mark.parametrize(("events", "words"), [
    ([], "ben stands near from 4.1 to 7.8 s and was not let in"),
    (GOOD[:1], "was not let in"),
    ([*GOOD, grant(17.5, "chidi")], "chidi was let in at 17.5 s, where the clip shows ben, hiro"),
    ([*GOOD, grant(17.5, None)], "nobody with a name was let in"),
    ([*GOOD, grant(0.3)], "ben was let in at 0.3 s, where the clip shows nobody"),
    ([*GOOD, grant(27.0)], "ben was let in while nothing was shown"),
    ([*GOOD, grant(-5.0)], "ben was let in while nothing was shown"),
    ([grant(4.9 + 3.5 + LATE), GOOD[3]], "was not let in"),
])
def test_bad_runs(events: list[dict[str, Any]], words: str) -> None:
    assert any(words in sentence for sentence in bad(events))


def test_somebody_who_is_known_but_not_shown() -> None:
    assert bad([*GOOD, grant(32.0, "ana")], {"ben", "ana"}) == ["ana was let in at 2.0 s, where the clip shows ben"]


def test_real_door_on_the_clip_itself() -> None:
    """What the door decides when the clip is its camera, in its own time: the checker agrees, and not so for another clip."""
    settings = replace(Settings(), decision=DecisionSettings(assurance="face"))
    with enrolled(settings, "ben", stills("ben")) as door:
        replay = Replay(clip_path("door"), settings, door.pipeline, door.consenting, door.names)
        for _ in replay.frames(130):
            pass
    events = [grant(g.seconds, door.names[g.person or ""]) for g in replay.trace.grants()]
    assert len(events) == 1
    assert [f.sentence for f in check([Playing("door", T0, T0 + 8.7)], events, {"ben"}) if not f.good] == []
    assert any(not f.good for f in check([Playing("spoof_screen", T0 - 4.5, T0 + 4.5)], events, {"ana"}))


def ask(player: Player, path: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{player.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status), bytes(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_player_serves_and_notes() -> None:
    times = iter([100.0, 122.4, 130.0])
    with Player(0, wall=lambda: next(times)) as player:
        status, page = ask(player, "/")
        assert status == 200 and b'["door", "turn_live"]' in page and b"%" not in page.replace(b"100%", b"")
        status, film = ask(player, "/clips/door.mp4")
        assert status == 200 and film[4:8] == b"ftyp"
        for path in ("/clips/../manifest.json", "/clips/../../../etc/passwd", "/other"):
            assert ask(player, path)[0] == 404
        assert ask(player, "/began/door", "POST")[0] == 200 and ask(player, "/ended/door", "POST")[0] == 200
        assert ask(player, "/began/hidden", "POST")[0] == 404
        assert ask(player, "/began/turn_live", "POST")[0] == 200 and ask(player, "/failed/turn_live", "POST")[0] == 200
        assert not player.wait(0)
        assert ask(player, "/done/all", "POST")[0] == 200 and player.wait(0)
    assert player.played == [Playing("door", 100.0, 122.4)] and player.failed == ["turn_live"]


def test_clip_that_ends_without_a_beginning_failed() -> None:
    with Player(0) as player:
        player.told("ended", "door")
    assert player.failed == ["door"] and player.played == []


@pytest.mark.hil
@pytest.mark.timeout(0)
@pytest.mark.parametrize("who", ["ben", "ana"])
def test_clips_before_the_camera(who: str, hil: pytest.Config, hil_camera: str, record_property: Any, tmp_path: Any) -> None:
    """Ben is let in when he stands near; a door that knows only Ana lets nobody in."""
    port = int(hil.getoption("--hil-screen"))
    if port <= 0:
        pytest.skip("needs a screen before the camera: --hil-screen PORT, then open http://PI:PORT on it (docs/hil.md)")
    from hil_door import running_door

    with running_door(tmp_path, hil_camera, hil.getoption("--hil-chip"), who) as client, Player(port) as player:
        print(f"\nthe door knows {who}: open http://<this Pi>:{player.port} on the screen before the camera, and click", flush=True)
        assert player.wait(900), "nobody played the clips within 15 minutes"
        events = client.call("events", last=500)
    assert player.failed == [] and [play.clip for play in player.played] == list(CLIPS), "the browser could not play all clips"
    findings = check(player.played, events, {who})
    for number, finding in enumerate(findings):
        record_property(f"{finding.clip} {number + 1}", finding.sentence)
    assert [finding.sentence for finding in findings if not finding.good] == []

"""The real door on the bundled clip with pictures and films of events on: what the pages, the API and the command line hand out of them."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kiosk_house import House

from edge_face.cli.main import main
from edge_face.errors import ForbiddenError, LoginNeededError, UnknownError, UsageError
from edge_face.opencv import cv2
from edge_face.privacy.sealed import make_keys, open_faces, read_private_key
from edge_face.settings_file import to_toml


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "owner.key")
    return folder


@pytest.fixture(scope="module")
def filmed(keys: Path) -> Iterator[House]:
    """Somebody whom the door does not know yet stands there while the exit button is pressed; then ben is known, who agreed to be seen."""
    made = House({"recorder.events": ["grant", "exit"], "recorder.clips": True, "recorder.before": 0.6, "recorder.after": 0.4,
                  "recorder.originals": str(keys / "owner.pub")}, clip="door", faces=("ben",), people=())
    parts = made.daemon.parts
    assert parts.recorder is not None and parts.policy is not None
    reel = parts.recorder.reel
    made.until(lambda: [shot for shot in reel.between(0, 1e12)[-1:] if shot.original])
    parts.policy.press()
    made.until(lambda: kinds(made) >= {"grant", "exit"})
    yield made
    made.close()


def kinds(house: House) -> set[str]:
    return {row["kind"] for row in house.ask("events.list", limit=200)["events"] if row["picture"]}


def latest(house: House, kind: str) -> int:
    return next(int(row["id"]) for row in house.ask("events.list", limit=200, kind=kind)["events"] if row["picture"])


def decoded(jpeg: bytes) -> Any:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def test_an_event_of_the_real_door_has_its_picture_and_film(filmed: House) -> None:
    number = latest(filmed, "grant")
    shown = filmed.ask("events.show", "viewer", event=number)
    assert shown["name"] == "ben" and shown["recording"]["frames"] >= 3
    answer = filmed.ask("events.picture", "viewer", event=number)
    assert decoded(base64.b64decode(answer["jpeg"])).shape[2] == 3 and answer["frames"] == shown["recording"]["frames"]
    film = filmed.ask("events.film", "viewer", event=number)
    times = [frame["at"] for frame in film["frames"]]
    assert times == sorted(times) and times[0] < 0 < times[-1] and times[0] >= -0.601 and times[-1] <= 0.401
    left = filmed.ask("events.film", event=number, at=len(times) - 1)
    assert len(left["frames"]) == 1 and left["next"] is None
    facts = filmed.ask("health")["status"]["recorder"]
    assert facts["kept"] >= 2 and facts["written"] >= facts["bytes"] > 0


def test_a_stranger_is_hidden_and_opens_for_the_owner_alone(filmed: House, keys: Path) -> None:
    number = latest(filmed, "exit")
    picture = base64.b64decode(filmed.ask("events.picture", event=number)["jpeg"])
    sealed = base64.b64decode(filmed.ask("events.original", event=number)["sealed"])
    opened = open_faces(decoded(picture), sealed, read_private_key(keys / "owner.key"), visible=picture)
    assert opened.faces and (np.abs(opened.image.astype(int) - decoded(picture)).max(axis=2) > 40).mean() > 0.0003
    with pytest.raises(ForbiddenError):
        filmed.ask("events.original", "helper", event=number)


def test_who_is_not_logged_in_sees_nothing(filmed: House) -> None:
    for command in ("events.picture", "events.film", "events.original"):
        with pytest.raises(LoginNeededError):
            filmed.ask(command, None, event=latest(filmed, "grant"))


@pytest.mark.parametrize("command", ["events.picture", "events.film", "events.original"])
def test_what_is_not_there_is_said(filmed: House, command: str) -> None:
    with pytest.raises(UnknownError, match="999999"):
        filmed.ask(command, event=999_999)
    for wrong in ({}, {"event": -1}, {"event": "1"}, {"event": 1, "more": 1}):
        with pytest.raises(UsageError):
            filmed.ask(command, **wrong)
    if command == "events.film":
        with pytest.raises(UnknownError, match="pictures"):
            filmed.ask(command, event=latest(filmed, "grant"), at=10_000)


def test_the_pages_show_them(filmed: House) -> None:
    viewer, number = filmed.logged_in("viewer"), latest(filmed, "grant")
    assert f'href="/events/{number}#h-picture"' in viewer.get("/events").text
    page = viewer.get(f"/events/{number}").text
    assert f'src="/events/{number}/picture.jpg"' in page and "film=1" in page and "/sealed" not in page
    picture = viewer.get(f"/events/{number}/picture.jpg")
    assert picture.headers["content-type"] == "image/jpeg" and picture.headers["cache-control"] == "no-store"
    assert decoded(picture.content).size
    assert f'src="/events/{number}/film.mjpeg?n=1"' in viewer.get(f"/events/{number}?film=1").text
    for odd in ("x", "9" * 50, "²"):
        assert viewer.get(f"/events/{number}", params={"film": odd}).status_code == 200
    played = viewer.get(f"/events/{number}/film.mjpeg")
    frames = filmed.ask("events.show", event=number)["recording"]["frames"]
    assert played.content.count(b"Content-Type: image/jpeg") == frames and decoded(played.content.split(b"\r\n\r\n")[1]).size
    assert "Pictures of events" in viewer.get("/health").text and viewer.get("/events/999999/picture.jpg").status_code == 400
    owner = filmed.logged_in()
    denied = latest(filmed, "exit")
    assert f"/events/{denied}/sealed" in owner.get(f"/events/{denied}").text
    assert "attachment" in owner.get(f"/events/{denied}/sealed").headers["content-disposition"]
    assert viewer.get(f"/events/{denied}/sealed").status_code == 403


def test_whoever_stands_at_the_door_may_know(filmed: House) -> None:
    text = filmed.kiosk.get("/notice").text
    assert "some seconds of such pictures are kept" in text and "only the owner" in text and "It is not recorded" not in text


def test_the_api_hands_them_out(filmed: House) -> None:
    browser, number = filmed.browser(), latest(filmed, "grant")
    head = {"Authorization": f"Bearer {filmed.token('viewer')}"}
    answer = browser.get(f"/api/v1/events/{number}/picture", headers=head)
    assert answer.status_code == 200 and decoded(base64.b64decode(answer.json()["jpeg"])).size
    assert browser.get(f"/api/v1/events/{number}/film?at=1", headers=head).json()["frames"]
    assert browser.get("/api/v1/events/999999/picture", headers=head).status_code == 404
    assert browser.get(f"/api/v1/events/{number}/sealed", headers=head).status_code == 403
    assert any(row["picture"] for row in browser.get("/api/v1/events", headers=head).json()["events"])


@pytest.fixture(scope="module")
def config(filmed: House) -> str:
    path = filmed.folder / "edge-face.toml"
    path.write_text(to_toml(filmed.settings, only_changed=True), encoding="utf-8")
    return str(path)


def test_the_command_line_asks_the_running_door(filmed: House, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                keys: Path) -> None:
    number = latest(filmed, "exit")
    assert main(["events", "list", "--pictures", "--last", "5", "--kind", "exit", "--config", config]) == 0
    listed = capsys.readouterr().out
    assert "[picture]" in listed and "exit button" in listed
    picture, film = tmp_path / "exit.jpg", tmp_path / "exit.mp4"
    wanted = ["events", "show", str(number), "--picture", str(picture), "--film", str(film), "--sealed", "--config", config]
    assert main(wanted) == 0
    assert "a film of" in capsys.readouterr().out and picture.stat().st_mode & 0o777 == 0o600
    from edge_face.media import VideoReader
    from edge_face.privacy.sealed.pictures import open_picture

    frames = filmed.ask("events.show", event=number)["recording"]["frames"]
    assert len(list(VideoReader(film))) == frames
    assert open_picture(picture, tmp_path / "open.png", read_private_key(keys / "owner.key")).opened
    assert main(wanted) == 2 and "exists already" in capsys.readouterr().err
    assert main([*wanted, "--force"]) == 0
    capsys.readouterr()
    folder = tmp_path / "all"
    assert main(["events", "export", str(folder), "--kind", "exit", "--no-films", "--json", "--config", config]) == 0
    done = json.loads(capsys.readouterr().out)
    rows = list(csv.reader(io.StringIO((folder / "events.csv").read_text(encoding="utf-8"))))
    assert done["pictures"] == len(list(folder.glob("*.jpg"))) >= 1 and len(rows) == done["events"] + 1 and not done["troubles"]


@pytest.mark.parametrize(("words", "said"), [
    (["show", "999999"], "no event 999999"), (["show", "1", "--sealed"], "--picture"), (["show", "N", "--picture", "a.png"], ".jpg"),
    (["show", "N", "--film", "a.avi"], ".mp4"), (["list", "--last", "0"], "--last 0"), (["list", "--since", "soon"], "--since soon"),
    (["list", "--who", "Nobody"], "nobody named"), (["export", "/proc/x"], "cannot be made")])
def test_wrong_words_are_answered_in_one_sentence(filmed: House, config: str, words: list[str], said: str,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(latest(filmed, "grant")) if word == "N" else word for word in words]
    assert main(["events", *words, "--config", config]) in (1, 2)
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_who_is_forgotten_is_in_no_picture_any_more(filmed: House, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last test of this house. While the door runs, by the way that everybody takes; then without a daemon."""
    ben = filmed.ids["ben"]

    def sharp(store: Any) -> set[int]:
        return {found.number for found in store.recordings.about(ben)}

    def ask(job: Any) -> Any:
        return filmed.daemon.books(lambda books: books.ask(job))

    assert ask(sharp)
    filmed.ask("people.forget", who=ben)
    assert not ask(sharp)
    gone = ask(lambda store: [number for number in store.recordings.numbers() if ben in store.recordings.facts(number).shown])
    assert gone == [] and "grant" not in {row["kind"] for row in filmed.ask("events.list", limit=200)["events"] if row["picture"]}
    filmed.stop()
    folder = Path(filmed.settings.store.folder) / "recordings"
    assert not list(folder.glob(".*"))
    assert main(["events", "list", "--pictures", "--kind", "exit", "--json", "--config", config]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["id"] for row in rows} <= {int(path.stem) for path in folder.glob("*.rec")} and rows
    assert main(["events", "show", str(rows[-1]["id"]), "--picture", str(filmed.folder / "x.jpg"), "--config", config]) == 0

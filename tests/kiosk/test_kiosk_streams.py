"""Streams of the pages over a real port: state and pictures, many who look, one who is slow, a daemon that goes and comes back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kiosk_house import House
from kiosk_server import Opened, Served

from edge_face.access import Authority, Decision, Kind
from edge_face.errors import ServiceError
from edge_face.kiosk import feed as feeds
from edge_face.kiosk import streams
from edge_face.kiosk.feed import Feed, Picture, State, Topic
from edge_face.kiosk.link import Link
from edge_face.kiosk.pages import Listener
from edge_face.opencv import cv2
from edge_face.service.web.roles import Role


@pytest.fixture(scope="module")
def beside(filmed_house: House) -> Iterator[Served]:
    with Served(filmed_house, Listener.KIOSK) as served:
        yield served


def next_of(opened: Opened, name: str) -> Any:
    return next(data for event, data in opened.events() if event == name)


def test_the_state_comes_at_once_and_at_each_change(beside: Served, filmed_house: House) -> None:
    opened = beside.open("/state")
    assert opened.status == 200 and opened.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert opened.headers["cache-control"] == "no-store"
    first = next_of(opened, "state")
    assert first["camera"] == "ok" and first["greeting"] is None
    filmed_house.console.call("door.lockdown")
    begun = time.monotonic()
    try:
        assert next(data for name, data in opened.events() if data.get("phase") == "lockdown")["message"] == "lockdown"
        assert time.monotonic() - begun < 5
    finally:
        filmed_house.console.call("door.lift")
    assert next(data for name, data in opened.events() if data.get("phase") != "lockdown")
    opened.close()


def granted(house: House) -> Decision:
    """As the policy says it when ben's face was recognised."""
    clock = house.daemon.clock
    return Decision(Kind.GRANT, clock.monotonic(), clock.wall(), (), house.ids["ben"], authority=Authority.FACE, seconds=3.0)


def test_who_is_let_in_is_greeted_as_they_chose_and_only_then(filmed_house: House, beside: Served) -> None:
    opened = beside.open("/state")
    filmed_house.ask("people.greet", who="ben", text="Good evening, captain")
    filmed_house.daemon.board.hear(granted(filmed_house))
    shown = next(data for name, data in opened.events() if data.get("phase") == "granted" and data["greeting"])
    assert (shown["greeting"], shown["message"]) == ("Good evening, captain", "let_in")
    assert filmed_house.ask("people.greet", who="ben", text="")["greeting"] is None
    filmed_house.daemon.board.hear(granted(filmed_house))
    shown = next(data for name, data in opened.events() if data.get("phase") == "granted" and data["greeting"] is None)
    assert shown["message"] == "let_in"
    opened.close()


def test_whom_the_owner_lets_in_is_seen_on_the_page(filmed_house: House, beside: Served) -> None:
    opened = beside.open("/state")
    filmed_house.console.call("door.pulse", seconds=1.0)
    assert next(data for name, data in opened.events() if data.get("message") == "owner")["phase"] == "granted"
    opened.close()


def test_pictures_move_and_are_hidden_ones(beside: Served) -> None:
    opened = beside.open("/picture.mjpeg")
    assert opened.headers["content-type"] == "multipart/x-mixed-replace; boundary=picture"
    pictures = opened.pictures()
    jpegs = [next(pictures) for _ in range(3)]
    opened.close()
    assert len(set(jpegs)) == 3
    for jpeg in jpegs:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape == (480, 640, 3)


def test_one_picture_and_one_state(filmed_house: House) -> None:
    kiosk, owner = filmed_house.kiosk, filmed_house.logged_in(Role.VIEWER)
    for browser, path in ((kiosk, "/picture.jpg"), (owner, "/live/picture.jpg")):
        answer = browser.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg" and answer.content[:2] == b"\xff\xd8"
        assert answer.headers["cache-control"] == "no-store"
    assert kiosk.get("/state?once=1").json()["state"]["camera"] == "ok"
    assert owner.get("/api/v1/state?once=1").json()["state"]["camera"] == "ok"


def test_boxes_for_aiming_have_no_identities(filmed_house: House) -> None:
    browser = filmed_house.logged_in(Role.VIEWER)
    found: dict[str, Any] = filmed_house.until(lambda: (o := browser.get("/live/overlay").json())["boxes"] and o)
    assert set(found) == {"number", "width", "height", "boxes", "landmarks", "zone"} and len(found["landmarks"]) == 5 * len(found["boxes"])
    for box in found["boxes"]:
        assert set(box) == {"x", "y", "width", "height", "near"} and all(0 <= box[k] <= 1 for k in ("x", "y", "width", "height"))
    assert 0 < found["zone"]["width"] < 1


def test_owner_streams_are_not_on_the_kiosk_s_listener_and_need_a_login(filmed_house: House) -> None:
    for path in ("/live/picture.mjpeg", "/live/picture.jpg", "/live/overlay", "/api/v1/state", "/metrics"):
        assert filmed_house.kiosk.get(path).status_code == 404
        assert filmed_house.browser().get(path).status_code in (303, 401)


def test_a_logout_ends_what_was_being_watched(filmed_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.kiosk.stream_pages.AGAIN", 0.2)
    token = filmed_house.token(Role.VIEWER)
    with Served(filmed_house, Listener.OWNER) as served:
        state, moving = served.open("/api/v1/state", token), served.open("/live/picture.mjpeg", token)
        assert state.status == moving.status == 200
        pictures = moving.pictures()
        next(pictures)
        filmed_house.daemon.sessions.end(token)
        with pytest.raises(EOFError):
            for _ in range(100):
                next(pictures)
        with pytest.raises(EOFError):
            for name, _ in state.events():
                last = name
        assert last == "ended"


def test_looking_does_not_put_off_the_logout(filmed_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.kiosk.stream_pages.AGAIN", 0.1)
    token = filmed_house.token(Role.VIEWER)
    touched: list[bool] = []
    find = filmed_house.daemon.sessions.find
    monkeypatch.setattr(filmed_house.daemon.sessions, "find", lambda t, *, touch=True: touched.append(touch) or find(t, touch=touch))
    with Served(filmed_house, Listener.OWNER) as served:
        pictures = served.open("/live/picture.mjpeg", token).pictures()
        for _ in range(4):
            next(pictures)
    assert touched and not any(touched)


def test_many_look_and_the_daemon_is_asked_once(filmed_house: House, beside: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    latest = filmed_house.daemon.feed_of_pages.latest

    def counted(after: int = 0, wait: float = 0.0) -> Any:
        asked.append((after, threading.get_ident()))
        return latest(after, wait)

    monkeypatch.setattr(filmed_house.daemon.feed_of_pages, "latest", counted)
    many = [beside.open("/picture.mjpeg") for _ in range(12)]
    moving = [opened.pictures() for opened in many]
    begun, before = time.monotonic(), len(asked)
    seen = [[next(pictures) for _ in range(6)] for pictures in moving]
    took = time.monotonic() - begun
    assert all(len(set(jpegs)) == 6 for jpegs in seen)
    # Read one after the other: whoever was not being read skipped what came meanwhile, and the daemon never noticed.
    assert len(asked) - before <= 5 * took + 8
    for opened in many:
        opened.close()


def test_one_who_does_not_read_delays_nobody(beside: Served, filmed_house: House) -> None:
    stuck = [beside.open("/picture.mjpeg", buffer=4096) for _ in range(5)]
    quick = beside.open("/picture.mjpeg")
    pictures = quick.pictures()
    next(pictures)
    frames, begun = filmed_house.daemon.parts.vision.frames, time.monotonic()  # type: ignore[union-attr]
    for _ in range(10):
        next(pictures)
    took = time.monotonic() - begun
    assert took < 8, "five pictures a second are promised"
    assert filmed_house.daemon.parts.vision.frames - frames > 2 * took  # type: ignore[union-attr]
    for opened in (*stuck, quick):
        opened.close()


def test_one_who_takes_nothing_is_left(filmed_house: House, beside: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SLOW", 0.5)
    topic = beside.run(_feed(beside)).pictures
    before = topic.watchers
    stuck = beside.open("/picture.mjpeg", buffer=2048)
    filmed_house.until(lambda: topic.watchers > before)
    filmed_house.until(lambda: topic.watchers == before)
    stuck.close()


def test_nothing_is_pulled_when_nobody_looks(filmed_house: House, beside: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "LINGER", 0.1)
    feed = beside.run(_feed(beside))
    opened = beside.open("/picture.mjpeg")
    next(opened.pictures())
    opened.close()
    filmed_house.until(lambda: feed.pictures._task is None and feed.pictures.newest is None)
    filmed_house.until(lambda: not filmed_house.daemon.feed_of_pages.wanted)


def test_not_more_look_than_there_is_room_for(beside: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.kiosk.stream_pages.MOST_WATCHERS", 2)
    monkeypatch.setattr(feeds, "MOST_WATCHERS", 2)
    two = [beside.open("/state") for _ in range(2)]
    for opened in two:
        next_of(opened, "state")
    assert beside.open("/state").status == 409
    for opened in two:
        opened.close()


async def _feed(served: Served) -> Feed:
    return feeds._FEEDS[asyncio.get_running_loop()][served.link.path]


def test_a_daemon_that_goes_and_comes_back(new_house: Any) -> None:
    house: House = new_house(clip="door", faces=(), people=())
    with Served(house, Listener.KIOSK) as served:
        state, moving = served.open("/state"), served.open("/picture.mjpeg")
        before = next_of(state, "state")
        pictures = moving.pictures()
        next(pictures)
        house.stop()
        next_of(state, "down")
        assert served.open("/state").status == 200
        house.until(lambda: served.open("/picture.jpg").status == 409)
        house.start()
        after = next_of(state, "state")
        assert after["time"] > before["time"]
        house.until(lambda: next(pictures))
        one, two = next(pictures), next(pictures)
        assert one != two


def test_a_door_without_pictures_shows_none(house: House) -> None:
    assert house.kiosk.get("/picture.jpg").status_code == 204
    with Served(house, Listener.KIOSK) as served:
        with pytest.raises(EOFError):
            next(served.open("/picture.mjpeg").pictures())
        assert next_of(served.open("/state"), "state")["camera"] == "off"


def test_streams_end_when_their_listener_does(filmed_house: House) -> None:
    served = Served(filmed_house, Listener.KIOSK)
    with served:
        state, moving = served.open("/state"), served.open("/picture.mjpeg")
        next_of(state, "state")
        pictures = moving.pictures()
        next(pictures)
        begun = time.monotonic()
        for close in served.site.closing:
            served.run(close())
        with pytest.raises(EOFError):
            for _ in range(100):
                next(pictures)
        with pytest.raises(EOFError):
            list(state.events())
        assert time.monotonic() - begun < 5


def test_times_move_on_while_a_state_lies_there() -> None:
    state = State(1, {"time": 100.0, "prompt_seconds": 5.0, "rest_seconds": None, "phase": "code"}, time.monotonic() - 2.0)
    now = state.now()
    assert now is not None
    assert now["time"] == pytest.approx(102.0, abs=0.2) and now["prompt_seconds"] == pytest.approx(3.0, abs=0.2)
    assert now["rest_seconds"] is None and now["phase"] == "code"
    old = State(1, {"prompt_seconds": 1.0}, time.monotonic() - 9.0).now()
    assert old == {"prompt_seconds": 0.0} and State(0, None, 0.0).now() is None


def test_a_watcher_skips_what_it_was_too_slow_for() -> None:
    async def watch() -> None:
        async def pull(topic: Topic[Picture]) -> None:
            await asyncio.sleep(60)

        topic: Topic[Picture] = Topic(pull)
        async with topic.watched() as watch:
            assert await watch.next(0.01) is None
            for number in range(5):
                topic.put(Picture(number, b"x"))
            seen = await watch.next(0.01)
            assert seen is not None and seen.number == 4 and await watch.next(0.01) is None
            async with topic.watched() as late:
                seen = await late.next(0.01)
                assert seen is not None and seen.number == 4
        await topic.close()

    asyncio.run(watch())


def test_a_pull_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "PAUSE", 0.01)
    tries: list[int] = []

    async def watch() -> None:
        async def pull(topic: Topic[Picture]) -> None:
            tries.append(1)
            if len(tries) < 3:
                raise RuntimeError("a fault of ours")
            topic.put(Picture(1, b"x"))
            await asyncio.sleep(60)

        topic: Topic[Picture] = Topic(pull)
        async with topic.watched() as watch:
            assert await watch.next(5.0) == Picture(1, b"x")
        await topic.close()

    asyncio.run(watch())


def test_a_daemon_that_talks_nonsense_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def watch() -> None:
        feed = Feed(Link(tmp_path / "web.sock"))

        async def nonsense(*_: Any, **__: Any) -> Any:
            return {"number": "one", "state": 5}

        monkeypatch.setattr(feed._link, "ask", nonsense)
        async with feed.states.watched() as states, feed.pictures.watched() as pictures:
            state = await states.next(5.0)
            assert state is not None and state.values is None
            assert await pictures.next(0.1) is None
        await feed.close()
        assert feed.closed

    asyncio.run(watch())


def test_too_many_watchers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_WATCHERS", 1)

    async def watch() -> None:
        async def pull(topic: Topic[Picture]) -> None:
            await asyncio.sleep(60)

        topic: Topic[Picture] = Topic(pull)
        async with topic.watched():
            with pytest.raises(ServiceError, match="1 pages look"):
                async with topic.watched():
                    pass
        await topic.close()

    asyncio.run(watch())

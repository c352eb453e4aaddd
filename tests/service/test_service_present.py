"""A running door: the next card at its reader is given to somebody and opens nothing yet; a log that was taken away is missed."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Running, eventually

from edge_face.audit import read_entries, read_head, seen_head, verify_log
from edge_face.cli.main import main
from edge_face.door.board import Board
from edge_face.door.wiegand import frame_bits
from edge_face.people import Consent, Given, Store

LOCK, D0, D1 = "GPIO17", "GPIO23", "GPIO24"


class Door:
    """Of a reader and a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.config = folder, folder / "store", str(folder / "edge-face.toml")
        with Store(self.store) as store:
            store.add("Ben", Consent(Given(1.0, "in a test"), None), wall=1.0)
        self.board = Board(folder / "board")
        self.board.resist(LOCK, 0)
        self.start()

    def start(self) -> None:
        settings = (f'[store]\nfolder = "{self.store}"\n[service]\nsocket = "{self.folder}/control.sock"\n[camera]\nsource = "none"\n'
                    f'[inputs]\nwiegand_d0 = "{D0}"\nwiegand_d1 = "{D1}"\n')
        self.door = Running(self.folder, "--pins=mock", "--source=none", settings=settings,
                            environment={"EDGE_FACE_BOARD": str(self.folder / "board")})
        self.door.wait_for("people:")

    def stop(self) -> None:
        self.door.end(signal.SIGTERM)

    def kinds(self) -> list[str]:
        return [entry.record.kind for entry in read_entries(self.store / "audit")]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    if made.door.process.poll() is None:
        made.door.process.kill()
        made.door.process.communicate()
    made.board.close()


def test_a_card_is_held_to_the_reader_and_is_bens(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    adding = threading.Thread(target=lambda: codes.append(main(["codes", "add", "Ben", "--present", "--config", door.config])))
    adding.start()

    def shown() -> bool:
        door.board.send_bits(D0, D1, frame_bits(17, 4242))
        adding.join(5.0)  # taken at once, or shown too early
        return not adding.is_alive()

    eventually(shown)
    assert codes == [0] and "Ben has a card (card:1)" in capsys.readouterr().out
    first = [e["kind"] for e in door.door.client.call("events", last=100)]
    assert "code" not in first, "the card that was added opened nothing by that"
    eventually(lambda: door.board.level(LOCK) == 0)
    door.board.send_bits(D0, D1, frame_bits(17, 4242))
    eventually(lambda: door.board.level(LOCK) == 1)
    assert not any("4242" in str(line) for line in door.door.log())


def test_a_log_that_was_taken_away_is_missed(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    door.stop()
    with Store(door.store, read_only=True) as store:
        key = store.audit_key()
        seen = seen_head(store.record)
    assert seen is not None and seen.log == read_head(door.store / "audit", key).log
    assert verify_log(door.store / "audit", key, seen).problem is None
    shutil.rmtree(door.store / "audit")
    door.start()
    eventually(lambda: "broken" in door.kinds())
    assert any("audit" in trouble for trouble in door.door.client.call("status")["troubles"])
    assert main(["audit", "verify", "--config", door.config]) == 1
    assert "begun anew" in capsys.readouterr().err
    door.stop()
    door.start()
    door.stop()
    assert door.kinds().count("broken") == 1, "it is missed once"

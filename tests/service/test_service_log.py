"""Log lines, and a reader that does not read."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
from pathlib import Path

import pytest

from edge_face.service.log import Log, fields


@pytest.fixture(autouse=True)
def no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


def test_json_lines() -> None:
    stream = io.StringIO()
    log = Log("json", stream)
    logging.getLogger("edge_face.door").info("released for %s", "3 s", extra=fields(person="p1", time="x", score=0.5))
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("edge_face.vision").exception("broken")
    log.close()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["part"] == "door" and first["message"] == "released for 3 s" and first["level"] == "info"
    assert first["person"] == "p1" and first["score"] == 0.5 and isinstance(first["time"], float)
    assert second["trace"].endswith("ValueError: no")


def test_lines_for_people() -> None:
    stream = io.StringIO()
    log = Log("text", stream)
    logging.getLogger("edge_face.door").warning("locked", extra=fields(seconds=2.999999))
    logging.getLogger("edge_face.door").debug("never seen")
    log.close()
    line = stream.getvalue()
    assert line.endswith(" WARNING door: locked (seconds=3)\n")
    assert line.count("\n") == 1


def test_in_the_journal_a_line_has_a_priority_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    stream = io.StringIO()
    log = Log("text", stream)
    logging.getLogger("edge_face.door").error("a\nb")
    log.close()
    assert stream.getvalue() == "<3>door: a\n<3>b\n"


def test_a_reader_that_does_not_read_holds_nobody_up() -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    log = Log("text", stream)
    logger = logging.getLogger("edge_face.door")
    for number in range(3000):
        logger.info("%d %s", number, "x" * 200)
    text: list[str] = []

    def read() -> None:
        with os.fdopen(reader) as lines:
            text.extend(lines)

    thread = threading.Thread(target=read)
    thread.start()
    log._front.finish(30)
    logger.info("after")
    log._front.finish(0)
    log.close()
    stream.close()
    thread.join(30)
    assert " 0 xxx" in text[0].replace("door:", "")
    assert 100 < len(text) < 3000


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as raw:
        stream = io.TextIOWrapper(raw, write_through=True)
        log = Log("text", stream)
        logging.getLogger("edge_face.door").info("into the void")
        log.close()
        # What is written from now on goes nowhere, so that Python does not fail at its end over what nobody reads.
        assert os.path.samestat(os.fstat(raw.fileno()), Path(os.devnull).stat())
        assert stream.write("more") == 4
        stream.flush()
        stream.detach()


def test_the_root_logger_is_as_before() -> None:
    root = logging.getLogger("edge_face")
    before = (root.level, root.propagate, list(root.handlers))
    Log("text", io.StringIO()).close()
    assert (root.level, root.propagate, list(root.handlers)) == before

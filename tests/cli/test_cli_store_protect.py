"""`edge-face store protect` from the command line, and the setting that protects a new store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from people_cli import Shell

from edge_face.people import Consent, Given, Store, Template
from edge_face.service.books import open_books
from edge_face.settings import Settings, StoreSettings

GIVEN = Given(1.0, "a test")
FACE = np.random.default_rng(3).standard_normal(384).astype(np.float32)
FACE /= np.linalg.norm(FACE)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell(tmp_path, capsys, monkeypatch)
    with Store(shell.store) as store:
        store.add("Ben", Consent(GIVEN, GIVEN), [Template(FACE, "m")], wall=0.0)
    return shell


def template(run: Shell) -> Template:
    with Store(run.store, read_only=True) as store:
        return store.find("Ben").templates[0]


def test_there_and_back_and_under_a_new_key(run: Shell) -> None:
    assert "embeddings" in run("store", "info").out
    assert run("store", "protect", "--off").out.strip() == "the templates are embeddings already"
    done = run("store", "protect", "--json").json
    assert done == {"protected": True, "changed": True, "people": 1, "of_pictures": 0, "codings": 1, "damaged": []}
    assert run("store", "info", "--json").json["protected"] and "codes under a key" in run("store", "info").out
    assert run("store", "check").code == 0
    assert "already" in run("store", "protect").out and not run("store", "protect", "--json").json["changed"]
    before = template(run).code
    assert before is not None
    assert "new key" in run("store", "protect", "--renew").out
    after = template(run).code
    assert after is not None and before.bits.tobytes() != after.bits.tobytes()
    for _ in range(2):
        last = run("store", "protect", "--renew").out
    assert "enrol again" in last  # four codings by now
    assert run("store", "protect", "--off", "--json").json["protected"] is False
    assert template(run).code is None and float(template(run).embedding @ FACE) > 0.93


def test_pictures_that_will_not_do_cost_nobody_their_templates(run: Shell) -> None:
    from edge_face.people.pictures import picture_of
    from edge_face.types import Quality

    rng = np.random.default_rng(0)
    quality = Quality(1.0, 1.0, 1.0, 1.0, 1.0, 60.0, 0.0, 0.0, 0.0)
    with Store(run.store) as store:
        kept = [picture_of(rng.integers(0, 255, (112, 112, 3), np.uint8), "straight", quality, 1.0)]  # one alone
        store.add("Mia", Consent(GIVEN, None, GIVEN), [Template(-FACE, "m")], wall=0.0, pictures=kept)
        store.protect()
    done = run("store", "protect", "--renew")
    assert done.code == 0 and "Mia: kept pictures cannot be used" in done.err
    with Store(run.store, read_only=True) as store:
        assert [len(p.templates) for p in store.people()] == [1, 1]


def test_both_ways_at_once_are_refused(run: Shell) -> None:
    assert run("store", "protect", "--off", "--renew").code == 2


@pytest.mark.parametrize("wanted", [True, False])
def test_the_setting_protects_a_store_from_its_first_template_on(tmp_path: Path, wanted: bool) -> None:
    books = open_books(Settings(store=StoreSettings(folder=str(tmp_path), cancelable=wanted)))
    try:
        assert books.store.protected == wanted
        books.store.add("Ben", Consent(GIVEN, None), [Template(FACE, "m")], wall=0.0)
        assert (books.store.find("Ben").templates[0].code is not None) == wanted
    finally:
        books.close()


def test_a_store_that_has_templates_is_only_spoken_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Store(tmp_path) as store:
        store.add("Ben", Consent(GIVEN, None), [Template(FACE, "m")], wall=0.0)
    books = open_books(Settings(store=StoreSettings(folder=str(tmp_path), cancelable=True)))
    try:
        assert not books.store.protected and "edge-face store protect" in caplog.text
    finally:
        books.close()

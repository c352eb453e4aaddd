"""Pictures that people leave here: what counts as one, where they lie, who gets them."""

from __future__ import annotations

import base64
import sqlite3
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from people_fakes import BOTH, GIVEN, MODEL, THRESHOLDS, crop, quality, template, templates_like

from edge_face.errors import PeopleError, UsageError
from edge_face.people import Consent, PeopleCommands, SealBrokenError, Store
from edge_face.people.pictures import (
    LARGEST_PNG,
    MOST_PICTURES,
    Picture,
    crop_of,
    picture_of,
    picture_record,
    pictures_of,
)
from edge_face.people.records import template_record

ALL = Consent(GIVEN, GIVEN, GIVEN)


def test_a_crop_comes_back_to_the_last_bit() -> None:
    image = np.random.default_rng(3).integers(0, 256, (112, 112, 3), np.uint8)
    record = picture_record(picture_of(image, "left", quality(yaw=12.5), 77.0))
    back, = pictures_of([record])
    assert np.array_equal(crop_of(back), image)
    assert (back.pose, back.quality.yaw, back.wall) == ("left", 12.5, 77.0)


def test_nothing_of_a_picture_is_printed() -> None:
    assert "PNG" not in repr(crop(1)) and "png" not in repr(crop(1))


def _png(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"rest"


@pytest.mark.parametrize("png", [b"", b"\x89PNG\r\n\x1a\n", b"no picture at all, but long enough to be one", _png(20_000, 20_000),
                                 _png(112, 111), _png(112, 112, 16), _png(112, 112, 8, 6), _png(112, 112) + bytes(LARGEST_PNG),
                                 cv2.imencode(".jpg", np.zeros((112, 112, 3), np.uint8))[1].tobytes()])
def test_what_is_no_picture_is_refused_before_it_is_unpacked(png: bytes) -> None:
    with pytest.raises(PeopleError, match="112x112"):
        Picture(png, "straight", quality(), 0.0)


def test_a_picture_that_is_cut_off_is_damaged() -> None:
    with pytest.raises(PeopleError, match="damaged"):
        crop_of(Picture(_png(112, 112), "straight", quality(), 0.0))


@pytest.mark.parametrize("change", [{"png": 3}, {"png": "%%"}, {"quality": None}, {"quality": {}}, {"pose": ""}, {"pose": "x" * 40},
                                    {"wall": "now"}, {"wall": float("nan")}, {"wall": True}])
def test_records_that_are_none(change: dict[str, Any]) -> None:
    with pytest.raises(PeopleError):
        pictures_of([picture_record(crop(1)) | change])


@pytest.mark.parametrize("values", ["a text", {}, [picture_record(crop(1))] * (MOST_PICTURES + 1), [None], [[]]])
def test_lists_that_are_none(values: Any) -> None:
    with pytest.raises(PeopleError):
        pictures_of(values)


def test_the_store_keeps_them_sealed_and_only_with_consent(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(PeopleError, match="without the consent"):
            store.add("Ben", BOTH, [template(1)], wall=0.0, pictures=[crop(1)])
        assert store.count() == 0
        ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1), crop(2)])
        assert store.pictures(ben.id) == (crop(1), crop(2)) and store.count_pictures(ben.id) == 2
        raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert all(crop(k).png[100:132] not in raw for k in (1, 2))
        store.replace_templates(ben.id, [template(3)])
        assert store.count_pictures(ben.id) == 2, "new templates by themselves leave pictures as they are"
        store.replace_templates(ben.id, [template(3)], [crop(5)])
        assert store.pictures(ben.id) == (crop(5),)
        with pytest.raises(PeopleError, match=f"at most {MOST_PICTURES}"):
            store.replace_templates(ben.id, [template(3)], [crop(5)] * (MOST_PICTURES + 1))
        assert store.pictures(ben.id) == (crop(5),)


def test_a_picture_moved_to_somebody_else_does_not_open(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1)])
        ana = store.add("Ana", ALL, [template(2)], wall=0.0)
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("UPDATE picture SET person = ?", [ana.id])
    with Store(tmp_path) as store:
        assert store.pictures(ben.id) == ()
        with pytest.raises(SealBrokenError, match="a picture of person"):
            store.pictures(ana.id)


@pytest.fixture
def door(tmp_path: Path) -> PeopleCommands:
    store = Store(tmp_path / "door")
    return PeopleCommands(store, embedder_id=MODEL, thresholds=THRESHOLDS, wall=lambda: 1000.0)


def _enrolled(door: PeopleCommands, consent: list[str], pictures: list[Picture]) -> dict[str, Any]:
    return door.run("people.enroll", {"name": "Ben", "templates": [template_record(t) for t in templates_like(1)], "consent": consent,
                                      "pictures": [picture_record(p) for p in pictures]})["person"]


def test_commands_show_give_and_erase_them(door: PeopleCommands) -> None:
    person = _enrolled(door, ["recognise", "pictures"], [crop(1, 5.0), crop(2, 6.0)])
    assert person["pictures"] == 2 and person["consent"]["pictures"] is not None
    shown = door.run("people.show", {"who": "Ben"})
    assert [p["wall"] for p in shown["pictures_kept"]] == [5.0, 6.0] and "png" not in str(shown)
    given = door.run("people.pictures", {"who": "ben"})["pictures"]
    assert [base64.b64decode(p["png"]) for p in given] == [crop(1).png, crop(2).png]
    after = door.run("people.consent", {"who": "Ben", "withdraw": ["pictures"]})
    assert (after["pictures"], after["templates"], after["state"]) == (0, 4, "active")
    assert door.run("people.pictures", {"who": "Ben"})["pictures"] == []


def test_without_consent_nobody_is_enrolled_with_pictures(door: PeopleCommands) -> None:
    with pytest.raises(PeopleError, match="without the consent"):
        _enrolled(door, ["recognise"], [crop(1)])
    assert door.run("people.list", {})["people"] == []


def test_the_consent_cannot_be_given_without_an_enrolment(door: PeopleCommands) -> None:
    _enrolled(door, ["recognise"], [])
    with pytest.raises(UsageError, match="--keep-pictures"):
        door.run("people.consent", {"who": "Ben", "give": ["pictures"]})


def test_taking_back_recognise_takes_the_pictures_too(door: PeopleCommands) -> None:
    _enrolled(door, ["recognise", "show", "pictures"], [crop(1)])
    after = door.run("people.consent", {"who": "Ben", "withdraw": ["recognise"]})
    assert (after["pictures"], after["templates"], after["state"]) == (0, 0, "pending") and not any(after["consent"].values())


def test_exports_carry_them_and_imports_bring_them(door: PeopleCommands, tmp_path: Path) -> None:
    _enrolled(door, ["recognise", "pictures"], [crop(1), crop(2)])
    records = door.run("people.export", {})["people"]
    other = PeopleCommands(Store(tmp_path / "other"), embedder_id=MODEL, thresholds=THRESHOLDS)
    assert other.run("people.import", {"people": records})["left_out"] == []
    assert other.run("people.pictures", {"who": "Ben"}) == door.run("people.pictures", {"who": "Ben"})
    without = [{key: value for key, value in record.items() if key != "pictures"} for record in records]
    older = PeopleCommands(Store(tmp_path / "older"), embedder_id=MODEL, thresholds=THRESHOLDS)
    assert len(older.run("people.import", {"people": without})["imported"]) == 1, "an export of an earlier edge-face"


def test_people_of_another_embedder_come_in_with_pictures_only(door: PeopleCommands, tmp_path: Path) -> None:
    _enrolled(door, ["recognise", "pictures"], [crop(1), crop(2)])
    record, = door.run("people.export", {})["people"]
    newer = PeopleCommands(Store(tmp_path / "newer"), embedder_id="another-embedder", thresholds=THRESHOLDS)
    refused = newer.run("people.import", {"people": [record | {"pictures": []}]})
    assert refused["imported"] == [] and "another embedder" in refused["left_out"][0]["why"]
    added, = newer.run("people.import", {"people": [record]})["imported"]
    assert added["pictures"] == 2 and "another embedder" in added["enrol_again"]

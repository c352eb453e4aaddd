"""When the disk gets short, the oldest pictures go first."""

from __future__ import annotations

from pathlib import Path

from people_fakes import BOTH, GIVEN, crop, template

from edge_face.people import Consent, Store
from edge_face.people.room import LITTLE, free_bytes, make_room

ALL = Consent(GIVEN, GIVEN, GIVEN)


def test_the_oldest_pictures_go_first_and_nothing_else(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1), crop(2)]).id
        ana = store.add("Ana", ALL, [template(2)], wall=0.0, pictures=[crop(3)]).id
        cem = store.add("Cem", BOTH, [template(3)], wall=0.0).id
        size = len(crop(1).png)
        assert make_room(store, 1000, lambda folder: 1000) == 0 and store.count_pictures(ben) == 2
        assert make_room(store, 1000 + size, lambda folder: 1000) == 1
        assert [p.png for p in store.pictures(ben)] == [crop(2).png] and store.count_pictures(ana) == 1
        # The room that is inside the file counts: asked again, nothing more goes.
        assert store.unused_bytes() >= size - 4096 and make_room(store, 1000 + size - 4096, lambda folder: 1000) == 0
        assert make_room(store, 1 << 40, lambda folder: 0) == 2 and make_room(store, 1 << 40, lambda folder: 0) == 0
        assert sorted(p.name for p in store.people()) == ["Ana", "Ben", "Cem"] and all(len(p.templates) == 1 for p in store.people())
        raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        before = (tmp_path / "people.db").stat().st_size
        for k in range(100):
            store.events.append("grant", float(k), cem, {"why": "x" * 200})
        assert (tmp_path / "people.db").stat().st_size == before and crop(3).png[:64] not in raw


def test_the_disk_is_asked(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0 and LITTLE > 0

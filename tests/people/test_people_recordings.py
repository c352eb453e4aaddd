"""Pictures of events in the store: sealed, bound to their event, gone with their time and with whoever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_disk import FILL, disks, on_a_small_disk

from edge_face.errors import StoreError, UnknownError
from edge_face.people import Consent, Given, Store
from edge_face.people.backup import back_up, restore
from edge_face.people.inspection import check
from edge_face.people.recording_file import FRAME, ORIGINAL, PICTURE, Draft, Part, write_draft
from edge_face.people.recordings import KIND, Recordings
from edge_face.people.rotation import rotate_key
from edge_face.people.sealing import SealBrokenError

GIVEN = Given(1.0, "in a test")
SEEN = Consent(GIVEN, GIVEN)
PIXELS = b"\xff\xd8 a picture nobody else has " + bytes(range(256)) * 8


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def draft(store: Store, number: int, *, wall: float = 100.0, shown: tuple[str, ...] = (), film: int = 0, original: bool = False,
          picture: bytes = PIXELS, sealed: tuple[str, ...] = ()) -> Draft:
    parts = [Part(PICTURE, 0.0, picture), *(Part(FRAME, n / 5 - 1, b"frame %d" % n + picture) for n in range(film)),
             *([Part(ORIGINAL, 0.0, b"sealed")] if original else [])]
    return write_draft(store.recordings.folder, number, wall, parts, frozenset(shown), frozenset(sealed))


def recorded(store: Store, person: str | None = None, *, wall: float = 100.0, kind: str = "grant", shown: tuple[str, ...] = (),
             film: int = 0, original: bool = False) -> int:
    number = store.events.append(kind, wall, person, {})
    assert store.recordings.put(draft(store, number, wall=wall, shown=shown, film=film, original=original))
    return number


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.recordings.folder.glob("*")) + sorted(
        path.name for path in store.recordings.folder.glob(".*"))


def test_what_was_put_in_comes_out(store: Store) -> None:
    number = recorded(store, film=3, original=True)
    opened = store.recordings.opened(number)
    assert opened.picture() == PIXELS and opened.original() == b"sealed" and opened.wall == 100.0
    assert opened.times == [-1.0, -0.8, -0.6] and opened.frame(2) == b"frame 2" + PIXELS
    facts = store.recordings.facts(number)
    assert facts is not None and (facts.frames, facts.original, facts.owner) == (3, True, None)
    assert store.recordings.usage() == (1, facts.size) and store.recordings.numbers() == {number}
    for beyond in (3, -1):
        with pytest.raises(UnknownError):
            opened.frame(beyond)


def test_nothing_of_it_lies_open_and_nobody_else_may_read_it(store: Store) -> None:
    number = recorded(store, film=1)
    path = store.recordings.folder / f"{number}.rec"
    assert PIXELS[:24] not in path.read_bytes() and b"parts" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_an_event_without_a_picture_says_so(store: Store) -> None:
    number = store.events.append("deny", 1.0, None, {})
    for wanted in (number, number + 1, -1, 1 << 70):
        assert store.recordings.facts(wanted) is None
        with pytest.raises(UnknownError, match="no picture of event"):
            store.recordings.opened(wanted)


@pytest.mark.parametrize("change", ["flip", "cut", "swap", "empty"])
def test_a_file_that_was_changed_does_not_open(store: Store, change: str) -> None:
    one, two = recorded(store, film=1), recorded(store, film=1)
    path, other = (store.recordings.folder / f"{number}.rec" for number in (one, two))
    content = path.read_bytes()
    path.write_bytes({"flip": content[:-5] + bytes([content[-5] ^ 1]) + content[-4:], "cut": content[:-3], "swap": other.read_bytes(),
                      "empty": b""}[change])
    with pytest.raises(SealBrokenError, match=f"event {one}"):
        store.recordings.opened(one).frame(0)
    assert store.recordings.opened(two).frame(0)


def test_parts_do_not_change_places(store: Store) -> None:
    """Two parts of the same length: whoever can write the file cannot show one in the place of the other."""
    number = recorded(store, film=2)
    path = store.recordings.folder / f"{number}.rec"
    content = path.read_bytes()
    length = len(PIXELS) + 7 + 28
    path.write_bytes(content[:-2 * length] + content[-length:] + content[-2 * length:-length])
    with pytest.raises(SealBrokenError):
        store.recordings.opened(number).frame(0)


def test_forgetting_takes_own_pictures_and_those_of_others_in_which_one_is_seen(store: Store) -> None:
    ada, ben = store.add("Ada", SEEN, wall=1.0), store.add("Ben", SEEN, wall=1.0)
    own, beside, apart = recorded(store, ada.id), recorded(store, ben.id, shown=(ada.id, ben.id)), recorded(store, ben.id, shown=(ben.id,))
    nobodys = recorded(store, shown=(ada.id,))
    assert [found.number for found in store.recordings.about(ada.id)] == [own, beside, nobodys]
    store.forget(ada.id, wall=2.0)
    assert files(store) == [f"{apart}.rec"] and store.recordings.opened(apart).picture() == PIXELS
    assert [name for _, name, _ in store.records(KIND)] == [str(apart)]
    assert store.events.count() == 4  # that something happened stays


@pytest.mark.parametrize("left", [Consent(GIVEN, None), Consent(None, GIVEN)])
def test_who_no_longer_agrees_to_be_seen_is_seen_no_more(store: Store, left: Consent) -> None:
    ada = store.add("Ada", SEEN, wall=1.0)
    sharp, hidden = recorded(store, ada.id, shown=(ada.id,)), recorded(store, ada.id)
    store.set_consent(ada.id, Consent(GIVEN, GIVEN, GIVEN))
    assert store.recordings.numbers() == {sharp, hidden}
    store.set_consent(ada.id, left)
    assert store.recordings.numbers() == {hidden} != {sharp}


def test_whose_hidden_face_is_kept_sealed_is_forgotten_with_it(store: Store) -> None:
    ada, ben = store.add("Ada", SEEN, wall=1.0), store.add("Ben", SEEN, wall=1.0)
    number, other = (store.events.append("grant", 1.0, ben.id, {}) for _ in range(2))
    assert store.recordings.put(draft(store, number, original=True, sealed=(ada.id,)))
    assert store.recordings.put(draft(store, other, original=True))
    assert [found.number for found in store.recordings.about(ada.id)] == [number]
    store.set_consent(ada.id, Consent(GIVEN, None))
    assert number in store.recordings.numbers(), "nobody sees the face there"
    late = draft(store, number, original=True, sealed=(ada.id,))
    store.forget(ada.id, wall=2.0)
    assert store.recordings.numbers() == {other} and not store.recordings.put(late)


def test_what_came_too_late_is_not_kept(store: Store) -> None:
    """Between the event and its picture somebody was forgotten, or took the consent back, or the event was deleted."""
    ada, ben = store.add("Ada", SEEN, wall=1.0), store.add("Ben", SEEN, wall=1.0)
    number = store.events.append("grant", 1.0, None, {})
    late = [draft(store, number, shown=(who.id,)) for who in (ada, ben)] + [draft(store, number + 7)]
    store.forget(ada.id, wall=2.0)
    store.set_consent(ben.id, Consent(GIVEN, None))
    assert [store.recordings.put(one) for one in late] == [False] * 3
    assert files(store) == [] and store.recordings.facts(number) is None


def test_time_and_quota(store: Store) -> None:
    numbers = [recorded(store, wall=100.0 * n, film=n % 2) for n in range(10)]
    assert store.recordings.prune(250.0) == 3 and store.recordings.numbers() == set(numbers[3:])
    store.events.prune(450.0)
    assert store.recordings.prune(250.0) == 2, "a picture stays no longer than its event"
    count, size = store.recordings.usage()
    assert count == 5 and store.recordings.fit(size) == 0
    assert store.recordings.fit(size - 1) >= 1 and min(store.recordings.numbers()) > numbers[5]
    assert len(list(store.records(KIND))) == len(store.recordings.numbers())
    assert store.recordings.fit(1) == len(numbers) - 6 and files(store) == []


def test_a_cut_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    kept = recorded(store)
    (store.recordings.folder / "77.rec").write_bytes(b"no row names it")
    draft(store, 9)
    gone = recorded(store)
    (store.recordings.folder / f"{gone}.rec").unlink()
    store.close()
    with Store(tmp_path / "store") as again:
        assert files(again) == [f"{kept}.rec"] and [name for _, name, _ in again.records(KIND)] == [str(kept)]
        assert again.recordings.opened(kept).picture() == PIXELS


@pytest.mark.parametrize("deep", [False, True])
def test_a_new_device_key_opens_them_and_touches_no_file(store: Store, tmp_path: Path, deep: bool) -> None:
    ada = store.add("Ada", SEEN, wall=1.0)
    numbers = [recorded(store, ada.id), recorded(store)]
    before = [(store.recordings.folder / f"{number}.rec").stat().st_mtime_ns for number in numbers]
    store.close()
    rotate_key(tmp_path / "store", renew_data_keys=deep)
    with Store(tmp_path / "store") as again:
        assert [again.recordings.opened(number).picture() for number in numbers] == [PIXELS] * 2
        assert [(again.recordings.folder / f"{number}.rec").stat().st_mtime_ns for number in numbers] == before


def test_a_backup_holds_no_picture_and_its_rows_go(store: Store, tmp_path: Path) -> None:
    recorded(store)
    back_up(tmp_path / "store", None, tmp_path / "door.efb", "four words of no sense")
    store.close()
    restore(tmp_path / "new", None, tmp_path / "door.efb", "four words of no sense")
    with Store(tmp_path / "new") as other:
        assert other.events.count() == 1 and list(other.records(KIND)) == []


def test_where_nothing_can_be_written_one_sentence_says_so(store: Store, tmp_path: Path) -> None:
    store.recordings.folder.write_bytes(b"a file is in the way")
    with pytest.raises(StoreError, match="no picture can be kept"):
        draft(store, 1)


def test_check_opens_every_one(store: Store, tmp_path: Path) -> None:
    whole, torn = recorded(store, film=3), recorded(store, film=3)
    store.close()
    before = check(tmp_path / "store")
    path = tmp_path / "store" / "recordings" / f"{torn}.rec"
    path.write_bytes(path.read_bytes()[:-1])
    path.with_name("99.rec").write_bytes(b"")
    after = check(tmp_path / "store")
    assert before.wrong == () and before.seals - after.seals == 5, "its index and four pictures; the whole one's are there"
    assert len(after.wrong) == 2 and f"event {torn} was changed" in after.wrong[0] and "99.rec" in after.wrong[1] and whole


@disks
def test_on_a_full_disk_the_files_go_first_and_the_diary_goes_on(store: Store, tmp_path: Path) -> None:
    numbers = [recorded(store, film=40) for _ in range(4)]
    store.close()
    answer = on_a_small_disk(tmp_path / "store", FILL, f"""
from edge_face.people.recording_file import Part, write_draft
from edge_face.service.recorder_upkeep import free_room
store = Store(folder, or_read_only=True)
answer['read only'] = bool(store.read_only_because)
try:
    write_draft(store.recordings.folder, 9, 1.0, [Part('picture', 0.0, bytes(1 << 20))], frozenset())
except StoreError as error:
    answer['refused'] = str(error)
answer['left'] = sorted(path.name for path in store.recordings.folder.glob('.*'))
answer['opens'] = len(store.recordings.opened({numbers[-1]}).picture())
answer['freed'] = free_room(store.recordings)
answer['writes'] = store.regain_writing()
answer['rows'] = len(list(store.records('recording')))
answer['event'] = store.events.append('deny', 5.0, None, {{}})
""")
    assert answer["read only"] and "no picture can be kept" in str(answer["refused"]) and answer["left"] == []
    assert answer["opens"] == len(PIXELS) and answer["freed"] == 4 and answer["writes"] and answer["rows"] == 0 and answer["event"]


def test_a_reader_sees_them_and_takes_nothing_away(store: Store, tmp_path: Path) -> None:
    number = recorded(store)
    waiting = draft(store, 9)
    with Store(tmp_path / "store", read_only=True) as reader:
        assert reader.recordings.opened(number).picture() == PIXELS
        assert isinstance(reader.recordings, Recordings) and waiting.path.exists()

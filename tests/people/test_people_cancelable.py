"""Codes of faces: the cosine that comes back, keys that say nothing to one another, and stores that are brought from one to the other."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from people_fakes import MODEL, THRESHOLDS, near

from edge_face.errors import PeopleError, StoreError
from edge_face.people.backup import back_up, restore
from edge_face.people.cancelable import BITS, Code, Projection, Protection, fingerprint
from edge_face.people.code_index import CodeIndex
from edge_face.people.commands import PeopleCommands
from edge_face.people.gallery import Gallery
from edge_face.people.inspection import check
from edge_face.people.likeness import Likeness
from edge_face.people.passphrase import ARGON2
from edge_face.people.person import Consent, Given, Person, State, Template
from edge_face.people.records import template_of, template_record
from edge_face.people.rotation import rotate_key
from edge_face.people.sealing import SealBrokenError
from edge_face.people.store import Store
from edge_face.types import Floats

KEY = bytes(range(32))
YES = Given(1.0, "asked")
AGREED = Consent(recognise=YES)


def units(count: int, dimension: int = 384, seed: int = 0) -> Floats:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("dimension", [1, 2, 3, 128, 384, 512, 4096])
def test_a_projection_keeps_lengths_and_angles(dimension: int) -> None:
    projection = Projection(KEY, dimension)
    a, b = units(2, dimension, seed=dimension)
    spread = projection.spread(np.stack([a, b]))
    blocks = float((spread[0] ** 2).sum())
    assert projection.bits % 64 == 0 and spread.shape == (2, projection.bits)
    assert blocks == pytest.approx(round(blocks), rel=1e-4)
    assert spread[0] @ spread[1] == pytest.approx(blocks * float(a @ b), abs=1e-3 * blocks)


@pytest.mark.parametrize("cosine", [-0.3, 0.0, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_the_cosine_comes_back(cosine: float) -> None:
    projection = Projection(KEY, 384)
    found = []
    for seed in range(40):
        face = units(1, seed=seed)[0]
        found.append(CodeIndex([projection.encode(face)]).all_scores(near(face, cosine, seed))[0])
    assert np.mean(found) == pytest.approx(cosine, abs=0.004)
    assert np.std(found) < 0.008


def test_two_keys_have_nothing_in_common() -> None:
    faces = units(60)
    one, other = Projection(KEY, 384), Projection(bytes(32), 384)
    codes = [one.encode(face) for face in faces]
    strange = [other.encode(face) for face in faces]
    agree = [float((np.unpackbits(a.bits) == np.unpackbits(b.bits)).mean()) for a, b in zip(codes, strange, strict=True)]
    assert np.mean(agree) == pytest.approx(0.5, abs=0.003) and max(agree) < 0.53
    # What comes back under the wrong key is nobody.
    taken = [float(other.decode(Code(code.bits, code.length, other)) @ face) for code, face in zip(codes, faces, strict=True)]
    assert abs(np.mean(taken)) < 0.03 and max(np.abs(taken)) < 0.25


def test_whoever_has_the_key_comes_near_the_embedding_again() -> None:
    """Said in the documents, and so held here: signs of a known projection are no one-way function."""
    projection = Projection(KEY, 384)
    back = [float(projection.encode(face).vector() @ face) for face in units(20)]
    assert min(back) > 0.99 and max(back) < 0.998


def test_the_same_key_draws_the_same_signs_on_every_machine() -> None:
    """A backup is restored on another one."""
    ramp = np.arange(1, 385, dtype=np.float32)
    code = Projection(KEY, 384).encode(ramp / np.linalg.norm(ramp))
    assert code.bits[:8].tobytes().hex() == "4f38ecb9b94da848" and code.length == pytest.approx(577.469, abs=0.02)
    assert fingerprint(KEY) == Projection(KEY, 384).fingerprint != fingerprint(bytes(32))


def test_bad_codes_and_keys_are_refused_in_words() -> None:
    projection = Projection(KEY, 384)
    with pytest.raises(PeopleError, match="enrol again"):
        Code(np.zeros(5, np.uint8), 1.0, projection)
    with pytest.raises(PeopleError, match="enrol again"):
        Code(np.zeros(BITS // 8, np.uint8), float("nan"), projection)
    with pytest.raises(PeopleError, match="32 bytes"):
        Projection(b"short", 384)
    for record in (None, {}, {"key": 3}, {"key": "zz"}, {"key": "00"}, []):
        with pytest.raises(PeopleError, match="restore"):
            Protection.of_record(record)


def test_nothing_that_prints_a_template_prints_a_face() -> None:
    code = Projection(KEY, 384).encode(units(1)[0])
    shown = repr(Template(np.zeros(0, np.float32), MODEL, code=code)) + repr(code)
    assert "array" not in shown and KEY.hex() not in shown and "length" not in shown


def test_the_nearest_of_many_is_found_and_no_score_that_is_none() -> None:
    projection, rows = Projection(KEY, 384), units(600)
    index = CodeIndex([projection.encode(row) for row in rows])
    for number in range(0, 600, 50):
        where, scores = index.candidates(near(rows[number], 0.5, number))
        assert where[np.argmax(scores)] == number and len(where) < 100
    assert not np.isfinite(index.candidates(np.full(384, np.nan, np.float32))[1]).any()
    assert np.allclose(index.own(7, 9, rows[7]), index.all_scores(rows[7])[7:9])
    assert index.bytes < 600 * 2200


def person(number: int, *templates: Template) -> Person:
    return Person(f"{number:016x}", f"Person {number}", State.ACTIVE, AGREED, 1.0, templates)


def test_a_gallery_of_codes_matches_as_one_of_embeddings_and_both_together() -> None:
    rows, protection = units(120, 384, seed=4), Protection.new()
    projection, other = protection.projection(384), Projection(bytes(32), 384)
    people = []
    for number in range(40):
        own = [Template(row, MODEL) for row in rows[3 * number:3 * number + 3]]
        if number % 3:
            chosen = projection if number % 3 == 1 else other
            own = [Template(np.zeros(0, np.float32), MODEL, code=chosen.encode(t.embedding)) for t in own]
        people.append(person(number, *own))
    gallery = Gallery.build(people, MODEL, 1e-3, THRESHOLDS)
    assert gallery.templates == 120 and len(gallery) == 40
    for number in range(40):
        probe = near(rows[3 * number + 1], 0.8, number)
        found = gallery.match(probe, 0.0)
        assert found.best == f"{number:016x}" and found.score == pytest.approx(0.8, abs=0.03) and found.runner_up < 0.4
        assert gallery.verify(f"{number:016x}", probe)[0] == pytest.approx(found.score)
        assert gallery.scores(probe)[f"{number:016x}"] == pytest.approx(found.score, abs=1e-5)
    assert gallery.verify("f" * 16, rows[0])[0] == -1.0
    assert gallery.match(np.full(384, np.nan, np.float32), 0.0).person is None
    twin = person(99, Template(np.zeros(0, np.float32), MODEL, code=projection.encode(rows[3])))
    pairs = list(Gallery.build([*people, twin], MODEL, 1e-3, THRESHOLDS).confusable())
    assert [(a, b) for a, b, _ in pairs] == [(f"{1:016x}", f"{99:016x}")] and pairs[0][2] > 0.9


def test_likeness_is_found_among_codes() -> None:
    rows, projection = units(30), Projection(KEY, 384)
    people = [person(k, Template(np.zeros(0, np.float32), MODEL, code=projection.encode(rows[k]))) for k in range(29)]
    likeness = Likeness(people, MODEL, 1e-3, THRESHOLDS)
    likeness.add(person(29, Template(rows[29], MODEL)))
    for number in (4, 29):
        found = likeness.alike([Template(near(rows[number], 0.95, number), MODEL)])
        assert [a.person for a in found] == [f"{number:016x}"] and found[0].same
    # Of somebody whose own templates are codes too.
    own = likeness.alike(people[4].templates)
    assert own[0].person == f"{4:016x}" and own[0].score > 0.97
    assert likeness.alike(people[4].templates, but=f"{4:016x}") == []


# --- the store ---


def filled(folder: Path, *, protect: bool, people: int = 3) -> Floats:
    rows = units(2 * people, 384, seed=8)
    with Store(folder) as store:
        if protect:
            assert store.protect_if_empty()
        for k in range(people):
            store.add(f"Person {k}", AGREED, [Template(row, MODEL) for row in rows[2 * k:2 * k + 2]], wall=1.0)
    return rows


def scores_of(folder: Path, rows: Floats) -> list[float]:
    with Store(folder, read_only=True) as store:
        gallery = Gallery.build(store.people(), MODEL, 1e-3, THRESHOLDS)
        names = {p.id: p.name for p in store.people()}
    found = [gallery.match(row, 0.0) for row in rows]
    assert [names[str(f.best)] for f in found] == [f"Person {k // 2}" for k in range(len(rows))]
    return [f.score for f in found]


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_a_protected_store_keeps_no_embedding_and_knows_everybody(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=True)
    with Store(tmp_path) as store:
        assert store.protected
        for one in store.people():
            assert all(t.code is not None and not t.embedding.size and t.code.codings == 1 for t in one.templates)
    assert min(scores_of(tmp_path, rows)) > 0.999  # to itself the estimate is exact


def test_a_store_with_templates_is_not_protected_unasked(tmp_path: Path) -> None:
    filled(tmp_path, protect=False)
    with Store(tmp_path) as store:
        assert not store.protect_if_empty() and not store.protected
    with Store(tmp_path, read_only=True) as store:
        assert not store.protect_if_empty()


def test_protecting_renewing_and_turning_back_lock_nobody_out(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=False)
    with Store(tmp_path) as store:
        edition = store.edition
        assert dataclasses.astuple(store.protect()) == (3, 0, 1, ()) and store.edition > edition
        assert store.protect().people == 0  # it is already
        before = {t.code.bits.tobytes() for p in store.people() for t in p.templates if t.code}
    assert min(scores_of(tmp_path, rows)) > 0.999
    with Store(tmp_path) as store:
        assert store.protect(renew=True).codings == 2
        after = {t.code.bits.tobytes() for p in store.people() for t in p.templates if t.code}
    assert len(before) == len(after) == 6 and not before & after
    assert not any(code in raw(tmp_path) for code in before | after)
    assert min(scores_of(tmp_path, rows)) > 0.95
    with Store(tmp_path) as store:
        assert store.unprotect().people == 3 and not store.protected and store.unprotect().people == 0
        assert all(t.code is None for p in store.people() for t in p.templates)
    assert min(scores_of(tmp_path, rows)) > 0.94


def test_kept_pictures_are_preferred_to_another_coding(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=True)
    with Store(tmp_path) as store:
        done = store.protect(renew=True, made=lambda p: [Template(row, MODEL) for row in rows[:2]] if p.name == "Person 0" else None)
        assert (done.people, done.pictured, done.codings) == (3, 1, 2)
        assert {t.code.codings for t in store.find("Person 0").templates if t.code} == {1}
    assert scores_of(tmp_path, rows)[0] > 0.999


def test_what_fails_on_the_way_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=True)

    def fails(one: Person) -> None:
        if one.name == "Person 1":
            raise StoreError("the disk is gone")

    with Store(tmp_path) as store:
        before = [t.code.bits.tobytes() for p in store.people() for t in p.templates if t.code]
        with pytest.raises(StoreError, match="gone"):
            store.protect(renew=True, made=fails)
        assert [t.code.bits.tobytes() for p in store.people() for t in p.templates if t.code] == before
        store.add("Late", AGREED, [Template(units(1, seed=77)[0], MODEL)], wall=2.0)
    assert min(scores_of(tmp_path, rows)) > 0.999


def test_a_reader_learns_of_a_new_key(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=False)
    with Store(tmp_path, read_only=True) as reader:
        assert not reader.protected and len(reader.people()) == 3
        with Store(tmp_path) as writer:
            writer.protect()
        assert reader.protected
        assert all(t.code for p in reader.people() for t in p.templates)
    assert min(scores_of(tmp_path, rows)) > 0.999


def test_a_new_device_key_and_new_data_keys_leave_the_codes(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=True)
    for deep in (False, True):
        rotate_key(tmp_path, renew_data_keys=deep)
        assert min(scores_of(tmp_path, rows)) > 0.999


def test_a_key_that_was_tampered_with_is_named_and_nobody_is_taken_for_somebody(tmp_path: Path) -> None:
    filled(tmp_path, protect=True)
    with Store(tmp_path) as store:
        store.put_record("template-key", {"key": bytes(32).hex()})
    with Store(tmp_path) as store:
        damaged: list[str] = []
        assert store.people(lambda who, error: damaged.append(str(error))) == []
        assert len(damaged) == 3 and "enrol again" in damaged[0]
        with pytest.raises(SealBrokenError):
            store.people()
        store.put_record("template-key", {"key": "nonsense"})
    with Store(tmp_path) as store, pytest.raises(SealBrokenError, match="backup"):
        store.add("Late", AGREED, [Template(units(1)[0], MODEL)], wall=2.0)


def test_an_export_fits_another_door(tmp_path: Path) -> None:
    """A code would say nothing to it: what comes back of one goes, once more under the passphrase of the export."""
    rows = filled(tmp_path / "here", protect=True)
    with Store(tmp_path / "here") as store:
        record = json.loads(json.dumps(template_record(store.find("Person 0").templates[0])))
    taken = template_of(record)
    assert taken.code is None and 0.98 < float(taken.embedding @ rows[0]) < 0.999
    with Store(tmp_path / "there") as store:
        store.protect_if_empty()
        store.add("Person 0", AGREED, [taken], wall=1.0)
        gallery = Gallery.build(store.people(), MODEL, 1e-3, THRESHOLDS)
    assert gallery.match(rows[0], 0.0).score > 0.97


def test_templates_of_several_lengths_and_embedders_lie_side_by_side(tmp_path: Path) -> None:
    long, short = units(2, 384), units(2, 128)
    with Store(tmp_path) as store:
        store.protect_if_empty()
        store.add("Long", AGREED, [Template(long[0], MODEL)], wall=1.0)
        store.add("Short", AGREED, [Template(short[0], "another@1")], wall=1.0)
        assert store.protect(renew=True).people == 2
        assert Gallery.build(store.people(), "another@1", 1e-3, THRESHOLDS).match(short[0], 0.0).score > 0.9
        gallery = Gallery.build(store.people(), MODEL, 1e-3, THRESHOLDS)
        assert len(gallery.must_enrol_again) == 1 and gallery.match(long[0], 0.0).score > 0.95


def test_the_commands_that_a_door_hears_work_on_codes(tmp_path: Path) -> None:
    """Enrolment, likeness, export, import, withdrawal, as daemon and pages ask for them."""
    rows = units(6, 384, seed=21)
    with Store(tmp_path / "here") as store:
        store.protect_if_empty()
        commands = PeopleCommands(store, embedder_id=MODEL, thresholds=THRESHOLDS, rate=1e-3)
        own = [template_record(Template(row, MODEL)) for row in (rows[0], near(rows[0], 0.8, 1))]
        commands.run("people.enroll", {"name": "Ben", "templates": own, "consent": ["recognise"], "how": "asked"})
        twin = [template_record(Template(near(rows[0], 0.9, 2), MODEL))]
        assert commands.run("people.alike", {"templates": twin})["alike"][0]["name"] == "Ben"
        assert commands.run("people.list", {})["people"][0]["enrol_again"] is None
        parcel = commands.run("people.export", {})["people"]
    with Store(tmp_path / "there") as store:
        store.protect_if_empty()
        commands = PeopleCommands(store, embedder_id=MODEL, thresholds=THRESHOLDS, rate=1e-3)
        assert len(commands.run("people.import", {"people": parcel})["imported"]) == 1
        gallery = Gallery.build(store.people(), MODEL, 1e-3, THRESHOLDS)
        assert gallery.match(rows[0], 0.0).score > 0.98
        ben = store.find("Ben")
        bits = [t.code.bits.tobytes() for t in ben.templates if t.code]
        assert len(bits) == 2
        store.set_consent(ben.id, Consent())
        assert store.find("Ben").templates == ()


def test_a_backup_brings_codes_and_their_key_to_another_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("memory_kib", 8), ("iterations", 1), ("lanes", 1)):
        monkeypatch.setitem(ARGON2, name, value)
    rows = filled(tmp_path / "old", protect=True)
    back_up(tmp_path / "old", None, tmp_path / "door.efb", "correct horse battery")
    restore(tmp_path / "new", None, tmp_path / "door.efb", "correct horse battery")
    assert (tmp_path / "old" / "device.key").read_bytes() != (tmp_path / "new" / "device.key").read_bytes()
    assert min(scores_of(tmp_path / "new", rows)) > 0.999
    assert check(tmp_path / "new").wrong == ()


def test_copies_from_before_the_protection_go(tmp_path: Path) -> None:
    """They hold embeddings."""
    filled(tmp_path, protect=False)
    (tmp_path / "people.db.v3").write_bytes((tmp_path / "people.db").read_bytes())
    with Store(tmp_path) as store:
        store.protect()
    assert [path.name for path in tmp_path.glob("people.db.v*")] == []


def test_whoever_is_damaged_is_named_and_left_as_they_are(tmp_path: Path) -> None:
    rows = filled(tmp_path, protect=False)
    with Store(tmp_path) as store:
        victim = store.find("Person 2").id
        with store._database.transaction():
            store._database.run("UPDATE template SET sealed = x'00' WHERE person = ?", [victim])
        done = store.protect()
    assert done.damaged == (victim,) and done.people == 2
    with Store(tmp_path) as store:
        assert len(store.people(lambda who, error: None)) == 2
        gallery = Gallery.build(store.people(lambda who, error: None), MODEL, 1e-3, THRESHOLDS)
    assert gallery.match(rows[0], 0.0).score > 0.999


def test_a_cut_after_the_commit_leaves_no_copy_of_the_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = filled(tmp_path, protect=False)
    copy = tmp_path / "people.db.v3"
    copy.write_bytes((tmp_path / "people.db").read_bytes())
    with monkeypatch.context() as patched:
        patched.setattr(Store, "_scrub", lambda store: (_ for _ in ()).throw(KeyboardInterrupt()))
        with Store(tmp_path) as store, pytest.raises(KeyboardInterrupt):
            store.protect()
    assert copy.exists()
    Store(tmp_path).close()
    assert not copy.exists() and min(scores_of(tmp_path, rows)) > 0.999
    copy.write_bytes((tmp_path / "people.db").read_bytes())
    with Store(tmp_path) as store:
        store.replace_templates(store.find("Person 0").id, [Template(rows[0], MODEL)])
    assert copy.exists()  # later ones stay

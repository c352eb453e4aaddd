"""Fairness: rates by group counted right, a difference that is there found, one that is chance called noise; the whole command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_face.cli.main import main
from edge_face.demo import clip_path, people, stills
from edge_face.errors import MediaError
from edge_face.evaluation.fairness import FEWEST, Members, genuine, match_rates, shares, threshold_at
from edge_face.evaluation.fairness_material import copies, open_groups
from edge_face.opencv import cv2


def crowd(counts: list[int], common: list[float], each: int = 1, seed: int = 0) -> Members:
    """Random directions; a group's people share a direction to a degree of their own."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(counts)), counts)
    middle = rng.standard_normal((len(counts), 48))
    own = rng.standard_normal((len(group), 48)) + middle[group] * np.array(common)[group, None]
    person = np.repeat(np.arange(len(group)), each)
    vectors = own[person] + (0.4 * rng.standard_normal((len(person), 48)) if each > 1 else 0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Members(tuple(f"g{i}" for i in range(len(counts))), vectors.astype(np.float32), person, group)


def test_every_pair_of_different_people_is_counted_once() -> None:
    members = crowd([20, 30, 25], [0.0, 0.5, 0.2], each=3)
    threshold = 0.2
    similar = members.embeddings @ members.embeddings.T >= np.float32(threshold)
    group = members.group[members.person]
    matching = match_rates(members, threshold)
    for rate in matching.pairs:
        i, j = (members.names.index(name) for name in rate.groups)
        wanted = pairs = 0
        for a in range(len(group)):
            for b in range(a + 1, len(group)):
                if {group[a], group[b]} == {i, j} and members.person[a] != members.person[b]:
                    pairs += 1
                    wanted += int(similar[a, b])
        assert (rate.matches, rate.pairs) == (wanted, pairs)
    assert len(matching.pairs) == 6
    assert matching.overall == pytest.approx(sum(r.matches for r in matching.pairs) / sum(r.pairs for r in matching.pairs))


def test_the_threshold_is_where_the_named_share_of_pairs_lies() -> None:
    members = crowd([60, 60], [0.0, 0.0], each=2)
    threshold = threshold_at(members, 1e-2)
    assert threshold is not None and match_rates(members, threshold).overall == pytest.approx(1e-2, rel=0.02)
    assert threshold_at(members, 1e-4) is None and FEWEST > 1e-4 * 240 * 238 / 2


def test_a_group_that_is_more_alike_is_found_and_the_others_are_noise() -> None:
    members = crowd([150] * 4, [0.25, 0.25, 0.25, 0.7])
    threshold = threshold_at(members, 5e-3)
    assert threshold is not None
    matching = match_rates(members, threshold)
    assert matching.worst == "g3" and matching.worst_to_mean is not None and matching.worst_to_mean > 2
    low, high = matching.worst_to_mean_interval or (0, 0)
    assert 1 < low <= matching.worst_to_mean <= high
    by_group = {ratio.group: ratio for ratio in matching.ratios}
    assert not by_group["g3"].noise and matching.own("g3").rate == max(r.rate for r in matching.pairs if r.rate is not None)


def test_groups_that_are_alike_are_mostly_noise() -> None:
    """Of 20 worlds without a difference one may show one."""
    wrong = 0
    for seed in range(20):
        members = crowd([80] * 4, [0.0] * 4, seed=seed)
        threshold = threshold_at(members, 1e-2)
        assert threshold is not None
        wrong += any(not ratio.noise for ratio in match_rates(members, threshold).ratios)
    assert wrong <= 3


def test_small_groups_get_no_rate_and_one_group_nothing() -> None:
    members = crowd([40, 5], [0.0, 0.0])
    matching = match_rates(members, 0.25)
    assert matching.own("g1").rate is None and matching.ratios == () and matching.worst_to_mean is None
    with pytest.raises(MediaError, match="there is one group"):
        match_rates(crowd([9], [0.0]), 0.2)


def test_shares_are_told_from_chance_by_exchanging_people() -> None:
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1, 2], 60)
    trials = np.full(180, 10)
    hits = rng.binomial(trials, np.array([0.05, 0.05, 0.25])[group])
    found = {share.group: share for share in shares(("a", "b", "c"), group, hits, trials)}
    assert not found["c"].noise and found["c"].difference is not None and found["c"].difference > 0.1 and found["c"].trials == 600
    assert found["a"].rate == pytest.approx(hits[:60].sum() / 600) and found["a"].interval is not None
    same = shares(("a", "b", "c"), group, rng.binomial(trials, 0.1), trials)
    assert all(share.noise for share in same)
    # One unlucky person in a group of two is no difference; nobody at all neither.
    few = shares(("a", "b"), np.array([0, 0, *[1] * 30]), np.array([3, 0, *[0] * 30]), np.full(32, 10))
    assert few[0].noise and few[0].rate == 0.15
    none = shares(("a", "b"), np.array([0, 1]), np.zeros(2, int), np.array([0, 5]))
    assert none[0].rate is None and none[0].noise and none[1].difference is None


def test_pairs_of_one_person_that_do_not_match() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [1, 0]], np.float32)
    misses, tried = genuine(Members(("a", "b"), vectors, np.array([0, 0, 0, 1]), np.array([0, 1])), 0.7)
    assert misses.tolist() == [2, 0] and tried.tolist() == [3, 0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two groups of bundled people, three pictures each, and settings of their own."""
    for number, name in enumerate(sorted(people())[:4]):
        home = tmp_path / "people" / ("north" if number % 2 else "south") / name
        home.mkdir(parents=True)
        for still in stills(name)[:3]:
            shutil.copy(still, home / still.name)
    (tmp_path / "none.toml").write_text("")
    monkeypatch.setenv("EDGE_FACE_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_on_folders_and_clips(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite("people/south/nobody.png", np.zeros((9, 9, 3), np.uint8))
    assert main(["eval", "fairness", "--images", "people"]) == 1
    assert "no person of a group" in capsys.readouterr().err
    Path("people/south/nobody.png").unlink()
    for number, group in enumerate(("north", "south")):
        Path("clips", group).mkdir(parents=True)
        shutil.copy(clip_path("turn_live"), f"clips/{group}/live__p{number}.mp4")
    asked = ["--images", "people", "--clips", "clips", "--threshold", "0.5", "--json", "f.json", "--report", "f.html"]
    done = main(["eval", "fairness", *asked])
    said = capsys.readouterr()
    assert done == 0 and "faces found" in said.out and "noise" in said.out
    found = json.loads(Path("f.json").read_text())
    assert found["groups"] == {"north": 2, "south": 2} and found["matching"]["threshold"] == 0.5
    by_name = {name: {share["group"]: share for share in own} for name, own in found["shares"].items()}
    assert set(by_name) == {"found", "refused", "missed", "not alive"}
    assert by_name["found"]["north"]["hits"] == by_name["found"]["north"]["trials"] == 6
    assert by_name["missed"]["south"]["trials"] == by_name["refused"]["south"]["trials"] - by_name["refused"]["south"]["hits"] > 0
    assert by_name["not alive"]["north"]["trials"] == by_name["not alive"]["south"]["trials"] == 1
    Path("people/south/broken").mkdir()
    Path("people/south/broken/1.png").write_bytes(b"")
    assert main(["eval", "fairness", "--images", "people", "--threshold", "0.5", "--json", "-"]) == 0
    said = capsys.readouterr()
    assert "cannot be read" in said.err and json.loads(said.out)["shares"]["found"][1]["trials"] == 7
    page = Path("f.html").read_text()
    assert "Groups with each other" in page and "<img" not in page and "south" in page


@pytest.mark.parametrize(("args", "code", "words"), [
    ([], 2, "what is measured?"), (["--images", "people", "--crops", "g.npz"], 2, "measured apart"),
    (["--crops", "no.npz"], 1, "no file of packed faces"), (["--images", "people/north"], 1, "no person of a group"),
    (["--images", "one"], 1, "there is one group"), (["--images", "no"], 1, "there is no folder"),
    (["--images", "people", "--rate", "2"], 2, "--rate 2"), (["--images", "people", "--threshold", "7"], 2, "--threshold 7"),
    (["--images", "broken", "--strict"], 1, "is empty")])
def test_bad_input_in_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str], args: list[str], code: int, words: str) -> None:
    for path in ("one/a/x/1.png", "one/a/y/1.png", "broken/a/x/1.png", "broken/b/x/1.png"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(path, np.zeros((9, 9, 3), np.uint8))
    Path("broken/a/x/1.png").write_bytes(b"")
    assert main(["eval", "fairness", *args]) == code
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and said.out == ""


def test_groups_are_the_first_folders(folder: Path) -> None:
    found = open_groups("people")
    assert found.names == ("north", "south") and found.group.tolist() == [0 if p.startswith("north") else 1 for p in found.pictures.people]


def test_one_picture_of_two_people_is_noticed() -> None:
    rng = np.random.default_rng(3)
    faces = [cv2.resize(rng.integers(0, 256, (14, 14, 3), dtype=np.uint8), (112, 112)) for _ in range(8)]
    again = np.clip(faces[2].astype(int) * 0.9 + 7 + rng.normal(0, 3, (112, 112, 3)), 0, 255).astype(np.uint8)
    assert copies({"a": faces[:4], "b": faces[4:]}) == 0  # type: ignore[dict-item]
    assert copies({"a": faces[:4], "b": [*faces[4:], again]}) == 1  # type: ignore[dict-item]

"""A bundle comes to its place whole or not at all, whatever stops it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter import placing
from converter.placing import NEW, OLD, bundle_place, check_place
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MODELS, open_bundle


def bundle_files(version: str) -> dict[str, bytes]:
    """A small bundle, told from others by its version."""
    content = version.encode() * 10
    import hashlib
    import json

    manifest = {"schema": 2, "task": "gesture", "name": "small", "version": version, "outputs": {},
                "input": {"kind": "picture", "width": 32, "height": 32, "colour": "RGB", "range": [0, 255]},
                "files": {"int8.tflite": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}}
    return {"int8.tflite": content, "manifest.json": json.dumps(manifest).encode(), "MODEL_CARD.md": b"# small\n"}


def write(target: Path, version: str, replace: bool = False) -> None:
    with bundle_place(target, replace) as work:
        for name, content in bundle_files(version).items():
            (work / name).write_bytes(content)


def version_at(folder: Path) -> str:
    """The version of a bundle that is whole."""
    bundle = open_bundle(folder)
    assert bundle.file("int8") == bundle_files(bundle.version)["int8.tflite"]
    return bundle.version


def test_a_new_place_is_made_with_its_parents_and_nothing_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "bundle"
    write(out, "1")
    assert version_at(out) == "1"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["MODEL_CARD.md", "a", "b", "bundle", "int8.tflite", "manifest.json"]
    assert out.stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_a_place(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", "1")
    assert version_at(tmp_path / "b") == "1"


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    write(tmp_path / "b", "1")
    with pytest.raises(UsageError, match=r"is there already.*--replace"):
        write(tmp_path / "b", "2")
    assert version_at(tmp_path / "b") == "1"
    write(tmp_path / "b", "2", replace=True)
    assert version_at(tmp_path / "b") == "2" and [p.name for p in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("inside", [{"notes.txt": b"mine"}, {"manifest.json": b"{}"}, {**bundle_files("1"), "photo.jpg": b"mine"}])
def test_what_is_no_bundle_is_never_replaced(tmp_path: Path, inside: dict[str, bytes]) -> None:
    (tmp_path / "b").mkdir()
    for name, content in inside.items():
        (tmp_path / "b" / name).write_bytes(content)
    with pytest.raises(UsageError, match="no bundle, so it is not replaced"):
        write(tmp_path / "b", "2", replace=True)
    assert {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()} == inside


def test_a_bundle_with_a_folder_inside_is_never_replaced(tmp_path: Path) -> None:
    write(tmp_path / "b", "1")
    (tmp_path / "b" / "pictures.md").mkdir()
    with pytest.raises(UsageError, match="no bundle"):
        write(tmp_path / "b", "2", replace=True)
    assert (tmp_path / "b" / "pictures.md").is_dir()


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    for replace in (False, True):
        with pytest.raises(UsageError):
            write(tmp_path / "b", "1", replace)
    assert (tmp_path / "b").read_text() == "mine"


def test_a_link_to_a_bundle_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path / "real", "1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "2", replace=True)
    assert (tmp_path / "link").is_symlink() and version_at(tmp_path / "real") == "2"


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_stop_while_writing_leaves_nothing_new(tmp_path: Path, error: BaseException, replace: bool) -> None:
    if replace:
        write(tmp_path / "b", "1")
    wanted: Any = pytest.raises(ModelError, match="No space left on device") if isinstance(error, OSError) else pytest.raises(type(error))
    with wanted, bundle_place(tmp_path / "b", replace) as work:
        (work / "int8.tflite").write_bytes(b"half")
        raise error
    assert [p.name for p in tmp_path.iterdir()] == (["b"] if replace else [])
    if replace:
        assert version_at(tmp_path / "b") == "1"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ModelError, match="Permission denied"):
        write(tmp_path / "b", "1")


def test_a_file_as_a_parent_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelError, match=r"cannot be written|nothing can be written"):
        write(tmp_path / "file" / "b", "1")


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_rename_that_fails_leaves_the_old_bundle(tmp_path: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "b", "1")
    count = 0
    rename = Path.replace

    def failing(self: Path, target: Any) -> Path:
        nonlocal count
        count += 1
        if count == fails_at:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(ModelError, match="Input/output error"):
        write(tmp_path / "b", "2", replace=True)
    assert version_at(tmp_path / "b") == "1" and [p.name for p in tmp_path.iterdir()] == ["b"]


def killed(step: int, work: Callable[[], None]) -> bool:
    """Runs `work` in a process that dies, as of SIGKILL, before its `step`-th change to names; whether it died."""
    child = os.fork()
    if child == 0:  # nothing of pytest may run here
        try:
            left = step

            def dying(original: Callable[..., Any]) -> Callable[..., Any]:
                def call(*args: Any, **more: Any) -> Any:
                    nonlocal left
                    left -= 1
                    if left == 0:
                        os._exit(9)
                    return original(*args, **more)

                return call

            Path.replace = dying(Path.replace)  # type: ignore[method-assign]
            os.unlink = dying(os.unlink)
            os.rmdir = dying(os.rmdir)
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def test_killed_at_any_step_a_whole_bundle_is_left_and_the_next_run_tidies_up(tmp_path: Path) -> None:
    seen: set[tuple[str, ...]] = set()
    for step in range(1, 30):
        home = tmp_path / str(step)
        home.mkdir()
        write(home / "b", "1")
        died = killed(step, lambda home=home: write(home / "b", "2", replace=True))  # type: ignore[misc]
        names = sorted(p.name for p in home.iterdir() if not p.name.startswith("."))
        seen.add(tuple(names))
        if (home / "b").exists():
            assert version_at(home / "b") in ("1", "2")
        else:
            assert (version_at(home / f"b{OLD}"), version_at(home / f"b{NEW}")) == ("1", "2")
        if not died:
            assert names == ["b"] and version_at(home / "b") == "2"
            break
        write(home / "b", "3", replace=True)
        assert version_at(home / "b") == "3"
        assert [p.name for p in home.iterdir() if not p.name.startswith(".")] == ["b"]
    else:
        pytest.fail("the writer never came to its end")
    assert seen == {("b",), ("b", f"b{NEW}"), (f"b{NEW}", f"b{OLD}"), ("b", f"b{OLD}")}, "every state in between was met"


def test_a_leftover_that_is_not_ours_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path / "b", "1")
    (tmp_path / f"b{OLD}").mkdir()
    (tmp_path / f"b{OLD}" / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is in the way"):
        write(tmp_path / "b", "2", replace=True)
    assert (tmp_path / f"b{OLD}" / "photo.jpg").read_bytes() == b"mine" and version_at(tmp_path / "b") == "1"


def test_a_rehearsal_changes_nothing_and_finds_what_is_in_the_way(tmp_path: Path) -> None:
    check_place(tmp_path / "new" / "b")
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "b", "1")
    check_place(tmp_path / "b", replace=True)
    with pytest.raises(UsageError):
        check_place(tmp_path / "b")
    assert version_at(tmp_path / "b") == "1" and [p.name for p in tmp_path.iterdir()] == ["b"]


def test_shipped_bundles_are_bundles_to_the_writer(tmp_path: Path) -> None:
    for task in ("embedder", "detector", "landmarker"):
        shutil.copytree(MODELS / task, tmp_path / task)
        assert placing._is_bundle(tmp_path / task)

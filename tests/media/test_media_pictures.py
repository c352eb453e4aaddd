"""Pictures of every kind come out as BGR uint8 as a viewer shows them; what cannot be read is said in one sentence."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import picture_files as files
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import MediaError
from edge_face.media import load_picture, read_picture, write_picture
from edge_face.media.headers import read_header
from edge_face.opencv import cv2

AS_SEEN = ["red", "green", "blue", "white"]
# What EXIF's orientation n means for a picture stored as red green / blue white.
TURNED = {1: AS_SEEN, 2: ["green", "red", "white", "blue"], 3: ["white", "blue", "green", "red"],
          4: ["blue", "white", "red", "green"], 5: ["red", "blue", "green", "white"],
          6: ["blue", "red", "white", "green"], 7: ["white", "green", "blue", "red"],
          8: ["green", "white", "red", "blue"]}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", [files.jpeg, files.png])
def test_exif_orientation_is_applied_in_every_version_of_opencv(tmp_path: Path, orientation: int, make: object) -> None:
    image = read_picture(files.saved(tmp_path / "p", make(files.quarters(64, 48), orientation)))  # type: ignore[operator]
    assert image.shape == ((48, 64, 3) if orientation < 5 else (64, 48, 3))
    assert files.corners(image) == TURNED[orientation]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp", ".ppm"])
def test_kinds_that_are_written_are_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bild{suffix}"
    write_picture(path, files.quarters(64, 48))
    assert files.corners(read_picture(path)) == AS_SEEN
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_cmyk_grey_palette_depth(tmp_path: Path) -> None:
    assert files.corners(read_picture(files.saved(tmp_path / "c.jpg", files.CMYK_JPEG))) == AS_SEEN
    grey = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    image = read_picture(files.saved(tmp_path / "g.png", cv2.imencode(".png", grey)[1].tobytes()))
    assert image.shape == (4, 256, 3) and (image == grey[:, :, None]).all()
    deep = files.quarters().astype(np.uint16) * 257
    for suffix in (".png", ".tif"):
        read = read_picture(files.saved(tmp_path / f"d{suffix}", cv2.imencode(suffix, deep)[1].tobytes()))
        assert (read == files.quarters()).all() and read.dtype == np.uint8


def test_transparency_is_laid_over_white_and_hides_what_lies_under_it(tmp_path: Path) -> None:
    image = np.dstack([np.full((20, 30, 3), (10, 20, 200), np.uint8), np.zeros((20, 30), np.uint8)])
    image[:, 10:20, 3], image[:, 20:, 3] = 128, 255
    read = read_picture(files.saved(tmp_path / "a.png", cv2.imencode(".png", image)[1].tobytes()))
    assert (read[:, :10] == 255).all() and (read[:, 20:] == (10, 20, 200)).all()
    assert np.abs(read[:, 10:20].astype(int) - (132, 137, 227)).max() <= 1


def test_only_the_first_picture_of_an_animation_and_it_is_said(tmp_path: Path) -> None:
    picture = load_picture(files.saved(tmp_path / "a.gif", files.ANIMATED_GIF))
    assert files.corners(picture.image) == AS_SEEN
    assert picture.notes == (f"only the first picture of '{tmp_path / 'a.gif'}' is used",)
    assert load_picture(files.saved(tmp_path / "s.gif", files.GIF)).notes == ()


def test_animated_webp_is_read_or_refused_in_words(tmp_path: Path) -> None:
    path = files.saved(tmp_path / "a.webp", files.ANIMATED_WEBP)
    try:
        picture = load_picture(path)
    except MediaError as error:  # OpenCV 4.6 cannot
        assert "save it again as JPEG or PNG" in str(error)
    else:
        assert files.corners(picture.image) == AS_SEEN and "only the first picture" in picture.notes[0]


def test_wide_panoramas_pass_and_bombs_do_not(tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    write_picture(wide, np.zeros((100, 20_000, 3), np.uint8))
    assert read_picture(wide).shape == (100, 20_000, 3)
    bomb = files.saved(tmp_path / "bomb.png", files.bomb_png(20_000, 20_000))
    assert bomb.stat().st_size < 1000
    with pytest.raises(MediaError, match="20000 x 20000 pixels, more than the 120 million"):
        read_picture(bomb)
    with pytest.raises(MediaError, match="more than the 1 million"):
        read_picture(wide, max_pixels=1_000_000)


def test_a_jpeg_that_claims_too_much_is_refused_unread(tmp_path: Path) -> None:
    data = bytearray(files.jpeg(files.quarters(64, 48)))
    at = data.index(b"\xff\xc0")
    data[at + 5:at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(MediaError, match="65535 x 65535 pixels"):
        read_picture(files.saved(tmp_path / "j.jpg", bytes(data)))


@pytest.mark.parametrize(("name", "data", "words"), [
    ("empty.jpg", b"", "is empty"),
    ("text.jpg", b"dear diary, " * 20, "not a picture of a known kind"),
    ("phone.heic", b"\0\0\0\x18ftypheic" + b"\0" * 50, "HEIC picture, which is not read here: convert it to JPEG"),
    ("clip.mp4", b"\0\0\0\x18ftypisom" + b"\0" * 50, "is a video, not a picture"),
    ("doc.pdf", b"%PDF-1.7 " + b"\0" * 50, "PDF file"),
    ("cut.png", files.png(files.quarters(64, 48))[:-20], "cut off"),
    ("cut.jpg", files.jpeg(files.quarters(64, 48))[:-2], "cut off"),
    ("half.jpg", files.jpeg(files.quarters(64, 48))[:500], "cut off"),
    ("short.png", b"\x89PNG\r\n\x1a\n\0\0", "damaged or cut off"),
    ("cut.gif", files.GIF[:-30], "cut off"),
    ("cut.webp", files.ANIMATED_WEBP[:-30], "cut off"),
    ("zero.png", files.bomb_png(0, 0), "states no size"),
])
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = files.saved(tmp_path / name, data)
    with pytest.raises(MediaError, match=words) as caught:
        read_picture(path)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_png_is_noticed_by_its_checksums(tmp_path: Path) -> None:
    data = bytearray(files.png(files.quarters(64, 48)))
    data[len(data) // 2] ^= 0x10
    with pytest.raises(MediaError, match="checksum"):
        read_picture(files.saved(tmp_path / "d.png", bytes(data)))


def test_floating_point_pictures_are_named(tmp_path: Path) -> None:
    data = cv2.imencode(".tif", np.ones((8, 8), np.float32))[1].tobytes()
    with pytest.raises(MediaError, match="float32 values"):
        read_picture(files.saved(tmp_path / "f.tif", data))


def test_missing_folder_pipe_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no picture"):
        read_picture(tmp_path / "no.jpg")
    with pytest.raises(MediaError, match="is a folder, not a picture"):
        read_picture(tmp_path)
    with pytest.raises(MediaError, match="not a file name"):
        read_picture("")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(MediaError, match="device or pipe"):
        read_picture(tmp_path / "pipe.jpg")
    if os.geteuid() != 0:
        locked = files.saved(tmp_path / "locked.jpg", files.jpeg(files.quarters()))
        locked.chmod(0)
        with pytest.raises(MediaError, match="permission denied"):
            read_picture(locked)


def test_names_in_any_alphabet_and_of_any_bytes(tmp_path: Path) -> None:
    for name in ("größe 写真.png", "zeile\nzwei.png", os.fsdecode(b"latin\xff.png"), "%03d.png"):
        path = tmp_path / name
        write_picture(path, files.quarters())
        assert (read_picture(path) == files.quarters()).all()
    with pytest.raises(MediaError) as caught:
        read_picture(tmp_path / "no\nsuch\udcff.png")
    str(caught.value).encode("utf-8")
    assert "\n" not in str(caught.value)


def test_nothing_of_the_source_travels_with_the_pixels(tmp_path: Path) -> None:
    source = files.saved(tmp_path / "in.jpg", files.jpeg(files.quarters(64, 48), 6))
    assert b"GPS" in source.read_bytes()
    write_picture(tmp_path / "out.jpg", read_picture(source))
    written = (tmp_path / "out.jpg").read_bytes()
    assert b"GPS" not in written and b"Exif" not in written
    assert read_header(written).orientation == 1  # type: ignore[union-attr]


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    old = files.saved(tmp_path / "old.webp", b"old")
    with pytest.raises(MediaError, match=r"take \.png or \.tif"):
        write_picture(old, np.zeros((2, 20_000, 3), np.uint8))  # WebP ends at 16,383
    assert old.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["old.webp"]
    with pytest.raises(MediaError, match="does not exist: make it first"):
        write_picture(tmp_path / "no" / "x.png", files.quarters())
    with pytest.raises(MediaError, match=r"name it \.jpg"):
        write_picture(tmp_path / "x.heic", files.quarters())
    (tmp_path / "d.png").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        write_picture(tmp_path / "d.png", files.quarters())


def test_a_written_file_has_the_usual_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_picture(tmp_path / "p.png", files.quarters())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "p.png").stat().st_mode) == 0o640


@given(data=st.binary(max_size=200), start=st.sampled_from([
    b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8X", b"BM", b"II*\0", b"MM\0*", b"P6"]))
def test_any_bytes_give_a_header_none_or_a_value_error(data: bytes, start: bytes) -> None:
    try:
        header = read_header(start + data)
    except ValueError:
        return
    assert header is None or (header.width >= 0 and header.height >= 0 and 1 <= header.orientation <= 8)


@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), max_size=4),
       kind=st.sampled_from(["jpeg", "png", "gif", "webp", "cmyk"]))
def test_damaged_pictures_are_read_or_refused_never_worse(
        tmp_path_factory: pytest.TempPathFactory, cut: float, flips: list[tuple[float, int]], kind: str) -> None:
    whole = {"jpeg": files.jpeg(files.quarters(64, 48)), "png": files.png(files.quarters(64, 48)), "gif": files.ANIMATED_GIF,
             "webp": files.ANIMATED_WEBP, "cmyk": files.CMYK_JPEG}[kind]
    data = bytearray(whole[:max(1, round(len(whole) * cut))])
    for place, value in flips:
        data[int(place * len(data))] ^= value
    path = files.saved(tmp_path_factory.getbasetemp() / "damaged.bin", bytes(data))
    try:
        image = read_picture(path)
    except MediaError:
        return
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3

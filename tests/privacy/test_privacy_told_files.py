"""Every kind of picture and film through hiding and sealing: the face is gone, nothing else tells on it; bad ones say so in a sentence."""

from __future__ import annotations

import functools
import resource
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from told_files import (
    FACE,
    PICTURES,
    PLACE,
    animated_png,
    encoded,
    face,
    film,
    telling_jpeg,
    thumbnail,
    under_glass,
)

from edge_face.errors import EdgeFaceError, SealedError
from edge_face.media import MAX_PIXELS, VideoReader, read_picture, write_picture
from edge_face.opencv import cv2
from edge_face.privacy import covered_share, hide_picture, hide_video, mask_of
from edge_face.privacy.regions import Region
from edge_face.privacy.sealed import open_film, open_picture, seal_film, seal_picture
from edge_face.privacy.sealed.png_chunk import chunks
from edge_face.privacy.seeing import Seeing
from edge_face.settings import PrivacySettings, Settings
from edge_face.types import Box, Image

SOLID = PrivacySettings(method="solid")
OWNER = X25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="module")
def seeing() -> Seeing:
    return Seeing(Settings())


def hidden(image: Image, box: Box = FACE) -> bool:
    """Is the middle of the face one colour, as the solid fill leaves it? (JPEG and VP9 leave a little noise.)"""
    inner = box.grown(0.9).clipped(image.shape[1], image.shape[0])
    patch = image[round(inner.y):round(inner.y + inner.height), round(inner.x):round(inner.x + inner.width)]
    return patch.size > 0 and float(patch.reshape(-1, 3).std(axis=0).max()) < 4.0


@functools.cache
def scan() -> bytes:
    """Some of the thumbnail's own pixels, as they are packed."""
    small = thumbnail()
    return small[len(small) // 2:][:80]


def tells(data: bytes) -> list[str]:
    """What of the source's metadata is in a file."""
    marks = {"place": PLACE, "EXIF": b"Exif\0\0", "EXIF chunk": b"eXIf", "EXIF in WebP": b"EXIF", "XMP": b"xmpmeta", "IPTC": b"8BIM",
             "text": b"tEXt", "thumbnail": scan(), "film": b"ftypmp42", "time": b"tIME", "animation": b"fcTL", "GPS": b"\x25\x88\x04\0"}
    return [name for name, mark in marks.items() if mark in data]


@functools.cache
def content(name: str) -> bytes:
    return PICTURES[name]()


@pytest.mark.parametrize("name", PICTURES)
def test_a_face_in_every_kind_of_picture_is_hidden_and_comes_back_exactly(tmp_path: Path, seeing: Seeing, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(content(name))
    if "telling" in name:
        assert {"place", "thumbnail"} <= set(tells(source.read_bytes()))
    done = hide_picture(source, tmp_path / f"out{source.suffix}", seeing.stills(), SOLID)
    assert done.regions and hidden(read_picture(tmp_path / f"out{source.suffix}"))
    assert tells((tmp_path / f"out{source.suffix}").read_bytes()) == []
    seal_picture(source, tmp_path / "sealed.png", OWNER.public_key(), seeing.stills(), SOLID)
    data = (tmp_path / "sealed.png").read_bytes()
    assert hidden(read_picture(tmp_path / "sealed.png")) and tells(data) == []
    assert {part for part, _ in chunks(data)} <= {b"IHDR", b"IDAT", b"efSR", b"IEND"}
    open_picture(tmp_path / "sealed.png", tmp_path / "opened.png", OWNER)
    assert (read_picture(tmp_path / "opened.png") == read_picture(source)).all() and tells((tmp_path / "opened.png").read_bytes()) == []


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".ppm"])
def test_a_place_and_a_sharp_thumbnail_go_into_no_kind_of_output(tmp_path: Path, seeing: Seeing, suffix: str) -> None:
    (tmp_path / "in.jpg").write_bytes(content("telling.jpg"))
    hide_picture(tmp_path / "in.jpg", tmp_path / f"out{suffix}", seeing.stills(), SOLID)
    assert tells((tmp_path / f"out{suffix}").read_bytes()) == [] and hidden(read_picture(tmp_path / f"out{suffix}"))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_face_is_hidden_where_exif_turns_it_to(tmp_path: Path, seeing: Seeing, orientation: int) -> None:
    stored = face()
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation >= 5:
        stored = stored.transpose(1, 0, 2)
    (tmp_path / "in.jpg").write_bytes(telling_jpeg(orientation, np.ascontiguousarray(stored)))
    hide_picture(tmp_path / "in.jpg", tmp_path / "out.jpg", seeing.stills(), SOLID)
    out = read_picture(tmp_path / "out.jpg")
    assert out.shape == (320, 240, 3) and hidden(out) and tells((tmp_path / "out.jpg").read_bytes()) == []


def test_of_an_animation_only_the_first_picture_is_left(tmp_path: Path, seeing: Seeing) -> None:
    (tmp_path / "in.png").write_bytes(animated_png())
    done = hide_picture(tmp_path / "in.png", tmp_path / "out.png", seeing.stills(), SOLID)
    assert any("only the first picture" in note for note in done.notes)
    assert {name for name, _ in chunks((tmp_path / "out.png").read_bytes())} == {b"IHDR", b"IDAT", b"IEND"}
    film(tmp_path / "moving.gif", codec="gif", pixels="rgb8")
    hide_picture(tmp_path / "moving.gif", tmp_path / "gif.png", seeing.stills(), SOLID)
    assert hidden(read_picture(tmp_path / "gif.png"))


def test_what_lies_under_transparency_stays_behind(tmp_path: Path, seeing: Seeing) -> None:
    (tmp_path / "in.png").write_bytes(under_glass())
    hide_picture(tmp_path / "in.png", tmp_path / "out.png", seeing.stills(), SOLID)
    assert cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED).shape == (320, 240, 3)
    assert (read_picture(tmp_path / "out.png") == 255).all()


@pytest.mark.parametrize("cut", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_faces_at_and_over_the_border(tmp_path: Path, seeing: Seeing, side: str, cut: float) -> None:
    image, box = face(), FACE
    x, y, right, low = (round(v) for v in (box.x + cut * box.width, box.y + cut * box.height, box.x + box.width * (1 - cut),
                                           box.y + box.height * (1 - cut)))
    part, left = {"left": (image[:, x:], box.moved(-x, 0)), "right": (image[:, :right], box), "top": (image[y:], box.moved(0, -y)),
                  "bottom": (image[:low], box)}[side]
    write_picture(tmp_path / "in.png", np.ascontiguousarray(part))
    done = seal_picture(tmp_path / "in.png", tmp_path / "out.png", OWNER.public_key(), seeing.stills(), SOLID).hidden
    assert covered_share(mask_of(done.regions, part.shape[1], part.shape[0]), left) >= 0.95
    assert hidden(read_picture(tmp_path / "out.png"), left)
    open_picture(tmp_path / "out.png", tmp_path / "opened.png", OWNER)
    assert (read_picture(tmp_path / "opened.png") == part).all()


def test_a_thousand_faces(tmp_path: Path, seeing: Seeing) -> None:
    """40 x 25 faces of 24 px: none is left out, and each comes back."""
    scale = 24 / FACE.height
    crop = FACE.grown(1.6)
    one = face()[round(crop.y):round(crop.y + crop.height), round(crop.x):round(crop.x + crop.width)]
    one = cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    height, width = one.shape[:2]
    crowd = np.ascontiguousarray(np.tile(one, (25, 40, 1)))
    write_picture(tmp_path / "in.png", crowd)
    done = seal_picture(tmp_path / "in.png", tmp_path / "out.png", OWNER.public_key(), seeing.stills(), SOLID)
    mask = mask_of(done.hidden.regions, crowd.shape[1], crowd.shape[0])
    bare = Box(0.3 / 1.6 * width, 0.3 / 1.6 * height, width / 1.6, height / 1.6)
    assert min(covered_share(mask, bare.moved(i * width, j * height)) for i in range(40) for j in range(25)) >= 0.95
    assert done.faces >= 1000
    opened = open_picture(tmp_path / "out.png", tmp_path / "opened.png", OWNER)
    assert len(opened.opened) == done.faces and (opened.image == crowd).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 3), (17, 2), (5000, 4)])
def test_pictures_too_small_for_a_face_pass(tmp_path: Path, seeing: Seeing, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    write_picture(tmp_path / "in.png", image)
    seal_picture(tmp_path / "in.png", tmp_path / "out.png", OWNER.public_key(), seeing.stills(), SOLID)
    open_picture(tmp_path / "out.png", tmp_path / "opened.png", OWNER)
    assert (read_picture(tmp_path / "opened.png") == image).all()


def huge() -> bytes:
    side = int(MAX_PIXELS ** 0.5) + 1
    return encoded(np.zeros((8, 8, 3), np.uint8), ".bmp").replace(struct.pack("<ii", 8, 8), struct.pack("<ii", side, side))


def cut_film() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return film(Path(folder) / "f.mp4").read_bytes()[:700]


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpg": (lambda: b"", "is empty"), "zeros.png": (lambda: bytes(400), "not a picture of a known kind"),
    "cut.jpg": (lambda: encoded(face(), ".jpg")[:6000], "is cut off"), "cut.png": (lambda: content("telling.png")[:20_000], "is cut off"),
    "flipped.png": (lambda: content("deep.png")[:9000] + b"\0" * 9 + content("deep.png")[9009:], "a checksum does not fit"),
    "huge.bmp": (huge, "more than the 120 million"), "float.tif": (lambda: encoded(face().astype(np.float32), ".tif"), "float32"),  # type: ignore
    "page.jpg": (lambda: b"%PDF-1.7\n" + bytes(400), "is a PDF file"), "heic.jpg": (lambda: b"\0\0\0\x18ftypheic" + bytes(90), "is a HEIC"),
    "empty.mp4": (lambda: b"", "is empty"), "text.mp4": (lambda: b"dear diary " * 90, "not a video that can be read"),
    "cut.mp4": (cut_film, "not a video that can be read"), "list.mp4": (lambda: b"#EXTM3U\nhttp://127.0.0.1:9/x.ts\n", "is a playlist")}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_said_in_one_sentence_and_leaves_nothing(tmp_path: Path, seeing: Seeing, name: str) -> None:
    make, words = BAD[name]
    source = tmp_path / name
    source.write_bytes(make())
    out = tmp_path / "out"
    out.mkdir()
    public = OWNER.public_key()
    ways: list[Callable[[], Any]] = [
        lambda: hide_picture(source, out / "o.png", seeing.stills(), SOLID),
        lambda: seal_picture(source, out / "o.png", public, seeing.stills(), SOLID)]
    if name.endswith("mp4"):
        ways = [lambda: hide_video(source, out / "o.mp4", seeing.video(), SOLID),
                lambda: seal_film(source, out / "o.mp4", public, seeing.video(), SOLID)]
    for way in ways:
        with pytest.raises(EdgeFaceError, match=words) as told:
            way()
        assert name in str(told.value) and "\n" not in str(told.value)
    assert list(out.iterdir()) == []


def test_a_picture_already_sealed(tmp_path: Path, seeing: Seeing) -> None:
    """Sealed again it would lose its faces for good; hidden again it says what stays behind."""
    write_picture(tmp_path / "in.png", face())
    for name in ("a.png", "a.jpg"):
        seal_picture(tmp_path / "in.png", tmp_path / name, OWNER.public_key(), seeing.stills(), SOLID)
        with pytest.raises(SealedError, match="carries sealed faces already"):
            seal_picture(tmp_path / name, tmp_path / "b.png", OWNER.public_key(), seeing.stills(), SOLID)
        done = hide_picture(tmp_path / name, tmp_path / "b.png", seeing.stills(), SOLID)
        assert b"efSR" not in (tmp_path / "b.png").read_bytes() and any("sealed faces" in note for note in done.notes)


FILMS: dict[str, dict[str, Any]] = {
    "told.mp4": {"told": True}, "cover.mp4": {"cover": True}, "told.mov": {"told": True}, "one.mp4": {"frames": 1},
    "deep.mkv": {"codec": "libx264", "pixels": "yuv420p10le"}, "alpha.webm": {"codec": "libvpx-vp9", "pixels": "yuva420p"},
    "uneven.mkv": {"times": [0.0, 0.04, 0.5, 0.55, 2.0, 2.1, 2.15, 4.0]}, "moving.gif": {"codec": "gif", "pixels": "rgb8"}}


@pytest.mark.parametrize("name", FILMS)
def test_a_face_in_every_kind_of_film_is_hidden_in_each_frame(tmp_path: Path, seeing: Seeing, name: str) -> None:
    av = pytest.importorskip("av")

    source = film(tmp_path / name, **FILMS[name])
    if name.startswith("told"):
        assert PLACE in source.read_bytes()
    if name.startswith("cover"):
        with av.open(str(source)) as file:
            assert len(file.streams.video) == 2
    done = seal_film(source, tmp_path / "out.mp4", OWNER.public_key(), seeing.video(), SOLID)
    assert done.hidden.frames == FILMS[name].get("frames", 8) == done.hidden.hidden
    data = (tmp_path / "out.mp4").read_bytes()
    assert PLACE not in data and scan() not in data
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert len(file.streams) == 1
    open_film(tmp_path / "out.mp4", f"{tmp_path}/frames/", OWNER)
    with VideoReader(source) as before, VideoReader(tmp_path / "out.mp4") as after:
        for (i, t, original), (_, u, seen) in zip(before, after, strict=True):
            assert t == pytest.approx(u, abs=2e-3) and hidden(seen, FACE.moved(2 * i, 0))
            exact = read_picture(tmp_path / "frames" / f"frame-{i:06d}.png")
            inside = mask_of([Region(FACE.moved(2 * i, 0), "weak")], 240, 320)
            assert (exact[inside] == original[inside]).all()


def test_a_film_that_changes_its_size(tmp_path: Path, seeing: Seeing) -> None:
    """Motion JPEG of two sizes: all frames have the first one's, and the face is gone from all."""
    large = cv2.resize(face(), (480, 640))
    frames = [encoded(face(), ".jpg")] * 4 + [encoded(large, ".jpg")] * 4  # type: ignore[arg-type]
    (tmp_path / "in.mjpeg").write_bytes(b"".join(frames))
    done = seal_film(tmp_path / "in.mjpeg", tmp_path / "out.mp4", OWNER.public_key(), seeing.video(), SOLID)
    assert done.hidden.frames == done.hidden.hidden == 8
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert all(hidden(image) and image.shape == (320, 240, 3) for _, _, image in reader)
    assert open_film(tmp_path / "out.mp4", tmp_path / "o.mp4", OWNER).changed == 8


def test_a_film_without_frames(tmp_path: Path, seeing: Seeing) -> None:
    av = pytest.importorskip("av")

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16_000)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        quiet.sample_rate = 16_000
        file.mux(stream.encode(quiet))
        file.mux(stream.encode(None))
    for way in (lambda: hide_video(path, tmp_path / "o.mp4", seeing.video(), SOLID),
                lambda: seal_film(path, tmp_path / "o.mp4", OWNER.public_key(), seeing.video(), SOLID)):
        with pytest.raises(EdgeFaceError, match=r"'.*sound\.mp4'") as told:
            way()
        assert "\n" not in str(told.value)
    assert [p.name for p in tmp_path.iterdir()] == ["sound.mp4"]


def test_a_film_with_a_damaged_middle(tmp_path: Path, seeing: Seeing) -> None:
    """Decoders go on with smeared pictures: whatever of the face is still in them is hidden, and the damage is said or bridged."""
    source = film(tmp_path / "in.mp4", 40)
    data = bytearray(source.read_bytes())
    at = data.index(b"mdat") + 4
    middle = at + (len(data) - at) // 3
    data[middle:middle + 1500] = bytes(1500)
    source.write_bytes(data)
    done = seal_film(source, tmp_path / "out.mp4", OWNER.public_key(), seeing.video(), SOLID)
    assert 30 <= done.hidden.frames <= 40 and done.hidden.hidden == done.hidden.frames
    with VideoReader(source) as before, VideoReader(tmp_path / "out.mp4") as after:
        for (_, t, _), (_, u, seen) in zip(before, after, strict=True):
            assert hidden(seen, FACE.moved(20 * t, 0).grown(0.7)) and t == pytest.approx(u, abs=2e-3)
    assert open_film(tmp_path / "out.mp4", tmp_path / "o.mp4", OWNER).frames == done.hidden.frames


def test_ctrl_c_and_a_full_disk_leave_neither_film_nor_seals(tmp_path: Path, seeing: Seeing) -> None:
    source, public = film(tmp_path / "in.mp4"), OWNER.public_key()

    def interrupt(done: int, stated: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_film(source, tmp_path / "out.mp4", public, seeing.video(), SOLID, progress=interrupt)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
        with pytest.raises(EdgeFaceError, match=r"out\.mp4\.sealed' cannot be written"):
            seal_film(source, tmp_path / "out.mp4", public, seeing.video(), SOLID)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]

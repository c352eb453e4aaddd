"""The Pi camera's adapter against a stand-in that raises, stalls and pads as picamera2 does."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_picamera2 import Platform, World, fake_libcamera, fake_picamera2

from edge_face.cameras.picamera import PicameraSource, as_bgr, detail_size
from edge_face.clock import ManualClock
from edge_face.errors import CameraError, MissingExtraError, SettingsError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Image

SETTINGS = CameraSettings(fps=30)
SMALL = replace(SETTINGS, width=320, height=240, detail_width=0)
FACE = Box(100, 60, 100, 120)


def make(world: World, settings: CameraSettings = SETTINGS, number: int = 0) -> PicameraSource:
    return PicameraSource(settings, world.clock, fake_picamera2(world), fake_libcamera(), number)


def opened(world: World, settings: CameraSettings = SETTINGS) -> PicameraSource:
    source = make(world, settings)
    source.open()
    return source


@pytest.fixture
def world() -> World:
    return World(ManualClock())


def colour_of(image: Image, x: int, y: int) -> list[int]:
    return [int(v) for v in image[y, x]]


@pytest.mark.parametrize("platform", [Platform.VC4, Platform.PISP, None])
def test_both_streams_are_bgr_contiguous_and_show_the_same(platform: Platform | None) -> None:
    world = World(ManualClock(), platform=platform)
    source = opened(world)
    frame = source.read()
    assert frame.image.shape == (480, 640, 3) and frame.detail is not None and frame.detail.shape == (1152, 1536, 3)
    for picture in (frame.image, frame.detail):
        assert picture.dtype == np.uint8 and picture.flags.c_contiguous and picture.flags.writeable
    wall, face = colour_of(frame.detail, 24, 24), colour_of(frame.detail, 720, 576)
    assert wall[0] > wall[1] > wall[2], "the wall is blue: its first byte is the largest"
    assert colour_of(frame.image, 10, 10) == pytest.approx(wall, abs=4)
    assert colour_of(frame.image, 300, 240) == pytest.approx(face, abs=4)
    assert world.requests_out == 0


def test_padding_of_the_small_stream_is_cut_off() -> None:
    world = World(ManualClock())
    frame = opened(world, replace(SETTINGS, width=600, height=450)).read()
    assert frame.image.shape == (450, 600, 3)
    assert colour_of(frame.image, 599, 449) == pytest.approx(colour_of(frame.image, 0, 0), abs=4)


def test_the_configuration_is_what_the_door_needs(world: World) -> None:
    opened(world, replace(SETTINGS, fps=15.0))
    asked = world.configuration
    assert asked["main"] == {"format": "RGB888", "size": (1536, 1152)}
    assert asked["lores"] == {"format": "YUV420", "size": (640, 480)}
    assert asked["raw"] == {"size": (2304, 1296)}, "the binned mode with the full view"
    assert asked["controls"] == {"FrameDurationLimits": (66_667, 66_667)}
    assert asked["colour_space"].name == "Smpte170m" and asked["queue"] is False and asked["buffer_count"] >= 3


def test_a_sensor_smaller_than_the_main_stream_is_read_whole(world: World) -> None:
    world.sensor = (2592, 1944)
    opened(world)
    assert world.configuration["raw"] == {"size": (2592, 1944)}


def test_in_the_dark_fast_cameras_may_slow_down_to_15_frames(world: World) -> None:
    opened(world, replace(SETTINGS, fps=30.0))
    assert world.configuration["controls"]["FrameDurationLimits"] == (33_333, 66_666)


@pytest.mark.parametrize("detail", [0, 640, 320])
def test_without_a_larger_stream_there_is_no_detail(world: World, detail: int) -> None:
    frame = opened(world, replace(SETTINGS, detail_width=detail)).read()
    assert world.configuration["lores"] is None and frame.detail is None and frame.image.shape == (480, 640, 3)


@pytest.mark.parametrize(("rotate", "mirror", "hflip", "vflip"), [
    (0, False, False, False), (0, True, True, False), (180, False, True, True), (180, True, False, True)])
def test_turning_and_mirroring_is_left_to_the_camera(world: World, rotate: int, mirror: bool, hflip: bool, vflip: bool) -> None:
    opened(world, replace(SETTINGS, rotate=rotate, mirror=mirror))
    transform = world.configuration["transform"]
    assert (transform.hflip, transform.vflip) == (hflip, vflip)


def test_odd_sizes_are_made_even(world: World) -> None:
    frame = opened(world, replace(SETTINGS, width=641, height=481, detail_width=1537)).read()
    assert frame.image.shape == (480, 640, 3) and frame.detail is not None and frame.detail.shape[1] == 1536
    assert detail_size(replace(SETTINGS, width=640, height=360, detail_width=1920)) == (1920, 1080)


def test_masks_cover_both_streams(world: World) -> None:
    frame = opened(world, replace(SETTINGS, privacy_masks=[[0.5, 0.0, 0.5, 1.0]])).read()
    assert frame.detail is not None
    assert not frame.image[:, 320:].any() and not frame.detail[:, 768:].any()
    assert frame.image[:, :320].any() and frame.detail[:, :768].any()


def test_frames_are_numbered_and_stamped_by_the_clock(world: World) -> None:
    source = opened(world)
    one, two = source.read(), source.read()
    assert (one.index, two.index) == (0, 1)
    assert two.monotonic - one.monotonic == pytest.approx(1 / 30)
    assert two.wall - one.wall == pytest.approx(1 / 30)


# --- what goes wrong ---

def failure(source: PicameraSource) -> str:
    with pytest.raises(CameraError) as caught:
        source.open()
    text = str(caught.value)
    assert "\n" not in text and len(text) < 300
    return text


def test_no_camera(world: World) -> None:
    world.cameras = []
    assert "ribbon cable" in failure(make(world))


def test_only_a_usb_camera_is_no_pi_camera(world: World) -> None:
    world.cameras = [{"Model": "C920", "Id": "/base/scb/pcie/usb@0-1:1.0-046d", "Num": 0}]
    assert "no Pi camera" in failure(make(world))


def test_a_camera_number_that_is_not_there(world: World) -> None:
    assert "no Pi camera 1: 1 found" in failure(make(world, number=1))


def test_the_second_camera(world: World) -> None:
    world.cameras.append({"Model": "imx219", "Id": "/base/soc/i2c0mux/i2c@0/imx219@10", "Num": 1})
    source = make(world, number=1)
    source.open()
    assert world.opened == [1] and source.read().index == 0


def test_a_camera_that_vanishes_between_looking_and_opening(world: World) -> None:
    source = make(world)
    find = source._find
    source._find = lambda: (find()[0] + 7, "imx708")  # type: ignore[method-assign]
    assert "no Pi camera is found" in failure(source)


def test_a_busy_camera(world: World) -> None:
    world.busy = True
    assert "in use by another program" in failure(make(world))


def test_a_forbidden_camera(world: World) -> None:
    world.forbidden = True
    assert "usermod -aG video" in failure(make(world))


def test_no_memory_names_the_setting(world: World) -> None:
    world.start_fails = "Failed to start camera: Cannot allocate memory"
    assert "detail_width" in failure(make(world))
    assert world.closed == 1, "what was opened is given back"


def test_another_failure_is_one_sentence(world: World) -> None:
    world.start_fails = "Failed to start camera: Connection timed out\nand a second line"
    text = failure(make(world))
    assert "Connection timed out" in text and "second line" not in text


def test_a_capture_that_blocks_is_an_error_and_can_be_closed(world: World) -> None:
    world.hangs_after = 2
    source = opened(world, replace(SETTINGS, stall_seconds=2.0))
    source.read(), source.read()
    before = world.clock.monotonic()
    with pytest.raises(CameraError, match="no picture for 2 s: check the ribbon cable"):
        source.read()
    assert world.clock.monotonic() - before == pytest.approx(1.9)
    source.close()
    source.close()
    assert not world.hung_in_stop and world.closed == 1


def test_a_frozen_time_stamp_is_an_error_within_the_limit(world: World) -> None:
    world.freezes_after = 3
    source = opened(world, replace(SETTINGS, stall_seconds=2.0))
    before = [source.read() for _ in range(3)]
    with pytest.raises(CameraError, match="frozen"):
        source.read()
    assert 1.9 < world.clock.monotonic() - before[-1].monotonic < 2.0
    assert world.requests_out == 0, "frozen requests are given back too"


def test_darkness_is_no_fault(world: World) -> None:
    world.light = 0.0
    source = opened(world, SMALL)
    assert not any(source.read().image.max() > 20 for _ in range(90))


def test_a_capture_that_raises(world: World) -> None:
    world.fails_after = 1
    source = opened(world)
    source.read()
    with pytest.raises(CameraError, match="frontend has timed out"):
        source.read()


def test_a_request_that_cannot_be_read_is_still_given_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import fake_picamera2 as fake

    def fails(self: Any, name: str) -> Any:
        raise RuntimeError("failed to find buffer")

    monkeypatch.setattr(fake.Request, "make_array", fails)
    source = opened(world)
    with pytest.raises(CameraError, match="failed to find buffer"):
        source.read()
    assert world.requests_out == 0


def test_reading_before_opening_or_after_closing(world: World) -> None:
    source = make(world)
    with pytest.raises(CameraError, match="not open"):
        source.read()
    source.open()
    source.close()
    with pytest.raises(CameraError, match="not open"):
        source.read()


def test_without_picamera2_the_extra_is_named() -> None:
    assert "picamera2" not in sys.modules
    with pytest.raises(MissingExtraError, match="apt install python3-picamera2"):
        PicameraSource(SETTINGS, ManualClock()).open()


def test_a_picamera2_that_a_new_numpy_broke(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "picamera2.py").write_text('raise ValueError("numpy.dtype size changed, may indicate binary incompatibility")\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CameraError, match=r"numpy.dtype size changed.*edge-face doctor"):
        PicameraSource(SETTINGS, ManualClock(), libcamera=fake_libcamera()).open()


# --- controls ---

def test_noir_takes_its_tuning_file(world: World) -> None:
    opened(world, replace(SETTINGS, noir=True))
    assert world.tuning == {"version": 2.0, "name": "imx708_noir.json"}


def test_noir_without_a_tuning_file_says_so(world: World) -> None:
    world.cameras[0]["Model"] = "imx999"
    assert "imx999_noir.json" in failure(make(world, replace(SETTINGS, noir=True)))


def test_a_camera_that_knows_that_it_is_noir_needs_none(world: World) -> None:
    world.cameras[0]["Model"] = "imx708_wide_noir"
    opened(world, replace(SETTINGS, noir=True))
    assert world.tuning is None


def test_controls_of_the_settings_reach_the_camera(world: World) -> None:
    opened(world, replace(SETTINGS, controls={"Sharpness": 1.2, "AwbMode": "Indoor", "ScalerCrop": [0, 0, 100, 100]}))
    told = world.configuration["controls"]
    assert told["Sharpness"] == 1.2 and told["AwbMode"] == 4 and told["ScalerCrop"] == (0, 0, 100, 100)


@pytest.mark.parametrize(("controls", "words"), [
    ({"Sharpnes": 1.0}, "no control 'Sharpnes'.*Sharpness"),
    ({"AwbMode": "Indor"}, "Daylight, Indoor"),
    ({"Sharpness": "much"}, "a number is allowed"),
])
def test_wrong_controls_name_what_is_allowed(world: World, controls: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make(world, replace(SETTINGS, controls=controls)).open()
    assert world.closed == 1


# --- exposure, through the adapter ---

def face_level(source: PicameraSource, frames: int, boxes: list[Box] | None) -> float:
    frame = source.read()
    for _ in range(frames):
        if boxes is not None:
            source.meter(boxes)
        frame = source.read()
    return float(frame.image[100:140, 130:170].mean()) / 255


def test_a_face_against_the_light_is_exposed_for(world: World) -> None:
    world.face_reflects, world.wall_reflects = 0.05, 0.9
    source = opened(world, replace(SMALL, face_target=0.45))
    assert face_level(source, 10, None) < 0.2, "the camera's own automatic exposes for the wall"
    assert face_level(source, 60, [FACE]) == pytest.approx(0.45, abs=0.05)
    settled = len(world.told)
    face_level(source, 60, [FACE])
    assert len(world.told) == settled, "it has come to rest"
    assert world.told[-1]["AeEnable"] is False


def test_without_a_face_the_automatic_takes_over_again(world: World) -> None:
    world.face_reflects, world.wall_reflects = 0.05, 0.9
    source = opened(world, SMALL)
    face_level(source, 60, [FACE])
    face_level(source, 200, [])
    assert world.told[-1] == {"AeEnable": True, "ExposureTime": 0, "AnalogueGain": 0.0}
    assert face_level(source, 5, None) < 0.2


def test_boxes_that_nobody_renews_are_forgotten(world: World) -> None:
    world.face_reflects, world.wall_reflects = 0.05, 0.9
    source = opened(world, SMALL)
    face_level(source, 60, [FACE])
    face_level(source, 200, None)
    assert world.told[-1]["AeEnable"] is True


@pytest.mark.parametrize("settings", [
    replace(SMALL, metering="frame"), replace(SMALL, metering="off"),
    replace(SMALL, controls={"ExposureTime": 5000, "AnalogueGain": 2.0})])
def test_the_loop_keeps_out_where_it_is_not_wanted(world: World, settings: CameraSettings) -> None:
    world.face_reflects, world.wall_reflects = 0.05, 0.9
    source = opened(world, settings)
    face_level(source, 60, [FACE])
    assert len(world.told) == 1, "only what was told at the start"


def test_formats_that_cannot_be_used_are_named() -> None:
    with pytest.raises(CameraError, match="NV12"):
        as_bgr(np.zeros((6, 4), np.uint8), "NV12", 4, 4)


@pytest.mark.parametrize(("form", "array"), [
    ("RGB888", [1, 2, 3]), ("BGR888", [3, 2, 1]), ("XRGB8888", [1, 2, 3, 255]), ("XBGR8888", [3, 2, 1, 255])])
def test_every_rgb_format_comes_out_as_bgr(form: str, array: list[int]) -> None:
    picture = as_bgr(np.broadcast_to(np.array(array, np.uint8), (4, 6, len(array))), form, 6, 4)
    assert picture.shape == (4, 6, 3) and (picture == [1, 2, 3]).all() and picture.flags.c_contiguous

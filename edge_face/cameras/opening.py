"""From settings to an open source: the one place that knows all kinds."""

from __future__ import annotations

from edge_face.cameras.source import NO_CAMERA, Kind, Source, parse_source
from edge_face.clock import Clock, SystemClock
from edge_face.errors import SettingsError
from edge_face.settings import CameraSettings


def make_source(settings: CameraSettings, clock: Clock | None = None) -> Source:
    """The source that the settings name, not yet open. Raises SettingsError."""
    clock = clock or SystemClock()
    name = parse_source(settings.source)
    if name.kind is Kind.PICAMERA2:
        from edge_face.cameras.picamera import PicameraSource

        return PicameraSource(settings, clock, number=int(name.value))
    if name.kind is Kind.USB:
        from edge_face.cameras.usb import UsbSource

        return UsbSource(name.value, settings, clock)
    if name.kind is Kind.RTSP:
        from edge_face.cameras.rtsp import RtspSource

        return RtspSource(name.value, settings, clock)
    if name.kind is Kind.NONE:
        raise SettingsError(NO_CAMERA)
    from edge_face.cameras.files import FolderSource, VideoSource

    return (VideoSource if name.kind is Kind.FILE else FolderSource)(name.value, settings, clock)


def open_source(settings: CameraSettings, clock: Clock | None = None) -> Source:
    """Opens the source that the settings name: `with open_source(settings) as source: frame = source.read()`.

    Raises CameraError, MediaError, SettingsError or MissingExtraError in one sentence.
    """
    source = make_source(settings, clock)
    try:
        source.open()
    except BaseException:
        source.close()
        raise
    return source

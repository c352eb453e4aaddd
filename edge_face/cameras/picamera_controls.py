"""Controls of the Pi camera: those of the settings, and those of the exposure loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_face.cameras.exposure import (
    Automatic,
    ExposureState,
    Limits,
    Measurement,
    face_brightness,
    step,
)
from edge_face.errors import SettingsError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Image

_EXPOSURE = frozenset({"ExposureTime", "AnalogueGain", "AeEnable", "ExposureTimeMode", "AnalogueGainMode"})


def checked_controls(asked: Mapping[str, Any], known: Mapping[str, Any], libcamera: Any) -> dict[str, Any]:
    """The settings' controls as libcamera takes them: lists as tuples, names of enumerations as their values.

    Raises SettingsError for a control that this camera does not have.
    """
    out: dict[str, Any] = {}
    for name, value in asked.items():
        if name not in known:
            raise SettingsError(f"[camera] controls: this camera has no control '{name}': it has {', '.join(sorted(known))}")
        if isinstance(value, str):
            out[name] = _enumerated(name, value, libcamera)
        else:
            out[name] = tuple(value) if isinstance(value, list) else value
    return out


def _enumerated(name: str, value: str, libcamera: Any) -> Any:
    kinds = getattr(getattr(libcamera, "controls", None), f"{name}Enum", None)
    found = getattr(kinds, value, None)
    if kinds is None or found is None:
        names = [one for one in dir(kinds) if one[:1].isupper()] if kinds is not None else []
        allowed = ", ".join(names) if names else "a number"
        raise SettingsError(f"[camera] controls: {name} = \"{value}\" is not known: {allowed} is allowed")
    return found


@dataclass
class Exposure:
    """The exposure loop of one open camera: what was measured in, controls for the camera out."""

    target: float
    limits: Limits
    state: ExposureState = field(default_factory=ExposureState)

    @classmethod
    def for_camera(cls, settings: CameraSettings, known: Mapping[str, Any]) -> Exposure | None:
        """None when the loop is switched off, when the settings fix the exposure, or when the camera cannot be told."""
        if settings.metering != "face" or _EXPOSURE & settings.controls.keys() or not {"ExposureTime", "AnalogueGain"} <= known.keys():
            return None
        shortest, longest, _ = (float(v or 0) for v in known["ExposureTime"])
        least_gain, most_gain, _ = (float(v or 0) for v in known["AnalogueGain"])
        frame = 1e6 / settings.fps
        shortest, least_gain = max(shortest, 50.0), max(least_gain, 1.0)
        longest = max(shortest, min(longest if longest > 0 else frame, frame))
        return cls(settings.face_target,
                   Limits(shortest, longest, least_gain, max(most_gain, least_gain), mains_hz=float(settings.mains_hz)))

    def after(self, image: Image, boxes: Sequence[Box], metadata: Mapping[str, Any], monotonic: float) -> dict[str, Any]:
        """What the camera has to be told after a frame; empty: nothing."""
        total = (float(metadata.get("ExposureTime") or 0) * float(metadata.get("AnalogueGain") or 0)
                 * float(metadata.get("DigitalGain") or 1.0))
        before = self.state.command
        self.state = step(self.state, Measurement(face_brightness(image, boxes), total, monotonic), self.target, self.limits)
        command = self.state.command
        if command is before:
            return {}
        if isinstance(command, Automatic):
            # Zeros hand time and gain back to the automatic, for libcamera before and after its ExposureTimeMode.
            return {"AeEnable": True, "ExposureTime": 0, "AnalogueGain": 0.0}
        return {"AeEnable": False, "ExposureTime": round(command.time), "AnalogueGain": round(command.gain, 3)}

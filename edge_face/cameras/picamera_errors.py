"""What picamera2 and libcamera raise, as one sentence with a way out."""

from __future__ import annotations

import concurrent.futures

from edge_face.errors import CameraError, EdgeFaceError

_BUSY = ("device or resource busy", "in use by another process", "code: -16", "failed to acquire", "acquired state",
         "failed to open camera")
_GONE = ("list index out of range", "no camera number", "camera(s) not found", "no cameras available")


def explained(error: Exception, name: str, limit: float | None = None) -> EdgeFaceError:
    """The error to raise instead of `error`. `limit`: the seconds that a capture was waited for."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for one in chain:
        if isinstance(one, EdgeFaceError):
            return one
    if any(isinstance(one, (concurrent.futures.TimeoutError, TimeoutError)) for one in chain):
        return CameraError(f"{name} has brought no picture for {limit or 0:g} s: check the ribbon cable and the power supply")
    text = " / ".join(f"{type(one).__name__}: {one}" for one in chain).lower()
    if any(isinstance(one, PermissionError) for one in chain) or "permission denied" in text:
        return CameraError(f"{name} may not be opened: sudo usermod -aG video $USER, then log in again")
    if any(isinstance(one, IndexError) for one in chain) or any(sign in text for sign in _GONE):
        return CameraError(f"no Pi camera is found ({name}): check the ribbon cable with the power off, then: rpicam-hello --list-cameras")
    if any(sign in text for sign in _BUSY):
        return CameraError(f"{name} is in use by another program: stop it (sudo fuser -v /dev/media* says which)")
    if "cannot allocate memory" in text or "dma_heap" in text:
        return CameraError(f"{name} gets no memory for its pictures: make [camera] detail_width smaller, or 0")
    first = next((line for one in reversed(chain) for line in str(one).splitlines() if line.strip()), type(error).__name__)
    return CameraError(f"{name} failed: {first.strip()[:160]} (rpicam-hello --list-cameras shows whether the system sees it)")

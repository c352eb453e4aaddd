"""The parts of the door: settings, camera, pins, models, store, daemon."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from edge_face.doctor.check import Finding, Host, Status
from edge_face.settings import Settings


def models(host: Host, settings: Settings) -> Iterator[Finding]:
    """Bundles are there, whole, and run."""
    import numpy as np

    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector
    from edge_face.vision.embedder import Embedder

    vision = settings.vision
    detector = load_bundle(vision.detector, "detector", "accept")
    width, height = (int(side) for side in vision.input.split("x"))
    Detector(detector, width, height, vision.precision, vision.threads, vision.landmarker).detect(
        np.zeros((480, 640, 3), np.uint8), 0.5)
    yield Finding("detector", Status.OK, f"{detector.name} {detector.version}, {vision.precision}: digest and a run are fine")
    embedder = load_bundle(vision.embedder, "embedder", "accept")
    Embedder(embedder, vision.precision, vision.threads).embed(np.zeros((112, 112, 3), np.uint8))
    yield Finding("embedder", Status.OK, f"{embedder.name} {embedder.version}, {vision.precision}: digest and a run are fine")
    if settings.privacy.method == "neural":
        from edge_face.privacy.painter import Painter

        anonymizer = load_bundle("", "anonymizer", "accept")
        chosen = Painter(anonymizer)
        chosen.paint(np.zeros((chosen.size, chosen.size, 3), np.uint8))
        yield Finding("anonymizer", Status.OK, f"{anonymizer.name} {anonymizer.version}, int8: digest and a run are fine")
    for bundle in (detector, embedder, load_bundle(vision.landmarker, "landmarker", "accept")):
        if bundle.gate is not None and not bundle.gate.passed:
            yield Finding("parity gate", Status.WARN if vision.allow_failed_gate else Status.FAIL,
                          f"{bundle.name} in {bundle.folder} did not pass when it was made: {bundle.gate.failure()}",
                          "convert the model again with another precision or more calibration pictures, or set "
                          "[vision] allow_failed_gate = true")


def camera(host: Host, settings: Settings) -> Iterator[Finding]:
    """Is the camera that the settings name there, and may we use it?"""
    source = settings.camera.source
    kind, _, rest = source.partition(":")
    if kind in ("file", "dir"):
        there = Path(rest).exists()
        yield Finding("camera", Status.OK if there else Status.FAIL, f"{source} {'is there' if there else 'is not there'}",
                      "" if there else "set [camera] source")
        return
    if source.strip().lower() == "none":
        yield Finding("camera", Status.NOTE, "none: this door knows buttons, codes and cards only")
        return
    if kind in ("rtsp", "rtsps"):
        yield Finding("camera", Status.NOTE, "a network camera: it is tried when the door starts", "edge-face cameras --shot test.jpg")
        return
    from edge_face.cameras import list_cameras

    found = list_cameras()
    if not found:
        yield Finding("camera", Status.FAIL, "no camera is found",
                      "check the ribbon cable with the power off, then: rpicam-hello --list-cameras")
    else:
        yield Finding("camera", Status.OK, f"{len(found)} found", "")
    if os.geteuid() != 0 and "video" not in host.groups():
        yield Finding("camera permission", Status.FAIL, "this user is not in the group video",
                      "sudo usermod -aG video $USER, then log in again")


def pins(host: Host, settings: Settings) -> Iterator[Finding]:
    """May we drive the pins?"""
    door = settings.door
    if door.pins == "mock":
        yield Finding("pins", Status.OK, "mock: nothing is driven")
        return
    chip = f"/dev/gpiochip{door.chip}"
    if not host.path(chip).exists():
        yield Finding("pins", Status.FAIL, f"{chip} is not there", "set [door] chip (ls /dev/gpiochip*)")
        return
    if os.geteuid() != 0 and "gpio" not in host.groups():
        yield Finding("pins", Status.FAIL, "this user is not in the group gpio",
                      "sudo usermod -aG gpio $USER, then log in again")
    import importlib.util

    if importlib.util.find_spec("lgpio") is None:
        yield Finding("pins", Status.FAIL, "lgpio is not installed", "sudo apt install python3-lgpio")
    else:
        yield Finding("pins", Status.OK, f"{chip} and lgpio are there")


def store(host: Host, settings: Settings) -> Iterator[Finding]:
    """Folder, key, database, space."""
    folder = Path(settings.store.folder)
    if not folder.is_dir():
        yield Finding("store", Status.WARN, f"{folder} is not there: nobody is enrolled",
                      f"sudo install -d -m 0750 -o $USER {folder}")
        return
    free = shutil.disk_usage(folder).free // 1_000_000
    yield Finding("disk", Status.OK if free >= 200 else Status.FAIL, f"{free} MB free at {folder}",
                  "" if free >= 200 else "make room: sudo apt clean; journalctl --vacuum-size=50M")
    from edge_face.people import Store
    from edge_face.people.unlocking import find_key

    where = find_key(folder, settings.store.key_file or None)
    key_file = where.path
    if key_file.exists() and not where.credential:
        mode = stat.S_IMODE(key_file.stat().st_mode)
        tight = mode & 0o377 == 0
        yield Finding("device key", Status.OK if tight else Status.FAIL, f"{key_file} has mode {mode:04o}",
                      "" if tight else f"chmod 0400 {key_file}")
    with Store(folder, settings.store.key_file or None, read_only=True) as opened:
        people, protected = opened.people(), opened.protected
    yield Finding("store", Status.OK, f"the database opens and every seal holds: {len(people)} people")
    if settings.store.cancelable and not protected and any(person.templates for person in people):
        yield Finding("templates", Status.NOTE, "kept as embeddings, as they were before [store] cancelable was set",
                      "sudo systemctl stop edge-face; sudo edge-face store protect; sudo systemctl start edge-face")


def daemon(host: Host, settings: Settings) -> Iterator[Finding]:
    """Does a door run here, and how is it?"""
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is None:
        yield Finding("daemon", Status.NOTE, "the door is not running", "edge-face run, or: sudo systemctl start edge-face")
        return
    status = client.call("status")
    healthy = bool(status.get("healthy", False))
    yield Finding("daemon", Status.OK if healthy else Status.WARN,
                  f"the door runs: {status.get('summary', 'no summary')}", "" if healthy else "journalctl -u edge-face -n 50")

"""Tracks of a calibration kept in a file as they are measured, a line each, so that a calibration that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from converter.liveness_tracks import Sample
from edge_face.errors import UsageError


class Kept:
    """The tracks in `path` (None: nothing is kept) of one calibration, which `about` tells from every other. Raises UsageError for
    a file of another one, or that cannot be written."""

    def __init__(self, path: Path | None, about: Mapping[str, Any]) -> None:
        self._path = path
        self.tracks: dict[int, list[Sample]] = {}
        if path is None:
            return
        try:
            lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
            if lines and lines != [""]:
                self._read(lines, dict(about))
                # What a stop cut off is taken away before anything is added.
                whole = "\n".join(lines[:-1]) + "\n"
                path.write_text(whole, encoding="utf-8")
            else:
                path.write_text(json.dumps({"about": dict(about)}) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be used ({error.strerror}): name another file with --keep") from error

    def add(self, number: int, samples: list[Sample]) -> None:
        """One more track. Raises UsageError."""
        if self._path is None or number in self.tracks:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"track": number, "samples": [asdict(sample) for sample in samples]}) + "\n")
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written ({error.strerror}): name another file with --keep") from error

    def _read(self, lines: list[str], about: dict[str, Any]) -> None:
        try:
            if json.loads(lines[0])["about"] != json.loads(json.dumps(about)):
                raise UsageError(f"{self._path} holds the tracks of another bundle, data, seed or --tracks: name a new file with --keep")
            for line in lines[1:-1]:
                entry = json.loads(line)
                self.tracks[int(entry["track"])] = [Sample(**sample) for sample in entry["samples"]]
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(f"{self._path} holds no tracks of a calibration: name a new file with --keep") from error

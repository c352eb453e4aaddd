"""Where the settings of a running door come from, so that a page can say what a change would do, and check it as the next start will."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.settings import Settings
from edge_face.settings_overlay import applied


@dataclass(frozen=True, slots=True)
class Origin:
    """`file`: the settings file, None without one. `read`: what it says now, without what was set on the pages; raises `SettingsError`.
    `finish`: what the command line changes."""

    file: Path | None
    read: Callable[[], Settings]
    finish: Callable[[Settings], Settings] = lambda settings: settings

    @staticmethod
    def given(settings: Settings) -> Origin:
        """Of settings that come from no file."""
        return Origin(None, lambda: settings)

    def settings(self, overlay: Mapping[str, Any]) -> Settings:
        """What the door would run on after a start. Raises `SettingsError`."""
        return self.finish(applied(self.read(), overlay))

"""What the owner sets on a page reaches the pages through the daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kiosk_house import House

from edge_face.errors import SettingsError
from edge_face.kiosk import public_settings
from edge_face.kiosk.public_settings import with_public
from edge_face.settings import Settings


def test_what_the_daemon_says_takes_the_place_of_the_files() -> None:
    changed = with_public(Settings(), {"language": "zh", "sleep": 5.0, "timezone": "Europe/Zurich", "of a later version": 1})
    assert changed.kiosk.language == "zh" and changed.kiosk.sleep == 5.0 and changed.access.timezone == "Europe/Zurich"
    assert changed.door == Settings().door and with_public(Settings(), ["no table"]) == Settings()


@pytest.mark.parametrize("public", [{"language": "xx"}, {"fps": "many"}, {"sleep": -1}])
def test_what_cannot_be_changes_nothing(public: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        with_public(Settings(), public)


def test_a_page_follows_what_was_set(new_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> None:
    house = new_house({"kiosk.responsible": "the Millers"})
    kiosk = house.kiosk
    assert '<html lang="en"' in kiosk.get("/").text
    kiosk.app.site.settings = with_public(house.settings, {"language": "zh"})  # type: ignore[attr-defined]
    assert '<html lang="zh-Hans"' in kiosk.get("/").text
    monkeypatch.setattr(public_settings, "AGAIN", 0.0)
    kiosk.get("/")
    assert '<html lang="en"' in kiosk.get("/").text, "the daemon's word counts"
    house.stop()
    assert kiosk.get("/").status_code == 200 and kiosk.app.site.settings.kiosk.responsible == "the Millers"  # type: ignore[attr-defined]

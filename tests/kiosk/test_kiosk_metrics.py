"""/metrics over HTTP: a login, a key, or nothing."""

from __future__ import annotations

from kiosk_house import House

from edge_face.service.web.metrics import TOKEN_FILE
from edge_face.service.web.roles import Role


def test_whoever_is_logged_in_reads_the_numbers(house: House) -> None:
    answer = house.logged_in(Role.VIEWER, fresh=False).get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nedge_face_door_released 0\n" in answer.text and "Ben" not in answer.text


def test_a_program_brings_the_key(house: House) -> None:
    browser, path, key = house.browser(), house.folder / "store" / TOKEN_FILE, "k" * 40
    assert browser.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    path.write_text(f"{key}\n")
    path.chmod(0o600)
    try:
        assert "edge_face_healthy" in browser.get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
        for wrong in (f"Bearer {key}x", f"Basic {key}", key, "Bearer", "Bearer " + "x" * 5000, ""):
            refused = browser.get("/metrics", headers={"Authorization": wrong})
            assert refused.status_code == 401 and refused.headers["www-authenticate"] == 'Bearer realm="metrics"'
            assert key not in refused.text
    finally:
        path.unlink()


def test_the_key_opens_nothing_else(house: House) -> None:
    path, key = house.folder / "store" / TOKEN_FILE, "k" * 40
    path.write_text(key)
    path.chmod(0o600)
    try:
        for page in ("/api/v1/people", "/api/v1/state?once=1", "/live/overlay"):
            assert house.browser().get(page, headers={"Authorization": f"Bearer {key}"}).status_code == 401
    finally:
        path.unlink()


def test_the_street_has_no_numbers(house: House) -> None:
    assert house.kiosk.get("/metrics").status_code == 404


def test_a_daemon_that_is_down_has_none(new_house: object) -> None:
    house: House = new_house()  # type: ignore[operator]
    browser = house.logged_in(Role.VIEWER)
    house.stop()
    assert browser.get("/metrics").status_code == 503

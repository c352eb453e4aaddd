"""The house of the tests itself: a daemon that answers, roles, a daemon that goes and comes back."""

from __future__ import annotations

from kiosk_house import House

from edge_face.service.web.roles import Role


def test_somebody_of_each_role_is_known(house: House) -> None:
    for role in (Role.OWNER, Role.HELPER, Role.VIEWER):
        who = house.ask("session.who", role)
        assert who["role"] == role.name.lower() and who["fresh"] and who["claimed"]
    assert house.ask("session.who", None)["role"] == "nobody"


def test_browsers_do_not_know_each_other(house: House) -> None:
    assert house.logged_in().csrf != house.logged_in().csrf

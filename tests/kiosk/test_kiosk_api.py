"""/api/v1: what programs send and get, who may, and the document that says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from kiosk_house import NAMES, PASSPHRASE, Browser, House

from edge_face.kiosk.api_operations import LARGEST_BODY, ROOT, Operation
from edge_face.kiosk.api_pages import OPERATIONS, PAGES, document
from edge_face.kiosk.app import all_pages
from edge_face.kiosk.pages import Listener
from edge_face.service.web.roles import Role
from edge_face.service.web.table import web_commands


class Program:
    """A script with a token of its own."""

    def __init__(self, house: House, role: str | None = "owner", *, fresh: bool = True) -> None:
        self._browser: Browser = house.browser()
        self._headers = {} if role is None else {"Authorization": f"Bearer {house.token(role, fresh=fresh)}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = {} if body is None else {"json": body}
        answer = self._browser.request(method, f"{ROOT}{path}", headers=self._headers, **sent)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()


@pytest.fixture(scope="module")
def full() -> Iterator[House]:
    made = House({"kiosk.attendance": True}, people=("Ben", "Ada", "Dora"))
    yield made
    made.close()


def test_every_operation_asks_a_command_that_there_is_for_the_same_people(full: House) -> None:
    commands = {command.name: command for command in web_commands(full.daemon)}
    for operation in OPERATIONS:
        command = commands[operation.command]
        if operation.command != "session.logout":  # where nobody is logged in, a program is told so
            assert operation.role is command.role, operation
        assert operation.fresh == command.fresh, operation
        sent = {*operation.parts, *_fields(operation.query), *_fields(operation.body), *operation.fixed}
        if operation.shape is None:
            assert sent <= set(command.names), operation


def _fields(model: Any) -> set[str]:
    return set() if model is None else set(model.model_fields)


def test_every_page_of_the_api_is_the_owners_listeners_and_bounded() -> None:
    assert len(PAGES) == len(OPERATIONS) + 1
    for page in PAGES:
        assert page.api and page.listener is Listener.OWNER and page.path.startswith(ROOT) and page.largest <= LARGEST_BODY


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")
def test_nobody_lesser_and_nobody_stale_gets_through(full: House, operation: Operation) -> None:
    path = operation.path.replace("{event}", "1").replace("{what}", "pin").replace("{level}", "face")
    for name in operation.parts:
        path = path.replace(f"{{{name}}}", "Nobody")
    if operation.role > Role.NOBODY:
        answer = Program(full, None)(operation.method, path, {}, 401)
        assert answer["error"]["kind"] == "LoginNeededError"
    for role in Role:
        if Role.NOBODY < role < operation.role:
            assert Program(full, role.name.lower())(operation.method, path, {}, 403)["error"]["kind"] == "ForbiddenError"
    if operation.fresh:
        answer = Program(full, operation.role.name.lower(), fresh=False)(operation.method, path, {}, 403)
        assert answer["error"]["kind"] == "FreshNeededError"


def test_a_cookie_alone_changes_nothing(full: House) -> None:
    """A browser sends it along by itself, wherever a request was made up."""
    browser = full.logged_in("owner")
    refused = browser.patch(f"{ROOT}/people/Ben", json={"name": "Benno"})
    assert refused.status_code == 403 and "error" in refused.json()
    assert browser.get(f"{ROOT}/people/Ben").json()["name"] == "Ben"
    done = browser.patch(f"{ROOT}/people/Ben", json={"name": "Ben"}, headers={"X-CSRF": browser.csrf})
    assert done.status_code == 200
    other = browser.patch(f"{ROOT}/people/Ben", json={"name": "Ben"}, headers={"X-CSRF": browser.csrf, "Origin": "http://evil.example"})
    assert other.status_code == 403


def test_the_page_beside_the_door_has_no_api(full: House) -> None:
    for operation in OPERATIONS:
        assert full.kiosk.request(operation.method, f"{ROOT}{operation.path}").status_code == 404


def test_a_login_a_new_passphrase_and_a_logout(full: House) -> None:
    full.token("owner")
    nobody = Program(full, None)
    assert nobody("GET", "/session")["role"] == "nobody"
    olga = {"name": NAMES[Role.OWNER], "passphrase": PASSPHRASE}
    assert nobody("POST", "/session", {**olga, "passphrase": "not this one"}, 401)["error"]["kind"] == "WrongPassphraseError"
    token = nobody("POST", "/session", olga, 201)["token"]
    browser = full.browser()

    def ask(method: str, **sent: Any) -> Any:
        return browser.request(method, f"{ROOT}/session", headers={"Authorization": f"Bearer {token}"}, **sent)

    assert ask("GET").json() == {**ask("GET").json(), "role": "owner", "fresh": True, "claimed": True}
    token = ask("PUT", json={"passphrase": PASSPHRASE}).json()["token"]
    assert ask("DELETE").status_code == 200
    assert ask("GET").json()["role"] == "nobody" and ask("DELETE").status_code == 401


def test_a_walk_over_what_there_is(full: House) -> None:
    ask = Program(full)
    assert ask("GET", "/people?limit=2")["total"] >= 2
    assert ask("PATCH", "/people/Ada", {"name": "Ada L."})["name"] == "Ada L."
    assert ask("PUT", "/people/Ada%20L./consent", {"withdraw": ["show"]})["consent"]["show"] is None
    assert ask("POST", "/people/Ben/codes", {"generate": 6}, 201)["pin"].isdigit()
    assert [row["what"] for row in ask("GET", "/codes")["codes"]] == ["pin"]
    assert ask("DELETE", "/people/Ben/codes/pin")["removed"] == ["pin"]
    assert ask("PUT", "/schedule/hours/Office", {"hours": "mon-fri 08:00-17:00"})["name"] == "Office"
    assert ask("PUT", "/people/Ben/limits", {"schedules": ["Office"]})["limits"]["schedules"] == ["Office"]
    assert "allowed" in ask("GET", "/schedule/test?who=Ben&at=1790000000")
    assert ask("PUT", "/people/Ben/assurance", {"minor": True, "guardian": "on paper"})["own"]["minor"] is True
    assert ask("POST", "/visitors", {"label": "Plumber", "schedules": ["Office"], "uses": 2}, 201)["limits"]["uses"] == 2
    assert ask("DELETE", "/visitors/Plumber")["label"] == "Plumber"
    assert ask("PUT", "/people/Ben/attendance", {"given": True})["name"] == "Ben"
    assert ask("GET", "/attendance?who=Ben")["days"] == []
    assert ask("GET", "/events?limit=3")["events"] and ask("GET", "/exports/events")["csv"].startswith("event,")
    assert ask("GET", f"/events/{ask('GET', '/events?limit=1')['events'][0]['id']}")["kind"]
    assert ask("POST", "/audit/verify")["ok"] and ask("GET", "/audit?last=1")["records"]
    assert ask("POST", "/settings/diff", {"changes": {"door.pulse": 2}})["rows"][0]["key"] == "door.pulse"
    assert ask("PATCH", "/settings", {"changes": {"door.pulse": 2}})["restart"]
    assert ask("GET", "/settings")["overlay"] == {"door.pulse": 2.0}
    assert ask("GET", "/health")["status"]["healthy"] and len(ask("GET", "/models")["models"]) == 4
    backup = ask("POST", "/backup", {"passphrase": "four random words"}, 201)
    piece = ask("GET", f"/backup/{backup['id']}?at=0")
    assert piece["at"] is None and len(base64.b64decode(piece["piece"])) == backup["size"]
    ask("GET", "/backup/0", None, 422)
    ask("POST", "/door/lockdown")
    ask("POST", "/door/lift")
    assert ask("DELETE", "/people/Dora") == {"forgotten": full.ids["Dora"]}


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), [
    ("GET", "/people?limit=x", None, 422, "query.limit"), ("GET", "/people?other=1", None, 422, "query.other"),
    ("GET", "/people/Nobody", None, 404, "nobody named"), ("GET", "/events/123456", None, 404, "no event"),
    ("GET", "/events/x", None, 422, "path.event"), ("PATCH", "/people/Ben", {"name": 3}, 422, "body.name"),
    ("PATCH", "/people/Ben", {"name": "Ben", "more": 1}, 422, "body.more"), ("PATCH", "/people/Ben", [], 422, "body"),
    ("PATCH", "/people/Ben", {"name": ""}, 422, "body.name"), ("PATCH", "/people/Ben", {"name": "x" * 201}, 422, "body.name"),
    ("PUT", "/people/Ben/limits", {"since": True}, 422, "body.since"),
    ("PUT", "/people/Ben/limits", {"schedules": ["none"]}, 409, "no schedule"),
    ("PUT", "/schedule/hours/Day", {"hours": "whenever"}, 409, "whenever"), ("POST", "/people/Ben/codes", {}, 422, "either a PIN"),
    ("POST", "/people/Ben/codes", {"pin": "12345x"}, 422, "body.pin"), ("POST", "/door/test", {}, 403, "at the device"),
    ("POST", "/settings/diff", {"changes": {"door.pins": "lgpio"}}, 422, "body.changes"),
    ("POST", "/settings/diff", {"changes": {"door.pulse": 99}}, 422, "out of range"),
    ("POST", "/door/unlock", {"passphrase": "x"}, 403, "remote_unlock"), ("GET", "/nothing", None, 404, "no such page"),
    ("POST", "/people", {}, 405, "not asked in this way"), ("PUT", "/clock", {"wall": 1e300}, 422, "body.wall")])
def test_what_is_wrong_is_said_in_one_sentence(full: House, method: str, path: str, body: Any, status: int, words: str) -> None:
    answer = Program(full)(method, path, body, status)
    assert set(answer) == {"error"} and set(answer["error"]) == {"kind", "message"} and words in answer["error"]["message"]


def test_a_body_that_is_none_or_too_long_is_refused_and_a_secret_is_not_repeated(full: House) -> None:
    browser, headers = full.browser(), {"Authorization": f"Bearer {full.token('owner')}", "Content-Type": "application/json"}

    def sent(content: bytes) -> Any:
        return browser.patch(f"{ROOT}/people/Ben", content=content, headers=headers)

    assert sent(b"{").status_code == 422 and sent(b"\xb2\xd3").status_code == 400 and sent(b'{"name": NaN}').status_code == 422
    assert sent(b'{"name": "\\ud800"}').status_code == 422
    assert sent(b" " * (LARGEST_BODY + 1)).status_code == 413
    assert sent(b"[" * 5000).status_code in (400, 422)
    answer = browser.post(f"{ROOT}/people/Ben/codes", json={"pin": "secret-9876"}, headers=headers)
    assert answer.status_code == 422 and "9876" not in answer.text


def test_a_door_that_is_down_is_said_as_such(new_house: Any) -> None:
    house = new_house()
    ask = Program(house)
    ask("GET", "/people")
    house.stop()
    assert ask("GET", "/people", None, 503)["error"]["kind"] == "DaemonDownError"


def test_the_document_is_openapi_3_1_and_says_all(full: House) -> None:
    found = Program(full, None)("GET", "/openapi.json")
    assert found["openapi"].startswith("3.1") and found == json.loads(json.dumps(document()))
    told = {(method.upper(), path) for path, item in found["paths"].items() for method in item}
    assert told == {("GET", f"{ROOT}/state"), *((operation.method, f"{ROOT}{operation.path}") for operation in OPERATIONS)}
    assert told == {(method, page.path) for page in all_pages() if page.path.startswith(ROOT) for method in page.methods} - {
        ("GET", f"{ROOT}/openapi.json")}
    for item in found["paths"].values():
        for operation in item.values():
            assert operation["summary"] and operation["x-role"] in ("nobody", "viewer", "helper", "owner")
            assert operation["responses"].keys() >= {"401", "403", "422", "503"}
    for name, schema in found["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name
    assert found["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}


def test_answers_are_what_the_document_promises(full: House) -> None:
    ask, found = Program(full), document()
    for operation in OPERATIONS:
        if operation.method != "GET" or operation.parts or operation.path == "/schedule/test":
            continue
        answer = ask("GET", operation.path)
        schema = found["paths"][f"{ROOT}{operation.path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**schema, "components": found["components"]}).validate(answer)

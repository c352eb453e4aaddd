"""A house for tests: a real daemon in a thread of this process, and the pages of both listeners in front of it."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_face.demo import clip_path
from edge_face.door import pin_factory
from edge_face.kiosk.app import make_app
from edge_face.kiosk.cookies import SESSION
from edge_face.kiosk.link import Link
from edge_face.kiosk.pages import Listener, Page
from edge_face.people import Consent, Given, Store
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon
from edge_face.service.protocol import socket_path, web_socket_path
from edge_face.service.web.roles import Role
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have another client than httpx
    from starlette.testclient import TestClient

logging.getLogger("edge_face.kiosk").setLevel(logging.DEBUG)  # a test that fails shows why a page did
PATIENCE = 60.0
PASSPHRASE = "a long sentence for tests"
NAMES = {Role.OWNER: "Olga", Role.HELPER: "Hugo", Role.VIEWER: "Vera"}
KIOSK_URL, OWNER_URL = "http://127.0.0.1:8090", "http://127.0.0.1:8443"


class Browser(TestClient):
    """A browser at one listener: keeps cookies, follows nothing by itself, and brings along what a form of a page would."""

    @property
    def csrf(self) -> str:
        """What a form of this browser's session holds now."""
        # A page for everybody, on each listener.
        page = self.get("/" if str(self.base_url).startswith(KIOSK_URL) else "/trust", headers={"accept": "text/html"})
        found = re.search(r'<meta name="csrf" content="([0-9a-f]+)">', page.text)
        assert found is not None, page.text
        return found.group(1)

    def fill(self, path: str, files: Any = None, **form: Any) -> Any:
        """A form filled in: POST with its hidden field, as this site's own page would. A trailing underscore of a name is left out."""
        data = {name.rstrip("_"): value for name, value in form.items()}
        return self.post(path, data={"csrf": self.csrf, **data}, files=files, headers={"origin": str(self.base_url).rstrip("/")})

    def at(self, response: Any) -> str:
        """Where a redirection leads."""
        assert response.status_code == 303, (response.status_code, response.text)
        return str(response.headers["location"])


class House:
    """`changes`: keys of the settings, as {"kiosk.attendance": True}. `clip`: a bundled clip in front of the camera, in a loop; without
    one there is no camera. `faces`: bundled people, enrolled from their stills; `people`: further ones, known by name alone."""

    def __init__(self, changes: Mapping[str, Any] | None = None, *, clip: str = "", faces: tuple[str, ...] = (),
                 people: tuple[str, ...] = ("Ben",), pages: tuple[Page, ...] | None = None) -> None:
        # A unix socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="ef-"))
        source: dict[str, Any] = {"camera.source": f"file:{clip_path(clip)}", "camera.loop": True, "decision.assurance": "face"} if clip \
            else {"camera.source": "none", "decision.assurance": "code"}
        self.settings: Settings = apply_overrides(Settings(), {
            **source, "door.pins": "mock", "kiosk.pad": True, "store.folder": str(self.folder / "store"),
            "kiosk.folder": str(self.folder / "pages"), **(changes or {})})
        self.ids: dict[str, str] = {}
        """Of people, by their names."""
        self._fill(faces, people)
        self._pages = pages
        self._stack = contextlib.ExitStack()
        self._tokens: dict[Role, str] = {}
        self.start()

    def _fill(self, faces: tuple[str, ...], people: tuple[str, ...]) -> None:
        (self.folder / "store").mkdir(mode=0o700)
        if faces:
            from edge_face.demo.house import enrol

            enrol(self.settings, faces)
        given = Given(1.7e9, "in a test")
        with Store(self.folder / "store") as store:
            for name in people:
                store.add(name, Consent(given, given), wall=1.7e9)
            self.ids = {person.name: person.id for person in store.people()}

    # The daemon

    def start(self) -> None:
        """Returns when it answers."""
        self.pins = pin_factory(self.settings.door)
        self.daemon = Daemon(self.settings, pins=self.pins)
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="house", daemon=True)
        self._thread.start()
        self.until(lambda: self.failure is not None or self._answers())
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """The pages stay: they say that the door does not answer."""
        self.daemon.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the daemon does not end"
        self._tokens.clear()

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:
            self.failure = error

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            Client(web_socket_path(self.settings)).call("session.who")
            return True
        return False

    @property
    def console(self) -> Client:
        """The control socket."""
        return Client(socket_path(self.settings))

    # The pages

    def browser(self, listener: Listener = Listener.OWNER) -> Browser:
        """One that was never here before."""
        kiosk = listener is Listener.KIOSK
        app = make_app(self.settings, listener, Link(web_socket_path(self.settings), keep_seconds=0), pages=self._pages)
        made = Browser(app, base_url=KIOSK_URL if kiosk else OWNER_URL, follow_redirects=False)
        return self._stack.enter_context(made)

    @property
    def kiosk(self) -> Browser:
        """A new browser beside the door."""
        return self.browser(Listener.KIOSK)

    def logged_in(self, role: Role | str = Role.OWNER, *, fresh: bool = True) -> Browser:
        """A browser in which somebody of that role is logged in. `fresh`: has just given the passphrase."""
        browser = self.browser()
        browser.cookies.set(SESSION, self.token(role, fresh=fresh), domain="127.0.0.1", path="/")
        return browser

    def token(self, role: Role | str = Role.OWNER, *, fresh: bool = True) -> str:
        """A new session of somebody of that role."""
        wanted = Role[role.upper()] if isinstance(role, str) else role
        name = NAMES[wanted]
        found = next((login for login in self.daemon.accounts.all() if login.name == name), None)
        if found is None:
            if wanted is not Role.OWNER and not self.daemon.accounts.claimed():
                self.token(Role.OWNER)
            if wanted is Role.OWNER and not self.daemon.accounts.claimed():
                found = self.daemon.accounts.claim(self.console.call("kiosk.claim")["code"], name, PASSPHRASE)
            else:
                found = self.daemon.accounts.add(name, wanted.name.lower(), PASSPHRASE)
        token = self.daemon.sessions.begin(found.id)
        if not fresh:
            self.daemon.sessions.stale(token)
        return token

    def ask(self, command: str, /, role: Role | str | None = Role.OWNER, **arguments: Any) -> Any:
        """Asks the daemon as the web process does; `role` None: nobody is logged in."""
        token = {} if role is None else {"token": self.token(role)}
        return Client(web_socket_path(self.settings)).call(command, **token, **arguments)

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Waits for something to happen."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "it never happened"
            time.sleep(0.01)
        return found

    def close(self) -> None:
        self._stack.close()
        try:
            if self._thread.is_alive():
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

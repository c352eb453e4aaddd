"""What the browser's tests share: sizes of screens, a watched visit, how one logs in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge_face.demo import clip_path
from edge_face.demo.house import House
from edge_face.media import VideoReader
from edge_face.service.client import Client
from edge_face.service.protocol import web_socket_path

OWNER = "Olga"
PASSPHRASE = "four random words now"
SIZES: dict[str, dict[str, Any]] = {
    "panel5": {"viewport": {"width": 800, "height": 480}, "has_touch": True},
    "panel7": {"viewport": {"width": 1024, "height": 600}, "has_touch": True},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
    "laptop": {"viewport": {"width": 1366, "height": 768}},
}
BROWSER_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync")
SECONDS = 30_000
"""Milliseconds that a busy machine may take for anything."""
FORGIVEN = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)|net::ERR_(CONNECTION_REFUSED|ABORTED|"
                      r"INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE|NETWORK_CHANGED)")
"""What Chromium writes to its console when a page was refused or the house is down: tests do that on purpose."""


class Visit:
    """One visitor with a browser of their own, at one house. All that the browser asks for is written down."""

    def __init__(self, browser: Any, house: House, size: str, shots: Path, *, language: str = "en", forgive: str = "",
                 **options: Any) -> None:
        self.house, self.size, self.shots = house, size, shots
        self.context = browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[language], accept_downloads=True,
                                           **{**SIZES[size], **options})
        self.context.set_default_timeout(SECONDS)
        self.asked: list[str] = []
        self.said: list[str] = []
        self._forgive = re.compile(f"{FORGIVEN.pattern}|{forgive}" if forgive else FORGIVEN.pattern)
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def _watch(self, page: Any) -> None:
        page.on("console", lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.said.append(f"script: {error}"))
        page.on("response", lambda response: self.said.append(f"{response.status} {response.url}")
                if response.status >= 500 and response.status != 503 else None)

    # Where to

    def kiosk(self, path: str = "/") -> Any:
        self.page.goto(self.house.kiosk_url.rstrip("/") + path)
        return self.page

    def owner(self, path: str = "/") -> Any:
        self.page.goto(self.house.owner_url.rstrip("/") + path)
        return self.page

    def login(self, name: str = OWNER, passphrase: str = PASSPHRASE, then: str = "/") -> Any:
        """Logs in by the form, and goes where wanted. While the door is just starting again, as people do: once more."""
        end = time.monotonic() + 90
        while True:
            page = self.owner("/login")
            if page.locator("[name=name]").count():
                page.fill("[name=name]", name)
                page.fill("[name=passphrase]", passphrase)
                with page.expect_navigation(wait_until="domcontentloaded"):
                    self.submit("[name=passphrase]")
            if self.path != "/login":
                return self.owner(then) if then != "/" else page
            assert time.monotonic() < end, f"not logged in at {page.url}: {self.text!r}"
            page.wait_for_timeout(1000)

    def again(self, passphrase: str = PASSPHRASE) -> None:
        """Says the passphrase once more, if that is what the page asks for."""
        if self.path == "/again":
            self.page.fill("[name=passphrase]", passphrase)
            self.submit("[name=passphrase]")
            self.page.wait_for_url(lambda url: urlsplit(url).path != "/again")

    def submit(self, field: str) -> None:
        """Presses the button of the form in which a field stands."""
        self.page.locator("form", has=self.page.locator(field)).locator("button:not([type=button]), input[type=submit]").last.click()

    def sees(self, script: str, why: str, seconds: float = 30.0) -> None:
        """Waits until an expression holds in the page. (Playwright's own way evaluates text inside the page, which our policy forbids.)"""
        until(lambda: self.page.evaluate(script), seconds, why)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def text(self) -> str:
        return str(self.page.locator("main").inner_text())

    def phase(self, *wanted: str, seconds: float = 60.0) -> str:
        """Waits until the page beside the door is in one of these phases."""
        # Waited for in the page itself: some phases last a second.
        script = """([wanted, seconds]) => new Promise((done) => {
          const root = document.documentElement, seen = [];
          const look = () => { seen.push(root.dataset.phase); if (wanted.includes(root.dataset.phase)) done(seen); };
          new MutationObserver(look).observe(root, { attributes: true, attributeFilter: ["data-phase"] });
          setTimeout(() => done([...seen, ""]), seconds * 1000);
          look();
        })"""
        end = time.monotonic() + seconds
        seen: list[str] = []
        while (left := end - time.monotonic()) > 0 and (not seen or not seen[-1]):
            try:
                seen += self.page.evaluate(script, [list(wanted), left])
            except Exception as error:
                if "context was destroyed" not in str(error):
                    raise
                self.page.wait_for_load_state("domcontentloaded")  # it came back by loading itself anew
        assert seen and seen[-1], f"waited for {wanted}, saw {seen}: {self.text!r}"
        return seen[-1]

    def shot(self, name: str, *, whole: bool = False) -> Path:
        """A picture for whoever looks at the results."""
        path = self.shots / f"{name}-{self.size}.png"
        self.page.screenshot(path=path, full_page=whole, animations="disabled")
        return path

    def abroad(self) -> list[str]:
        """Everything that was asked of anybody but the house."""
        ours = {(urlsplit(url).hostname, urlsplit(url).port) for url in (self.house.kiosk_url, self.house.owner_url)}
        return [url for url in self.asked if (parts := urlsplit(url)).scheme not in ("data", "blob", "about")
                and (parts.hostname, parts.port) not in ours]

    def close(self) -> list[str]:
        """What is to be complained of."""
        self.context.close()
        return [f"left the house: {url}" for url in self.abroad()] + [said for said in self.said if not self._forgive.search(said)]


def web(house: House, timeout: float = 30.0) -> Client:
    """The socket on which the pages ask."""
    return Client(web_socket_path(house.settings), timeout)


def claim(house: House, name: str = OWNER, passphrase: str = PASSPHRASE) -> str:
    """Makes the first owner without a browser; the session's token."""
    return str(web(house).call("session.claim", code=house.claim_code(), name=name, passphrase=passphrase)["token"])


def until(condition: Callable[[], Any], seconds: float = 60.0, why: str = "it never happened") -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, why
        time.sleep(0.1)
    return found


def camera_film(path: Path, clip: str = "turn_live") -> Path:
    """A bundled clip as Chromium's fake camera wants it: uncompressed, and then straight looks for those who need longer."""
    with VideoReader(clip_path(clip)) as video, path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{video.width} H{video.height} F15:1 Ip A1:1 C420jpeg\n".encode())
        for _, _, image in video:
            file.write(b"FRAME\n" + _planes(image))
    return path


def _planes(image: Any) -> bytes:
    import cv2

    return bytes(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes())


def violations(page: Any, ignore: Sequence[str] = ()) -> list[str]:
    """What axe-core has against a page: rule, and the elements."""
    from axe_playwright_python.sync_playwright import Axe

    for more in (True, True, False):
        try:
            page.wait_for_load_state("domcontentloaded")
            found = Axe().run(page).response["violations"]
            break
        except Exception:
            if not more:
                raise  # else the page was just going over into the next one
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found if one["id"] not in ignore for node in one["nodes"]]

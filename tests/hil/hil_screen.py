"""A screen before the camera: it plays the bundled clips, and the door's events are compared with the clips' labels.

The door must know the one whom it knows, each time that this person stands near in a clip, and let in nobody else at any time. A screen
is no person: where attack detection refuses it, saying so, that is as good as a grant, and better (docs/hil.md).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from edge_face.demo import clip_path, labels_path
from edge_face.errors import MediaError

CLIPS = ("door", "turn_live")
WIDTH = 640
LATE = 2.5
"""Seconds by which an event may be late: display, camera, votes."""
PAUSE = 6.0
"""Seconds of black between two clips: longer than a release and an approach's gap."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody stands near and looks, from `begin` to `end` in seconds of the clip."""

    person: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Playing:
    """A clip that was played, by the wall clock of the door."""

    clip: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that had to be, or had not to be."""

    clip: str
    good: bool
    sentence: str


def labels(clip: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in labels_path(clip).read_text(encoding="utf-8").splitlines()]


def stays(rows: Sequence[Mapping[str, Any]], *, zone: float = 0.06, yaw: float = 25.0, least: float = 1.5, gap: float = 3.0) -> list[Stay]:
    """Who is in the intent zone (settings decision.zone, zone_yaw) for at least `least` seconds; live faces only. Whoever looks away
    for less than `gap` (decision.approach_gap) stays: one approach is let in once."""
    runs: dict[str, list[list[float]]] = {}
    for row in rows:
        for face in row["faces"]:
            marks = face["landmarks"]
            eyes = abs(marks["left_eye"][0] - marks["right_eye"][0]) / WIDTH
            if face["attack"] is None and eyes >= zone and abs(face["yaw"]) < yaw:
                mine = runs.setdefault(face["name"], [])
                if not mine or row["t"] - mine[-1][1] > gap:
                    mine.append([row["t"], row["t"]])
                mine[-1][1] = row["t"]
    found = [Stay(name, begin, end) for name, mine in runs.items() for begin, end in mine if end - begin >= least]
    return sorted(found, key=lambda stay: stay.begin)


def check(played: Sequence[Playing], events: Sequence[Mapping[str, Any]], known: set[str],
          rows: Callable[[str], Sequence[Mapping[str, Any]]] = labels) -> list[Finding]:
    """`events`: rows of the daemon's command "events" (kind, wall, name). `known`: who is enrolled, by name."""
    grants = sorted((e for e in events if e["kind"] == "grant"), key=lambda e: float(e["wall"]))
    found: list[Finding] = []
    explained: set[int] = set()
    for play in played:
        table = rows(play.clip)
        for stay in stays(table):
            if stay.person not in known:
                continue
            begin, end = play.began + stay.begin, min(play.began + stay.end, play.ended) + LATE
            mine = [e for e in grants if begin <= float(e["wall"]) <= end and e["name"] == stay.person]
            when = f"{stay.begin:.1f} to {stay.end:.1f} s"
            if mine:
                found.append(Finding(play.clip, True, f"{stay.person} stands near from {when} and was let in after "
                                                      f"{float(mine[0]['wall']) - begin:.1f} s"))
            elif refused := _refused_as_an_attack(events, stay.person, begin, end):
                found.append(Finding(play.clip, True, f"{stay.person} stands near from {when} and was refused, for a screen is no person: "
                                                      f"{refused}"))
            else:
                found.append(Finding(play.clip, False, f"{stay.person} stands near from {when} and was not let in"))
        wrong = 0
        for number, event in enumerate(grants):
            at = float(event["wall"])
            if not play.began <= at <= play.ended + LATE:
                continue
            explained.add(number)
            second = at - play.began
            shown = {face["name"] for row in table if second - LATE <= row["t"] <= second for face in row["faces"]}
            if event["name"] not in known or event["name"] not in shown:
                wrong += 1
                found.append(Finding(play.clip, False, f"{event['name'] or 'nobody with a name'} was let in at {second:.1f} s, "
                                                       f"where the clip shows {', '.join(sorted(shown)) or 'nobody'}"))
        if not wrong:
            found.append(Finding(play.clip, True, "nobody else was let in"))
    for number, event in enumerate(grants):
        if number not in explained:
            found.append(Finding("between the clips", False, f"{event['name'] or 'nobody with a name'} was let in while nothing was shown"))
    return found


def _refused_as_an_attack(events: Sequence[Mapping[str, Any]], person: str, begin: float, end: float) -> str:
    """Why attack detection refused that person in that time; empty where it did not."""
    for event in events:
        if event["kind"] == "deny" and event["name"] == person and begin <= float(event["wall"]) <= end:
            for reason in event.get("reasons", ()):
                if str(reason["code"]).startswith("liveness"):
                    return str(reason["text"])
    return ""


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>edge-face: clips</title>
<style>html,body{margin:0;height:100%%;background:#000;color:#888;font:24px sans-serif}video{width:100vw;height:100vh;object-fit:contain}
#go{position:fixed;inset:0;display:grid;place-items:center;text-align:center;cursor:pointer}</style></head><body>
<div id="go">Put the camera where it sees all of this screen and nothing else, switch the light down, then click.<br>%(clips)s</div>
<script>
const clips=%(list)s, pause=%(pause)d;
const wait=s=>new Promise(done=>setTimeout(done,s*1000)), tell=(what,clip)=>fetch("/"+what+"/"+clip,{method:"POST"});
document.getElementById("go").onclick=async function(){
  this.remove(); await document.documentElement.requestFullscreen().catch(()=>{});
  for(const clip of clips){
    await wait(pause);
    const film=document.createElement("video"); film.muted=true; film.src="/clips/"+clip+".mp4";
    const end=new Promise(done=>{film.onended=()=>done("ended");film.onerror=()=>done("failed")});
    film.onplaying=()=>{film.onplaying=null;tell("began",clip)};
    document.body.append(film); film.play().catch(()=>0);
    await tell(await end,clip); film.remove();
  }
  await wait(pause); await tell("done","all");
};
</script></body></html>"""


class Player:
    """Serves the page and the clips to the screen's browser, and notes when each clip began and ended."""

    def __init__(self, port: int, clips: Sequence[str] = CLIPS, *, wall: Callable[[], float] = time.time, pause: float = PAUSE) -> None:
        self.clips, self.played, self.failed = tuple(clips), list[Playing](), list[str]()
        self._wall, self._pause = wall, pause
        self._began: dict[str, float] = {}
        self._done = threading.Event()
        self._server = ThreadingHTTPServer(("", port), _handler(self))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="player", daemon=True)

    def __enter__(self) -> Player:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> bool:
        """Whether all clips were played within that time."""
        return self._done.wait(seconds)

    def page(self) -> bytes:
        return (PAGE % {"clips": ", ".join(self.clips), "list": json.dumps(self.clips), "pause": self._pause}).encode()

    def told(self, what: str, clip: str) -> bool:
        """A message of the page; false for one that it does not send."""
        if what == "done":
            self._done.set()
        elif clip not in self.clips:
            return False
        elif what == "began":
            self._began[clip] = self._wall()
        elif what == "ended" and clip in self._began:
            self.played.append(Playing(clip, self._began.pop(clip), self._wall()))
        elif what in ("ended", "failed"):
            self.failed.append(clip)
        else:
            return False
        return True


def _handler(player: Player) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/clips/").removesuffix(".mp4")
            if self.path == "/":
                self._answer(200, "text/html", player.page())
            elif name in player.clips:
                try:
                    self._answer(200, "video/mp4", clip_path(name).read_bytes())
                except (OSError, MediaError):
                    self._answer(404, "text/plain", b"no such clip")
            else:
                self._answer(404, "text/plain", b"nothing here")

        def do_POST(self) -> None:
            _, _, rest = self.path.partition("/")
            what, _, clip = rest.partition("/")
            self._answer(*((200, "text/plain", b"") if player.told(what, clip) else (404, "text/plain", b"what?")))

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    return Handler

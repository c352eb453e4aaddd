"""All settings: one TOML file, validated; each section is a frozen dataclass, each key documents itself.

The file that `edge-face config init` writes is generated from these classes, so that file, checks and documentation
cannot drift apart. Reading, checking and writing live in `edge_face.settings_file`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def key(default: Any, doc: str, *, low: float | None = None, high: float | None = None,
        choices: tuple[str, ...] = (), unit: str = "") -> Any:
    """A documented key: its default, what it means, and what is allowed."""
    meta = {"doc": doc, "low": low, "high": high, "choices": choices, "unit": unit}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata=meta)
    return field(default=default, metadata=meta)


EVENTS = ("alarm", "lockdown", "trouble", "grant", "deny", "code", "exit", "owner", "duress")
"""Kinds of events that a hook may be told of."""
RECORDED = ("grant", "deny", "alarm", "code", "exit", "owner")
"""Kinds of events of which pictures may be kept."""
ASSURANCES = ("face", "card", "code", "face+challenge", "face+card", "face+code")
"""What a grant may rest on, from the easiest to the strictest."""
ACTIONS = ("left", "right", "up", "nearer", "blink")
TURNS = ("left", "right")
"""Those at which a head moves otherwise than a sheet: a challenge has one of them. Looking up does not, as far as our landmarks can tell
(docs/decisions/challenge.md)."""
ANONYMIZERS = ("crop", "gaussian", "mask", "mean", "median", "neural", "noise", "pixelate", "replace", "solid", "spectrum")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    source: str = key("picamera2", "picamera2 (a second one: picamera2:1), usb:N or usb:/dev/videoN, rtsp://..., file:PATH (a video), dir:PATH (pictures) or none (a door of buttons, codes and cards)")
    width: int = key(640, "width of the stream that is searched for faces", low=160, high=3840, unit="px")
    height: int = key(480, "height of that stream", low=120, high=2160, unit="px")
    fps: float = key(15.0, "frames a second asked of the camera", low=1, high=120)
    detail_width: int = key(1536, "width of the second, larger stream from which faces are aligned (picamera2; 0: none)", low=0, high=4608, unit="px")
    rotate: int = key(0, "turn the picture: 0 or 180", choices=("0", "180"), unit="degrees")
    mirror: bool = key(False, "mirror left and right")
    paced: bool = key(True, "play a video file at its own speed (false: as fast as it can be worked on)")
    loop: bool = key(False, "start a video file again at its end")
    stall_seconds: float = key(2.0, "no new frame for so long: the camera is reopened", low=0.5, high=60, unit="s")
    noir: bool = key(False, "the camera has no infrared filter: its tuning file for NoIR is used")
    fill_light_pin: str = key("", "GPIO pin of an infrared or white fill light, as GPIO17; empty: none")
    metering: str = key("face", "what exposure is measured on", choices=("face", "frame", "off"))
    face_target: float = key(0.45, "brightness that the exposure loop wants on a face, 0 black to 1 white", low=0.1, high=0.9)
    mains_hz: int = key(50, "lamps flicker at twice this rate: exposure times fit it (0: never mind)", choices=("0", "50", "60"), unit="Hz")
    controls: dict[str, Any] = key({}, "further controls passed to the camera as they are, e.g. { Sharpness = 1.2 }")
    privacy_masks: list[list[float]] = key([], "areas painted black before anything sees a frame: [x, y, width, height] each as shares of the picture, 0 to 1")


@dataclass(frozen=True, slots=True)
class VisionSettings:
    """How faces are found and recognised."""

    detector: str = key("", "folder of a detector bundle; empty: the shipped one")
    landmarker: str = key("", "folder of a landmarker bundle; empty: the shipped one")
    embedder: str = key("", "folder of an embedder bundle; empty: the shipped one")
    liveness: str = key("", "folder of a liveness bundle (passive attack detection); empty: the shipped one")
    allow_failed_gate: bool = key(False, "a door runs bundles that did not pass the parity gate when they were made (false: it does not start with one)")
    precision: str = key("int8", "which file of the bundles runs", choices=("int8", "float32", "float16", "dynamic"))
    input: str = key("320x240", "size at which the detector looks at a frame", choices=("320x240", "640x480"))
    sweep_every: int = key(0, "every so many frames look for small faces at 640x480 too (0: never)", low=0, high=1000)
    threads: int = key(1, "threads of the neural networks", low=1, high=8)
    recognise_score: float = key(0.0, "detection score from which a face may be recognised (0: the bundle's own)", low=0, high=1)
    hide_score: float = key(0.0, "detection score from which something is hidden (0: the bundle's own)", low=0, high=1)
    embed_every: float = key(0.5, "a decided track is looked at again every so often", low=0.0, high=10, unit="s")
    min_sharpness: float = key(0.25, "quality below which a face is not embedded: sharpness", low=0, high=1)
    min_light: float = key(0.25, "the same for light", low=0, high=1)
    min_pose: float = key(0.2, "the same for pose", low=0, high=1)
    min_occlusion: float = key(0.4, "the same for occlusion: 1 is a face that is free and inside the picture", low=0, high=1)
    min_eye_distance: float = key(12.0, "eyes nearer to each other than this are not embedded", low=4, high=400, unit="px")


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """When the door opens."""

    assurance: str = key("face+code", 'what a grant rests on (docs/liveness.md): "face+challenge" opens for a screen that plays what is asked for, "face" for a good photo', choices=ASSURANCES)
    false_grants: float = key(1e-4, "wrong grants that are accepted for each approach of a stranger, over the whole gallery", low=1e-7, high=1e-1)
    verify_rate: float = key(1e-3, "wrong matches that are accepted when a face is compared with the one person whose code or card was given", low=1e-6, high=1e-2)
    claim: float = key(20.0, "a code or card that names a person waits so long for the face (face+code, face+card)", low=3, high=120, unit="s")
    without_camera: str = key("nothing", 'what opens while the camera or vision does not work, where face+code or face+card is asked for: "nothing", or the "second" factor alone', choices=("nothing", "second"))
    votes: int = key(3, "good frames that must agree on the person", low=1, high=30)
    of: int = key(5, "out of so many latest good frames of one track", low=1, high=60)
    window: float = key(1.5, "all within this time", low=0.2, high=10, unit="s")
    zone: float = key(0.06, "intent zone: distance between the eyes as a share of the picture's width", low=0.005, high=0.5)
    zone_yaw: float = key(25.0, "intent zone: the head is turned less than this", low=5, high=60, unit="degrees")
    dwell: float = key(0.3, "intent zone: for at least this long", low=0.0, high=5, unit="s")
    rest_after: int = key(5, "failed approaches in a row after which the door rests", low=1, high=100)
    rest: float = key(30.0, "for this long", low=0, high=3600, unit="s")
    fail_after: float = key(2.0, "a face in the zone that is not recognised for so long counts as a failed approach", low=0.5, high=30, unit="s")
    fail_again: float = key(10.0, "a face that stays in the zone unrecognised counts as a failed approach again every so often", low=1, high=600, unit="s")
    approach_gap: float = key(3.0, "a person who was away for this long starts a new approach", low=0.5, high=60, unit="s")


@dataclass(frozen=True, slots=True)
class LivenessSettings:
    """How the door tells a living person from a picture of one."""

    bpcer: float = key(0.05, "living people who may be taken for an attack by the passive part (they are asked for the next factor)", low=0.005, high=0.3)
    actions: list[str] = key(["left", "right", "up", "nearer"], f"actions that a challenge may ask for: {', '.join(ACTIONS)}")
    number: int = key(2, "actions of one challenge", low=1, high=4)
    seconds: float = key(5.0, "time for each of them", low=2, high=30, unit="s")
    min_fps: float = key(8.0, "with fewer pictures a second no challenge is held: the next factor is asked for", low=5, high=30)
    tries: int = key(2, "challenges that one approach may try before only another factor helps", low=1, high=5)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """The lock and its pin."""

    pins: str = key("mock", 'who drives the pins: "mock" (nothing is driven) or "lgpio" (a Raspberry Pi)', choices=("mock", "lgpio"))
    chip: int = key(0, "GPIO chip (0; on early Pi 5 systems 4)", low=0, high=9)
    kind: str = key("strike", "what the lock is: an electric strike, a magnet, or a motor lock", choices=("strike", "maglock", "motor"))
    lock_pin: str = key("GPIO17", "pin of the lock's relay")
    active_high: bool = key(True, "the relay is energised by a high level")
    fail: str = key("secure", "secure: without power the door is locked (strike); safe: without power it is open (magnet)", choices=("secure", "safe"))
    drive: str = key("held", '"held": the output lasts as long as the release; "pulse": a short impulse that a lock with its own works is waiting for (motor)', choices=("held", "pulse"))
    drive_pulse: float = key(0.5, 'length of the impulse of drive = "pulse"', low=0.05, high=5, unit="s")
    max_on: float = key(30.0, "a coil that releases by current is never energised for longer in one piece (0: it is made for being on always)", low=0, high=300, unit="s")
    pulse: float = key(3.0, "how long a grant releases the door", low=0.2, high=60, unit="s")
    max_release: float = key(30.0, "the door is never released for longer in one piece, however often it is asked to (a hold-open window is another thing)", low=0.5, high=300, unit="s")
    relock_on_open: bool = key(True, "lock again as soon as the door is opened (needs inputs.contact_pin)")
    egress_cut: bool = key(False, "I have seen it: exit button and fire input cut the magnet's power directly, without this computer (a maglock on real pins does not start without)")
    exit_pin: str = key("", "pin of the exit button (to ground); empty: none")


@dataclass(frozen=True, slots=True)
class InputSettings:
    """What the door can feel: contact, fire, tamper, keypad, card reader. An empty pin: not fitted."""

    contact_pin: str = key("", "pin of the door contact")
    contact_closed: str = key("low", "level of that pin while the door is closed (low: a reed contact to ground)", choices=("low", "high"))
    contact_settle: float = key(0.1, "the contact must rest at a level for so long", low=0.0, high=2, unit="s")
    fire_pin: str = key("", "pin of the fire alarm's contact")
    fire_level: str = key("high", "level of that pin at an alarm (high: a closed loop to ground that opens)", choices=("low", "high"))
    tamper_pin: str = key("", "pin of the tamper switch of the housing")
    tamper_level: str = key("high", "level of that pin when the housing is open (high: a closed loop to ground that opens)", choices=("low", "high"))
    keypad_rows: list[str] = key([], "pins of a matrix keypad's rows, from the top")
    keypad_columns: list[str] = key([], "pins of its columns, from the left")
    keypad_keys: str = key("123A456B789C*0#D", "its keys, row by row; # ends a code, * begins anew")
    keypad_timeout: float = key(5.0, "a code that is not ended in this time after a key is forgotten", low=1, high=60, unit="s")
    wiegand_d0: str = key("", "pin of a Wiegand reader's D0 (through a level shifter: it speaks 5 V)")
    wiegand_d1: str = key("", "pin of its D1")


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """What the door can say: buzzer, lamps, alarm output. An empty pin: not fitted."""

    buzzer_pin: str = key("", "pin of an active buzzer")
    green_pin: str = key("", "pin of the green lamp")
    red_pin: str = key("", "pin of the red lamp")
    alarm_pin: str = key("", "pin of the alarm output (on while an alarm lasts)")
    active_high: bool = key(True, "buzzer, lamps and alarm are on at a high level")
    quiet: bool = key(False, "the buzzer says nothing")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """The policy of the door besides faces: time, codes, watching."""

    timezone: str = key("", "time zone of the schedules, as Europe/Zurich; empty: the system's")
    held_open: float = key(30.0, "a door that stands open for longer after an entry is reported (0: never)", low=0, high=3600, unit="s")
    code_fails: int = key(5, "wrong codes and cards in a row after which codes and cards rest, counted by person and by door", low=1, high=10)
    code_rest: float = key(30.0, "for this long, and twice as long after each further wrong one", low=30, high=900, unit="s")
    code_rest_most: float = key(900.0, "but never longer than this", low=30, high=3600, unit="s")
    linger: float = key(20.0, "an unknown face that stays near the door for longer is reported (0: never)", low=0, high=3600, unit="s")
    many_failures: int = key(10, "failed approaches, codes and cards within ten minutes that are reported as an attempt to get in (0: never)", low=0, high=1000)
    exit_in_lockdown: bool = key(True, "the exit button works during a lockdown (whoever is inside can always leave)")


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The audit log: who decided what, chained, without names."""

    folder: str = key("", "its folder; empty: audit in the store's folder")
    keep: int = key(365, "days after which it is cut off at its old end", low=1, high=3650, unit="days")
    batch: float = key(5.0, "records that opened nothing are written together, at the latest after this time: what a power cut can lose", low=0.0, high=60, unit="s")
    wait: float = key(0.25, "a grant waits so long for its record to be on the disk; then the door opens all the same, and that is recorded", low=0.0, high=2, unit="s")
    reserve: int = key(1024, "space kept back on the disk for the audit log", low=0, high=65536, unit="kB")


@dataclass(frozen=True, slots=True)
class HookSettings:
    """Who is told when something happens. Sent by a unit of its own: the door itself needs no network."""

    webhook: str = key("", "address that gets a signed POST, as https://example.org/door; empty: none")
    secret_file: str = key("", "file with the key of the signature (HMAC-SHA256), mode 0400")
    command: list[str] = key([], "program and arguments that get the event as JSON on standard input; empty: none")
    events: list[str] = key(["alarm", "lockdown", "trouble"], f"kinds of events that are told: {', '.join(EVENTS)}")
    snapshot: bool = key(False, "an alarm brings the latest anonymised picture along")
    timeout: float = key(10.0, "an attempt to tell ends after this time", low=1, high=120, unit="s")


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """Who is hidden and how."""

    method: str = key("replace", "how a face is hidden; of replace, crop and solid nothing comes from the face", choices=ANONYMIZERS)
    strength: float = key(0.9, "the share of identity that hiding takes away, as our own attacks measure it (docs/blur.md)", low=0.3, high=1)
    margin: float = key(0.5, "the hidden shape (an ellipse with full corners) is larger than the face's box by this share", low=0, high=2)
    delay: int = key(6, "frames that a picture waits before it leaves, so that a new face is hidden from its first frame", low=0, high=60, unit="frames")
    keep: float = key(1.0, "a face that is lost stays hidden for so long; a known person stays sharp for so long after the last match", low=0.2, high=10, unit="s")
    sharp_yaw: float = key(45.0, "a known person turned further than this is hidden", low=10, high=90, unit="degrees")
    option: str = key("", "what the method takes besides, as replace takes a colour (edge-face blur --help lists them)")
    allow_weak: bool = key(False, "a method or strength that our own attacks see through may be used at the door")
    strict: bool = key(False, "whatever differs from the empty scene and is not a known, consenting person is hidden, face or not")


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Pictures and short films of what happened at the door, anonymised. Nothing is recorded unless asked for."""

    events: list[str] = key([], f"of which events pictures are kept: {', '.join(RECORDED)} (empty: of none)")
    clips: bool = key(False, "short films too, not only one picture")
    before: float = key(3.0, "a film begins so long before its event", low=0, high=10, unit="s")
    after: float = key(3.0, "and ends so long after", low=0, high=30, unit="s")
    fps: float = key(5.0, "pictures of a film each second", low=1, high=15)
    keep: int = key(7, "days after which pictures and films are deleted", low=1, high=365, unit="days")
    quota: int = key(256, "megabytes that all of them take at most: the oldest go first", low=8, high=65536, unit="MB")
    originals: str = key("", "file with an owner's public key: hidden faces are then kept sealed for it too (edge-face seal --help)")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where people and events are kept."""

    folder: str = key("/var/lib/edge-face", "folder of the database")
    key_file: str = key("", "the device key, mode 0400; empty: the systemd credential device.key if there is one, else device.key in that folder")
    keep_events: int = key(90, "days after which events are deleted", low=1, high=3650, unit="days")
    cancelable: bool = key(True, "templates are kept as codes made with a key of this device, not as embeddings")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The daemon."""

    socket: str = key("", "unix socket of the daemon; empty: control.sock in the store's folder")
    log: str = key("text", "what the log looks like", choices=("text", "json"))
    preview_fps: float = key(0.0, "anonymised pictures written for a viewer each second (0: none)", low=0, high=30)
    preview_file: str = key("", "where the latest anonymised picture is written (JPEG)")


@dataclass(frozen=True, slots=True)
class KioskSettings:
    """The pages: beside the door (this machine only) and for the owner."""

    web_socket: str = key("", "unix socket on which the pages ask the daemon; empty: web/web.sock beside the control socket")
    port: int = key(8090, "port of the page beside the door, on this machine only", low=0, high=65535)
    owner_listen: str = key("loopback", 'who reaches the owner\'s pages: "off", "loopback" (this machine) or "lan" (the network, with TLS)', choices=("off", "loopback", "lan"))
    owner_port: int = key(8443, "port of the owner's pages", low=0, high=65535)
    names: list[str] = key([], "further names and addresses by which browsers reach the owner's pages, beside the machine's own name")
    folder: str = key("/var/lib/edge-face-kiosk", "folder of the web process: its certificates")
    pad: bool = key(False, "codes may be typed on the page beside the door (a touch screen in place of a keypad)")
    language: str = key("en", "language of the page beside the door", choices=("en", "zh"))
    fps: float = key(5.0, "pictures a second for whoever looks at a page (0: none)", low=0, high=15)
    greeting: bool = key(True, "who is let in is greeted as they chose (false: nobody is)")
    sleep: float = key(60.0, "the page beside the door goes dark when nobody was there for so long (0: never)", low=0, high=3600, unit="s")
    responsible: str = key("", "who is responsible for this camera and how to reach them: stands on the privacy notice")
    session_idle: float = key(15.0, "an owner who does nothing for so long is logged out", low=1, high=120, unit="min")
    session_most: float = key(12.0, "and after this time in any case", low=0.5, high=24, unit="h")
    remote_unlock: bool = key(False, "the owner's pages may open the door (asks for the passphrase each time)")
    attendance: bool = key(False, "who came when may be listed and exported by person, of those who agreed to that")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything. `Settings()` is the documented default."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    vision: VisionSettings = field(default_factory=VisionSettings)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    liveness: LivenessSettings = field(default_factory=LivenessSettings)
    door: DoorSettings = field(default_factory=DoorSettings)
    inputs: InputSettings = field(default_factory=InputSettings)
    signals: SignalSettings = field(default_factory=SignalSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    hooks: HookSettings = field(default_factory=HookSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)


def section_names() -> tuple[str, ...]:
    """The sections in the order in which the file shows them."""
    return tuple(f.name for f in fields(Settings))

"""What happens to the lock's pin while our program does not run: from power-on to its start, and after a hard kill."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from edge_face.doctor.check import Finding, Host, Status
from edge_face.settings import Settings

CONFIGS = ("/boot/firmware/config.txt", "/boot/config.txt")
_MODELS = {"pi1": "Raspberry Pi Model *", "pi2": "Raspberry Pi 2 *", "pi3": "Raspberry Pi 3 *", "pi3+": "Raspberry Pi 3 Model * Plus*",
           "pi4": "Raspberry Pi 4 *", "pi5": "Raspberry Pi 5 *", "pi400": "Raspberry Pi 400*", "pi500": "Raspberry Pi 500*",
           "pi0": "Raspberry Pi Zero*", "pi0w": "Raspberry Pi Zero W*", "pi02": "Raspberry Pi Zero 2*",
           "cm4": "Raspberry Pi Compute Module 4 *",
           "cm5": "Raspberry Pi Compute Module 5 *"}
"""Sections of config.txt that hold for some boards only."""


def boot_line(host: Host, settings: Settings) -> Iterator[Finding]:
    """Does the firmware hold the lock's pin at "coil off" from the first moment?"""
    from edge_face.door import pin_number, safe_level

    door = settings.door
    if door.pins == "mock":
        return
    pin, level = pin_number(door.lock_pin, "door.lock_pin"), "dh" if safe_level(door) else "dl"
    wanted = f"gpio={pin}=op,{level}"
    place = next((name for name in CONFIGS if host.path(name).is_file()), CONFIGS[0])
    found = firmware_level(host.read(place), pin, host.pi_model)
    if found == ("op", level):
        yield Finding("boot line", Status.OK, f"the firmware holds GPIO{pin} at 'coil off' from power-on ({wanted})")
    elif found[0] == "op" and found[1] not in ("", level):
        yield Finding("boot line", Status.FAIL,
                      f"the firmware drives GPIO{pin} to {found[1]} at power-on: the coil is on until the door starts",
                      f"write '{wanted}' in place of that line in {place}, and restart")
    else:
        yield Finding("boot line", Status.WARN, "between power-on and the start of the door the lock's pin floats",
                      f"add '{wanted}' to {place} below [all], fit a pull resistor (docs/wiring.md), and restart")


def firmware_level(text: str, pin: int, model: str) -> tuple[str, str]:
    """What config.txt makes of a pin on this board: (function: "op", "ip", "a0" to "a5" or "", level: "dl", "dh" or "").
    Later lines win; sections for other boards do not count."""
    function = level = ""
    holds = True
    for line in (raw.strip() for raw in text.splitlines()):
        section = re.fullmatch(r"\[(.*)\]", line)
        if section:
            name = section[1].lower()
            holds = name == "all" or fnmatch.fnmatchcase(model, _MODELS.get(name, "\0"))
            continue
        found = re.fullmatch(r"gpio=([0-9,\-]+)=([a-z0-9,]+)", line)
        if found is None or not holds or pin not in _numbers(found[1]):
            continue
        for word in found[2].split(","):
            if word in ("op", "ip", "no") or re.fullmatch(r"a[0-5]", word):
                function, level = word, ""
            elif word in ("dl", "dh"):
                level = word
    return function, level


def kernel(host: Host, settings: Settings) -> Iterator[Finding]:
    """Does the kernel let go of a pin whose process was killed?"""
    if settings.door.pins == "mock" or not host.pi_model:
        return
    keeps = keeps_outputs(host)
    if keeps is None:
        yield Finding("killed door", Status.NOTE, "the kernel does not tell whether it lets go of a killed program's pins",
                      "fit a relay that is limited in time (docs/wiring.md)")
    elif keeps:
        yield Finding("killed door", Status.WARN,
                      "after a SIGKILL the kernel keeps the lock's pin as it was, released too, until ExecStopPost runs",
                      f"add 'dtparam=strict_gpiod' to {CONFIGS[0]}, restart, and fit the pull resistor; a relay that is limited in time "
                      "helps in any case")
    else:
        yield Finding("killed door", Status.OK, "after a SIGKILL the kernel lets go of the lock's pin; the pull resistor then decides")


def keeps_outputs(host: Host) -> bool | None:
    """The setting of the pin driver (raspberrypi/linux pull requests 6117 and 6150); None when it has none."""
    found: bool | None = None
    for driver in ("pinctrl_bcm2835", "pinctrl_rp1"):
        folder = f"/sys/module/{driver}/parameters"
        for name, keeping in (("persist_gpio_outputs", "Y"), ("strict_gpiod", "N")):
            value = host.read(f"{folder}/{name}")
            if value in ("Y", "N"):
                # A Pi 5 has both drivers; the header hangs on the RP1.
                found = value == keeping
    return found


def _numbers(text: str) -> set[int]:
    """"4,17-19" as numbers; nonsense is none."""
    found: set[int] = set()
    for part in text.split(","):
        ends = re.fullmatch(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", part)
        if ends:
            found.update(range(int(ends[1]), int(ends[2] or ends[1]) + 1))
    return found

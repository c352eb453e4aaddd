"""Pins that the board or the firmware uses for something else: I2C, UART, SPI, 1-Wire, I2S, and overlays that take a pin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_face.doctor.boot import CONFIGS
from edge_face.doctor.check import Finding, Host, Status
from edge_face.settings import Settings

_PARAMETERS = {"i2c": ("I2C", (2, 3)), "i2c1": ("I2C", (2, 3)), "i2c_arm": ("I2C", (2, 3)), "spi": ("SPI", (7, 8, 9, 10, 11)),
               "i2s": ("I2S sound", (18, 19, 20, 21)), "uart0": ("the serial port", (14, 15))}
_OVERLAYS = {"w1-gpio": 4, "gpio-fan": 12, "gpio-shutdown": 3, "gpio-poweroff": 26, "gpio-ir": 18, "gpio-led": None, "gpio-key": None}
"""Overlays that take one pin, and which by default."""
_PULLED_UP = (2, 3)
"""1.8 kilo-ohms to 3.3 V on every board."""


def pin_functions(host: Host, settings: Settings) -> Iterator[Finding]:
    """Does something else use our pins?"""
    from edge_face.door import pin_number, safe_level
    from edge_face.door.wired import wires

    if settings.door.pins == "mock":
        return
    place = next((name for name in CONFIGS if host.path(name).is_file()), CONFIGS[0])
    folder = place.rpartition("/")[0]
    taken = taken_pins(host.read(place), host.read(f"{folder}/cmdline.txt"))
    fine = True
    for wire in wires(settings):
        number = pin_number(wire.pin, wire.key)
        if number in taken:
            fine = False
            yield Finding("pin functions", Status.FAIL, f"{wire.key}: GPIO{number} is used by {taken[number][0]} ({taken[number][1]})",
                          f"choose another pin, or take that line out of {place} and restart")
        elif wire.key == "door.lock_pin" and number in _PULLED_UP and safe_level(settings.door) == 0:
            fine = False
            yield Finding("pin functions", Status.FAIL, f"{wire.key}: GPIO{number} has a resistor to 3.3 V on the board: the relay is on "
                          "whenever the door does not run", "choose another pin for the lock")
    if fine:
        yield Finding("pin functions", Status.OK, "nothing else uses the door's pins")


def taken_pins(config: str, command_line: str = "") -> dict[int, tuple[str, str]]:
    """Pins that config.txt and the kernel's command line give to something else: what, and by which line. Sections for other
    boards count too: better a word too much."""
    taken: dict[int, tuple[str, str]] = {}
    for line in (raw.strip() for raw in config.splitlines()):
        name, _, value = line.partition("=")
        if name == "enable_uart" and value == "1":
            taken |= dict.fromkeys((14, 15), ("the serial port", line))
        elif name == "dtparam":
            for each in value.split(","):
                parameter, _, switch = each.partition("=")
                if parameter in _PARAMETERS and switch in ("", "on", "yes", "1", "true"):
                    what, pins = _PARAMETERS[parameter]
                    taken |= dict.fromkeys(pins, (what, line))
        elif name == "dtoverlay":
            overlay, *parameters = re.split("[,:]", value)
            numbers = [int(found[1]) for each in parameters if (found := re.fullmatch(r"(?:gpio_?pin|gpio)=(\d{1,2})", each))]
            default = _OVERLAYS.get(overlay)
            if overlay in _OVERLAYS or numbers:
                taken |= dict.fromkeys(numbers or ([default] if default is not None else []), (f"the overlay {overlay}", line))
            elif overlay == "i2c-rtc":
                taken |= dict.fromkeys((2, 3), ("the clock on I2C", line))
    if re.search(r"\bconsole=(serial0|ttyAMA0|ttyS0)\b", command_line):
        taken |= dict.fromkeys((14, 15), ("the serial console", "console= in cmdline.txt"))
    return taken

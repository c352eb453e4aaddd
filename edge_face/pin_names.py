"""What pins are called: GPIO17, 17, BCM17, BOARD11 and J8:11 are one and the same."""

from __future__ import annotations

import re

HEADER = {3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11,
           24: 8, 26: 7, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21}
"""Pin of the 40-pin header -> GPIO number, the same on every 40-pin Raspberry Pi; power, ground and ID pins left out."""


def gpio_number(name: str) -> int:
    """The GPIO number of a name. Raises ValueError with what is wrong, as it follows after the name in a sentence."""
    found = re.fullmatch(r"(GPIO|BCM|BOARD|J8:)?0*(\d{1,4})", name.strip().upper(), re.ASCII)
    if not found:
        raise ValueError("is not a pin: write GPIO17, 17 or BOARD11")
    number = int(found[2])
    if found[1] in ("BOARD", "J8:"):
        if number not in HEADER:
            raise ValueError(f"is no GPIO: pin {number} of the header is power, ground, ID or not there")
        return HEADER[number]
    if number not in HEADER.values():
        raise ValueError("is out of range: the header has GPIO2 to GPIO27")
    return number

"""Names and addresses by which browsers of the network reach this machine. Linux; nothing is sent."""

from __future__ import annotations

import fcntl
import ipaddress
import re
import socket
import struct
from pathlib import Path

from edge_face.kiosk.tls import PRIVATE
from edge_face.settings import Settings

_SIOCGIFADDR = 0x8915
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,8}")
_IPV6_TABLE = Path("/proc/net/if_inet6")


def host_names(settings: Settings) -> list[str]:
    """The machine's own name, the same under .local (mDNS), and those of [kiosk] names."""
    own = socket.gethostname().lower().removesuffix(".")
    short = own.split(".")[0]
    wanted = ["localhost", own, short, f"{short}.local", *(name.strip().lower().strip("[]") for name in settings.kiosk.names)]
    return [name for name in dict.fromkeys(wanted) if _NAME.fullmatch(name) or _is_address(name)]


def addresses() -> list[str]:
    """Of every network interface, the private ones: public ones change by themselves, and the authority vouches for none. Those that
    hold on one link only (fe80::, 169.254.) are nobody's to type."""
    networks = [ipaddress.ip_network(network) for network in PRIVATE]
    found = [ipaddress.ip_address(text) for text in dict.fromkeys(["127.0.0.1", "::1", *_ipv4(), *_ipv6()])]
    return [str(one) for one in found if not one.is_link_local and any(one in network for network in networks)]


def all_names(settings: Settings) -> list[str]:
    """What the certificate is for."""
    return list(dict.fromkeys([*host_names(settings), *addresses()]))


def _ipv4() -> list[str]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(channel.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue  # an interface without an address
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _ipv6() -> list[str]:
    try:
        lines = _IPV6_TABLE.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    return [str(ipaddress.IPv6Address(int(line[:32], 16))) for line in lines if re.match(r"[0-9a-f]{32} ", line)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

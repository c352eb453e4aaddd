"""TLS for the network: this device's own certificate authority, and a certificate by it that is renewed by itself.

The authority may vouch for names of the local network and private addresses only (name constraints, RFC 5280 4.2.1.10): whoever
trusts it trusts it for this door and the like, never for a bank. What it may vouch for is fixed when it is made; a name beyond that,
another authority.
"""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.build_date import BUILD_DATE
from edge_face.errors import MissingExtraError, ServiceError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_log = logging.getLogger("edge_face.kiosk")

AUTHORITY_DAYS = 3650
LEAF_DAYS = 180
"""Browsers refuse more than 398 to 825 days."""
RENEW_DAYS = 60
"""Before its end a certificate is renewed."""
_LEEWAY = datetime.timedelta(days=2)
"""Certificates begin before they are made: the clocks of phones differ, and that of the device may be late."""
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "fc00::/7", "fe80::/10",
           "::1/128")
"""Networks that no provider hands out."""
_LOCAL_NAMES = ("localhost", "local", "lan", "home.arpa", "internal", "fritz.box")
"""And all names below them."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


class Certificates:
    """The authority and the certificate in `folder`. `names`: of this machine, now (asked again at each `renew`). `wall`: the clock.

    Raises `ServiceError` when the folder cannot be used, `MissingExtraError` without `cryptography`.
    """

    def __init__(self, folder: Path, names: Callable[[], Iterable[str]], wall: Callable[[], float]) -> None:
        self.folder, self._names, self._wall = folder, names, wall
        self._context: ssl.SSLContext | None = None

    @property
    def authority_file(self) -> Path:
        """The authority's certificate (PEM): what is to be trusted."""
        return self.folder / "authority.pem"

    def context(self) -> ssl.SSLContext:
        """What a server speaks TLS by; `renew` changes the certificate in it."""
        self.renew()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.folder / "leaf.pem")
        self._context = context
        return context

    def renew(self) -> bool:
        """Makes what is missing, too old or for other names; was anything made? New connections get it at once."""
        now = self._now()
        names = list(dict.fromkeys(self._names()))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            authority = self._kept("authority")
            made = False
            if authority is None or not _lasts(authority, now) or not _may_vouch(authority.certificate, names):
                authority = _authority(names, now)
                self._keep("authority", authority)
                _log.warning("a new certificate authority was made: browsers have to trust it (%s)", fingerprint(authority.certificate))
                made = True
            leaf = self._kept("leaf")
            if made or leaf is None or not _lasts(leaf, now) or not _is_for(leaf.certificate, authority.certificate, names):
                self._keep("leaf", _leaf(names, now, authority), authority.certificate)
                _log.info("a certificate was made for %s", ", ".join(names))
                made = True
        except OSError as error:
            raise ServiceError(f"the certificates cannot be kept in {self.folder}: {error.strerror}: make the folder, give it to the user "
                               "of edge-face-kiosk, or set [kiosk] folder") from error
        if made and self._context is not None:
            self._context.load_cert_chain(self.folder / "leaf.pem")
        return made

    def authority(self) -> x509.Certificate:
        """The authority's certificate. Raises `ServiceError` when there is none yet."""
        kept = self._kept("authority")
        if kept is None:
            raise ServiceError(f"there is no certificate in {self.folder} yet: it is made when the owner's pages are on the network")
        return kept.certificate

    def _now(self) -> datetime.datetime:
        """A clock before this version's own date was never set."""
        return datetime.datetime.fromtimestamp(max(self._wall(), BUILD_DATE), datetime.UTC)

    def _kept(self, name: str) -> Issued | None:
        """None where there is none, or what there is cannot be used: another is made then."""
        x509, serialization, ec = _cryptography()
        try:
            pem = (self.folder / f"{name}.pem").read_bytes()
            key_pem = (self.folder / f"{name}.key").read_bytes() if name == "authority" else pem
            key = serialization.load_pem_private_key(key_pem, None)
            certificate = x509.load_pem_x509_certificate(pem)
        except FileNotFoundError:
            return None
        except ValueError:
            _log.warning("%s.pem in %s is damaged: another is made", name, self.folder)
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            return None
        return Issued(certificate, key)

    def _keep(self, name: str, issued: Issued, above: x509.Certificate | None = None) -> None:
        """The leaf's key stands in one file with its chain, so that no power cut parts them."""
        _, serialization, _ = _cryptography()
        pem = issued.certificate.public_bytes(serialization.Encoding.PEM)
        key = issued.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        if above is not None:
            _write(self.folder / f"{name}.pem", key + pem + above.public_bytes(serialization.Encoding.PEM))
        else:
            _write(self.folder / f"{name}.key", key)
            _write(self.folder / f"{name}.pem", pem)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, as browsers show it: what people compare."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _authority(names: list[str], now: datetime.datetime) -> Issued:
    x509, _, ec = _cryptography()
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = [name for name in names if _address(name) is None]
    addresses = {ipaddress.ip_network(address) for name in names if (address := _address(name)) is not None}
    networks = {ipaddress.ip_network(text) for text in PRIVATE}
    permitted = [x509.DNSName(name) for name in dict.fromkeys([*_LOCAL_NAMES, *hosts])]
    permitted += [x509.IPAddress(network) for network in sorted(networks | addresses, key=str)]
    called = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "edge-face"),
                        x509.NameAttribute(x509.NameOID.COMMON_NAME, f"edge-face {_title(names)} {now:%Y-%m-%d}"[:64])])
    return Issued(_signed(called, called, key, key, now, AUTHORITY_DAYS, [
        (x509.BasicConstraints(ca=True, path_length=0), True), (_usage(keys=True), True),
        (x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)]), key)


def _leaf(names: list[str], now: datetime.datetime, authority: Issued) -> Issued:
    x509, _, ec = _cryptography()
    key = ec.generate_private_key(ec.SECP256R1())
    above = authority.certificate
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _title(names)[:64])])
    alternatives = [x509.DNSName(name) if (address := _address(name)) is None else x509.IPAddress(address) for name in names]
    return Issued(_signed(called, above.subject, key, authority.key, now, LEAF_DAYS, [
        (x509.BasicConstraints(ca=False, path_length=None), True), (_usage(keys=False), True),
        (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False), (x509.SubjectAlternativeName(alternatives), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), False)]), key)


def _title(names: list[str]) -> str:
    """What people see of it: the machine's own name, where it has one."""
    return next((name for name in names if name != "localhost" and _address(name) is None), "door")


def _signed(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, by: EllipticCurvePrivateKey, now: datetime.datetime,
            days: int, extensions: list[tuple[Any, bool]]) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - _LEEWAY)
               .not_valid_after(now + datetime.timedelta(days=days)))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by, hashes.SHA256())


def _usage(*, keys: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(digital_signature=not keys, content_commitment=False, key_encipherment=False, data_encipherment=False,
                         key_agreement=False, key_cert_sign=keys, crl_sign=keys, encipher_only=False, decipher_only=False)


def _lasts(issued: Issued, now: datetime.datetime) -> bool:
    """Has it begun, by its own clock, and does it last for longer than the time in which it is renewed?"""
    certificate = issued.certificate
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - datetime.timedelta(days=RENEW_DAYS)


def _is_for(leaf: x509.Certificate, authority: x509.Certificate, names: list[str]) -> bool:
    from cryptography import x509

    try:
        leaf.verify_directly_issued_by(authority)
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # another authority's, or none of ours: another one is made
        return False
    has = {str(value) for value in (*found.get_values_for_type(x509.DNSName), *found.get_values_for_type(x509.IPAddress))}
    return has == {str(_address(name) or name) for name in names}


def _may_vouch(authority: x509.Certificate, names: list[str]) -> bool:
    from cryptography import x509

    try:
        permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return False
    domains = [general.value for general in permitted if isinstance(general, x509.DNSName)]
    networks = [ipaddress.ip_network(str(general.value)) for general in permitted if isinstance(general, x509.IPAddress)]
    for name in names:
        address = _address(name)
        if address is None and not any(name == domain or name.endswith(f".{domain}") for domain in domains):
            return False
        if address is not None and not any(address in network for network in networks):
            return False
    return True


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner alone."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _cryptography() -> tuple[Any, Any, Any]:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise MissingExtraError("cryptography", "kiosk", "python3-cryptography") from error
    return x509, serialization, ec

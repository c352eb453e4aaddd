"""The device's own authority: what it makes, when it makes it anew, and what real TLS says of it."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from edge_face.build_date import BUILD_DATE
from edge_face.errors import ServiceError
from edge_face.kiosk.machine_names import addresses, all_names, host_names
from edge_face.kiosk.tls import AUTHORITY_DAYS, LEAF_DAYS, RENEW_DAYS, Certificates, fingerprint
from edge_face.settings import KioskSettings, Settings

NOW = BUILD_DATE + 1e6
DAY = 86_400.0
NAMES = ["localhost", "door", "door.local", "127.0.0.1", "192.168.1.7"]


class Machine:
    """A folder, names and a clock that can be moved."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.names, self.wall = folder / "pages", list(NAMES), NOW
        self.certificates = Certificates(self.folder, lambda: self.names, lambda: self.wall)

    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / "leaf.pem").read_bytes())

    def speak(self, name: str, context: ssl.SSLContext | None = None) -> str:
        """Connects to it by TLS as a browser that trusts the authority, and checks the name; what it says."""
        ours, theirs = socket.socketpair()
        server = context or self.certificates.context()

        def serve() -> None:
            try:
                with server.wrap_socket(theirs, server_side=True) as channel:
                    channel.sendall(b"hello")
            except (ssl.SSLError, OSError):
                theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            browser = ssl.create_default_context(cafile=self.certificates.authority_file)
            browser.verify_flags |= ssl.VERIFY_X509_STRICT  # Python 3.13's own choice
            with ours, browser.wrap_socket(ours, server_hostname=name) as channel:
                return channel.recv(10).decode()
        finally:
            thread.join()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    # The clock of TLS itself cannot be handed in.
    made = Machine(tmp_path)
    made.wall = datetime.datetime.now(datetime.UTC).timestamp()
    return made


@pytest.mark.parametrize("name", ["localhost", "door.local", "192.168.1.7"])
def test_whoever_trusts_the_authority_reaches_the_door_by_its_names(machine: Machine, name: str) -> None:
    assert machine.speak(name) == "hello"


def test_no_other_name_is_taken(machine: Machine) -> None:
    machine.certificates.renew()
    with pytest.raises(ssl.SSLCertVerificationError):
        machine.speak("other.local")


def test_the_authority_vouches_for_nothing_outside(machine: Machine) -> None:
    machine.certificates.renew()
    constraints = machine.certificates.authority().extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = [str(general.value) for general in constraints.value.permitted_subtrees or []]
    assert "door.local" in permitted and "192.168.0.0/16" in permitted
    assert not any(name.endswith(("com", "org")) or name.startswith(("0.0.0.0", "::/")) for name in permitted)
    basic = machine.certificates.authority().extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca and basic.path_length == 0


def test_keys_are_for_their_owner_alone(machine: Machine) -> None:
    machine.certificates.renew()
    assert {path.name: path.stat().st_mode & 0o777 for path in machine.folder.iterdir()} == {
        "authority.key": 0o600, "authority.pem": 0o600, "leaf.pem": 0o600}
    assert machine.folder.stat().st_mode & 0o777 == 0o700


def test_nothing_is_made_while_it_holds(machine: Machine) -> None:
    assert machine.certificates.renew()
    leaf = machine.leaf()
    assert not machine.certificates.renew() and machine.leaf() == leaf
    machine.wall += (LEAF_DAYS - RENEW_DAYS - 1) * DAY
    assert not machine.certificates.renew()


def test_before_its_end_it_is_renewed_by_the_same_authority(machine: Machine) -> None:
    context = machine.certificates.context()
    before, authority = machine.leaf(), machine.certificates.authority()
    machine.wall += (LEAF_DAYS - RENEW_DAYS + 1) * DAY
    assert machine.certificates.renew()
    assert machine.leaf() != before and machine.certificates.authority() == authority
    machine.leaf().verify_directly_issued_by(authority)
    served = _served_by(context)
    assert served == machine.leaf(), "connections get it without a restart"


def _served_by(context: ssl.SSLContext) -> x509.Certificate:
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: context.wrap_socket(theirs, server_side=True).close())
    thread.start()
    browser = ssl.create_default_context()
    browser.check_hostname, browser.verify_mode = False, ssl.CERT_NONE
    with ours, browser.wrap_socket(ours) as channel:
        der = channel.getpeercert(binary_form=True)
    thread.join()
    assert der is not None
    return x509.load_der_x509_certificate(der)


def test_another_address_is_another_certificate_by_the_same_authority(machine: Machine) -> None:
    machine.certificates.renew()
    authority = machine.certificates.authority()
    machine.names.append("10.1.2.3")
    assert machine.certificates.renew() and machine.certificates.authority() == authority
    assert machine.speak("10.1.2.3") == "hello"


def test_a_name_beyond_the_authority_is_another_authority(machine: Machine) -> None:
    machine.certificates.renew()
    authority = machine.certificates.authority()
    machine.names.append("door.example.org")
    assert machine.certificates.renew() and machine.certificates.authority() != authority
    assert machine.speak("door.example.org") == "hello"


def test_an_authority_that_ends_is_made_anew(machine: Machine) -> None:
    machine.certificates.renew()
    authority = machine.certificates.authority()
    machine.wall += (AUTHORITY_DAYS - RENEW_DAYS + 1) * DAY
    assert machine.certificates.renew() and machine.certificates.authority() != authority


def test_a_clock_that_was_never_set_makes_one_that_holds(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.wall = 3600.0
    machine.certificates.renew()
    built = datetime.datetime.fromtimestamp(BUILD_DATE, datetime.UTC)
    assert machine.leaf().not_valid_before_utc < built < machine.leaf().not_valid_after_utc
    machine.wall = NOW
    assert not machine.certificates.renew(), "and is kept when the clock is set"


def test_a_clock_that_goes_far_back_makes_another(machine: Machine) -> None:
    machine.certificates.renew()
    machine.wall -= 30 * DAY
    if machine.wall > BUILD_DATE:
        assert machine.certificates.renew()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("name", ["leaf.pem", "authority.pem", "authority.key"])
def test_what_is_damaged_is_made_anew(machine: Machine, name: str, content: bytes) -> None:
    machine.certificates.renew()
    (machine.folder / name).write_bytes(content)
    assert machine.certificates.renew() and machine.speak("door.local") == "hello"


def test_a_key_of_another_certificate_is_not_taken(machine: Machine, tmp_path: Path) -> None:
    other = Machine(tmp_path / "other")
    other.certificates.renew()
    machine.certificates.renew()
    (machine.folder / "authority.key").write_bytes((other.folder / "authority.key").read_bytes())
    assert machine.certificates.renew() and machine.speak("localhost") == "hello"


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file")
    with pytest.raises(ServiceError, match=r"certificates cannot be kept in .*set \[kiosk\] folder"):
        Machine(tmp_path).certificates.renew()


def test_without_certificates_there_is_nothing_to_trust(machine: Machine) -> None:
    with pytest.raises(ServiceError, match="no certificate"):
        machine.certificates.authority()


def test_the_fingerprint_is_what_browsers_show(machine: Machine) -> None:
    machine.certificates.renew()
    shown = fingerprint(machine.certificates.authority())
    assert len(shown.split(":")) == 32 and shown == shown.upper()


def test_the_names_of_this_machine_and_of_the_settings() -> None:
    settings = Settings(kiosk=KioskSettings(names=["Door.Example.org", "[fd00::7]", "10.0.0.7", "not a name", "-bad-"]))
    names = host_names(settings)
    assert {"localhost", "door.example.org", "fd00::7", "10.0.0.7"} <= set(names) and "not a name" not in names and "-bad-" not in names
    assert "127.0.0.1" in addresses() and set(addresses()) <= set(all_names(settings))

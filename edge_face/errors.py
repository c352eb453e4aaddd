"""Every error that edge-face raises on purpose: one sentence that names the thing and the way out."""

from __future__ import annotations


class EdgeFaceError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line exits with."""

    exit_code = 1


class UsageError(EdgeFaceError, ValueError):
    """The command was used wrongly: a missing argument, a value that cannot be meant."""

    exit_code = 2


class SettingsError(EdgeFaceError, ValueError):
    """A settings file or key is wrong; the message names key, line and what is allowed."""

    exit_code = 2


class MissingExtraError(EdgeFaceError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str, apt: str | None = None) -> None:
        hint = f" (on a Raspberry Pi: sudo apt install {apt})" if apt else ""
        super().__init__(f"{package} is not installed: pip install 'edge-face[{extra}]'{hint}")
        self.package, self.extra = package, extra


class CameraError(EdgeFaceError, OSError):
    """A camera is missing, busy, gone or brings no frames."""


class MediaError(EdgeFaceError, ValueError):
    """A picture or video is missing, damaged or of a kind that cannot be used."""


class SealedError(EdgeFaceError, ValueError):
    """Sealed faces cannot be opened or sealed: another key, changed, stripped; or a key is none."""


class ModelError(EdgeFaceError, ValueError):
    """A model bundle is missing, damaged or not what its manifest says."""


class StoreError(EdgeFaceError, OSError):
    """The people store cannot be read or written: locked, read-only, corrupt, newer, disk full."""


class PeopleError(EdgeFaceError, ValueError):
    """A person cannot be added, found or changed as asked."""


class UnknownError(PeopleError):
    """There is nobody, or nothing, of that name or number."""


class EnrolmentError(PeopleError):
    """Pictures do not make an enrolment: no face, two faces, too poor, somebody else's."""


class HardwareError(EdgeFaceError, OSError):
    """A pin is out of range, in use or not to be had."""


class AccessError(EdgeFaceError, ValueError):
    """A schedule, a holiday, a code or a card cannot be what was given."""


class AuditError(EdgeFaceError, OSError):
    """The audit log cannot be written or read, or was changed outside edge-face."""


class ServiceError(EdgeFaceError, ConnectionError):
    """The daemon cannot be reached, or did not answer as it must."""


class DaemonDownError(ServiceError):
    """The pages cannot reach the daemon: it is stopped, or just starting."""


class LoginNeededError(EdgeFaceError):
    """The pages: nobody is logged in, or no longer."""


class ForbiddenError(EdgeFaceError):
    """The pages: this login may not do that."""


class FreshNeededError(EdgeFaceError):
    """The pages: the passphrase must be given again first."""


class WrongPassphraseError(EdgeFaceError, ValueError):
    """The pages: name, passphrase or claim code are not right."""


class TooManyTriesError(EdgeFaceError):
    """The pages: after wrong tries none is looked at for a while; the message says for how long."""

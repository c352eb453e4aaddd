"""The device key: 32 random bytes in a file of mode 0400, made once, atomically, and refused when others may read it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people.database_errors import refused
from edge_face.people.ownership import like
from edge_face.people.sealing import KEY_BYTES

MODE = 0o400


def load_key(path: Path, *, credential: bool = False) -> bytes:
    """The key in that file. Raises StoreError when it is missing, of another length, or others may read or change it.
    `credential`: systemd gives the file to a service's user by an access list, which shows as the group's right to read."""
    try:
        # Without O_NONBLOCK a pipe of that name would hang the door.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise StoreError(f"the device key {path} is missing, and nobody in the store can be read without it: put the key "
                         "back (where it is a credential of the service, commands go through the running service), or move the "
                         "store away and enrol everybody again") from error
    except OSError as error:
        raise StoreError(f"the device key {path} cannot be read ({error.strerror}): run this as the user who owns it, "
                         "or with sudo") from error
    try:
        _check(path, os.fstat(descriptor), credential)
        key = os.read(descriptor, KEY_BYTES + 1)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"the device key {path} cannot be read ({error.strerror}): is its disk alive?") from error
    finally:
        os.close(descriptor)
    if len(key) != KEY_BYTES:
        raise StoreError(f"the device key {path} does not have {KEY_BYTES} bytes: put the right key back, or move the store "
                         "away and enrol everybody again")
    return key


def create_key(path: Path, owner: Path | None = None) -> bytes:
    """Makes a key, or loads the one that somebody else made in the meantime; made by root it belongs to whom `owner` (the
    folder) belongs to. Raises StoreError."""
    key = secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            try:
                os.fchmod(descriptor, MODE)
                like(owner or path.parent, descriptor)
                if os.write(descriptor, key) != KEY_BYTES:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            # A link, unlike a renaming, never replaces: whoever comes second takes the key of whoever came first.
            try:
                os.link(draft, path)
            except FileExistsError:
                return load_key(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except StoreError:
        raise
    except OSError as error:
        raise refused(error, f"the device key {path} cannot be made ({error.strerror}): make its folder writable, or set "
                             "[store] key_file") from error
    return key


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def next_path(path: Path) -> Path:
    """Where a rotation writes the new key before the store knows it."""
    real = path.resolve()  # a link to a stick stays one
    return real.with_name(f"{real.name}.next")


def write_next(path: Path) -> bytes:
    """A new key beside the one at `path`. Raises StoreError."""
    drop_next(path)
    return create_key(next_path(path), path.resolve())


def take_next(path: Path) -> None:
    """Puts the new key in the place of the old one, whose bytes are overwritten first. May be cut anywhere and done again.
    Raises StoreError."""
    path = path.resolve()
    try:
        _overwrite(path)
        next_path(path).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise refused(error, f"the new device key cannot take the place of {path} ({error.strerror}): it is done when the store "
                             "is next opened") from error


def drop_next(path: Path) -> None:
    """Removes a new key that never came into use. Raises StoreError."""
    following = next_path(path)
    try:
        if os.path.lexists(following):
            _overwrite(following)
            following.unlink()
            sync_folder(path.parent)
    except OSError as error:
        raise refused(error, f"{following} cannot be removed ({error.strerror}): remove it") from error


def _overwrite(path: Path) -> None:
    """In the same blocks, as far as the disk lets."""
    try:
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return


def _check(path: Path, status: os.stat_result, credential: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"the device key {path} is no ordinary file: set [store] key_file to one")
    if status.st_mode & (0o337 if credential else 0o377):
        raise StoreError(f"the device key {path} has mode {stat.S_IMODE(status.st_mode):04o}, which allows more than that its "
                         f"owner reads it: chmod 0400 {path}")
    if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise StoreError(f"the device key {path} belongs to another user: sudo chown {os.geteuid()} {path}")

"""The master key: 32 bytes that wrap all other keys, given by a setting or kept in a file beside the data."""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from commands.ports.key_vault import VaultUnavailable

FILE_NAME: Final = "master.key"
_BYTES = 32


def master_key_from_text(text: str) -> bytes:
    """A key out of a setting: 32 bytes as base64. VaultUnavailable says how to make one."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise VaultUnavailable("The master key is not 32 bytes of base64. Make one with `openssl rand -base64 32`.")
    return key


def master_key_in(folder: Path) -> bytes:
    """The key in `folder`/master.key (mode 0600), made by the first process that needs it.

    Losing the file loses every personal field for good; it belongs into the backup, but not beside the database's.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        _refuse_open_to_others(path)
        return master_key_from_text(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise VaultUnavailable(f"The master key in {path} cannot be used: {error}") from error


def _make(path: Path) -> None:
    """Write a new key whole, or leave the one that another process put there in the meantime."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    try:
        os.link(fresh, path)  # unlike a rename, a link never replaces a key that is in use
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _refuse_open_to_others(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise VaultUnavailable(f"Others can read the master key: run `chmod 600 {path}`.")

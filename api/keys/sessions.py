"""Sessions of browsers: what a key was exchanged for, good for as long as the key is.

A session is no secret of the key's, and nothing of it is kept: it is signed with a secret of the
data home, over the key's name and the hash of its secret. So it ends when the key is revoked,
expires or gets another secret, and outlives a restart.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path

from api.keys.key import Key, is_past
from binocle.errors import StorageError
from binocle.files import make_folder, replacing

_SIGNING_FILE = "sessions.key"
_SECRET_BYTES = 32
_NONCE_BYTES = 16
_SIGNATURE_BYTES = 32


class Sessions:
    """Makes and reads the sessions of a data home. Thread-safe."""

    def __init__(self, home: Path) -> None:
        """Set up; the secret is read, or made, when it is first needed."""
        self._path = home / _SIGNING_FILE
        self._secret = b""
        self._stamp: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def begin(self, key: Key, secret_sha256: str) -> str:
        """Return a session for a key.

        Args:
            key: Whose.
            secret_sha256: Of the secret that was shown: of the key's own, or of the one it had
                before a rotation.

        Raises:
            StorageError: The secret of sessions can be neither read nor made.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        token = nonce + self._signature(nonce, key, secret_sha256) + key.name.encode()
        return base64.urlsafe_b64encode(token).decode().rstrip("=")

    def find(self, session: str, keys: Iterable[Key]) -> Key | None:
        """Return the key of a session, expired or not; None where it is over, or none of ours.

        Args:
            session: As a browser brings it.
            keys: All there are.

        Raises:
            StorageError: As for ``begin``.
        """
        try:
            token = base64.urlsafe_b64decode(session + "=" * (-len(session) % 4))
            name = token[_NONCE_BYTES + _SIGNATURE_BYTES :].decode()
        except (binascii.Error, ValueError):
            return None
        nonce, signature = token[:_NONCE_BYTES], token[_NONCE_BYTES:][:_SIGNATURE_BYTES]
        key = next((one for one in keys if one.name == name), None)
        if key is None:
            return None
        hashes = [key.sha256]
        if key.old_sha256 is not None and not is_past(key.old_until):
            hashes.append(key.old_sha256)
        signed = [self._signature(nonce, key, one) for one in hashes]
        return key if any(hmac.compare_digest(signature, one) for one in signed) else None

    def _signature(self, nonce: bytes, key: Key, secret_sha256: str) -> bytes:
        said = b"\0".join((nonce, key.identity.encode(), secret_sha256.encode()))
        return hmac.new(self._own_secret(), said, hashlib.sha256).digest()

    def _own_secret(self) -> bytes:
        """Return the secret of the file; one that was removed is made anew, and ends sessions."""
        with self._lock:
            if not self._secret or self._stamp != self._path_stamp():
                self._secret = _read(self._path)
                self._stamp = self._path_stamp()
            return self._secret

    def _path_stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:  # the disk fails: what is known goes on
            return self._stamp
        return status.st_ino, status.st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            make_folder(path.parent)
            with replacing(path, mode=0o600) as file:
                file.write(secrets.token_bytes(_SECRET_BYTES))
        found = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot keep the secret of sessions in {path} ({error})") from error
    if len(found) != _SECRET_BYTES:
        raise StorageError(f"{path} is damaged; remove it, and browsers ask for their keys again")
    return found

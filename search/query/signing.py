"""Names that only this collection can have given: signed with a key that stays beside it."""

import hashlib
import secrets
from pathlib import Path

import itsdangerous
from itsdangerous.encoding import base64_decode, base64_encode

from binocle.errors import StorageError
from binocle.files import replacing

_KEY_BYTES = 32
_SIGNATURE_CHARACTERS = 43  # of SHA-256 in base64, without padding
KEY_FILE = "signing.key"


class Signer:
    """Signs and checks short messages with HMAC-SHA256 (RFC 2104)."""

    def __init__(self, folder: Path) -> None:
        """Read the key of a folder, making one where there is none.

        Raises:
            StorageError: It cannot be read or written, or is damaged.
        """
        self._key = _read_key(folder / KEY_FILE)

    def sign(self, purpose: str, message: bytes) -> str:
        """Return a message and its signature as one opaque string, safe in a URL.

        Args:
            purpose: What the message is for; what was signed for another is refused.
            message: Not secret.
        """
        payload = base64_encode(message)
        return (self._signer(purpose).get_signature(payload) + payload).decode()

    def verified(self, purpose: str, text: str) -> bytes | None:
        """Return the message of what ``sign`` returned; None for anything else."""
        if not text.isascii():
            return None
        signature, payload = text[:_SIGNATURE_CHARACTERS], text[_SIGNATURE_CHARACTERS:]
        if not self._signer(purpose).verify_signature(payload, signature):
            return None
        message = base64_decode(payload)
        # Base64 has several spellings of some bytes; only ours is accepted.
        return message if self.sign(purpose, message) == text else None

    def _signer(self, purpose: str) -> itsdangerous.Signer:
        return itsdangerous.Signer(
            self._key, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )


def _read_key(path: Path) -> bytes:
    """Return the key in a file; of several processes that make one at once, one wins."""
    try:
        for _ in range(2):
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                with replacing(path, mode=0o600, keep=True) as file:
                    file.write(secrets.token_bytes(_KEY_BYTES))
            else:
                if len(key) != _KEY_BYTES:
                    raise StorageError(f"the key {path} is damaged; remove it to get a new one")
                return key
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot keep a key at {path} ({error.strerror})") from error

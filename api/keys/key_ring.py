"""API keys: hashed at rest, each for a scope, for one collection or all, for a while or for good.

A key is 256 random bits, so a plain SHA-256 of it is as hard to turn back as the key is to
guess; no slow hash is needed. The file is read again when it changes, so a key that is revoked
stops working at once.
"""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from api.keys.key import KEY_NAME, Access, Key, is_past
from api.keys.key_changes import note_change
from api.shared_file import SharedFile
from binocle.errors import NotFoundError, UsageError

_FORMAT = 3  # 1 knew neither expiry nor rotation, 2 no rates


class KeyRing:
    """The keys of a data home, in a file only its owner can read. Thread-safe."""

    def __init__(self, path: Path) -> None:
        nobody: tuple[Key, ...] = ()
        self._file = SharedFile(path, "the keys", _parsed, nobody)
        self._changes = path.with_name("key-changes.jsonl")
        self._closed = False

    def all(self) -> tuple[Key, ...]:
        """Return the keys, expired ones too.

        Raises:
            StorageError: The file cannot be read or is damaged; nothing is let in then.
        """
        return self._file.read()

    def is_closed(self) -> bool:
        """Tell whether a key is needed: from the first key on, for good.

        Revoking the last key, or losing the file while a service runs, lets nobody in rather
        than everybody.
        """
        self._closed = self._closed or self._file.path.exists()
        return self._closed

    def find(self, secret: str) -> Key | None:
        """Return the key of a secret, expired or not; as long, wherever it is in the list."""
        digest = digest_of(secret)
        found = None
        for key in self.all():
            if hmac.compare_digest(key.sha256, digest):
                found = key
            if hmac.compare_digest(key.old_sha256 or "", digest) and not is_past(key.old_until):
                found = key
        return found

    def add(
        self,
        name: str,
        access: Access,
        collections: tuple[str, ...] | None,
        *,
        expires_at: datetime | None = None,
        requests_per_minute: int | None = None,
        by: str | None = None,
    ) -> str:
        """Make a key and return its secret, which is not kept.

        Args:
            name: For a person.
            access: Its scope.
            collections: The only ones it opens; None for all.
            expires_at: From then on it opens nothing; None for never.
            requests_per_minute: How often it may ask; None for as often as it likes.
            by: The key that asks for it; None for a person at the command line.

        Raises:
            UsageError: There is a key of this name, or the name, the scope or the time cannot be.
            BusyError: Another process changes the keys and does not end.
        """
        if not re.fullmatch(KEY_NAME, name):
            raise UsageError(
                f"{name!r} cannot name a key; use 1 to 64 letters, digits, spaces and . _ @ -, a "
                "letter or digit first"
            )
        if access == "admin" and collections is not None:
            raise UsageError("an admin's key is for all collections; leave the collections away")
        secret = _new_secret()
        made = Key(
            name, digest_of(secret), access, collections, _now(), _time_of(expires_at),
            requests_per_minute=requests_per_minute,
        )  # fmt: skip
        with self._file.changing() as keys:
            if any(key.name == name for key in keys):
                raise UsageError(
                    f"there is a key named {name!r} already; rotate it, revoke it or choose another"
                )
            note_change(self._changes, "add", name, by, scope=access, collections=collections)
            self._write((*keys, made))
        return secret

    def rotate(
        self,
        name: str,
        *,
        grace: timedelta = timedelta(),
        expires_at: datetime | None = None,
        by: str | None = None,
    ) -> str:
        """Give a key a new secret and return that; all else stays.

        Args:
            name: Whose.
            grace: How long the secret it had opens the door beside the new one; not beyond the end
                that it had.
            expires_at: When the key ends; None for when it would have.
            by: The key that asks for it; None for a person at the command line.

        Raises:
            NotFoundError: There is none of this name.
            UsageError: The key has expired and is to stay so, or the time cannot be.
        """
        secret, ends = _new_secret(), _time_of(expires_at)
        with self._file.changing() as keys:
            old = _named(keys, name)
            if ends is None and old.has_expired():
                raise UsageError(f"the key {name!r} has expired; say until when the new one lasts")
            until = _end_of_grace(old, grace)
            new = replace(
                old,
                sha256=digest_of(secret),
                expires_at=ends or old.expires_at,
                old_sha256=old.sha256 if until else None,
                old_until=until,
            )
            note_change(self._changes, "rotate", name, by, grace_s=grace.total_seconds() or None)
            self._write(tuple(new if key is old else key for key in keys))
        return secret

    def revoke(self, name: str, *, by: str | None = None) -> None:
        """Remove a key, and what it had before a rotation; when this ends, it opens nothing.

        Args:
            name: Whose.
            by: The key that asks for it; None for a person at the command line.

        Raises:
            NotFoundError: There is none of this name.
        """
        with self._file.changing() as keys:
            old = _named(keys, name)
            note_change(self._changes, "revoke", name, by)
            self._write(tuple(key for key in keys if key is not old))

    def _write(self, keys: tuple[Key, ...]) -> None:
        rows = [asdict(key) for key in keys]
        self._file.write(json.dumps({"format": _FORMAT, "keys": rows}, indent=1))


def _parsed(text: str) -> tuple[Key, ...]:
    document = json.loads(text)
    if document["format"] > _FORMAT:
        raise ValueError("they were written by a newer Binocle; upgrade this one")
    return tuple(_key_of(row) for row in document["keys"])


def _key_of(row: dict[str, Any]) -> Key:
    if row["access"] not in get_args(Access):
        raise ValueError(f"there is no scope {row['access']!r}")
    for moment in ("expires_at", "old_until"):
        if row.get(moment) is not None:
            datetime.fromisoformat(row[moment])
    collections = row["collections"]
    return Key(**{**row, "collections": None if collections is None else tuple(collections)})


def _named(keys: tuple[Key, ...], name: str) -> Key:
    for key in keys:
        if key.name == name:
            return key
    names = ", ".join(key.name for key in keys) or "none"
    raise NotFoundError(f"there is no key named {name!r}; there are: {names}")


def _end_of_grace(old: Key, grace: timedelta) -> str | None:
    """Return until when the secret before a rotation is good; None where it ends at once."""
    if not grace or old.has_expired():
        return None
    until = datetime.now(UTC) + grace
    if old.expires_at is not None:
        until = min(until, datetime.fromisoformat(old.expires_at))
    return until.isoformat(timespec="seconds")


def _new_secret() -> str:
    return "bnc_" + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _time_of(moment: datetime | None) -> str | None:
    """Return when a key ends as it is kept.

    Raises:
        UsageError: That is over already.
    """
    if moment is None:
        return None
    if moment <= datetime.now(UTC):
        raise UsageError(f"a key that ends at {moment.isoformat()} would never open anything")
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError as error:
        raise UsageError(f"no clock will show {moment.isoformat()}; leave it away") from error

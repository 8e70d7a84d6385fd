"""What an answer hands out to go on from: the cursor of its next page, and the name of its query.

Both are signed with a key that stays beside the collection, so that only it can have given them.

A cursor names a listing (``search.ranking.result_list``) and a place in it. It also says what is
needed to make the listing anew where it is gone, as in another process: the change number it was
made at, and how deep it began. Where the collection has changed since, what was shown is passed
over: which records that were is kept with each page.

A dialogue narrows a search over several turns. Each answer names its query; the next query says
what to change in it. What is kept is the query with the vectors of its terms, in the collection's
catalogue, so that it survives a restart and several processes share it. A turn that cannot be kept
costs a warning in the log and nothing else.
"""

import base64
import hashlib
import json
import logging
import secrets
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, astuple, dataclass, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import itsdangerous
import numpy as np
from itsdangerous.encoding import base64_decode, base64_encode

from binocle.catalog.base import QueryStore
from binocle.errors import CursorError, SavedQueryError, StorageError
from binocle.files import replacing
from binocle.media.kinds import KINDS
from binocle.metadata.filters import Filter
from binocle.types import Float32Array, Int64Array, Target
from search.query.query import Facet, Group, Query, Region, Sort, Term, Weights

_log = logging.getLogger(__name__)
_KEY_FILE, _KEY_BYTES = "signing.key", 32
_SIGNATURE_CHARACTERS = 43  # of SHA-256 in base64, without padding
_CURSOR, _TURN = "cursor", "turn"  # what was signed as one is refused as the other
_DAMAGED = "the cursor is damaged, or of another collection; start again without one"
_PRUNE_EVERY = 100
_MAX_TURNS = 10_000
_KEPT_A_TURN = 3  # its query, and what its first pages have shown
_MAX_AGE_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Position:
    """How far an answer went.

    Attributes:
        listing: Names what was listed, in the process that listed it.
        place: How many rows of the listing were used up.
        last: Internal id of the last record shown.
        change: The collection's change number when the listing was made.
        target: Which parts were looked at, where the query left that open.
        depth: How deep the first rankings were.
        query: Digest of the query.
        kept: With how many rows of the listing what was shown was kept; 0 where it was not.
        is_resumed: Whether the listing passed over what another had shown.
    """

    listing: str
    place: int
    last: int
    change: int
    target: Target
    depth: int
    query: str
    kept: int = 0
    is_resumed: bool = False


class Continuations:
    """Gives and reads the cursors and the turns of one collection. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        store: QueryStore,
        *,
        max_turns: int = _MAX_TURNS,
        max_age_s: float = _MAX_AGE_S,
    ) -> None:
        """Read the key of a folder, making one where there is none.

        Args:
            folder: The collection's.
            store: The catalogue's.
            max_turns: How many queries are kept, the newest ones.
            max_age_s: How long.

        Where none can be kept, as on a full disk, there is one for as long as this is open.

        Raises:
            StorageError: The key cannot be read, or is damaged.
        """
        self._key = _read_key(folder / _KEY_FILE)
        self._store = store
        self._max_turns, self._max_age_s = max_turns, max_age_s
        self._kept = 0

    def cursor(self, position: Position) -> str:
        """Return a position as an opaque signed string, safe in a URL."""
        text = json.dumps(astuple(position), separators=(",", ":"))
        return self._signed(_CURSOR, text.encode())

    def position(self, cursor: str) -> Position:
        """Read a cursor.

        Raises:
            CursorError: It is none that this collection gave.
        """
        message = self._verified(_CURSOR, cursor)
        if message is None:
            raise CursorError(_DAMAGED)
        try:
            listing, place, last, change, target, depth, query, *more = json.loads(message)
        except ValueError as error:  # signed, but by another version
            raise CursorError(_DAMAGED) from error
        if target not in (*KINDS, "any"):
            raise CursorError(_DAMAGED)
        return Position(listing, place, last, change, target, depth, query, *more)

    def gave(self, text: str) -> bool:
        """Tell whether a text is a cursor or a turn of this collection."""
        return any(self._verified(purpose, text) is not None for purpose in (_CURSOR, _TURN))

    def keep(
        self, queries: Sequence[Query], shown: Mapping[str, Int64Array] = MappingProxyType({})
    ) -> list[str | None]:
        """Keep queries whose terms are all embedded, and what pages have shown.

        Args:
            queries: The queries.
            shown: Internal ids of all records of a listing as far as it was shown, by its name.

        Returns:
            A name for each query; None for each where they cannot be stored.
        """
        packed = {
            secrets.token_bytes(9): json.dumps(_packed(query), separators=(",", ":"))
            for query in queries
        }
        pages = {_name(listing, len(ids)): _packed_ids(ids) for listing, ids in shown.items()}
        if not packed and not pages:
            return []
        now, count = time.time(), len(packed) + len(pages)
        try:
            self._store.put({**packed, **pages}, now)
            if self._kept % _PRUNE_EVERY < count:
                self._store.forget(now - self._max_age_s, _KEPT_A_TURN * self._max_turns)
            self._kept += count
        except StorageError as error:
            _log.warning("cannot keep queries: %s", error)
            return [None] * len(packed)
        return [self._signed(_TURN, token) for token in packed]

    def shown(self, position: Position) -> Int64Array | None:
        """Return the internal ids of the records that pages until a position have shown.

        Returns:
            None where they are not kept, or not any more.
        """
        try:
            name = _name(position.listing, position.kept)
            packed = self._store.get(name, time.time() - self._max_age_s)
        except StorageError as error:
            _log.warning("cannot read what was shown: %s", error)
            return None
        return None if packed is None else _unpacked_ids(packed)[: position.place]

    def get(self, turn: str) -> Query:
        """Return a kept query.

        Raises:
            SavedQueryError: It is of another collection, or not kept any more.
        """
        token = self._verified(_TURN, turn)
        if token is None:
            raise SavedQueryError(
                "the turn is damaged, or of another collection; ask again without a refinement"
            )
        try:
            packed = self._store.get(token, time.time() - self._max_age_s)
        except StorageError as error:
            raise SavedQueryError(
                f"the turn cannot be read ({error}); ask again without it"
            ) from error
        if packed is None:
            raise SavedQueryError(
                f"the turn has expired: the last {self._max_turns:,} of "
                f"{self._max_age_s / 3600:g} hours are kept; ask again without a refinement"
            )
        query = _unpacked(json.loads(packed))
        assert isinstance(query, Query)
        return query

    def _signed(self, purpose: str, message: bytes) -> str:
        """Return a message and its signature, HMAC-SHA256 (RFC 2104), as one string."""
        payload = base64_encode(message)
        return (self._signer(purpose).get_signature(payload) + payload).decode()

    def _verified(self, purpose: str, text: str) -> bytes | None:
        """Return the message of what ``_signed`` returned; None for anything else."""
        if not text.isascii():
            return None
        signature, payload = text[:_SIGNATURE_CHARACTERS], text[_SIGNATURE_CHARACTERS:]
        if not self._signer(purpose).verify_signature(payload, signature):
            return None
        message = base64_decode(payload)
        # Base64 has several spellings of some bytes; only ours is accepted.
        return message if self._signed(purpose, message) == text else None

    def _signer(self, purpose: str) -> itsdangerous.Signer:
        return itsdangerous.Signer(
            self._key, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )


def _name(listing: str, count: int) -> bytes:
    return f"{listing}:{count}".encode()


def _packed_ids(ids: Int64Array) -> str:
    return base64.b64encode(zlib.compress(ids.astype("<i8").tobytes(), 1)).decode()


def _unpacked_ids(packed: str) -> Int64Array:
    ids: Int64Array = np.frombuffer(zlib.decompress(base64.b64decode(packed)), "<i8")
    return ids


def _read_key(path: Path) -> bytes:
    """Return the key in a file; of several processes that make one at once, one wins."""
    try:
        for _ in range(2):
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                new = secrets.token_bytes(_KEY_BYTES)
                try:
                    with replacing(path, mode=0o600, keep=True) as file:
                        file.write(new)
                except OSError as error:
                    _log.warning(
                        "cannot keep a key at %s (%s): cursors and turns are good until this "
                        "process ends, and for no other",
                        path,
                        error.strerror,
                    )
                    return new
            else:
                if len(key) != _KEY_BYTES:
                    raise StorageError(f"the key {path} is damaged; remove it to get a new one")
                return key
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read the key at {path} ({error.strerror})") from error


_TYPES: dict[str, type] = {
    one.__name__: one
    for one in (Query, Term, Region, Weights, Sort, Facet, Group, *get_args(Filter))
}


def _packed(value: Any) -> Any:
    """Return a query, or a part of one, as JSON; fields at their default are left out."""
    if isinstance(value, np.ndarray):
        return {"f4": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    if isinstance(value, list | tuple):
        return [_packed(one) for one in value]
    if not is_dataclass(value):
        return value
    document: dict[str, Any] = {"type": type(value).__name__}
    for one in fields(value):
        stored = getattr(value, one.name)
        has_default = one.default is not MISSING and stored is one.default
        if not has_default and one.name not in ("cursor", "refine"):
            document[one.name] = _packed(stored)
    return document


def _unpacked(document: Any) -> Any:
    if isinstance(document, list):
        return tuple(_unpacked(one) for one in document)
    if not isinstance(document, dict):
        return document
    if "f4" in document:
        row: Float32Array = np.frombuffer(base64.b64decode(document["f4"]), "<f4")
        return row
    kind = _TYPES[document.pop("type")]
    return kind(**{name: _unpacked(one) for name, one in document.items()})

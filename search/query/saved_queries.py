"""Queries kept under a name, so that a later one can refine them.

A dialogue narrows a search over several turns. Each answer names its query; the next query says
what to change in it. What is kept is the query with the vectors of its terms, in the collection's
catalogue, so that it survives a restart and several processes share it. A turn that cannot be kept
costs a warning in the log and nothing else.
"""

import base64
import json
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args

import numpy as np

from binocle.catalog.protocols.saved_queries import QueryStore
from binocle.errors import SavedQueryError, StorageError
from binocle.metadata.filters import Filter
from binocle.types import Float32Array
from search.query.query import Facet, Group, Query, Region, Sort, Term, Weights
from search.query.signing import Signer

_log = logging.getLogger(__name__)
_PURPOSE = "turn"
_PRUNE_EVERY = 100
MAX_TURNS = 10_000
MAX_AGE_S = 7 * 24 * 3600.0


class SavedQueries:
    """The kept queries of one collection. Thread-safe."""

    def __init__(
        self,
        store: QueryStore,
        signer: Signer,
        *,
        max_turns: int = MAX_TURNS,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        """Set up.

        Args:
            store: The catalogue's.
            signer: Signs the names, so that one of another collection is told apart.
            max_turns: How many are kept, the newest ones.
            max_age_s: How long.
        """
        self._store = store
        self._signer = signer
        self._max_turns, self._max_age_s = max_turns, max_age_s
        self._kept = 0

    def keep(self, queries: Sequence[Query]) -> list[str | None]:
        """Keep queries whose terms are all embedded; return a name for each.

        Returns:
            None for each where they cannot be stored.
        """
        if not queries:
            return []
        packed = {
            secrets.token_bytes(9): json.dumps(_packed(query), separators=(",", ":"))
            for query in queries
        }
        now = time.time()
        try:
            self._store.put(packed, now)
            if self._kept % _PRUNE_EVERY < len(packed):
                self._store.forget(now - self._max_age_s, self._max_turns)
            self._kept += len(packed)
        except StorageError as error:
            _log.warning("cannot keep queries: %s", error)
            return [None] * len(packed)
        return [self._signer.sign(_PURPOSE, token) for token in packed]

    def get(self, turn: str) -> Query:
        """Return a kept query.

        Raises:
            SavedQueryError: It is of another collection, or not kept any more.
        """
        token = self._signer.verified(_PURPOSE, turn)
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

"""Exhaustive search in numpy: the oracle the other stores are tested against.

Nothing is ever taken out: each vector has the change numbers it was born and died with, and a view
sees those that were alive at its own. So would a database's table.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from binocle.errors import StorageError
from binocle.files import replacing
from binocle.types import Float32Array, Int64Array, Neighbours, Space
from binocle.vectors.base import Allowed, Watermark, places_in, top_k

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Table:
    """All vectors there ever were, ids ascending."""

    ids: Int64Array
    rows: Float32Array
    born: Int64Array
    died: Int64Array

    @classmethod
    def empty(cls, dimension: int) -> "_Table":
        none = np.empty(0, np.int64)
        return cls(none, np.empty((0, dimension), np.float32), none, none)


class ExactView:
    """The vectors alive at one change number; see ``VectorView``."""

    description = "exact (numpy)"
    held_bytes: Mapping[int, int] = {}

    def __init__(self, ids: Int64Array, rows: Float32Array) -> None:
        """Set up with ``(n,)`` ascending ids and ``(n, d)`` unit rows."""
        self._ids, self._rows = ids, rows

    def count(self) -> int:
        """Return the number of vectors."""
        return len(self._ids)

    def ids(self) -> Int64Array:
        """Return all ids."""
        return self._ids

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorView.rows``."""
        places, there = places_in(self._ids, ids)
        return ids[there], self._rows[places[there]]

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,  # noqa: ARG002 - it always is
    ) -> list[Neighbours]:
        """Scan everything; see ``VectorView.search``."""
        ids, rows = self._allowed(allowed)
        scores_qn = (queries_qd.astype(np.float64) @ rows.T).astype(np.float32)
        return [Neighbours(*top_k(scores, ids, k), exact=True) for scores in scores_qn]

    def above(
        self, query: Float32Array, least: float, *, allowed: Allowed | None = None
    ) -> Neighbours:
        """Scan everything; see ``VectorView.above``."""
        ids, rows = self._allowed(allowed)
        scores = (rows @ query.astype(np.float64)).astype(np.float32)
        near = scores >= np.float32(least)
        return Neighbours(*top_k(scores[near], ids[near], len(ids)), exact=True)

    def _allowed(self, allowed: Allowed | None) -> tuple[Int64Array, npt.NDArray[np.float64]]:
        """Return ids, and rows in float64: one sum for a pair, whatever else is compared."""
        kept = np.ones(len(self._ids), np.bool_)
        if allowed is not None:
            kept = self._ids < len(allowed.mask)
            kept[kept] = allowed.mask[self._ids[kept]]
        return self._ids[kept], self._rows[kept].astype(np.float64)


class ExactStore:
    """A table of vectors in a file of numpy's; see ``VectorStore`` and ``OpenStore``."""

    def __init__(self, place: Path, space: Space, *, anew: bool = False) -> None:
        self._file = place.with_name(f"{place.name}.exact.npz")
        self._space = space
        self._watermark: Watermark | None = None
        self._table = _Table.empty(space.dimension)
        if not anew:
            self._read()

    def upsert(self, ids: Int64Array, rows: Float32Array, *, born: int) -> None:
        """Add vectors; see ``VectorStore.upsert``."""
        old = self._table
        new = ~places_in(old.ids, ids)[1]
        self._table = _Table(
            np.concatenate([old.ids, ids[new]]),
            np.concatenate([old.rows, rows[new]]),
            np.concatenate([old.born, np.full(new.sum(), born)]),
            np.concatenate([old.died, np.full(new.sum(), _NEVER)]),
        )

    def retire(self, ids: Int64Array, *, died: int) -> None:
        """Let vectors be found no more; see ``VectorStore.retire``."""
        gone = np.isin(self._table.ids, ids) & (self._table.died == _NEVER)
        self._table = replace(self._table, died=np.where(gone, died, self._table.died))

    def at(self, change: int) -> ExactView:
        """Pin the store as of a change number; here it may be any."""
        table = self._table
        alive = (table.born <= change) & (table.died > change)
        return ExactView(table.ids[alive], table.rows[alive])

    def watermark(self) -> Watermark | None:
        """Return what was last persisted."""
        return self._watermark

    def persist(self, watermark: Watermark) -> None:
        """Write the file; see ``VectorStore.persist``."""
        stamp = json.dumps({"space": self._space.fingerprint, **asdict(watermark)})
        with replacing(self._file) as file:
            np.savez(file, stamp=np.array(stamp), **asdict(self._table))
        self._watermark = watermark

    def _read(self) -> None:
        try:
            with np.load(BytesIO(self._file.read_bytes()), allow_pickle=False) as saved:
                stamp = json.loads(str(saved["stamp"]))
                columns = (saved["ids"], saved["rows"], saved["born"], saved["died"])
            if stamp.pop("space") != self._space.fingerprint:
                raise StorageError("it is of another space")
            self._table, self._watermark = _Table(*columns), Watermark(**stamp)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise StorageError(f"the vectors in {self._file} are damaged ({error})") from error

"""A store that shows what the protocol asks for, in the plainest way.

Nothing is ever taken out: each vector has the change numbers it was born and died with, and a view
sees those that were alive at its own. So would a database's table.
"""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from binocle.errors import StorageError
from binocle.files import replacing
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Watermark, places_in
from binocle.vectors.exact import ExactView

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
        old = self._table
        new = ~places_in(old.ids, ids)[1]
        self._table = _Table(
            np.concatenate([old.ids, ids[new]]),
            np.concatenate([old.rows, rows[new]]),
            np.concatenate([old.born, np.full(new.sum(), born)]),
            np.concatenate([old.died, np.full(new.sum(), _NEVER)]),
        )

    def retire(self, ids: Int64Array, *, died: int) -> None:
        gone = np.isin(self._table.ids, ids) & (self._table.died == _NEVER)
        self._table = replace(self._table, died=np.where(gone, died, self._table.died))

    def at(self, change: int) -> ExactView:
        table = self._table
        alive = (table.born <= change) & (table.died > change)
        return ExactView(table.ids[alive], table.rows[alive])

    def tune(self, queries_qd: Float32Array, recall: float) -> None:
        """Scan everything, as ever."""

    def watermark(self) -> Watermark | None:
        return self._watermark

    is_overdue = False

    def persisting(self, watermark: Watermark) -> Callable[[], None]:
        table = self._table

        def persist() -> None:
            stamp = json.dumps({"space": self._space.fingerprint, **asdict(watermark)})
            with replacing(self._file) as file:
                np.savez(file, stamp=np.array(stamp), **asdict(table))
            self._watermark = watermark

        return persist

    def verify(self) -> None:
        """It was read whole when it was opened."""

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

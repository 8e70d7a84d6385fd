"""What every store of vectors promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from binocle.errors import StorageError
from binocle.metadata.filters import Filter
from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours, Space
from binocle.vectors.tuned_search import TunedSearch

_BLOCK_PRODUCTS = 450_000  # multiplications at once: in the cache, and in one thread
_BLOCK_QUERIES = 32


class VectorsGoneError(StorageError):
    """What was persisted is not there any more."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which vectors may be found.

    Attributes:
        mask: Indexed by id; what lies beyond its end is not allowed.
        where: The filter on records that says the same, where one does: a server that has their
            metadata can take it in place of the ids.
    """

    mask: BoolArray
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far what a store persisted follows the catalogue.

    Attributes:
        change: Everything until this change number is in it.
        last_id: The largest id that was upserted until then.
        token: Names the catalogue's history up to that change; None where it has none.
    """

    change: int
    last_id: int
    token: str | None


class VectorView(Protocol):
    """The vectors that a store had as of one change number. Immutable and thread-safe.

    These are the ones born until then and not dead by then: ``born <= change`` and not
    ``died <= change``.
    """

    @property
    def description(self) -> str:
        """How it is searched, for a person."""

    @property
    def rounding(self) -> float:
        """How much a score may be off, its vectors being kept rounded; 0 where they are not."""

    @property
    def held_bytes(self) -> Mapping[int, int]:
        """Bytes it keeps in this process's memory, by a number for what views share."""

    def count(self) -> int:
        """Return the number of vectors."""

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return those of some ids that are here, in the order given, and their rows."""

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> Sequence[Neighbours]:
        """Return for each query the nearest vectors, equal scores in order of id.

        Never fewer than ``min(k, allowed vectors)``, and for each query the same whatever the
        others are.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many for each, at least 1.
            allowed: Which may be found; None for all.
            exact: Scan everything, whatever the kind of store.
        """

    def above(
        self,
        query: Float32Array,
        least: float,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the vectors with at least this score; equal scores in order of id.

        All of them where everything is scanned anyway; otherwise nearly all, and about how many
        others there are.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            allowed: As for ``search``.
            exact: Scan everything, whatever the kind of store.
        """


class VectorStore(Protocol):
    """Unit rows with int64 ids, which the parts of one kind have, searched by inner product.

    One thread at a time writes; views may be searched meanwhile.
    """

    def upsert(self, ids: Int64Array, rows: Float32Array, *, born: int) -> None:
        """Add vectors. Vectors never change, so ids that were added before are passed over.

        Args:
            ids: ``(n,)`` ascending; those that are new larger than all that ever were here.
            rows: ``(n, d)`` float32 unit rows.
            born: The change number they belong to, no smaller than any before.
        """

    def retire(self, ids: Int64Array, *, died: int) -> None:
        """Let vectors be found no more; ids that are not there are ignored.

        Args:
            ids: ``(n,)`` in any order.
            died: The change number they are gone with, no smaller than any before.
        """

    def at(self, change: int) -> VectorView:
        """Pin the store as of a change number, no smaller than that of any write so far.

        The view answers the same for as long as somebody holds it, whatever is written.
        """

    def watermark(self) -> Watermark | None:
        """Return what was last persisted; None before the first time."""

    @property
    def is_overdue(self) -> bool:
        """Whether persisting would make searches much faster."""

    def persisting(self, watermark: Watermark) -> Callable[[], None]:
        """Return what keeps all vectors for the next process, and brings them into their best form.

        It may take minutes, and may run in another thread while vectors are written and searched:
        it keeps what was there when this returned. It raises OSError where they cannot be kept;
        those that are here stay findable. It raises VectorsGoneError where what was persisted
        before is not there any more, so that the store finds too few until it is opened anew.

        Args:
            watermark: What ``watermark`` will say; its change is that of the last write or later.
        """

    def tune(self, queries_qd: Float32Array, recall: float) -> TunedSearch | None:
        """Choose how much an approximate search looks at, also for later processes.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows of the kind that will come, at least 1.
            recall: What share of their ten nearest is to be found, above 0 and at most 1.

        Returns:
            What was chosen; None where searches are exact, or have nothing to choose.

        Raises:
            OSError: It cannot be kept.
        """

    def verify(self) -> None:
        """Read what was persisted, as far as opening it left that for later.

        Raises:
            StorageError: It is damaged; answers of this store may be wrong.
        """


class OpenStore(Protocol):
    """Opens the vectors of one kind of a collection's parts."""

    def __call__(self, place: Path, space: Space, *, anew: bool = False) -> VectorStore:
        """Open a store with what was persisted; an empty one where nothing was.

        Args:
            place: Names it: the collection's folder and, as last component, the kind. A store in
                files adds its endings to it.
            space: The vectors' space.
            anew: Start empty, whatever was persisted.

        Raises:
            StorageError: What was persisted is damaged, or of another space.
        """


def products(
    queries_qd: npt.NDArray[np.floating], rows_nd: npt.NDArray[np.floating]
) -> Float32Array:
    """Return all inner products, ``(q, n)`` float32.

    BLAS copies a large matrix before it multiplies by a few columns, and shares it out among
    threads that wait for each other: a hundred times as long as the work where another process
    keeps the cores busy. Block by block it stays in one thread and in the cache.

    Args:
        queries_qd: ``(q, d)`` float32 or float64.
        rows_nd: ``(n, d)`` of the same.
    """
    scores_qn = np.empty((len(queries_qd), len(rows_nd)), np.float32)
    for first in range(0, len(queries_qd), _BLOCK_QUERIES):
        queries, scores = (one[first : first + _BLOCK_QUERIES] for one in (queries_qd, scores_qn))
        step = max(8, _BLOCK_PRODUCTS // max(1, queries.size))
        for start in range(0, len(rows_nd), step):
            scores[:, start : start + step] = queries @ rows_nd[start : start + step].T
    return scores_qn


def top_k(scores: Float32Array, ids: Int64Array, k: int) -> tuple[Float32Array, Int64Array]:
    """Return the k best, best first, equal scores in order of id.

    Args:
        scores: ``(n,)`` float32, higher is nearer.
        ids: ``(n,)`` int64.
        k: How many.
    """
    if k < len(scores):
        worst = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= worst  # all ties with the last place, so that ids decide among them
        scores, ids = scores[kept], ids[kept]
    order = np.lexsort((ids, -scores))[:k]
    return scores[order], ids[order]


def places_in(ascending: Int64Array, ids: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Return where ids would stand in an ascending array, and which of them do stand there.

    Places are within the array even of those that do not, unless it is empty.
    """
    if not len(ascending):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return places, np.asarray(ascending[places] == ids)

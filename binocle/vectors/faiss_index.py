"""FAISS: exact below a measured size, IVF above it, in immutable segments.

The policy, measured in docs/benchmarks.md: up to ``FLAT_LIMIT`` vectors everything is scanned;
above it an inverted file (``IVF4√n,Flat``) answers from the eighth of its lists nearest to the
query. IVF is preferred to HNSW because it is built about seven times as fast at equal recall,
can remove, and keeps its recall for queries from the other cone of a CLIP-like space.

FAISS indices may not be changed while they are searched. So a segment is never changed: adding
makes a small flat segment, merged with its neighbours as in a log-structured merge tree,
removing marks ids, and a search works on the tuple of segments it started with.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import faiss
import numpy as np

from binocle.errors import StorageError
from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours
from binocle.vectors.base import products, top_k

FLAT_LIMIT = 100_000
_REBUILD_SHARE = 0.25
_SCAN_LIMIT = 20_000
_TRAINING_ROWS_PER_LIST = 64
_PROBED_SHARE = 8
_SPARE = 8  # looked at beyond k, so that rounding cannot push one out
_ROUNDING = 1e-5  # more than two kernels can differ by on unit rows


@dataclass(frozen=True, slots=True)
class _Segment:
    index: Any
    ids: Int64Array  # ascending

    @property
    def is_ivf(self) -> bool:
        return isinstance(self.index, faiss.IndexIVF)


@dataclass(frozen=True, slots=True)
class _State:
    segments: tuple[_Segment, ...]
    removed: Int64Array  # ascending, still inside the segments

    @property
    def stored(self) -> int:
        return sum(len(segment.ids) for segment in self.segments)

    @property
    def count(self) -> int:
        return self.stored - len(self.removed)

    def without_removed(self, allowed: BoolArray | None) -> BoolArray | None:
        """Return which ids may be found, None for all there are."""
        if not len(self.removed):
            return allowed
        if allowed is None:
            highest = max(int(segment.ids[-1]) for segment in self.segments)
            allowed = np.ones(highest + 1, np.bool_)
        else:
            allowed = allowed.copy()
        allowed[self.removed[self.removed < len(allowed)]] = False
        return allowed


_EMPTY = _State((), np.empty(0, np.int64))


class FaissIndex:
    """Inner-product search over unit rows; see ``VectorIndex``."""

    def __init__(self, dimension: int, *, flat_limit: int = FLAT_LIMIT) -> None:
        """Make an empty index.

        Args:
            dimension: Components of a row.
            flat_limit: Up to how many vectors everything is scanned.
        """
        self._dimension = dimension
        self._flat_limit = flat_limit
        self._state = _EMPTY

    @classmethod
    def load(cls, data: bytes, dimension: int, *, flat_limit: int = FLAT_LIMIT) -> "FaissIndex":
        """Read what ``dump`` wrote.

        Raises:
            StorageError: The bytes are no FAISS index of this dimension.
        """
        try:
            segment = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise StorageError(f"the index file is damaged ({error})") from error
        if not isinstance(segment, faiss.IndexIVFFlat | faiss.IndexIDMap2):
            raise StorageError(f"the index file holds a {type(segment).__name__}")
        if segment.d != dimension:
            raise StorageError(f"the index file has {segment.d} dimensions, not {dimension}")
        index = cls(dimension, flat_limit=flat_limit)
        if segment.ntotal:
            index._state = replace(_EMPTY, segments=(_Segment(segment, _read_ids(segment)),))
        return index

    def dump(self) -> memoryview:
        """Return the index as one segment in FAISS's own format, ids being part ids."""
        self.compact()
        state = self._state
        segment = state.segments[0].index if state.segments else _flat(self._dimension)
        return memoryview(faiss.serialize_index(segment))

    @property
    def count(self) -> int:
        """Number of vectors."""
        return self._state.count

    @property
    def segment_sizes(self) -> dict[int, int]:
        """Bytes of the vectors in each segment, by what names it for as long as it lives."""
        width = 4 * self._dimension
        return {id(one.index): width * len(one.ids) for one in self._state.segments}

    @property
    def description(self) -> str:
        """The kind of index, for a person."""
        for segment in self._state.segments:
            if segment.is_ivf:
                lists, probed = segment.index.nlist, _nprobe(segment.index)
                return f"approximate (FAISS IVF, {lists} lists, {probed} probed)"
        return "exact (FAISS flat)"

    def copy(self) -> "FaissIndex":
        """Return an index of the same vectors that changes by itself; nothing is copied."""
        index = FaissIndex(self._dimension, flat_limit=self._flat_limit)
        index._state = self._state
        return index

    def add(self, ids: Int64Array, rows: Float32Array) -> None:
        """Add vectors; see ``VectorIndex.add``."""
        if not len(ids):
            return
        segments = [*self._state.segments, _flat_segment(ids, rows)]
        while len(segments) > 1 and _should_merge(segments[-2], segments[-1]):
            older, newer = segments[-2:]
            merged_rows = np.concatenate([_read_rows(older.index), _read_rows(newer.index)])
            segments[-2:] = [_flat_segment(np.concatenate([older.ids, newer.ids]), merged_rows)]
        self._state = replace(self._state, segments=tuple(segments))
        fresh = sum(len(segment.ids) for segment in segments if not segment.is_ivf)
        if self.count > self._flat_limit and fresh > _REBUILD_SHARE * self.count:
            self.compact()

    def remove(self, ids: Int64Array) -> None:
        """Remove vectors; see ``VectorIndex.remove``."""
        state = self._state
        present = [np.intersect1d(ids, segment.ids) for segment in state.segments]
        removed = np.unique(np.concatenate([state.removed, *present]))
        self._state = replace(state, removed=removed)
        if len(removed) > max(1000, _REBUILD_SHARE * state.stored):
            self.compact()

    def compact(self) -> None:
        """Bring everything into one segment of the kind its size asks for."""
        state = self._state
        wanted_ivf = state.count > self._flat_limit
        is_compact = len(state.segments) <= 1 and not len(state.removed)
        if is_compact and all(segment.is_ivf == wanted_ivf for segment in state.segments):
            return
        ids, rows = self.vectors()
        if not len(ids):
            self._state = _EMPTY
            return
        segment = _ivf_segment(ids, rows) if wanted_ivf else _flat_segment(ids, rows)
        self._state = replace(_EMPTY, segments=(segment,))

    def search(
        self,
        query: Float32Array,
        k: int,
        *,
        allowed: BoolArray | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the nearest vectors; see ``VectorIndex.search``."""
        state = self._state
        allowed = state.without_removed(allowed)
        available = state.count if allowed is None else int(np.count_nonzero(allowed))
        selector = None if allowed is None else _selector(allowed)
        # Few candidates cost less to scan than to look for, and the answer is exact for free.
        scan = exact or available <= max(_SCAN_LIMIT, 4 * k) or k > available // 4
        scores, ids = _search_segments(state, query, k, selector, scan=scan)
        approximate = not scan and any(segment.is_ivf for segment in state.segments)
        if approximate and len(ids) < min(k, available):
            scores, ids = _search_segments(state, query, k, selector, scan=True)
            approximate = False
        return Neighbours(scores, ids, exact=not approximate)

    def search_many(
        self, queries_qd: Float32Array, k: int, *, allowed: BoolArray | None = None
    ) -> list[Neighbours]:
        """Return the nearest vectors of several queries: what ``search`` returns for each.

        A flat index is read once for all of them, which is most of the cost of a search.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many for each, at least 1.
            allowed: As for ``search``.
        """
        state = self._state
        is_flat = len(state.segments) == 1 and not state.segments[0].is_ivf
        if not is_flat or len(queries_qd) == 1:
            return [self.search(query, k, allowed=allowed) for query in queries_qd]
        found = _search_flat(state.segments[0], queries_qd, k, state.without_removed(allowed))
        return [Neighbours(*top_k(scores, ids, k), exact=True) for scores, ids in found]

    def above(
        self, query: Float32Array, least: float, *, allowed: BoolArray | None = None
    ) -> Neighbours:
        """Return all vectors with at least this score, by a scan; equal scores in order of id.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            allowed: As for ``search``.
        """
        state = self._state
        allowed = state.without_removed(allowed)
        found = [_search_above(segment, query, least, allowed) for segment in state.segments]
        if not found:
            return Neighbours(np.empty(0, np.float32), np.empty(0, np.int64), exact=True)
        scores = np.concatenate([one[0] for one in found])
        ids = np.concatenate([one[1] for one in found])
        order = np.lexsort((ids, -scores))
        return Neighbours(scores[order], ids[order], exact=True)

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""
        state = self._state
        if not state.segments:
            return np.empty(0, np.int64)
        ids = np.sort(np.concatenate([segment.ids for segment in state.segments]))
        return ids[~np.isin(ids, state.removed)]

    def vectors(self) -> tuple[Int64Array, Float32Array]:
        """Return all ids, ascending, and their rows."""
        state = self._state
        if not state.segments:
            return np.empty(0, np.int64), np.empty((0, self._dimension), np.float32)
        rows = np.concatenate([_read_rows(segment.index) for segment in state.segments])
        stored = [_read_ids(segment.index, ordered=False) for segment in state.segments]
        ids = np.concatenate(stored)
        order = np.argsort(ids, kind="stable")
        ids, rows = ids[order], rows[order]
        kept = ~np.isin(ids, state.removed)
        return ids[kept], np.ascontiguousarray(rows[kept])

    def rows_of(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return those of some ids that are here, in the order given, and their rows."""
        state = self._state
        rows = np.empty((len(ids), self._dimension), np.float32)
        found = np.zeros(len(ids), np.bool_)
        for segment in state.segments:
            there = _is_in(segment.ids, ids)
            if there.any():
                rows[there] = _rows_at(segment, ids[there])
                found |= there
        found &= ~_is_in(state.removed, ids)
        return ids[found], rows[found]


def _search_segments(
    state: _State, query: Float32Array, k: int, selector: Any, *, scan: bool
) -> tuple[Float32Array, Int64Array]:
    found = [_search_segment(segment, query, k, selector, scan=scan) for segment in state.segments]
    if not found:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    scores = np.concatenate([scores for scores, _ in found])
    return top_k(scores, np.concatenate([ids for _, ids in found]), k)


def _search_segment(
    segment: _Segment, query: Float32Array, k: int, selector: Any, *, scan: bool
) -> tuple[Float32Array, Int64Array]:
    """Return at least the k best of a segment, with everything as good as the last place.

    FAISS breaks ties in an order of its own, and its kernels for one query, for many and for a
    selection round differently, so a page could repeat or skip records of nearly equal score.
    With all of those at hand and rescored in one way, ``top_k`` lets the ids decide.
    """
    index, total = segment.index, len(segment.ids)
    if segment.is_ivf:
        parameters = faiss.SearchParametersIVF(nprobe=index.nlist if scan else _nprobe(index))
    else:
        parameters = faiss.SearchParameters()
    if selector is not None:
        parameters.sel = selector
    wanted = min(k + _SPARE, total)
    while True:
        with nullcontext() if segment.is_ivf else _one_thread():
            scores_qk, ids_qk = index.search(query[np.newaxis], wanted, params=parameters)
        there = ids_qk[0] >= 0
        scores, ids = scores_qk[0][there], ids_qk[0][there]
        if len(ids) < wanted or wanted == total or scores[-1] < scores[k - 1] - _ROUNDING:
            return _rescored(segment, query, ids), ids
        wanted = min(4 * wanted, total)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS to the calling thread: one query over a flat index gains nothing from others.

    Where another process keeps the cores busy, waiting for them takes longer than the search.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # OpenMP keeps it for each thread that calls
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _search_flat(
    segment: _Segment, queries_qd: Float32Array, k: int, allowed: BoolArray | None
) -> Iterator[tuple[Float32Array, Int64Array]]:
    """Yield for each query what ``_search_segment`` returns, reading the vectors once for all."""
    own = None if allowed is None else _inside(segment.ids, allowed)
    total = len(segment.ids) if own is None else len(own)
    scores_qn = products(queries_qd, _rows_view(segment.index))
    for row, query in zip(scores_qn, queries_qd, strict=True):
        scores = row if own is None else row[own]
        places = np.arange(total)
        if total > k + _SPARE:
            worst = np.partition(scores, total - k)[total - k]
            places = np.flatnonzero(scores >= worst - _ROUNDING)
        ids = segment.ids[places if own is None else own[places]]
        yield _rescored(segment, query, ids), ids


def _search_above(
    segment: _Segment,
    query: Float32Array,
    least: float,
    allowed: BoolArray | None,
) -> tuple[Float32Array, Int64Array]:
    """Return everything of a segment with at least a score, scored as by the other searches."""
    if segment.is_ivf:
        parameters = faiss.SearchParametersIVF(nprobe=segment.index.nlist)
        selector = None if allowed is None else _selector(allowed)
        if selector is not None:
            parameters.sel = selector
        _, _, ids = segment.index.range_search(
            query[np.newaxis], least - _ROUNDING, params=parameters
        )
    else:
        scores = products(query[np.newaxis], _rows_view(segment.index))[0]
        ids = segment.ids[scores >= least - _ROUNDING]
        ids = ids if allowed is None else ids[_inside(ids, allowed)]
    chunks = [ids[start : start + _SCAN_LIMIT] for start in range(0, len(ids), _SCAN_LIMIT)]
    exact = [_rescored(segment, query, chunk) for chunk in chunks]
    scores = np.concatenate(exact) if exact else np.empty(0, np.float32)
    kept = scores >= np.float32(least)
    return scores[kept], ids[kept]


def _inside(ids: Int64Array, allowed: BoolArray) -> Int64Array:
    """Return the places of those ids that are allowed."""
    reachable = ids[: np.searchsorted(ids, len(allowed))]
    return np.flatnonzero(allowed[reachable])


def _selector(allowed: BoolArray) -> Any:
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def _rescored(segment: _Segment, query: Float32Array, ids: Int64Array) -> Float32Array:
    """Return inner products summed in float64: the same for a pair whoever asks, and how."""
    rows = _rows_at(segment, ids).astype(np.float64)
    return np.asarray(rows @ query.astype(np.float64), np.float32)


def _is_in(ascending: Int64Array, ids: Int64Array) -> BoolArray:
    """Tell which ids are in an ascending array, without looking at all of it."""
    if not len(ascending):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.asarray(ascending[places] == ids)


def _rows_at(segment: _Segment, ids: Int64Array) -> Float32Array:
    """Return the rows of ids that are in a segment."""
    if segment.is_ivf:
        return np.asarray(segment.index.reconstruct_batch(ids), np.float32)
    return np.asarray(_rows_view(segment.index)[np.searchsorted(segment.ids, ids)])


def _rows_view(index: Any) -> Float32Array:
    """Return a flat index's vectors, not copied, in order of id; valid while the index lives."""
    dimension = int(index.d)
    flat = faiss.downcast_index(index.index)
    view = faiss.rev_swig_ptr(flat.get_xb(), index.ntotal * dimension)
    return np.asarray(view, np.float32).reshape(-1, dimension)


def _flat(dimension: int) -> Any:
    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))


def _flat_segment(ids: Int64Array, rows: Float32Array) -> _Segment:
    index = _flat(rows.shape[1])
    index.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
    return _Segment(index, ids)


def _ivf_segment(ids: Int64Array, rows: Float32Array) -> _Segment:
    lists = max(
        1, min(int(4 * math.sqrt(len(rows))), len(rows) // 39)
    )  # FAISS wants 39 rows a list
    index = faiss.index_factory(rows.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    order = np.random.default_rng(0).permutation(len(rows))
    sample = np.sort(order[: lists * _TRAINING_ROWS_PER_LIST])
    index.train(np.ascontiguousarray(rows[sample]))
    index.set_direct_map_type(faiss.DirectMap.Hashtable)  # rows by id, for rescoring
    index.add_with_ids(rows, ids)
    return _Segment(index, ids)


def _nprobe(index: Any) -> int:
    return min(int(index.nlist), max(64, int(index.nlist) // _PROBED_SHARE))


def _should_merge(older: _Segment, newer: _Segment) -> bool:
    return not older.is_ivf and len(older.ids) <= 2 * len(newer.ids)


def _read_ids(index: Any, *, ordered: bool = True) -> Int64Array:
    """Return the ids inside a FAISS index, ascending or in the order of ``_read_rows``."""
    if isinstance(index, faiss.IndexIVF):
        lists = index.invlists
        sizes = [(number, lists.list_size(number)) for number in range(index.nlist)]
        ids = np.concatenate(
            [
                faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
                for number, size in sizes
                if size
            ]
        )
    else:
        ids = faiss.vector_to_array(index.id_map)
    return np.asarray(np.sort(ids) if ordered else ids, np.int64)


def _read_rows(index: Any) -> Float32Array:
    """Return a copy of the vectors inside a FAISS index, in its own order."""
    dimension = int(index.d)
    if not isinstance(index, faiss.IndexIVF):
        return _rows_view(index).copy()
    lists = index.invlists
    sizes = [(number, lists.list_size(number)) for number in range(index.nlist)]
    codes = np.concatenate(
        [
            faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size).copy()
            for number, size in sizes
            if size
        ]
    )
    return np.asarray(codes.view(np.float32).reshape(-1, dimension))

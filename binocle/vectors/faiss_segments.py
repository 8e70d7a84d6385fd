"""Segments of a store: vectors in a FAISS index that nobody changes any more, and their ids.

A flat one is scanned; an inverted file (``IVF4√n,Flat``) looks into the eighth of its lists
nearest to the query. Whatever way a vector was found, its score is summed anew in float64: FAISS,
BLAS and their kernels for one query and for many round differently, and break ties in an order of
their own, so a page could repeat or skip records of nearly equal score. So a search returns at
least the k best with everything as good as the last place, and ``top_k`` lets the ids decide.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import faiss
import numpy as np

from binocle.errors import StorageError
from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products

_TRAINING_ROWS_PER_LIST = 64
_LEAST_ROWS_PER_LIST = 39  # FAISS warns below
_PROBED_SHARE = 8
_LEAST_PROBED = 64
_AT_ONCE = 20_000
_SPARE = 8  # looked at beyond k, so that rounding cannot push one out
_ROUNDING = 1e-5  # more than two kernels can differ by on unit rows
_FEW = 32  # of fewer than one in so many rows, a copy costs less than FAISS with a mask

Scored = tuple[Float32Array, Int64Array]


@dataclass(frozen=True, slots=True)
class FlatSegment:
    """Vectors that are all looked at; FAISS keeps them.

    Attributes:
        index: An ``IndexIDMap2`` over a flat one, ids ascending.
        ids: ``(n,)`` int64, its own.
        rows_nd: ``(n, d)`` float32, a view that is valid while the index lives.
        lists: As of an inverted file.
        probed: As of an inverted file.
    """

    index: Any
    ids: Int64Array
    rows_nd: Float32Array
    lists: ClassVar[int] = 0
    probed: ClassVar[int] = 0

    @classmethod
    def made(cls, ids: Int64Array, rows: Float32Array) -> "FlatSegment":
        """Make one of ``(n,)`` ascending ids and ``(n, d)`` float32 rows."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
        index.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
        return cls.over(index)

    @classmethod
    def over(cls, index: Any) -> "FlatSegment":
        """Make one of FAISS's own index."""
        flat = faiss.downcast_index(index.index)
        view = faiss.rev_swig_ptr(flat.get_xb(), index.ntotal * index.d)
        rows = np.asarray(view, np.float32).reshape(-1, index.d)
        return cls(index, np.asarray(faiss.vector_to_array(index.id_map), np.int64), rows)

    def dump(self) -> memoryview:
        """Return the segment in FAISS's own format, from which ``loaded`` makes it."""
        return memoryview(faiss.serialize_index(self.index))

    def all_rows(self) -> tuple[Int64Array, Float32Array]:
        """Return ids and rows in an order of their own; not to be written to."""
        return self.ids, self.rows_nd

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, ``(n, d)`` float32."""
        return np.asarray(self.rows_nd[np.searchsorted(self.ids, ids)])

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        allowed: BoolArray | None,
        *,
        scan: bool,  # noqa: ARG002 - it always does
    ) -> list[Scored]:
        """Return for each query at least the k best, with everything as good as the last place.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many, at least 1.
            allowed: Mask by id; None for all.
            scan: Look into all lists.
        """
        places = None if allowed is None else _inside(self.ids, allowed)
        if len(queries_qd) == 1 and (places is None or _FEW * len(places) > len(self.ids)):
            # With a selector, of whatever, FAISS stays in the calling thread. Where another process
            # keeps the cores busy, waiting for further ones takes longer than the search.
            selector = faiss.IDSelectorAll() if allowed is None else _selector(allowed)
            parameters = faiss.SearchParameters(sel=selector)
            return [_nearest(self, queries_qd[0], k, parameters)]
        found = []
        for scores, query in zip(self._scores(queries_qd, places), queries_qd, strict=True):
            best = np.arange(len(scores))
            if len(scores) > k + _SPARE:
                worst = np.partition(scores, len(scores) - k)[len(scores) - k]
                best = np.flatnonzero(scores >= worst - _ROUNDING)
            found.append(_rescored(self, query, self.ids[best if places is None else places[best]]))
        return found

    def above(self, query: Float32Array, least: float, allowed: BoolArray | None) -> Scored:
        """Return everything with at least a score."""
        places = None if allowed is None else _inside(self.ids, allowed)
        near = np.flatnonzero(self._scores(query[np.newaxis], places)[0] >= least - _ROUNDING)
        return _not_below(
            least, _rescored(self, query, self.ids[near if places is None else places[near]])
        )

    def _scores(self, queries_qd: Float32Array, places: Int64Array | None) -> Float32Array:
        """Return inner products with the rows at some places, ``(q, n)`` float32; None for all."""
        if places is None:
            return products(queries_qd, self.rows_nd)
        if _FEW * len(places) > len(self.ids):
            return products(queries_qd, self.rows_nd)[:, places]
        scores_qn = np.empty((len(queries_qd), len(places)), np.float32)
        for start in range(0, len(places), _AT_ONCE):
            here = slice(start, start + _AT_ONCE)
            scores_qn[:, here] = products(queries_qd, self.rows_nd[places[here]])
        return scores_qn


@dataclass(frozen=True, slots=True)
class IvfSegment:
    """Vectors in lists, of which those near a query are looked into.

    Attributes:
        index: An ``IndexIVFFlat``.
        ids: ``(n,)`` int64 ascending.
    """

    index: Any
    ids: Int64Array

    @classmethod
    def made(cls, ids: Int64Array, rows: Float32Array) -> "IvfSegment":
        """Make one of ``(n,)`` ascending ids and ``(n, d)`` float32 rows."""
        lists = max(1, min(int(4 * math.sqrt(len(rows))), len(rows) // _LEAST_ROWS_PER_LIST))
        index = faiss.index_factory(rows.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        order = np.random.default_rng(0).permutation(len(rows))
        sample = np.sort(order[: lists * _TRAINING_ROWS_PER_LIST])
        index.train(np.ascontiguousarray(rows[sample]))
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # rows by id, for rescoring
        index.add_with_ids(rows, ids)
        return cls(index, ids)

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return int(self.index.nlist)

    @property
    def probed(self) -> int:
        """How many of them a search looks into."""
        return min(self.lists, max(_LEAST_PROBED, self.lists // _PROBED_SHARE))

    def dump(self) -> memoryview:
        """Return the segment in FAISS's own format."""
        return memoryview(faiss.serialize_index(self.index))

    def all_rows(self) -> tuple[Int64Array, Float32Array]:
        """Return ids and rows, list by list; the rows are a copy."""
        inverted, width = self.index.invlists, 4 * self.index.d
        codes = [
            faiss.rev_swig_ptr(inverted.get_codes(number), size * width)
            for number, size in _list_sizes(self.index)
        ]
        rows = np.concatenate(codes).view(np.float32).reshape(-1, self.index.d)
        return _ids_in_lists(self.index), np.asarray(rows)

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here."""
        return np.asarray(self.index.reconstruct_batch(ids), np.float32)

    def search(
        self, queries_qd: Float32Array, k: int, allowed: BoolArray | None, *, scan: bool
    ) -> list[Scored]:
        """Return the best of each query; see ``FlatSegment.search``."""
        selector = None if allowed is None else _selector(allowed)
        probed = self.lists if scan else self.probed
        parameters = faiss.SearchParametersIVF(nprobe=probed, sel=selector)
        return [_nearest(self, query, k, parameters) for query in queries_qd]

    def above(self, query: Float32Array, least: float, allowed: BoolArray | None) -> Scored:
        """Return everything with at least a score."""
        selector = None if allowed is None else _selector(allowed)
        parameters = faiss.SearchParametersIVF(nprobe=self.lists, sel=selector)
        _, _, ids = self.index.range_search(query[np.newaxis], least - _ROUNDING, params=parameters)
        return _not_below(least, _rescored(self, query, ids))


Segment: TypeAlias = FlatSegment | IvfSegment


def loaded(data: bytes, dimension: int) -> Segment:
    """Return the segment that ``dump`` was called on.

    Raises:
        StorageError: The bytes are no FAISS index of this dimension.
    """
    try:
        index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
    except RuntimeError as error:
        raise StorageError(f"the index file is damaged ({error})") from error
    if not isinstance(index, faiss.IndexIVFFlat | faiss.IndexIDMap2):
        raise StorageError(f"the index file holds a {type(index).__name__}")
    if index.d != dimension:
        raise StorageError(f"the index file has {index.d} dimensions, not {dimension}")
    if isinstance(index, faiss.IndexIVF):
        return IvfSegment(index, np.sort(_ids_in_lists(index)))
    return FlatSegment.over(index)


def _selector(allowed: BoolArray) -> Any:
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def _nearest(segment: Segment, query: Float32Array, k: int, parameters: Any) -> Scored:
    """Return the best by FAISS's own search, deeper while there are ties with the last place."""
    wanted = min(k + _SPARE, len(segment.ids))
    while True:
        scores_qk, ids_qk = segment.index.search(query[np.newaxis], wanted, params=parameters)
        there = ids_qk[0] >= 0
        scores, ids = scores_qk[0][there], ids_qk[0][there]
        is_all = len(ids) < wanted or wanted == len(segment.ids)
        if is_all or scores[-1] < scores[k - 1] - _ROUNDING:
            return _rescored(segment, query, ids)
        wanted = min(4 * wanted, len(segment.ids))


def _rescored(segment: Segment, query: Float32Array, ids: Int64Array) -> Scored:
    """Return inner products summed in float64, the same for a pair whoever asks; and the ids."""
    exact = query.astype(np.float64)
    scores = np.empty(len(ids), np.float32)
    for start in range(0, len(ids), _AT_ONCE):
        rows = segment.rows(ids[start : start + _AT_ONCE])
        scores[start : start + _AT_ONCE] = rows.astype(np.float64) @ exact
    return scores, ids


def _not_below(least: float, scored: Scored) -> Scored:
    scores, ids = scored
    kept = scores >= np.float32(least)
    return scores[kept], ids[kept]


def _inside(ids: Int64Array, allowed: BoolArray) -> Int64Array:
    """Return the places of those ids that are allowed."""
    reachable = ids[: np.searchsorted(ids, len(allowed))]
    return np.flatnonzero(allowed[reachable])


def _list_sizes(index: Any) -> list[tuple[int, int]]:
    """Return the lists of an inverted file that are not empty, and their sizes."""
    sizes = [(number, index.invlists.list_size(number)) for number in range(index.nlist)]
    return [(number, size) for number, size in sizes if size]


def _ids_in_lists(index: Any) -> Int64Array:
    lists = index.invlists
    ids = [faiss.rev_swig_ptr(lists.get_ids(one), size).copy() for one, size in _list_sizes(index)]
    return np.asarray(np.concatenate(ids) if ids else np.empty(0), np.int64)

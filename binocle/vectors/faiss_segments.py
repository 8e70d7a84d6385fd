"""Segments of an index: a FAISS index that nobody changes any more, and its ids.

A flat one is scanned; an inverted file (``IVF4√n,Flat``) looks into the eighth of its lists
nearest to the query. Whatever way a vector was found, its score is summed anew in float64.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from binocle.errors import StorageError
from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products

_TRAINING_ROWS_PER_LIST = 64
_LEAST_ROWS_PER_LIST = 39  # FAISS warns below
_PROBED_SHARE = 8
_LEAST_PROBED = 64
_RESCORED_AT_ONCE = 20_000
_SPARE = 8  # looked at beyond k, so that rounding cannot push one out
_ROUNDING = 1e-5  # more than two kernels can differ by on unit rows

Scored = tuple[Float32Array, Int64Array]


@dataclass(frozen=True, slots=True)
class Segment:
    """Vectors that are searched together. Immutable.

    Attributes:
        index: FAISS's, ``IndexIDMap2`` over a flat one, or ``IndexIVFFlat``; ids are part ids.
        ids: ``(n,)`` int64 ascending.
    """

    index: Any
    ids: Int64Array

    @classmethod
    def flat(cls, ids: Int64Array, rows: Float32Array) -> "Segment":
        """Make one that is scanned, of ``(n,)`` ascending ids and ``(n, d)`` float32 rows."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
        index.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
        return cls(index, ids)

    @classmethod
    def ivf(cls, ids: Int64Array, rows: Float32Array) -> "Segment":
        """Make an inverted file, of ``(n,)`` ascending ids and ``(n, d)`` float32 rows."""
        lists = max(1, min(int(4 * math.sqrt(len(rows))), len(rows) // _LEAST_ROWS_PER_LIST))
        index = faiss.index_factory(rows.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        order = np.random.default_rng(0).permutation(len(rows))
        sample = np.sort(order[: lists * _TRAINING_ROWS_PER_LIST])
        index.train(np.ascontiguousarray(rows[sample]))
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # rows by id, for rescoring
        index.add_with_ids(rows, ids)
        return cls(index, ids)

    @classmethod
    def loaded(cls, data: bytes, dimension: int) -> "Segment":
        """Read what ``dump`` wrote.

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
        return cls(index, np.sort(_stored_ids(index)))

    def dump(self) -> memoryview:
        """Return the segment in FAISS's own format."""
        return memoryview(faiss.serialize_index(self.index))

    @property
    def is_ivf(self) -> bool:
        """Whether it is an inverted file."""
        return isinstance(self.index, faiss.IndexIVF)

    @property
    def probed(self) -> int:
        """How many lists of an inverted file a search looks into."""
        lists = int(self.index.nlist)
        return min(lists, max(_LEAST_PROBED, lists // _PROBED_SHARE))

    def vectors(self) -> tuple[Int64Array, Float32Array]:
        """Return ids and rows in an order of their own; the rows are a copy."""
        if not self.is_ivf:
            return _stored_ids(self.index), self._view().copy()
        codes = np.concatenate(
            [
                faiss.rev_swig_ptr(self.index.invlists.get_codes(number), size * 4 * self.index.d)
                for number, size in _list_sizes(self.index)
            ]
        )
        rows = np.asarray(codes.view(np.float32).reshape(-1, self.index.d))
        return _stored_ids(self.index), rows

    def rows_at(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, ``(n, d)`` float32."""
        if self.is_ivf:
            return np.asarray(self.index.reconstruct_batch(ids), np.float32)
        return np.asarray(self._view()[np.searchsorted(self.ids, ids)])

    def search(self, query: Float32Array, k: int, selector: Any, *, scan: bool) -> Scored:
        """Return at least the k best, with everything as good as the last place.

        FAISS breaks ties in an order of its own, and its kernels for one query, for many and for
        a selection round differently, so a page could repeat or skip records of nearly equal
        score. With all of those at hand and rescored in one way, ``top_k`` lets the ids decide.

        Args:
            query: ``(d,)`` float32 unit row.
            k: How many, at least 1.
            selector: Which ids may be found, from ``selecting``; None for all.
            scan: Look into all lists.
        """
        total = len(self.ids)
        if self.is_ivf:
            probed = self.index.nlist if scan else self.probed
            parameters = faiss.SearchParametersIVF(nprobe=probed)
        else:
            parameters = faiss.SearchParameters()
        if selector is not None:
            parameters.sel = selector
        wanted = min(k + _SPARE, total)
        while True:
            with nullcontext() if self.is_ivf else _one_thread():
                scores_qk, ids_qk = self.index.search(query[np.newaxis], wanted, params=parameters)
            there = ids_qk[0] >= 0
            scores, ids = scores_qk[0][there], ids_qk[0][there]
            if len(ids) < wanted or wanted == total or scores[-1] < scores[k - 1] - _ROUNDING:
                return self._rescored(query, ids), ids
            wanted = min(4 * wanted, total)

    def search_many(
        self, queries_qd: Float32Array, k: int, allowed: BoolArray | None
    ) -> Iterator[Scored]:
        """Yield for each query what ``search`` returns, reading a flat segment once for all."""
        own = None if allowed is None else _inside(self.ids, allowed)
        total = len(self.ids) if own is None else len(own)
        scores_qn = products(queries_qd, self._view())
        for row, query in zip(scores_qn, queries_qd, strict=True):
            scores = row if own is None else row[own]
            places = np.arange(total)
            if total > k + _SPARE:
                worst = np.partition(scores, total - k)[total - k]
                places = np.flatnonzero(scores >= worst - _ROUNDING)
            ids = self.ids[places if own is None else own[places]]
            yield self._rescored(query, ids), ids

    def above(self, query: Float32Array, least: float, allowed: BoolArray | None) -> Scored:
        """Return everything with at least a score, scored as by the other searches."""
        if self.is_ivf:
            parameters = faiss.SearchParametersIVF(nprobe=self.index.nlist)
            chosen = None if allowed is None else selecting(allowed)
            if chosen is not None:
                parameters.sel = chosen
            _, _, ids = self.index.range_search(
                query[np.newaxis], least - _ROUNDING, params=parameters
            )
        else:
            scores = products(query[np.newaxis], self._view())[0]
            ids = self.ids[scores >= least - _ROUNDING]
            ids = ids if allowed is None else ids[_inside(ids, allowed)]
        steps = range(0, len(ids), _RESCORED_AT_ONCE)
        exact = [self._rescored(query, ids[step : step + _RESCORED_AT_ONCE]) for step in steps]
        scores = np.concatenate(exact) if exact else np.empty(0, np.float32)
        kept = scores >= np.float32(least)
        return scores[kept], ids[kept]

    def _rescored(self, query: Float32Array, ids: Int64Array) -> Float32Array:
        """Return inner products summed in float64: the same for a pair whoever asks, and how."""
        rows = self.rows_at(ids).astype(np.float64)
        return np.asarray(rows @ query.astype(np.float64), np.float32)

    def _view(self) -> Float32Array:
        """Return a flat one's vectors, not copied, in order of id; valid while the index lives."""
        dimension = int(self.index.d)
        flat = faiss.downcast_index(self.index.index)
        view = faiss.rev_swig_ptr(flat.get_xb(), self.index.ntotal * dimension)
        return np.asarray(view, np.float32).reshape(-1, dimension)


def selecting(allowed: BoolArray) -> Any:
    """Return what lets FAISS find only ids that a mask indexed by id has."""
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


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


def _inside(ids: Int64Array, allowed: BoolArray) -> Int64Array:
    """Return the places of those ids that are allowed."""
    reachable = ids[: np.searchsorted(ids, len(allowed))]
    return np.flatnonzero(allowed[reachable])


def _list_sizes(index: Any) -> list[tuple[int, int]]:
    """Return the lists of an inverted file that are not empty, and their sizes."""
    sizes = [(number, index.invlists.list_size(number)) for number in range(index.nlist)]
    return [(number, size) for number, size in sizes if size]


def _stored_ids(index: Any) -> Int64Array:
    """Return the ids inside a FAISS index, in its own order."""
    if not isinstance(index, faiss.IndexIVF):
        return np.asarray(faiss.vector_to_array(index.id_map), np.int64)
    lists = index.invlists
    ids = [faiss.rev_swig_ptr(lists.get_ids(one), size).copy() for one, size in _list_sizes(index)]
    return np.asarray(np.concatenate(ids) if ids else np.empty(0), np.int64)

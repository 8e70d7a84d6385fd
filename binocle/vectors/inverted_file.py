"""A segment in lists: of vectors in float16, those near a query are looked into.

An inverted file has ``4√n`` lists (``IVF,SQfp16``), each with a centroid, and a search looks into
the eighth of them nearest to the query. Float16 takes half the memory of float32 and moves a score
of unit rows by about 1e-5. Training the centroids is most of the cost of making one, so further
vectors go into lists of the same ones, until these do not fit any more.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import faiss
import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products, top_k
from binocle.vectors.filtered_lists import search_among
from binocle.vectors.list_reach import SAMPLE, ListReach
from binocle.vectors.rescoring import (
    BLOCK,
    ROUNDING,
    Scored,
    bitmap,
    first_rescored,
    not_below,
    searched,
)  # fmt: skip
from binocle.vectors.tuned_search import RECALL_AT, TunedSearch

_TRAINING_ROWS_PER_LIST = 64
_LEAST_ROWS_PER_LIST = 39  # FAISS warns below
_PROBED_SHARE = 1 / 8
_LEAST_PROBED = 64  # where nobody measured how many it takes
_OUTGROWN = 1.5  # so many times the lists, or a part of them, would be made now
_MOVED = 1.25  # so many times as far from their centroids as the vectors there were
_SAMPLE = 4096


@dataclass(frozen=True)
class IvfSegment:
    """Vectors in lists.

    Attributes:
        index: An ``IndexIVFScalarQuantizer`` of float16, without residuals, with rows by id.
        ids: ``(n,)`` int64 ascending.
        is_mapped: Whether the lists are in a file, which the system keeps in memory as it likes.
        tuned_share: How much of its lists a search looks into, where that was measured.
    """

    index: Any
    ids: Int64Array
    is_mapped: bool = False
    tuned_share: float | None = None

    @classmethod
    def trained(cls, count: int, sample: Float32Array) -> "IvfSegment":
        """Return one without vectors.

        Args:
            count: For how many.
            sample: ``(n, d)`` float32, ``sample_size(count)`` of them by chance.
        """
        lists = _lists_for(count)
        index = _empty(faiss.IndexFlatIP(sample.shape[1]), lists)
        index.train(np.ascontiguousarray(sample))
        return cls(index, np.empty(0, np.int64))

    @classmethod
    def over(cls, index: Any) -> "IvfSegment":
        """Make one of FAISS's own index, from a file."""
        return replace(cls._of(index), is_mapped=True)

    @classmethod
    def _of(cls, index: Any) -> "IvfSegment":
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # rows by id, for rescoring
        return cls(index, np.sort(_ids_by_list(index)))

    def grown(
        self, blocks: Iterable[tuple[Int64Array, Float32Array]], removed: Int64Array
    ) -> "IvfSegment":
        """Return one with the same centroids, further vectors, and without some that are removed.

        Args:
            blocks: Ids and rows, a part of them at a time.
            removed: Ids, ascending; those that are nowhere are passed over.
        """
        index = _empty(faiss.clone_index(self.index.quantizer), self.lists)
        everything = faiss.InvertedLists.SUBSET_TYPE_ID_RANGE
        self.index.copy_subset_to(index, everything, 0, np.iinfo(np.int64).max)
        for ids, rows in blocks:
            index.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
        if len(removed):
            index.remove_ids(faiss.IDSelectorBatch(removed))
        return IvfSegment._of(index)

    def in_memory(self) -> "IvfSegment":
        """Return the same with lists in memory: FAISS would save mapped ones as a file's name."""
        return self.grown([], np.empty(0, np.int64)) if self.is_mapped else self

    def suits(self, count: int, fresh: Float32Array) -> bool:
        """Tell whether the centroids still do for so many vectors.

        Args:
            count: How many there will be.
            fresh: Some of the rows that would be added, ``(n, d)`` float32.
        """
        if not 1 / _OUTGROWN <= _lists_for(count) / self.lists <= _OUTGROWN:
            return False
        if not len(fresh):
            return True
        known = self.rows(sample_of(self.ids, _SAMPLE))
        return self._distance(fresh) <= _MOVED * self._distance(known)

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return int(self.index.nlist)

    @property
    def probed(self) -> int:
        """How many of them a search of everything looks into."""
        if self.tuned_share is not None:
            return min(self.lists, math.ceil(self.tuned_share * self.lists))
        return self._usually_probed

    @property
    def held_bytes(self) -> int:
        """What its vectors take of this process's memory."""
        return 0 if self.is_mapped else 2 * int(self.index.d) * len(self.ids)

    def blocks(self) -> Iterator[tuple[Int64Array, Float32Array]]:
        """Give ids and rows, a part of them at a time."""
        for start in range(0, len(self.ids), BLOCK):
            ids = self.ids[start : start + BLOCK]
            yield ids, self.rows(ids)

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, to half a unit in the last place of float16."""
        return np.asarray(self.index.reconstruct_batch(ids), np.float32)

    def search(
        self, queries_qd: Float32Array, k: int, allowed: BoolArray | None, *, scan: bool
    ) -> list[Scored]:
        """Return the best of each query; see ``Segment.search``."""
        if allowed is not None and not scan:
            probed = self._probed_among(allowed)
            return [search_among(self, query, k, allowed, probed) for query in queries_qd]
        selector = None if allowed is None else bitmap(allowed)
        probed = self.lists if scan else self.probed
        parameters = faiss.SearchParametersIVF(nprobe=probed, sel=selector)
        return [searched(self, query, k, parameters) for query in queries_qd]

    def above(
        self,
        query: Float32Array,
        least: float,
        allowed: BoolArray | None,
        *,
        share: float | None = None,
    ) -> tuple[Scored, float]:
        """Return what has at least a score; see ``Segment.above``."""
        probed, left_out = self.lists, 0.0
        if share is not None:
            probed, left_out = self.reach.lists_with(
                query, least, share=share, at_least=self.probed
            )
        selector = None if allowed is None else bitmap(allowed)
        parameters = faiss.SearchParametersIVF(nprobe=probed, sel=selector)
        _, scores, ids = self.index.range_search(
            query[np.newaxis], least - ROUNDING, params=parameters
        )
        return not_below(least, first_rescored(self, query, (scores, ids), least)), left_out

    @cached_property
    def reach(self) -> ListReach:
        """What tells how scores in its lists are distributed."""
        return ListReach.of(self.index, self.rows(sample_of(self.ids, SAMPLE)))

    def passing(self, allowed: BoolArray) -> Int64Array:
        """Return how many vectors of each list a mask allows, ``(l,)`` int64."""
        passes = np.zeros(max(len(allowed), int(self.ids[-1]) + 1), np.bool_)
        passes[: len(allowed)] = allowed
        places = np.concatenate([[0], np.cumsum(passes[self._ids_by_list])])
        ends = np.cumsum(self.reach.sizes)
        return np.asarray(places[ends] - places[ends - self.reach.sizes], np.int64)

    @cached_property
    def _ids_by_list(self) -> Int64Array:
        return _ids_by_list(self.index)

    def tuned(self, queries_qd: Float32Array, recall: float) -> TunedSearch:
        """Measure how many lists queries need for a recall; every query costs a scan.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows, at least 1.
            recall: Of the ten nearest, above 0 and at most 1.
        """
        ranks = []
        for query, (scores, ids) in zip(
            queries_qd, self.search(queries_qd, RECALL_AT, None, scan=True), strict=True
        ):
            _, lists = self.index.quantizer.search(self.rows(top_k(scores, ids, RECALL_AT)[1]), 1)
            near = products(query[np.newaxis], self.reach.centroids_ld)[0]
            ranks.append(np.count_nonzero(near > near[lists], axis=1))
        return TunedSearch.reaching(recall, np.array(ranks, np.int64), self.lists)

    @property
    def _usually_probed(self) -> int:
        return min(self.lists, max(_LEAST_PROBED, int(self.lists * _PROBED_SHARE)))

    def _probed_among(self, allowed: BoolArray | None) -> int:
        """Return how many lists a search looks into: of fewer vectors the nearest lie further."""
        if allowed is None or self.tuned_share is None:
            return self.probed
        share = max(np.count_nonzero(allowed) / max(1, len(self.ids)), 1e-9)
        most = max(self.probed, self._usually_probed)
        return min(most, math.ceil(self.probed / math.sqrt(min(1.0, share))))

    def _distance(self, rows: Float32Array) -> float:
        """Return the mean squared distance of rows from the centroids nearest to them."""
        similarities, _ = self.index.quantizer.search(np.ascontiguousarray(rows), 1)
        return 2 - 2 * float(similarities.mean())


def sample_size(count: int) -> int:
    """Return how many of so many vectors centroids are trained with."""
    return min(count, _lists_for(count) * _TRAINING_ROWS_PER_LIST)


def sample_of(ids: Int64Array, size: int) -> Int64Array:
    """Return some ids by chance, always the same of the same, in order."""
    if size >= len(ids):
        return ids
    return ids[np.sort(np.random.default_rng(0).choice(len(ids), size, replace=False))]


def _lists_for(count: int) -> int:
    return max(1, min(int(4 * math.sqrt(count)), count // _LEAST_ROWS_PER_LIST))


def _empty(quantizer: Any, lists: int) -> Any:
    width, metric = quantizer.d, faiss.METRIC_INNER_PRODUCT
    float16 = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(quantizer, width, lists, float16, metric, False)
    index.is_trained = quantizer.ntotal == lists
    return index


def _ids_by_list(index: Any) -> Int64Array:
    """Return the ids in the lists of an inverted file, one list after the other."""
    sizes = [(number, index.invlists.list_size(number)) for number in range(index.nlist)]
    lists = [
        faiss.rev_swig_ptr(index.invlists.get_ids(number), size) for number, size in sizes if size
    ]
    return np.asarray(np.concatenate(lists) if lists else np.empty(0), np.int64)

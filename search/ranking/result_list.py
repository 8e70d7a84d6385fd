"""What the pages of one answer are cut from, kept between the pages.

A listing is of what is nearest, or of the relevant set, sorted, grouped and counted. It is made at
the first page and then only grows: rows it has once keep their places, whatever is written to the
collection meanwhile and however its rankings change when they are made deeper. So pages never
repeat a record, and none that stays is skipped. Listings are kept in memory within limits; a cursor
names one. Where it is gone, and the collection has changed, another passes over what was shown.
"""

import secrets
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Ranking
from binocle.types import BoolArray, Int64Array, Kind
from search.query.continuations import Position
from search.query.query import RELEVANCE, Sort
from search.ranking import moving
from search.ranking.demands import Demands
from search.ranking.fusion import Fused, Ranked
from search.ranking.part_rows import dedup_features
from search.ranking.query_plan import Plan, Scorers
from search.ranking.ranker import NOTHING_SEEN, Ranker
from search.ranking.relevant_count import count_relevant, error_of
from search.results.answer import FacetCounts
from search.results.diversity import Arranger, HitGroups, gathered
from search.results.facets import count_facets, group_keys, sort_order

_GROWTH = 4
_ROW_BYTES = 64  # about what a row of a listing takes with its rankings

Nearest: TypeAlias = tuple[int, Mapping[Kind, Ranking]]  # to which depth, and of which kinds


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a listing: where it stands in which ranking."""

    ranked: Ranked
    place: int

    @property
    def record_id(self) -> int:
        """The record's internal id."""
        return int(self.ranked.fused.record_ids[self.place])

    @property
    def part_id(self) -> int:
        """The part that matched best; -1 where only words found it, or nothing was asked."""
        return int(self.ranked.fused.part_ids[self.place])


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted over the relevant set at the first page.

    Attributes:
        relevant: How many records are in it; None where nobody can tell.
        relevant_error: By how much that may be off; see ``RelevantCount``.
        facets: The counts.
        groups: Where rows are groups: of the ranking whose rows the heads are.
        whole: That ranking.
    """

    relevant: int | None = None
    relevant_error: int = 0
    facets: tuple[FacetCounts, ...] = ()
    groups: HitGroups | None = None
    whole: Ranked | None = None


@dataclass(slots=True, kw_only=True)
class ResultList:
    """Rows in the order of the pages, made deeper when somebody scrolls. Thread-safe.

    Attributes:
        plan: What was decided about the query.
        scorers: How it looks at parts.
        counted: What was counted.
        no_match: Nothing fits.
        is_exact: Whether exhaustive scans would give the same, as far as ranked so far.
        passed: Internal ids of records that were shown before; they take its first places.
        name: For cursors.
    """

    plan: Plan
    scorers: Scorers
    rank: Callable[[int], Ranked]
    arranger: Arranger | None = None
    counted: Counted = Counted()
    no_match: bool = False
    is_exact: bool = True
    passed: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    name: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    _depth: int = 0
    _is_complete: bool = False
    _stages: list[tuple[Ranked, Int64Array]] = field(default_factory=list)  # which rows were new
    _ends: list[int] = field(default_factory=list)
    _seen: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._seen = self.passed

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else len(self.passed)

    @property
    def demands(self) -> Demands | None:
        """What relevant records must have; None where nothing is demanded."""
        return self._stages[0][0].demands if self._stages else None

    def ends_at(self, place: int) -> bool:
        """Tell whether the relevant set ends before a place, as far as that is known."""
        counted = self.counted
        return counted.relevant is not None and place >= counted.relevant + counted.relevant_error

    @property
    def size_bytes(self) -> int:
        """About how much memory it holds, the collection's own vectors aside."""
        whole = self.counted.whole
        rows = sum(len(ranked) for ranked, _ in self._stages) + (len(whole) if whole else 0)
        every = [*(one for one, _ in self._stages), *([whole] if whole else [])]
        masks = sum(one.demands.having.nbytes for one in every if one.demands is not None)
        moves = sum(one.fused.moves.size_bytes for one in every if one.fused.moves is not None)
        return 2000 + self.plan.asked_bytes + _ROW_BYTES * rows + masks + moves

    @property
    def held_bytes(self) -> Mapping[int, int]:
        """What it keeps in memory of the collection, and bytes; others may share that."""
        return self.plan.snapshot.held_bytes

    def rows(self, start: int, count: int) -> list[Row]:
        """Return rows from a place on; fewer only at the end."""
        with self._lock:
            while len(self) < start + count and not self._is_complete:
                depth = max(self.plan.depth, _GROWTH * self._depth if self._stages else 0)
                self.append(self.rank(depth), depth)
            return [self._row(place) for place in range(start, min(start + count, len(self)))]

    def shown(self, place: int) -> Int64Array:
        """Return the internal ids of the records of all rows before a place."""
        with self._lock:
            stages = [ranked.fused.record_ids[places] for ranked, places in self._stages]
        return np.concatenate([self.passed, *stages])[:place]

    def position(self, place: int, last: int, kept: int) -> Position:
        """Return where a page ended, see ``Position``."""
        return Position(
            listing=self.name,
            place=place,
            last=last,
            change=self.plan.snapshot.change,
            target=self.plan.target,
            depth=self.plan.depth,
            query=self.plan.digest,
            kept=kept,
            is_resumed=len(self.passed) > 0,
        )

    def place_of(self, position: Position) -> int:
        """Return where the page behind a position begins.

        In a listing that was made anew that is behind the last record somebody saw; where it is
        not among as many rows as they saw, behind so many.
        """
        if self.name == position.listing:
            return position.place
        if len(self.passed):
            return len(self.passed)
        self.rows(0, position.place)
        found = np.flatnonzero(self.shown(len(self)) == position.last)
        return int(found[0]) + 1 if len(found) else position.place

    def append(self, ranked: Ranked, depth: int) -> None:
        """Add what a ranking to a depth has that is new."""
        if not self._stages:
            self.no_match = ranked.no_match and not self.plan.curation.pins
        fresh: BoolArray = ~np.isin(ranked.fused.record_ids, self._seen)
        places = np.flatnonzero(fresh)
        if self.arranger is not None:
            places = _arranged(self.arranger, ranked.fused, places)
        self._seen = np.concatenate([self._seen, ranked.fused.record_ids[fresh]])
        self._stages.append((ranked, places))
        self._ends.append(len(self) + len(places))
        self._depth, self._is_complete = depth, ranked.is_complete
        self.is_exact = self.is_exact and ranked.exact

    def _row(self, place: int) -> Row:
        stage = bisect_right(self._ends, place)
        ranked, places = self._stages[stage]
        return Row(ranked, int(places[place - self._ends[stage]]))


def _arranged(arranger: Arranger, fused: Fused, places: Int64Array) -> Int64Array:
    """Return rows in an order in which they differ; what is pinned keeps its position."""
    pins = np.zeros(len(places), np.int64) if fused.moves is None else fused.moves.pins[places]
    loose, fixed = places[pins == 0], places[pins > 0]
    order = arranger.arranged(fused.record_ids[loose], fused.part_ids[loose], fused.scores[loose])
    positions = pins[pins > 0].tolist()
    return moving.inserted(loose[order], fixed.tolist(), positions, np.arange(len(order)))


def listing_of(
    collection: Collection,
    ranker: Ranker,
    plan: Plan,
    scorers: Scorers,
    nearest: Nearest | None = None,
    passed: Int64Array | None = None,
) -> ResultList:
    """Return the listing of a query: its relevant set where it sorts, groups or cuts.

    Otherwise it lists what is nearest, deeper where somebody scrolls.

    Args:
        collection: What is searched.
        ranker: Ranks it.
        plan: Of the query.
        scorers: How it looks at parts.
        nearest: What vectors found already for its first page.
        passed: See ``ResultList``.
    """
    made = partial(_listing, collection, plan, scorers, passed)
    if plan.wants_relevant_set:
        ranked, counted = _relevant_set(ranker, plan, scorers)
        return made(lambda _: ranked, counted)
    depth, known = (plan.depth, {}) if nearest is None else nearest
    seen = ranker.first_look(plan, scorers, depth, known)
    counted = Counted()
    if plan.query.facets:
        every = NOTHING_SEEN if plan.query.where is not None else seen
        found = ranker.relevant(plan, scorers, filtered=False, seen=every)
        counted = _counted(plan, moving.pinned(found, plan.curation, filtered=False))
    elif (count := count_relevant(ranker, plan, scorers, seen)) is not None:
        counted = Counted(count.count, count.error)
    rank = partial(ranker.ranked, plan, scorers)
    listing = made(rank, counted)
    listing.append(ranker.ranked(plan, scorers, depth, seen), depth)
    return listing


def _listing(
    collection: Collection,
    plan: Plan,
    scorers: Scorers,
    passed: Int64Array | None,
    rank: Callable[[int], Ranked],
    counted: Counted,
) -> ResultList:
    arranger, diversity = None, 0.0 if plan.is_sorted else plan.query.diversity
    if diversity or plan.query.collapse:
        features_of = partial(dedup_features, collection, plan)
        arranger = Arranger(features_of, diversity=diversity, collapse=plan.query.collapse)
    seen = np.empty(0, np.int64) if passed is None else passed
    return ResultList(
        plan=plan, scorers=scorers, rank=rank, arranger=arranger, counted=counted, passed=seen
    )


def _relevant_set(ranker: Ranker, plan: Plan, scorers: Scorers) -> tuple[Ranked, Counted]:
    """Return the rows of a query that sorts, groups or cuts, and what was counted."""
    query, snapshot = plan.query, plan.snapshot
    ranked = moving.moved(plan, ranker.relevant(plan, scorers, filtered=True))
    counted = Counted(len(ranked), error_of(ranked))
    if query.facets:
        is_whole = query.where is None
        every = ranked if is_whole else ranker.relevant(plan, scorers, filtered=False)
        counted = _counted(plan, moving.pinned(every, plan.curation, filtered=False))
    if plan.is_sorted:
        ids = ranked.fused.record_ids
        best_first = -np.arange(len(ids), dtype=np.float64)
        sorts = (*query.sort, Sort(RELEVANCE)) if plan.intent else query.sort
        ranked = ranked.only(sort_order(snapshot, ids, sorts, best_first))
    if query.group is None:
        return ranked, counted
    keys = group_keys(snapshot, ranked.fused.record_ids, query.group.field)
    ranked = moving.pinned(ranked, plan.curation, keys=keys)
    groups = gathered(group_keys(snapshot, ranked.fused.record_ids, query.group.field))
    return ranked.only(groups.heads), replace(counted, groups=groups, whole=ranked)


def _counted(plan: Plan, every: Ranked) -> Counted:
    """Count over the relevant set before the filter: a facet's own does not shrink it."""
    snapshot, ids = plan.snapshot, every.fused.record_ids
    facets = count_facets(snapshot, plan.query.facets, ids, plan.query.where)
    passing = snapshot.mask(plan.query.where)
    count = int(passing[ids[ids < len(passing)]].sum())
    return Counted(count, error_of(every), facets)

"""Answers of several collections to one query, merged into one.

Each collection keeps its own order: of what comes next in each, the best is taken. What is best is
said by relevance, which collections of different spaces have in common, or by the fields that the
query sorts by.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key, partial
from typing import TypeAlias

from binocle.errors import QueryError
from binocle.types import Hit, MetadataValue
from search.across.cursors import AcrossPosition
from search.across.merged_facets import merged_facet, widened
from search.query.query import RELEVANCE, Query, Sort
from search.results.answer import Answer, FacetCounts

MAX_COLLECTIONS = 16
MAX_OFFSET = 1000

_Comparable: TypeAlias = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class MergedAnswer:
    """What several collections answer together.

    Attributes:
        hits: In the order asked for, each with the name of its collection.
        cursor: Asks for the next page; None where there is none.
        no_match: Nothing fits in any of them.
        relevant: How many records are in all their relevant sets, as of the first page; None where
            nobody can tell.
        relevant_error: By how much that may be off, in 19 of 20 cases.
        facets: The sums of theirs, of the first page.
        warnings: What could not be counted together.
    """

    hits: tuple[tuple[str, Hit], ...]
    cursor: str | None
    no_match: bool
    relevant: int | None
    relevant_error: int
    facets: tuple[FacetCounts, ...]
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> Counter[str]:
        """How many hits are of each collection."""
        return Counter(name for name, _ in self.hits)


def own_query(query: Query, cursor: str | None) -> Query:
    """Return what each collection is asked: as many hits as all may need, facets in full.

    Args:
        query: What all are asked together.
        cursor: The collection's own; None for its first page.

    Raises:
        QueryError: It asks for what only one collection can answer.
    """
    if query.group or query.collapse or query.diversity or query.refine:
        raise QueryError(
            "groups, diversity, collapsing and refinements are of one collection; leave them out, "
            "or search one"
        )
    if query.offset > MAX_OFFSET:
        raise QueryError(
            f"over several collections the offset is at most {MAX_OFFSET:,}, not {query.offset:,}; "
            "go on with a cursor"
        )
    facets = tuple(map(widened, query.facets))
    limit = query.limit + query.offset
    return replace(query, limit=limit, offset=0, cursor=cursor, facets=facets)


def merged(
    query: Query,
    answers: Mapping[str, Answer],
    *,
    position: AcrossPosition | None = None,
    failed: Sequence[str] = (),
) -> MergedAnswer:
    """Merge the answers of collections to their own queries.

    Args:
        query: What all were asked together.
        answers: By the names of the collections; the earlier ones first where nothing else tells.
        position: Where the page began; None for the first one.
        failed: Collections that could not answer, and are asked again for the next page.
    """
    before = position.shown if position else {}
    order = _in_order(query.sort, answers, before)
    used = Counter(name for name, _ in order[: query.offset + query.limit])
    shown = {name: before.get(name, 0) + used[name] for name in (*answers, *failed)}
    going = {name: one.goes_on(used[name]) for name, one in answers.items()}
    cursors = {name: cursor for name, cursor in going.items() if cursor is not None}
    if position is not None:
        cursors |= {name: position.cursors[name] for name in failed}
        following = replace(position, cursors=cursors, shown=shown)
    else:
        known = [one.relevant for one in answers.values() if one.relevant is not None]
        error = math.ceil(math.sqrt(sum(one.relevant_error**2 for one in answers.values())))
        relevant = sum(known) if len(known) == len(answers) else None
        following = AcrossPosition(cursors, shown, relevant, error)
    facets, warnings = [], []
    for number, facet in enumerate(query.facets if position is None else ()):
        counts = {name: one.facets[number] for name, one in answers.items()}
        added, doubt = merged_facet(facet, counts)
        facets.append(added)
        warnings += [doubt] if doubt else []
    return MergedAnswer(
        hits=tuple(order[query.offset : query.offset + query.limit]),
        cursor=following.as_cursor(),
        no_match=all(one.no_match for one in answers.values()),
        relevant=following.relevant,
        relevant_error=following.relevant_error,
        facets=tuple(facets),
        warnings=tuple(warnings),
    )


def _in_order(
    sorts: Sequence[Sort], answers: Mapping[str, Answer], before: Mapping[str, int]
) -> list[tuple[str, Hit]]:
    """Return all hits in their common order; those of one collection stay in theirs.

    Args:
        sorts: What they are sorted by.
        answers: With the hits.
        before: How many hits of each collection came before these.
    """
    key = cmp_to_key(partial(_compared, sorts))
    waiting = {name: list(reversed(one.hits)) for name, one in answers.items() if one.hits}
    found = []
    while waiting:
        heads = {
            name: (hits[-1], before.get(name, 0) + len(answers[name].hits) - len(hits))
            for name, hits in waiting.items()
        }
        name = min(heads, key=lambda one: key(heads[one]))
        found.append((name, waiting[name].pop()))
        if not waiting[name]:
            del waiting[name]
    return found


def _compared(sorts: Sequence[Sort], mine: tuple[Hit, int], theirs: tuple[Hit, int]) -> int:
    """Return -1 where a hit, beside its place in its collection, comes first, 1 where behind."""
    one, other = mine[0], theirs[0]
    for sort in (*sorts, Sort(RELEVANCE)):
        if sort.field == RELEVANCE:
            own, beside = (_rated(one), _rated(other))
            if own != beside:
                return -1 if own > beside else 1
            continue
        value, against = _value(one, sort), _value(other, sort)
        if value == against:
            continue
        if value is None or against is None:
            return 1 if value is None else -1
        return -1 if (value < against) is not sort.descending else 1
    return (mine[1] > theirs[1]) - (mine[1] < theirs[1])


def _rated(hit: Hit) -> float:
    """Return what hits are compared by: relevance, with boosts; what is pinned is next at once."""
    if any(one.ranking == "pin" for one in hit.contributions):
        return math.inf
    boosted = math.prod(one.factor for one in hit.contributions)
    return -1.0 if hit.relevance is None else hit.relevance * boosted


def _value(hit: Hit, sort: Sort) -> _Comparable | None:
    """Return what a hit is sorted by: numbers before texts; of a list its least, or greatest."""
    own: Mapping[str, MetadataValue] = {"id": hit.record.id, "uri": hit.record.uri}
    value = own.get(sort.field, hit.record.metadata.get(sort.field))
    several = value if isinstance(value, list) else [] if value is None else [value]
    values = [(1, 0.0, one) if isinstance(one, str) else (0, float(one), "") for one in several]
    if not values:
        return None
    return max(values) if sort.descending else min(values)

"""Answers of several collections to one query, merged into one."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from binocle.errors import QueryError
from binocle.types import Hit
from search.across.cursors import AcrossPosition
from search.across.hit_order import Alikeness, compared, in_order
from search.across.merged_facets import merged_facet, widened
from search.across.merged_groups import MAX_GROUPS, digest_of, with_groups
from search.query.query import Query
from search.results.answer import Answer, FacetCounts

MAX_COLLECTIONS = 16
MAX_OFFSET = 1000
_MANY_GROUPS = f"pages of groups end after {MAX_GROUPS:,} of them; filter to see others"


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
        others: By the place of a hit, further records of its group, each with its collection.
    """

    hits: tuple[tuple[str, Hit], ...]
    cursor: str | None
    no_match: bool
    relevant: int | None
    relevant_error: int
    facets: tuple[FacetCounts, ...]
    warnings: tuple[str, ...] = ()
    others: Mapping[int, tuple[tuple[str, Hit], ...]] = field(default_factory=dict)

    @property
    def shown(self) -> Counter[str]:
        """How many hits are of each collection."""
        return Counter(name for name, _ in self.hits)

    def others_of(self, place: int) -> tuple[tuple[str, Hit], ...]:
        """Return the further records of a hit's group, by its place."""
        name, hit = self.hits[place]
        return self.others.get(place, tuple((name, one) for one in hit.others))

    def with_groups(self, query: Query, found: Mapping[str, Answer]) -> "MergedAnswer":
        """Return it with what other collections have of its groups; see ``groups_wanted``."""
        if query.group is None:
            return self
        compare = partial(compared, query.sort)
        hits, others = with_groups(query, self.hits, found, lambda a, b: compare((a, 0), (b, 0)))
        return replace(self, hits=tuple(hits), others=others)


def own_query(query: Query, cursor: str | None) -> Query:
    """Return what each collection is asked: as many hits as all may need, facets in full.

    Args:
        query: What all are asked together.
        cursor: The collection's own; None for its first page.

    Raises:
        QueryError: It asks for what only one collection can answer.
    """
    if query.collapse:
        raise QueryError("collapsing is of one collection; leave it out, or search one")
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
    alikeness: Alikeness | None = None,
) -> MergedAnswer:
    """Merge the answers of collections to their own queries.

    Args:
        query: What all were asked together.
        answers: By the names of the collections; the earlier ones first where nothing else tells.
        position: Where the page began; None for the first one.
        failed: Collections that could not answer, and are asked again for the next page.
        alikeness: How alike hits are, where the query is for different ones.
    """
    before = position.shown if position else {}
    groups = position.groups if position else ()
    order, used = in_order(query, answers, before, groups, alikeness)
    seen = [digest_of(hit.group_value) for _, hit in order if hit.group_value is not None]
    shown = {name: before.get(name, 0) + used.get(name, 0) for name in (*answers, *failed)}
    going = {name: one.goes_on(used[name]) for name, one in answers.items()}
    cursors = {name: cursor for name, cursor in going.items() if cursor is not None}
    if position is not None:
        cursors |= {name: position.cursors[name] for name in failed}
        following = replace(position, cursors=cursors, shown=shown, groups=(*groups, *seen))
    else:
        known = [one.relevant for one in answers.values() if one.relevant is not None]
        error = math.ceil(math.sqrt(sum(one.relevant_error**2 for one in answers.values())))
        relevant = sum(known) if len(known) == len(answers) else None
        following = AcrossPosition(cursors, shown, relevant, error, tuple(seen))
    facets, warnings = _facets(query, answers) if position is None else ([], [])
    if len(following.groups) > MAX_GROUPS:
        following = replace(following, cursors={})
        warnings.append(_MANY_GROUPS)
    return MergedAnswer(
        hits=tuple(order[query.offset : query.offset + query.limit]),
        cursor=following.as_cursor(),
        no_match=all(one.no_match for one in answers.values()),
        relevant=following.relevant,
        relevant_error=following.relevant_error,
        facets=tuple(facets),
        warnings=tuple(warnings),
    )


def _facets(query: Query, answers: Mapping[str, Answer]) -> tuple[list[FacetCounts], list[str]]:
    """Return the sums of the facets, and what could not be counted together."""
    facets, warnings = [], []
    for number, facet in enumerate(query.facets):
        counts = {name: one.facets[number] for name, one in answers.items()}
        added, doubt = merged_facet(facet, counts)
        facets.append(added)
        warnings += [doubt] if doubt else []
    return facets, warnings

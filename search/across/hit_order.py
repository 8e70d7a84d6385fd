"""In which order the hits of several collections come.

Each collection keeps its own order: of what comes next in each, the best is taken. What is best is
said by relevance, which collections of different spaces have in common, or by the fields that the
query sorts by; with diversity, also by how unlike it is to what is placed.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cmp_to_key, partial
from typing import TypeAlias

import numpy as np

from binocle.collection.collection import Collection
from binocle.types import Float32Array, Hit, MetadataValue
from search.across.merged_groups import digest_of
from search.query.query import RELEVANCE, Query, Sort
from search.results.answer import Answer

Head: TypeAlias = tuple[Hit, int]
"""What comes next of a collection, and its place there."""
_Comparable: TypeAlias = tuple[int, float, str]
_SAMPLE = 200  # rows from which the range of the similarities in a space is told


def in_order(
    query: Query,
    answers: Mapping[str, Answer],
    before: Mapping[str, int],
    shown_groups: Sequence[str] = (),
    alikeness: "Alikeness | None" = None,
) -> tuple[list[tuple[str, Hit]], dict[str, int]]:
    """Return the hits of a page in their common order; those of one collection stay in theirs.

    A group that is shown already, by whichever collection, is passed over. Where a collection whose
    groups were passed over goes on, and nothing is left of it here, the page ends there.

    Args:
        query: What all were asked together.
        answers: With the hits.
        before: How many hits of each collection came before these.
        shown_groups: Digests of the groups on the pages before.
        alikeness: How alike hits are, where that matters.

    Returns:
        The hits, and how many of each collection are used up by them.
    """
    used = dict.fromkeys(answers, 0)
    shown, found = set(shown_groups), list[tuple[str, Hit]]()
    most = query.offset + query.limit
    while len(found) < most:
        heads = {
            name: (one.hits[used[name]], before.get(name, 0) + used[name])
            for name, one in answers.items()
            if used[name] < len(one.hits)
        }
        ended = answers.keys() - heads.keys()
        if not heads or (query.group and any(answers[one].goes_on(used[one]) for one in ended)):
            break
        name = _best(query, heads, used, alikeness)
        hit = heads[name][0]
        used[name] += 1
        if hit.group_value is not None:
            digest = digest_of(hit.group_value)
            if digest in shown:
                continue
            shown.add(digest)
        found.append((name, hit))
        if alikeness is not None:
            alikeness.place(name, used[name] - 1)
    return found, used


class Alikeness:
    """How alike hits are of what is placed already, as far as they are in one space."""

    def __init__(
        self,
        diversity: float,
        answers: Mapping[str, Answer],
        spaces: Mapping[str, str],
        rows: Mapping[str, Float32Array],
    ) -> None:
        """Set up.

        Args:
            diversity: 0 looks at relevance alone, 1 at differences alone.
            answers: With the hits.
            spaces: What tells the space of each collection from others.
            rows: ``(n, d)`` float32 unit rows of the hits of each; zeros where there is none.
        """
        self._diversity, self._spaces, self._rows = diversity, spaces, rows
        self._placed: dict[str, list[Float32Array]] = {}
        ratings = [
            one.relevance or 0.0
            for name in rows
            for one in answers[name].hits
            if not is_pinned(one)
        ]
        self._low, self._high = min(ratings, default=0.0), max(ratings, default=0.0)
        self._ranges = {space: self._range(space) for space in set(spaces.values())}

    def place(self, name: str, number: int) -> None:
        """Take note of a hit, by its number in the answer of its collection, that is placed."""
        self._placed.setdefault(self._spaces[name], []).append(self._rows[name][number])

    def gain(self, name: str, number: int, relevance: float) -> float:
        """Return what a hit counts: its relevance less how alike it is to the nearest placed one.

        Source: Carbonell and Goldstein (1998), as in ``search.results.diversity.diversified``.
        """
        space = self._spaces[name]
        placed = self._placed.get(space)
        nearest = 0.0
        if placed:
            similarity = float(np.max(np.stack(placed) @ self._rows[name][number]))
            nearest = _scaled(similarity, *self._ranges[space])
        rated = _scaled(relevance, self._low, self._high)
        return (1 - self._diversity) * rated - self._diversity * nearest

    def _range(self, space: str) -> tuple[float, float]:
        every = [rows for name, rows in self._rows.items() if self._spaces[name] == space]
        rows = np.concatenate([one[: _SAMPLE // len(every) + 1] for one in every])
        similarities = rows @ rows.T
        return float(similarities.min(initial=1.0)), float(similarities.max(initial=0.0))


def is_pinned(hit: Hit) -> bool:
    """Tell whether ranking rules give a hit its place."""
    return any(one.ranking == "pin" for one in hit.contributions)


def compared(sorts: Sequence[Sort], mine: Head, theirs: Head) -> int:
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


def _best(
    query: Query,
    heads: Mapping[str, Head],
    used: Mapping[str, int],
    alikeness: Alikeness | None,
) -> str:
    pinned = any(is_pinned(hit) for hit, _ in heads.values())
    if alikeness is None or pinned:
        key = cmp_to_key(partial(compared, query.sort))
        return min(heads, key=lambda one: key(heads[one]))
    return max(heads, key=lambda one: alikeness.gain(one, used[one], _rated(heads[one][0])))


def _rated(hit: Hit) -> float:
    """Return what hits are compared by: relevance, with boosts; what is pinned is next at once."""
    if is_pinned(hit):
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


def _scaled(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.0


def rows_of_hits(collection: Collection, hits: Sequence[Hit]) -> Float32Array:
    """Return the rows of the parts that matched, ``(n, d)`` float32; zeros where there is none."""
    space = collection.space
    rows = np.zeros((len(hits), space.dimension if space else 0), np.float32)
    for kind in {one.part.kind for one in hits}:
        places = [place for place, one in enumerate(hits) if one.part.kind == kind]
        part_ids = np.array([hits[place].part.id for place in places], np.int64)
        found, known = collection.snapshot((kind,)).vectors(kind).rows(part_ids)
        of = dict(zip(found.tolist(), known, strict=True))
        for place, part_id in zip(places, part_ids.tolist(), strict=True):
            rows[place] = of.get(part_id, rows[place])
    return rows


def alikeness_of(
    query: Query, answers: Mapping[str, Answer], collections: Mapping[str, Collection]
) -> Alikeness | None:
    """Return how alike the hits of answers are; None where the query does not ask for it.

    Args:
        query: What all were asked together.
        answers: With the hits.
        collections: Those of the answers.
    """
    if not query.diversity or query.sort:
        return None
    spaces = {
        name: space.fingerprint if (space := one.space) else "" for name, one in collections.items()
    }
    rows = {name: rows_of_hits(one, answers[name].hits) for name, one in collections.items()}
    return Alikeness(query.diversity, answers, spaces, rows)

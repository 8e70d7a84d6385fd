"""Groups of several collections: one value is one group, wherever its records are.

The collection with the best record of a group shows it; what the others have of it, they are asked
for the groups of a page, so that sizes are exact.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cmp_to_key
from typing import TypeAlias

from binocle.metadata.filters import Comparison, both
from binocle.types import Hit
from search.query.query import Query
from search.results.answer import Answer

Scalar: TypeAlias = str | float | bool
_SPARE = 20  # records with a list of values pass the filter too, each a group of its own
_MOST = 1000
_DIGEST_BYTES = 6  # eight characters
DIGEST_LENGTH = 8
MAX_GROUPS = 8_000  # that the pages of one search can show


def digest_of(value: Scalar) -> str:
    """Return what tells a group's value from others in cursors."""
    text = json.dumps(value if isinstance(value, str | bool) else float(value))
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode()


def groups_wanted(
    query: Query, hits: Sequence[tuple[str, Hit]], names: Sequence[str]
) -> dict[str, tuple[Comparison, int]]:
    """Return what else collections are to be asked for the groups of a page.

    Args:
        query: What all were asked together.
        hits: Of the page, each with its collection.
        names: Of the collections that have answered.

    Returns:
        By name the filter that has to hold as well, and how many groups at most pass it.
    """
    if query.group is None:
        return {}
    wanted = {}
    for name in names:
        values = tuple(
            hit.group_value for other, hit in hits if other != name and hit.group_value is not None
        )
        if values:
            clause = Comparison(query.group.field, "in", values)
            wanted[name] = (clause, min(_MOST, 2 * len(values) + _SPARE))
    return wanted


def group_query(query: Query, clause: Comparison, count: int) -> Query:
    """Return what one collection is asked for groups of a page."""
    return replace(
        query, where=both(query.where, clause), limit=count, offset=0, cursor=None, facets=(),
        diversity=0.0,
    )  # fmt: skip


def with_groups(
    query: Query,
    hits: Sequence[tuple[str, Hit]],
    found: Mapping[str, Answer],
    compare: Callable[[Hit, Hit], int],
) -> tuple[list[tuple[str, Hit]], dict[int, tuple[tuple[str, Hit], ...]]]:
    """Add to the groups of a page what other collections have of them.

    Args:
        query: What all were asked together.
        hits: Of the page, each with its collection.
        found: What ``groups_wanted`` has found.
        compare: Returns which of two hits comes first.

    Returns:
        The hits with the sizes of whole groups, and by their places the others that are shown.
    """
    assert query.group is not None
    heads: dict[tuple[str, str], Hit] = {
        (name, digest_of(one.group_value)): one
        for name, answer in found.items()
        for one in answer.hits
        if one.group_value is not None
    }

    def beside_each_other(one: tuple[str, Hit], other: tuple[str, Hit]) -> int:
        return compare(one[1], other[1])

    key = cmp_to_key(beside_each_other)
    whole: list[tuple[str, Hit]] = []
    others: dict[int, tuple[tuple[str, Hit], ...]] = {}
    for place, (name, hit) in enumerate(hits):
        beside = [(name, one) for one in hit.others]
        size = hit.group_size
        for other in found if hit.group_value is not None else ():
            head = heads.get((other, digest_of(hit.group_value)))  # type: ignore[arg-type]
            if other != name and head is not None:
                size += head.group_size
                beside += [(other, one) for one in (replace(head, others=()), *head.others)]
        others[place] = tuple(sorted(beside, key=key)[: query.group.size - 1])
        whole.append((name, replace(hit, group_size=size)))
    return whole, others

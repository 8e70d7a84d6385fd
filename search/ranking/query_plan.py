"""What is decided about a query before anything is ranked."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.errors import QueryError
from binocle.types import KINDS, Kind
from search.query import cursors
from search.query.query import RELEVANCE, Mode, Query, Target
from search.query_vectors.query_vector import QueryIntent
from search.ranking.ranked_query import QueryContext, QueryScorers
from search.ranking.ranker import FIRST_DEPTH, FULL_FUSION_PARTS, FUSION_DEPTH, Ranker


class Now:
    """What queries that are answered together see of a collection; each thing is asked once."""

    def __init__(self, collection: Collection, ranker: Ranker) -> None:
        self._collection, self._ranker = collection, ranker
        self._snapshots: dict[tuple[Kind, ...], Snapshot] = {}

    def snapshot(self, kinds: tuple[Kind, ...]) -> Snapshot:
        """Return the collection as of now, for searches of these kinds."""
        if kinds not in self._snapshots:
            self._snapshots[kinds] = self._collection.snapshot(kinds)
        return self._snapshots[kinds]

    @cached_property
    def default_target(self) -> Target:
        """What is looked at where nobody chose: pictures, or texts where there are none."""
        return "image" if self.snapshot(("image",)).count_parts("image") else "text"

    @cached_property
    def has_words(self) -> bool:
        """Whether any record has a text."""
        return self._ranker.has_words()

    @cached_property
    def has_texts_beside(self) -> bool:
        """Whether most records with pictures have texts, too."""
        return self._ranker.has_texts_beside(self.snapshot(KINDS))


def mode_of(query: Query, intent: QueryIntent | None, now: Now) -> Mode:
    """Return which rankings are made."""
    if query.mode is not None or intent is None:
        return query.mode or "semantic"
    return "hybrid" if intent.words and query.weights.keyword and now.has_words else "semantic"


def check_mode(mode: Mode, intent: QueryIntent | None) -> None:
    """Refuse to look for words where there are none.

    Raises:
        QueryError: There are none.
    """
    if mode == "keyword" and intent is not None and not intent.words:
        raise QueryError("the mode 'keyword' looks for words; give a text, or another mode")


def auxiliary_kinds(
    query: Query, intent: QueryIntent | None, target: Target, mode: Mode, now: Now
) -> tuple[Kind, ...]:
    """Return the kinds that are ranked beside those looked at.

    Words that ask for pictures also ask what is written beside these, where nobody chose a target
    and most pictures have something written beside them: of few texts the best says little.
    """
    if query.target is not None or target != "image" or mode != "hybrid" or intent is None:
        return ()
    if not all(one.source == "text" for one in intent.wanted) or not now.has_texts_beside:
        return ()
    return ("text",)


def fields_of(query: Query) -> list[str]:
    """Return the fields that facets, sort orders and groups are asked for."""
    named = [one.field for one in query.facets] + [one.field for one in query.sort]
    return [*named, query.group.field] if query.group else named


def first_depth(query: Query, mode: Mode, kinds: Sequence[Kind], snapshot: Snapshot) -> int:
    """Return how deep first rankings go; what is fused wholly, wholly where that is cheap."""
    if mode == "semantic" and len(kinds) == 1:
        return max(FIRST_DEPTH, query.limit + 1)
    total = sum(snapshot.count_parts(kind) for kind in kinds)
    full = total if total <= FULL_FUSION_PARTS else FUSION_DEPTH
    return max(FIRST_DEPTH, full, query.limit + 1)


def digest_of(
    name: str,
    query: Query,
    intent: QueryIntent | None,
    target: Target,
    mode: Mode,
    auxiliary: tuple[Kind, ...],
) -> str:
    """Return a digest of all that decides on the rows of a query and their order."""
    vectors: list[object] = []
    if intent is not None:
        vectors = [
            (hashlib.blake2b(one.row.tobytes(), digest_size=16).digest(), one.weight, one.source)
            for one in (*intent.wanted, None, *intent.unwanted)
            if one is not None
        ]
        vectors += [len(intent.wanted), sorted(intent.exclude), intent.words]
    return cursors.digest(
        name, vectors, target, mode, auxiliary, query.where, query.exact, query.weights, query.sort,
        query.group, query.diversity, query.collapse, query.min_relevance,
    )  # fmt: skip


def wants_relevant_set(query: Query) -> bool:
    """Tell whether hits are cut from the relevant set, and not just from what is nearest."""
    cuts = query.min_relevance is not None
    return bool(not query.terms or query.group or cuts or is_sorted(query))


def is_sorted(query: Query) -> bool:
    """Tell whether hits come in another order than that of relevance."""
    return bool(query.sort) and query.sort[0].field != RELEVANCE


def page_depth(asked: QueryContext, view: QueryScorers) -> int:
    """Return how deep a first page must look: where one vector decides, just behind its end."""
    scorer = view.scorers.get(asked.kinds[0])
    is_plain = asked.mode == "semantic" and len(asked.kinds) == 1 and scorer is not None
    if not is_plain or scorer is None or scorer.query_vector.repelled or asked.query.diversity:
        return asked.depth
    return max(asked.query.limit + 1, scorer.correction_depth)


def check_weights(asked: QueryContext, view: QueryScorers) -> None:
    """Refuse weights that leave nothing to rank by.

    Raises:
        QueryError: They do.
    """
    if asked.intent is None or not asked.intent.has_vectors:
        return
    by_words = asked.mode == "hybrid" and asked.query.weights.keyword and asked.intent.words
    if asked.mode != "keyword" and not view.scorers and not by_words:
        raise QueryError("the weights leave out every ranking; give one more than 0")

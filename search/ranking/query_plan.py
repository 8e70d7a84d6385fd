"""What is decided about a query before anything is ranked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeAlias

import numpy as np

from binocle.collection.snapshot import Snapshot
from binocle.errors import CursorError, QueryError, StaleCursorError
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import Float32Array, Kind, Target
from search.keyword.query_words import parse
from search.query.continuations import Position
from search.query.query import Mode, Query
from search.query_vectors.query_vector import QueryIntent, QueryVector
from search.ranking.now import Now
from search.relevance.score_model import ScoreModel
from search.results.curated_records import NONE_CURATED, CuratedRecords, curated_records
from search.rules.query_rules import NO_QUERY_RULES, QueryRules

_UNDECIDING = {
    "terms", "target", "mode", "limit", "cursor", "facets", "refine", "offset",
    "beyond",
}  # fmt: skip
"""Parts of a query without which a cursor knows its ranking: what they come to is in the plan."""
_FULL_FUSION_PARTS = 10_000
_FUSION_DEPTH = 1_000
_FIRST_DEPTH = 256
BOOSTED_DEPTH = 1_000  # places within which boosts move hits
_SPREAD_SAMPLE = 2_000
_NO_SAMPLE: Float32Array = np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A query with all that is decided before anything is ranked.

    Attributes:
        query: What was asked, with refinements worked in.
        intent: What its terms come to; None where there are none.
        target: Which parts are looked at.
        kinds: The same, as kinds.
        mode: Which rankings are made.
        auxiliary: Kinds that are ranked as well for what they say of records: where nobody chose
            what to look at, what is written beside pictures.
        snapshot: The collection as of the first page.
        query_vectors: By each kind that is ranked by vectors, how its parts are scored.
        depth: How deep the first rankings go; the first band of a fusion.
        rules: What ranking rules say of it.
        curation: What of them names records.
        digest: Of all that decides on the rows and their order.
        asked_bytes: About how much memory what was asked takes, with its pictures.
    """

    query: Query
    intent: QueryIntent | None
    target: Target
    kinds: tuple[Kind, ...]
    mode: Mode
    auxiliary: tuple[Kind, ...]
    snapshot: Snapshot
    query_vectors: Mapping[Kind, QueryVector]
    depth: int
    digest: str
    rules: QueryRules = NO_QUERY_RULES
    curation: CuratedRecords = NONE_CURATED
    asked_bytes: int = 0

    @property
    def exclude(self) -> frozenset[int]:
        """The records that are part of the question, or that rules hide."""
        asked = self.intent.exclude if self.intent else frozenset()
        return asked | self.curation.hidden

    @property
    def is_sorted(self) -> bool:
        """Whether hits come in another order than that of relevance."""
        return self.query.is_sorted

    @property
    def wants_relevant_set(self) -> bool:
        """Whether hits are cut from the relevant set, and not just from what is nearest."""
        is_cut = self.query.min_relevance is not None
        return bool(not self.query.terms or self.query.group or is_cut or self.is_sorted)

    @property
    def has_words_beside_pictures(self) -> bool:
        """Whether words tell only a part of what is looked for."""
        return self.intent is not None and self.intent.has_pictures and bool(self.query_vectors)

    @property
    def words(self) -> str:
        """The words to rank by; empty where there is no ranking by words."""
        is_wanted = self.mode == "keyword" or (self.mode == "hybrid" and self.query.weights.keyword)
        return self.intent.words if self.intent is not None and is_wanted else ""

    @property
    def synonyms(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What words were said, and what counts as them as well."""
        found = parse(self.words, self.rules.synonyms).synonyms if self.words else ()
        return tuple({one.typed: one.others for one in found}.items())


@dataclass(frozen=True, slots=True)
class KindScorer:
    """How one query looks at one kind of parts; made once for all its pages.

    Attributes:
        query_vector: How parts are scored.
        score_model: What their scores mean; None where nobody can tell.
        correction_depth: How deep hubs are moved down; 0 for not at all.
    """

    query_vector: QueryVector
    score_model: ScoreModel | None
    correction_depth: int

    @property
    def scores_are_cosines(self) -> bool:
        """Whether nothing is taken off the cosines."""
        return not self.correction_depth and not self.query_vector.repelled


Scorers: TypeAlias = Mapping[Kind, KindScorer]


def plan(
    query: Query,
    intent: QueryIntent | None,
    now: Now,
    *,
    target: Target,
    position: Position | None = None,
    earlier: Plan | None = None,
    has_passed: bool = False,
) -> Plan:
    """Decide how a query is answered.

    Args:
        query: With refinements worked in.
        intent: What its terms come to; None where there are none.
        now: What is searched.
        target: Which parts are looked at.
        position: Where its cursor goes on.
        earlier: What was decided for the page before, where that is still known.
        has_passed: Whether what the pages before have shown is known, and passed over.

    Raises:
        QueryError: The mode or the weights leave nothing to rank by, or terms cancel out.
        CursorError: The cursor belongs to another query.
        StaleCursorError: The collection has changed, and nobody knows the page before.
    """
    kinds: tuple[Kind, ...] = tuple(KINDS) if target == "any" else (target,)
    if query.mode is not None or intent is None:
        mode: Mode = query.mode or "semantic"
    elif earlier is not None:
        mode = earlier.mode
    else:
        by_words = intent.words and query.weights.keyword and now.has_words
        mode = "hybrid" if by_words else "semantic"
    if mode == "keyword" and intent is not None and not intent.words:
        raise QueryError("the mode 'keyword' looks for words; give a text, or another mode")
    auxiliary = earlier.auxiliary if earlier else _auxiliary(query, intent, target, mode, now)
    ranked = (*kinds, *auxiliary)
    rules = earlier.rules if earlier else now.rules_for(query, intent, ranked)
    decided = now.collection.path.name, _said(query, intent), target, mode, auxiliary, rules.digest
    digest, asked_bytes = _digest(query, decided)
    if position is not None and position.query != digest:
        raise CursorError("the cursor belongs to another query; start again without one")
    if earlier is not None:
        return earlier
    snapshot = _snapshot(query, ranked, now, rules)
    if position is not None and not has_passed:
        check_fresh(position, snapshot)
    return Plan(
        query=query, intent=intent, target=target, kinds=kinds, mode=mode, auxiliary=auxiliary,
        snapshot=snapshot, digest=digest, rules=rules,
        curation=curated_records(now.collection, snapshot, query, kinds, rules),
        query_vectors=_query_vectors(query, intent, ranked, mode, snapshot),
        depth=position.depth if position else _depth(query, mode, ranked, snapshot, rules),
        asked_bytes=asked_bytes,
    )  # fmt: skip


def _digest(query: Query, decided: tuple[object, ...]) -> tuple[str, int]:
    """Return what tells a query's ranking from others, given what it comes to; and its length."""
    parts = [getattr(query, one.name) for one in fields(Query) if one.name not in _UNDECIDING]
    asked = repr((*decided, *parts)).encode()
    pictures = sum(len(one.image) for one in query.terms if isinstance(one.image, bytes))
    return hashlib.blake2b(asked, digest_size=8).hexdigest(), len(asked) + pictures


def check_fresh(position: Position, snapshot: Snapshot) -> None:
    """Refuse to go on over another state of the collection than a first page saw.

    Raises:
        StaleCursorError: It is another.
    """
    if snapshot.change != position.change or position.is_resumed:
        raise StaleCursorError(
            "the cursor is stale: the collection has changed since its first page, which is "
            "not kept any more; start again without it"
        )


def _auxiliary(
    query: Query, intent: QueryIntent | None, target: Target, mode: Mode, now: Now
) -> tuple[Kind, ...]:
    """Return the kinds that are ranked beside those looked at.

    Words that ask for pictures also ask what is written beside these, where nobody chose a target
    and most pictures have something written beside them: of few texts the best says little.
    """
    if query.target is not None or target != IMAGE or mode != "hybrid" or intent is None:
        return ()
    if not all(one.source == TEXT for one in intent.wanted) or not now.has_texts_beside:
        return ()
    return (TEXT,)


def _said(query: Query, intent: QueryIntent | None) -> list[object]:
    """Return what a digest knows of terms: what was asked, and not the vectors that this came to.

    Those of a text change with synonyms, and in their last bits with what is embedded beside it.
    """
    if intent is None:
        return []
    return [
        (one.text, _hash(one.image), one.record, _hash(one.vector), one.url, one.weight, one.region)
        for one in query.terms
    ]


def _hash(given: bytes | Path | Float32Array | None) -> object:
    if given is None or isinstance(given, Path):
        return given
    whole = given if isinstance(given, bytes) else given.tobytes()
    return hashlib.blake2b(whole, digest_size=16).digest()


def _snapshot(query: Query, ranked: tuple[Kind, ...], now: Now, rules: QueryRules) -> Snapshot:
    """Return the collection as of now, with the columns that a query filters and orders by."""
    fields = [facet.field for facet in query.facets] + [sort.field for sort in query.sort]
    fields += [query.group.field] if query.group else []
    fields += [field for boost in rules.boosts for field in boost.fields]
    if query.where is None and not fields:
        return now.snapshot(ranked)
    return now.collection.snapshot(ranked, where=query.where, fields=fields)


def _query_vectors(
    query: Query,
    intent: QueryIntent | None,
    ranked: tuple[Kind, ...],
    mode: Mode,
    snapshot: Snapshot,
) -> dict[Kind, QueryVector]:
    """Return how the parts of each kind that is ranked by vectors are scored."""
    if mode == "keyword" or intent is None or not intent.has_vectors:
        return {}
    is_only = mode == "semantic" and len(ranked) == 1
    kinds = [kind for kind in KINDS if kind in ranked and (is_only or query.weights.of(kind))]
    if not kinds and not (mode == "hybrid" and query.weights.keyword and intent.words):
        raise QueryError("the weights leave out every ranking; give one more than 0")
    return {
        kind: intent.query_vector(_NO_SAMPLE if intent.is_plain else _sample(snapshot, kind))
        for kind in kinds
    }


def _sample(snapshot: Snapshot, kind: Kind) -> Float32Array:
    """Return rows spread evenly over a kind, the same for the same parts."""
    vectors = snapshot.vectors(kind)
    ids = vectors.ids()
    if len(ids) > _SPREAD_SAMPLE:
        ids = ids[np.linspace(0, len(ids) - 1, _SPREAD_SAMPLE).astype(np.int64)]
    return vectors.rows(ids)[1]


def _depth(
    query: Query, mode: Mode, kinds: tuple[Kind, ...], snapshot: Snapshot, rules: QueryRules
) -> int:
    """Return how deep first rankings go; what is fused wholly, wholly where that is cheap."""
    if mode == "semantic" and len(kinds) == 1:
        least = BOOSTED_DEPTH if rules.boosts else _FIRST_DEPTH
        return max(least, query.limit + 1)
    total = sum(snapshot.count_parts(kind) for kind in kinds)
    full = total if total <= _FULL_FUSION_PARTS else _FUSION_DEPTH
    return max(_FIRST_DEPTH, full, query.limit + 1)

"""A query on its way through the rankings: what is asked, how it looks at parts, what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from binocle.collection.snapshot import Snapshot
from binocle.types import BoolArray, Int64Array, Kind
from search.keyword.bm25_ranker import KeywordRanking
from search.query.query import Mode, Query, Target
from search.query_vectors.query_vector import QueryIntent, QueryVector
from search.ranking.fusion import Fused
from search.relevance.score_model import ScoreModel


@dataclass(frozen=True, slots=True)
class QueryContext:
    """A query with all that is known before anything is ranked.

    Attributes:
        query: What was asked, with refinements worked in.
        intent: What its terms come to; None where there are none.
        target: Which parts are looked at.
        kinds: The same, as kinds.
        mode: Which rankings are made.
        snapshot: The collection as of the first page.
        digest: Of the query.
        depth: How deep the first rankings go; the first band of a fusion.
        auxiliary: Kinds that are ranked as well for what they say of records: where nobody chose
            what to look at, what is written beside pictures.
    """

    query: Query
    intent: QueryIntent | None
    target: Target
    kinds: tuple[Kind, ...]
    mode: Mode
    snapshot: Snapshot
    digest: str
    depth: int
    auxiliary: tuple[Kind, ...] = ()

    @property
    def exclude(self) -> frozenset[int]:
        """Return the records that are part of the question."""
        return self.intent.exclude if self.intent else frozenset()

    @property
    def ranked_kinds(self) -> tuple[Kind, ...]:
        """Return the kinds that are ranked by vectors."""
        if self.mode == "keyword" or self.intent is None or not self.intent.has_vectors:
            return ()
        if len(self.kinds) == 1 and self.mode == "semantic":
            return self.kinds
        every = (*self.kinds, *self.auxiliary)
        return tuple(kind for kind in every if getattr(self.query.weights, kind))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Records in an order.

    Attributes:
        fused: The records, and what each ranking says of them.
        exact: Whether exhaustive scans would give the same.
        is_complete: There are no more, however deep somebody looks.
        keywords: The ranking by words among them.
        no_match: Nothing fits.
        score_models: What cosines with each kind mean, with what words say taken in.
    """

    fused: Fused
    exact: bool
    is_complete: bool
    keywords: KeywordRanking | None = None
    no_match: bool = False
    score_models: Mapping[Kind, ScoreModel | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.fused.record_ids)

    def only(self, places: Int64Array | BoolArray) -> "Ranked":
        """Return some of the rows, in the order given."""
        return replace(self, fused=self.fused.only(places))


@dataclass(slots=True)
class KindScorer:
    """How one query looks at one kind of parts; made once for all its pages."""

    query_vector: QueryVector
    score_model: ScoreModel | None
    correction_depth: int

    @property
    def scores_are_cosines(self) -> bool:
        """Whether nothing is taken off the cosines."""
        return not self.correction_depth and not self.query_vector.repelled


@dataclass(slots=True)
class QueryScorers:
    """What a query's rankings are made with; made once for all its pages.

    Attributes:
        scorers: By kind.
    """

    scorers: dict[Kind, KindScorer] = field(default_factory=dict)

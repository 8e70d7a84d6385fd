"""From queries to answers: the order of the steps.

Queries that come together are answered together: their texts are embedded in one call, and those
without filter and cursor read the index in one pass. One that cannot be answered spoils no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.encoders.base import Encoder
from binocle.errors import BinocleError, CursorError, StaleCursorError
from binocle.media.kinds import KINDS
from binocle.types import Int64Array, Limits
from search.keyword.bm25_ranker import Keywords
from search.query.continuations import Continuations, Position
from search.query.query import Query
from search.query.refinement import refined
from search.query.spellings import checked_filter
from search.query.summary import summary_of
from search.query_vectors.query_pictures import QueryPictures
from search.query_vectors.term_encoder import TermEncoder
from search.ranking.begun_query import BegunQuery
from search.ranking.demands import Demands
from search.ranking.hits import HitBuilder, Page
from search.ranking.kept_lists import ResultLists
from search.ranking.now import Now
from search.ranking.query_plan import Plan, check_fresh, plan
from search.ranking.ranker import Ranker
from search.ranking.result_list import listing_of
from search.relevance.calibrator import Relevance
from search.results.answer import Answer
from search.results.outcomes import each
from search.results.reading import ReadPiece, reading_of
from search.rules.rules_book import RulesBook
from search.spelling.collection_spelling import Spelling


class Searcher:
    """Answers queries on one collection. Thread-safe.

    It keeps what pages and calibrations need, so there should be one for each open collection.

    Attributes:
        collection: What is searched.
        terms: Embeds the terms of queries, which ``search`` does where nobody has done it before.
        relevance: What the collection's scores mean.
    """

    def __init__(
        self,
        collection: Collection,
        load_encoder: Callable[[], Encoder],
        *,
        limits: Limits,
        pictures: QueryPictures | None = None,
        load_query_encoder: Callable[[], Encoder] | None = None,
    ) -> None:
        """Set up.

        Args:
            collection: What to search.
            load_encoder: Returns the collection's encoder, and keeps it; called only for a query
                with a text or a picture that is not embedded yet, and once for calibrating.
            limits: What a query's picture may cost.
            pictures: Reads those of queries; None where only those in queries themselves can be.
            load_query_encoder: Returns what embeds queries, if not ``load_encoder``.
        """
        self.collection = collection
        spelling = Spelling()
        self._rules = RulesBook(collection)
        self.terms = TermEncoder(
            collection,
            load_query_encoder or load_encoder,
            pictures or QueryPictures(collection, limits=limits),
            spelling,
            self._rules.wordings,
        )
        self.relevance = Relevance(collection, load_encoder)
        self._ranker = Ranker(collection, self.relevance, Keywords(spelling))
        self._hit_builder = HitBuilder(collection)
        self._listings = ResultLists()

    @cached_property
    def _continuations(self) -> Continuations:
        return Continuations(self.collection.path, self.collection.saved_queries)

    def prepare(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Do now what the first query would have to wait for: load indices, and calibrate.

        Args:
            is_stopped: Asked between steps of some milliseconds; True leaves the rest undone.

        Raises:
            ModelError, SpaceMismatchError: The encoder cannot be had, or does not fit.
        """
        if self.collection.space is not None:
            self.collection.snapshot(KINDS)
            self.relevance.prepare(is_stopped)

    def gave(self, earlier: str) -> bool:
        """Tell whether an answer of this collection has handed out a cursor, or a turn."""
        return self._continuations.gave(earlier)

    def search(self, query: Query) -> Answer:
        """Answer a query.

        Raises:
            QueryError: The query does not fit the collection.
            CursorError: The cursor is damaged or of another query, or stale: the collection has
                changed, and what it names is not kept any more.
            SavedQueryError: The earlier query is not known, or not any more.
            PictureError: A picture of the query cannot be read.
            UrlError: A picture cannot be fetched.
            NotFoundError: A record of the query is not there.
            ModelError, SpaceMismatchError: The encoder cannot be had, or does not fit.
        """
        return self.search_many([query])[0]

    def search_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer several queries.

        Raises:
            BinocleError: As for ``search``; of the first query that has one.
        """
        answers = []
        for outcome in self.outcomes(queries):
            if isinstance(outcome, BinocleError):
                raise outcome
            answers.append(outcome)
        return answers

    def outcomes(
        self,
        queries: Sequence[Query | BinocleError],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> list[Answer | BinocleError]:
        """Answer several queries, each with what it has found, or why it cannot be answered.

        Args:
            queries: Errors are passed on.
            is_stopped: Asked before each query's turn; True leaves those that are left unanswered,
                with a BusyError each.
        """
        asked = self.terms.embed(each(self._refined, queries))
        now = Now(self.collection, self._ranker.vectors.has_texts_beside, self._rules)
        begun = each(partial(self._begin, now), asked, is_stopped)
        self._look([one for one in begun if isinstance(one, BegunQuery) and one.listing is None])
        return self._answers(each(self._listed, begun, is_stopped))

    def _refined(self, query: Query) -> Query:
        if query.refine is None:
            return query
        return refined(query, self._continuations.get(query.refine.turn))

    def _begin(self, now: Now, query: Query) -> BegunQuery:
        """Decide what is to be ranked, or find the listing that a cursor names."""
        query = replace(query, where=checked_filter(self.collection, query.where))
        position = None
        if query.cursor is not None:
            position = self._continuations.position(query.cursor)
        listing = self._listings.get(position.listing) if position else None
        target = query.target or (position.target if position else now.default_target)
        passed, kinds = None, tuple(KINDS) if target == "any" else (target,)
        if position is not None and listing is None:
            passed = self._passed(query, position, now.snapshot(kinds))
        intent = self.terms.intent(query, target) if query.terms else None
        if intent is not None and intent.is_empty and query.mode != "keyword":
            intent, query = None, replace(query, terms=())  # the model reads nothing of it
        earlier = listing.plan if listing else None  # goes on, whatever has changed
        try:
            decided = plan(
                query, intent, now, target=target, position=position, earlier=earlier,
                has_passed=passed is not None,
            )  # fmt: skip
        except CursorError:
            if position is not None and passed is not None:
                check_fresh(position, now.snapshot(kinds))
            raise
        return BegunQuery(decided, query.limit, position, listing, passed)

    def _passed(self, query: Query, position: Position, snapshot: Snapshot) -> Int64Array | None:
        """Return what the pages before have shown, where they cannot be made anew.

        Raises:
            StaleCursorError: It has, and nobody knows that, or groups were shown.
        """
        try:
            check_fresh(position, snapshot)
        except StaleCursorError:
            passed = self._continuations.shown(position) if query.group is None else None
            if passed is None:
                raise
            return passed
        return None

    def _look(self, begun: Sequence[BegunQuery]) -> None:
        """Find how queries look at parts, and what is nearest to those that look at everything."""
        scorers = self._ranker.vectors.scorers([one.plan for one in begun])
        for one, own in zip(begun, scorers, strict=True):
            one.scorers = own
        for kind in KINDS:
            together: dict[int, list[BegunQuery]] = {}
            for one in begun:
                if kind in one.scorers and one.is_unlimited:
                    together.setdefault(one.first_depth, []).append(one)
            for depth, several in together.items():
                rows = np.stack([one.plan.query_vectors[kind].row for one in several])
                found = several[0].plan.snapshot.nearest(kind, rows, depth)
                for one, ranking in zip(several, found, strict=True):
                    one.nearest[kind] = ranking

    def _listed(self, one: BegunQuery) -> BegunQuery:
        """Make a query's listing, unless its cursor has found one."""
        if one.listing is not None:
            return one
        nearest = (one.first_depth, one.nearest) if one.nearest else None
        one.listing = listing_of(
            self.collection, self._ranker, one.plan, one.scorers, nearest, one.passed
        )
        return one

    def _answers(self, begun: Sequence[BegunQuery | BinocleError]) -> list[Answer | BinocleError]:
        """Return pages of listings; what begins one is kept, so that a later query refines it.

        What pages have shown is kept, too, so that others can go on.
        """
        going = [one for one in begun if isinstance(one, BegunQuery)]
        found = self._hit_builder.pages([(one.rows, one.place, one.wanted) for one in going])
        first: dict[int, Query] = {}
        shown: dict[str, Int64Array] = {}
        for one, page in zip(going, found, strict=True):
            if one.plan.intent is not None and one.position is None:
                first[id(one)] = replace(one.plan.query, terms=one.plan.intent.terms)
            if one.plan.query.group is None and one.goes_on_at(page.place):
                shown[one.rows.name] = one.rows.shown(page.place)
        kept = self._continuations.keep(list(first.values()), shown)
        turns, pages = dict(zip(first, kept, strict=True)), iter(found)
        return [
            self._answer(one, next(pages), turns.get(id(one)))
            if isinstance(one, BegunQuery)
            else one
            for one in begun
        ]

    def _answer(self, begun: BegunQuery, page: Page, turn: str | None) -> Answer:
        listing = begun.rows
        asked = listing.plan
        start = (begun.place, begun.position.last if begun.position else -1)

        def goes_on(count: int) -> str | None:
            place, last = page.ends[count - 1] if count else start
            if count == len(page.hits):  # records that have gone meanwhile are passed over
                place = page.place
            if not begun.goes_on_at(place):
                return None
            self._listings.keep(listing)
            return self._continuations.cursor(listing.position(place, last, page.place))

        rated = any(hit.relevance is not None for hit in page.hits)
        return Answer(
            hits=page.hits,
            target=asked.target,
            cursor=goes_on(len(page.hits)),
            goes_on=goes_on,
            exact=listing.is_exact,
            mode=asked.mode,
            no_match=listing.no_match,
            relevant=listing.counted.relevant,
            relevant_error=listing.counted.relevant_error,
            facets=listing.counted.facets,
            turn=turn,
            unrated=None if rated else self._ranker.vectors.why_unrated(asked, listing.scorers),
            looking_for=summary_of(asked.query, str(listing.demands or ""), asked.synonyms),
            reading=_reading(asked, listing.demands),
        )


def _reading(asked: Plan, demands: Demands | None) -> tuple[ReadPiece, ...]:
    words, spare = (demands.words, demands.spare) if demands else ((), 0)
    return reading_of(asked.query, words, spare, asked.synonyms)

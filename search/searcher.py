"""From a query to an answer: the order of the steps, and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Ranking, Snapshot
from binocle.encoders.base import Encoder
from binocle.errors import CursorError, StaleCursorError
from binocle.types import KINDS, Kind, Limits, Part
from search.keyword.bm25_ranker import Keywords
from search.keyword.collection_spelling import Spelling
from search.query import cursors
from search.query.cursors import Position
from search.query.query import RELEVANCE, Query, Sort, Target
from search.query.refinement import refined
from search.query.saved_queries import SavedQueries
from search.query.signing import Signer
from search.query.summary import summary_of
from search.query_vectors.query_vector import QueryIntent
from search.query_vectors.term_encoder import LoadPicture, TermReader
from search.ranking import query_plan
from search.ranking.hits import HitBuilder, Page
from search.ranking.query_plan import Now
from search.ranking.ranked_query import QueryContext, QueryScorers, Ranked
from search.ranking.ranker import Ranker, default_kinds
from search.ranking.result_list import Counted, ResultList, ResultLists
from search.relevance.calibrator import Relevance
from search.results.answer import Answer
from search.results.diversity import Arranger, gathered
from search.results.facets import count_facets, group_keys, sort_order


class Searcher:
    """Answers queries on one collection. Thread-safe.

    It keeps what pages and calibrations need, so there should be one for each open collection.
    """

    def __init__(
        self,
        collection: Collection,
        load_encoder: Callable[[], Encoder],
        *,
        limits: Limits,
        read_picture: Callable[[Part], bytes] | None = None,
        fetch: Callable[[str], bytes] | None = None,
        load_picture: LoadPicture | None = None,
    ) -> None:
        """Set up.

        Args:
            collection: What to search.
            load_encoder: Returns the collection's encoder; called only for a query with a text or
                a picture that is not embedded yet, and once for calibrating. It should keep what
                it has loaded.
            limits: What a query's picture may cost.
            read_picture: Returns the bytes of a stored picture, for regions of records. None
                where they cannot be had.
            fetch: Returns the bytes at a URL, see ``Fetcher.fetch``. None where URLs are not
                allowed.
            load_picture: Decodes a picture; None to do it in this process.
        """
        self.collection = collection
        spelling = Spelling()
        self._reader = TermReader(
            collection,
            load_encoder,
            limits=limits,
            read_picture=read_picture,
            fetch=fetch,
            load_picture=load_picture,
            spelling=spelling,
        )
        self.relevance = Relevance(collection, load_encoder)
        self._ranker = Ranker(collection, self.relevance, Keywords(spelling))
        self._hit_builder = HitBuilder(collection, self._ranker)
        self._listings = ResultLists()

    @cached_property
    def _signer(self) -> Signer:
        return Signer(self.collection.path)

    @cached_property
    def _saved_queries(self) -> SavedQueries:
        return SavedQueries(self.collection.saved_queries, self._signer)

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
        """Answer several queries, those without filter and cursor in one pass over the index.

        Raises:
            BinocleError: As for ``search``; of the first query that has one.
        """
        now = Now(self.collection, self._ranker)
        begun = [self._begin(query, now) for query in queries]
        self._look_many([one for one in begun if one.listing is None])
        return self._with_turns(begun, self._answers(begun))

    def corrected(self, texts: Sequence[str]) -> list[str]:
        """Return texts of queries with misspelt words as they were probably meant.

        For callers that embed texts themselves: what to embed; ``Term.corrected`` where it differs.

        Raises:
            QueryError: The collection is empty.
            ModelError, SpaceMismatchError: As for ``search``.
        """
        return self._reader.corrected(texts)

    def _begin(self, query: Query, now: Now) -> "_Begun":
        """Read the terms, and find the listing that a cursor names."""
        if query.refine is not None:
            query = refined(query, self._saved_queries.get(query.refine.turn))
        position = None
        if query.cursor is not None:
            position = cursors.decode(query.cursor, self._signer)
        listing = self._listings.get(position.listing) if position else None
        begun = listing.asked if listing else None  # what it decided on goes on, whatever changed
        target = query.target or (position.target if position else now.default_target)
        if position is not None and begun is None:
            _check_fresh(position, now.snapshot(default_kinds(target)))
        intent = self._intent(query, target)
        if intent is None and query.terms:  # nothing that the model can read is kept away from
            query = replace(query, terms=())
        mode = query.mode or (begun.mode if begun else query_plan.mode_of(query, intent, now))
        query_plan.check_mode(mode, intent)
        auxiliary = (
            begun.auxiliary
            if begun
            else query_plan.auxiliary_kinds(query, intent, target, mode, now)
        )
        digest = query_plan.digest_of(
            self.collection.path.name, query, intent, target, mode, auxiliary
        )
        if position is not None and position.query != digest:
            raise CursorError("the cursor belongs to another query; start again without one")
        if listing is not None:
            return _Begun(listing.asked, query.limit, position, listing)
        kinds = default_kinds(target)
        ranked, fields = (*kinds, *auxiliary), query_plan.fields_of(query)
        if query.where is not None or fields:
            snapshot = self.collection.snapshot(ranked, where=query.where, fields=fields)
        else:
            snapshot = now.snapshot(ranked)
        if position is not None:
            _check_fresh(position, snapshot)
        depth = (
            position.depth if position else query_plan.first_depth(query, mode, ranked, snapshot)
        )
        asked = QueryContext(query, intent, target, kinds, mode, snapshot, digest, depth, auxiliary)
        return _Begun(asked, query.limit, position)

    def _intent(self, query: Query, target: Target) -> QueryIntent | None:
        if not query.terms:
            return None
        intent = self._reader.read(query.terms, target, embed=query.mode != "keyword")
        return None if intent.is_empty and query.mode != "keyword" else intent

    def _look_many(self, begun: Sequence["_Begun"]) -> None:
        """Make the listings of queries; those that only ask what is nearest, together."""
        open_ended = [one for one in begun if not query_plan.wants_relevant_set(one.asked.query)]
        views = self._ranker.views([one.asked for one in open_ended])
        known = self._nearest_many(open_ended, views)
        for one, view, nearest in zip(open_ended, views, known, strict=True):
            query_plan.check_weights(one.asked, view)
            one.listing = self._opened(one.asked, view)
            if one.asked.query.facets:
                one.listing.counted = self._counted(one.asked, view)
            if nearest:
                depth = query_plan.page_depth(one.asked, view)
                one.listing.begin(self._ranker.ranked(one.asked, view, depth, nearest), depth)
        for one in begun:
            if one.listing is None:
                one.listing = self._over_relevant_set(one.asked)

    def _nearest_many(
        self, begun: Sequence["_Begun"], views: Sequence[QueryScorers]
    ) -> list[dict[Kind, Ranking]]:
        """Return what is nearest to each query that has no filter, in one pass over an index."""
        known: list[dict[Kind, Ranking]] = [{} for _ in begun]
        for kind in KINDS:
            together: dict[int, list[int]] = {}
            for number, (one, view) in enumerate(zip(begun, views, strict=True)):
                if kind in view.scorers and _is_unlimited(one):
                    together.setdefault(query_plan.page_depth(one.asked, view), []).append(number)
            for depth, numbers in together.items():
                rows = np.stack(
                    [views[number].scorers[kind].query_vector.row for number in numbers]
                )
                found = begun[numbers[0]].asked.snapshot.nearest(kind, rows, depth)
                for number, ranking in zip(numbers, found, strict=True):
                    known[number][kind] = ranking
        return known

    def _opened(self, asked: QueryContext, view: QueryScorers) -> ResultList:
        """Return a listing of what is nearest, deeper where somebody scrolls."""
        rank = partial(self._ranker.ranked, asked, view)
        return ResultList(asked, view, rank, self._arranger(asked))

    def _over_relevant_set(self, asked: QueryContext) -> ResultList:
        """Return a listing of what passes filter and cut, in the order asked for."""
        view = self._ranker.view(asked)
        query_plan.check_weights(asked, view)
        ranked, counted = self._relevant_set(asked, view)
        return ResultList(
            asked, view, lambda _: ranked, self._arranger(asked), counted, ranked.no_match
        )

    def _relevant_set(self, asked: QueryContext, view: QueryScorers) -> tuple[Ranked, Counted]:
        """Return the rows of a query that sorts, groups or cuts, and what was counted."""
        query, snapshot = asked.query, asked.snapshot
        ranked = self._ranker.relevant(asked, view, filtered=True)
        counted = Counted(len(ranked))
        if query.facets:
            counted = self._counted(asked, view, ranked if query.where is None else None)
        if query_plan.is_sorted(query):
            ids = ranked.fused.record_ids
            best_first = -np.arange(len(ids), dtype=np.float64)
            sorts = (*query.sort, Sort(RELEVANCE)) if asked.intent else query.sort
            ranked = ranked.only(sort_order(snapshot, ids, sorts, best_first))
        if query.group is None:
            return ranked, counted
        groups = gathered(group_keys(snapshot, ranked.fused.record_ids, query.group.field))
        return ranked.only(groups.heads), replace(counted, groups=groups, whole=ranked)

    def _counted(
        self, asked: QueryContext, view: QueryScorers, every: Ranked | None = None
    ) -> Counted:
        """Count facets over the relevant set; a facet's own filter does not shrink it."""
        query, snapshot = asked.query, asked.snapshot
        if every is None:
            every = self._ranker.relevant(asked, view, filtered=False)
        ids = every.fused.record_ids
        facets = count_facets(snapshot, query.facets, ids, query.where)
        passing = snapshot.mask(query.where)
        return Counted(int(passing[ids[ids < len(passing)]].sum()), facets)

    def _arranger(self, asked: QueryContext) -> Arranger | None:
        """Return what makes rows differ; None where nobody asked."""
        diversity = 0.0 if query_plan.is_sorted(asked.query) else asked.query.diversity
        if not diversity and not asked.query.collapse:
            return None
        dedup_features_of = partial(self._ranker.dedup_features_of, asked)
        return Arranger(dedup_features_of, diversity=diversity, collapse=asked.query.collapse)

    def _answers(self, begun: Sequence["_Begun"]) -> list[Answer]:
        """Return the pages of listings."""
        listings = [one.listing for one in begun if one.listing is not None]
        wanted = [
            (listing, _place(listing, one.position), one.limit)
            for one, listing in zip(begun, listings, strict=True)
        ]
        return [
            self._answer(listing, one, page)
            for one, listing, page in zip(
                begun, listings, self._hit_builder.pages(wanted), strict=True
            )
        ]

    def _answer(self, listing: ResultList, begun: "_Begun", page: Page) -> Answer:
        asked, cursor = listing.asked, None
        if listing.has(page.place):
            self._listings.keep(listing)
            last = page.last
            if last < 0 and begun.position is not None:
                last = begun.position.last
            position = Position(
                listing.name, page.place, last, asked.snapshot.change, asked.target,
                asked.depth, asked.digest,
            )  # fmt: skip
            cursor = cursors.encode(position, self._signer)
        rated = any(hit.relevance is not None for hit in page.hits)
        return Answer(
            page.hits,
            asked.target,
            cursor,
            listing.is_exact,
            asked.mode,
            listing.no_match,
            listing.counted.relevant,
            listing.counted.facets,
            unrated=None if rated else self._ranker.why_unrated(asked, listing.view),
            looking_for=summary_of(_as_read(asked)),
        )

    def _with_turns(self, begun: Sequence["_Begun"], answers: Sequence[Answer]) -> list[Answer]:
        """Name the queries that a later one may refine: those that were answered from the start."""
        kept = {}
        for number, one in enumerate(begun):
            intent = one.asked.intent
            if intent is not None and one.position is None:
                kept[number] = replace(one.asked.query, terms=intent.terms)
        names = dict(zip(kept, self._saved_queries.keep(list(kept.values())), strict=True))
        return [replace(answer, turn=names.get(number)) for number, answer in enumerate(answers)]


@dataclass(slots=True)
class _Begun:
    """A query on its way: what is asked, where to go on, and the rows once there are any."""

    asked: QueryContext
    limit: int
    position: Position | None = None
    listing: ResultList | None = None


def _as_read(asked: QueryContext) -> Query:
    """Return a query with what its texts were read as."""
    if asked.intent is None:
        return asked.query
    pairs = zip(asked.query.terms, asked.intent.terms, strict=True)
    return replace(
        asked.query, terms=tuple(replace(one, corrected=read.corrected) for one, read in pairs)
    )


def _check_fresh(position: Position, snapshot: Snapshot) -> None:
    """Refuse to go on over another state of the collection than a first page saw."""
    if snapshot.change != position.change:
        raise StaleCursorError(
            "the cursor is stale: the collection has changed since its first page, which is "
            "not kept any more; start again without it"
        )


def _place(listing: ResultList, position: Position | None) -> int:
    """Return where a page begins."""
    if position is None:
        return 0
    if listing.name == position.listing:
        return position.place
    return listing.place_behind(position.last, position.place)  # it was made anew


def _is_unlimited(one: _Begun) -> bool:
    """Tell whether a query looks at everything there is, from the start."""
    query = one.asked.query
    limited = query.where is not None or query.exact or one.asked.exclude
    return not limited and one.position is None

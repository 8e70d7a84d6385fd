"""Searches that arrive together are answered together, each in one go from its body to its JSON."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from api.http.mapping.hit_members import search_json, with_times
from api.http.mapping.queries import SearchRequest
from api.http.mapping.recent_answers import RecentAnswer, RecentAnswers
from api.http.runtime.log_lines import note
from api.http.runtime.metrics import Stopwatch
from api.http.runtime.thread_pool import IS_WANTED, BoundedThreadPool
from api.http.runtime.work_queues import Batcher
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from search.across.merging import own_query
from search.query.query import Query
from search.query.warnings import query_doubts
from search.results.answer import Answer
from search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Found:
    """What one of several collections has found.

    Attributes:
        answer: To its own query, see ``own_query``.
        query: What all were asked together, as this collection reads it.
        collection: Which.
        request: The search as it came.
        warnings: What to tell of the query.
    """

    answer: Answer
    query: Query
    collection: Collection
    request: SearchRequest
    warnings: list[str]


Outcome = str | Found | BinocleError


@dataclass(frozen=True, slots=True)
class QueuedSearch:
    """A search that waits for others.

    Attributes:
        collection: What is searched.
        request: The search as it came.
        watch: Times it.
        query: What it asks for, where its pictures had to be embedded first, or why they cannot be.
        is_shared: Whether other collections answer it, too: it is not written then.
    """

    collection: Collection
    request: SearchRequest
    watch: Stopwatch
    query: Query | BinocleError | None = None
    is_shared: bool = False


class SearchQueue:
    """Answers searches in threads."""

    def __init__(
        self,
        searcher_of: Callable[[Collection], Searcher],
        pictures: BoundedThreadPool[list[QueuedSearch]],
        make_batcher: Callable[
            [Callable[[Sequence[QueuedSearch]], list[Outcome]]], Batcher[QueuedSearch, Outcome]
        ],
        *,
        began_in: Callable[[Collection, SearchRequest], Awaitable[Collection]],
        note_query: Callable[[Collection, str, int], None] | None,
    ) -> None:
        """Set up.

        Args:
            searcher_of: Returns a collection's searcher.
            pictures: Threads that fetch, decode and embed pictures.
            make_batcher: Returns what gathers searches for a function that answers them.
            began_in: Returns where the earlier search was answered that one goes on from; see
                ``Service.began_in``.
            note_query: Told the words of each search that had an answer, and how many records are
                relevant; the access log then has the words of all. None where nobody may know them.
        """
        self._searcher_of, self._pictures = searcher_of, pictures
        self._batcher = make_batcher(self._answer_all)
        self._began_in, self._note_query = began_in, note_query
        self._recent = RecentAnswers()

    async def answers(
        self, collection: Collection, requests: Sequence[SearchRequest], watch: Stopwatch
    ) -> list[str | BinocleError]:
        """Answer searches, each with its ``SearchOut`` as JSON, or why it cannot be answered.

        Raises:
            ServiceError: 503, too much waits already.
        """
        found = await self._outcomes([(collection, one) for one in requests], watch)
        return [one for one in found if not isinstance(one, Found)]

    async def found(
        self, searches: Sequence[tuple[Collection, SearchRequest]], watch: Stopwatch
    ) -> list[Found | BinocleError]:
        """Return what several collections have found for one search, or why they have not.

        Raises:
            ServiceError: 503, too much waits already.
        """
        found = await self._outcomes(searches, watch, is_shared=True)
        return [one for one in found if not isinstance(one, str)]

    async def _outcomes(
        self,
        asked: Sequence[tuple[Collection, SearchRequest]],
        watch: Stopwatch,
        *,
        is_shared: bool = False,
    ) -> list[Outcome]:
        if self._note_query is not None:
            note(query="; ".join(dict.fromkeys(request.words for _, request in asked)))
        searches = [
            QueuedSearch(await self._began_in(*one), one[1], watch, is_shared=is_shared)
            for one in asked
        ]
        if any(one.request.has_pictures for one in searches):
            searches = await self._pictures.run(self._with_pictures, searches)
        return await self._batcher.submit(searches)

    async def answer(self, collection: Collection, request: SearchRequest, watch: Stopwatch) -> str:
        """Answer a search with its ``SearchOut`` as JSON.

        Raises:
            BinocleError: It cannot be answered.
        """
        (found,) = await self.answers(collection, [request], watch)
        if isinstance(found, BinocleError):
            raise found
        return found

    async def close(self) -> None:
        """Stop; what waits is cancelled."""
        await self._batcher.close()

    def _with_pictures(self, searches: Sequence[QueuedSearch]) -> list[QueuedSearch]:
        """Return searches, those with pictures embedded: others need not wait for that."""
        done: dict[int, QueuedSearch] = {}
        having = [one for one in searches if one.request.has_pictures]
        for collection, own in _by_collection(having):
            read = [one.request.query(collection) for one in own]
            embedded = self._searcher_of(collection).terms.embed(read, own[0].watch.stage)
            for one, query in zip(own, embedded, strict=True):
                done[id(one)] = replace(one, query=query)
        return [done.get(id(one), one) for one in searches]

    def _answer_all(self, searches: Sequence[QueuedSearch]) -> list[Outcome]:
        found: dict[int, Outcome] = {}
        for collection, own in _by_collection(searches):
            found |= zip(map(id, own), self._answer(collection, own), strict=True)
        return [found[id(one)] for one in searches]

    def _answer(self, collection: Collection, searches: Sequence[QueuedSearch]) -> list[Outcome]:
        """Answer searches of one collection, those that had an answer lately with that."""
        state = self._recent.state(collection)
        found: dict[int, RecentAnswer | Found | BinocleError] = {}
        for one in searches:
            recent = None if one.is_shared else self._recent.get(state, one.request)
            if recent is not None:
                found[id(one)] = recent
        new = [one for one in searches if id(one) not in found]
        for one, outcome in zip(new, self._answer_new(collection, new), strict=True):
            found[id(one)] = outcome
            if isinstance(outcome, RecentAnswer):
                self._recent.put(state, one.request, outcome)
        return [self._told(one, found[id(one)]) for one in searches]

    def _told(self, search: QueuedSearch, found: RecentAnswer | Found | BinocleError) -> Outcome:
        if isinstance(found, BinocleError):
            return found
        relevant = found.relevant if isinstance(found, RecentAnswer) else _relevant(found.answer)
        if self._note_query is not None and search.request.words and relevant:
            self._note_query(search.collection, search.request.words, relevant)
        return found if isinstance(found, Found) else with_times(found.text, search.watch.result())

    def _answer_new(
        self, collection: Collection, searches: Sequence[QueuedSearch]
    ) -> list[RecentAnswer | Found | BinocleError]:
        """Answer searches of one collection: read, embed, search, and write what was found."""
        if not searches:
            return []
        searcher = self._searcher_of(collection)
        queries = [one.query or one.request.query(collection) for one in searches]
        waiting = [
            one.watch
            for one, query in zip(searches, queries, strict=True)
            if isinstance(query, Query) and any(term.is_unembedded for term in query.terms)
        ]
        if waiting:
            queries = searcher.terms.embed(queries, partial(_stage, waiting))
        with _stage([one.watch for one in searches], "search"):
            is_wanted = IS_WANTED.get(lambda: True)
            own = [
                _own_query(query) if one.is_shared else query
                for one, query in zip(searches, queries, strict=True)
            ]
            outcomes = searcher.outcomes(own, lambda: not is_wanted())
        return [
            _outcome(one, query, outcome)
            for one, query, outcome in zip(searches, queries, outcomes, strict=True)
        ]


def _relevant(answer: Answer) -> int:
    return 0 if answer.no_match else answer.relevant or len(answer.hits)


def _by_collection(
    searches: Sequence[QueuedSearch],
) -> Iterator[tuple[Collection, list[QueuedSearch]]]:
    for collection in {id(one.collection): one.collection for one in searches}.values():
        yield collection, [one for one in searches if one.collection is collection]


@contextmanager
def _stage(watches: Sequence[Stopwatch], name: str) -> Iterator[None]:
    """Time a stage that requests go through together."""
    with ExitStack() as stack:
        for watch in dict.fromkeys(watches):
            stack.enter_context(watch.stage(name))
        yield


def _own_query(query: Query | BinocleError) -> Query | BinocleError:
    try:
        return query if isinstance(query, BinocleError) else own_query(query, query.cursor)
    except BinocleError as error:
        return error


def _outcome(
    search: QueuedSearch, query: Query | BinocleError, outcome: Answer | BinocleError
) -> RecentAnswer | Found | BinocleError:
    if isinstance(outcome, BinocleError):
        return search.request.placed(outcome)
    assert isinstance(query, Query)
    warnings: list[str] = []
    if query.where or query.sort or query.facets or query.group:
        warnings = query_doubts(search.collection, query)
    if search.is_shared:
        return Found(outcome, query, search.collection, search.request, warnings)
    members, name = search.request.members, search.request.collection
    text = search_json(outcome, search.collection, warnings, members, name=name)
    return RecentAnswer(text, _relevant(outcome))

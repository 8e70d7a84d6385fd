"""One search over several collections, opened one after the other."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from api.container import Container
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, UsageError
from search.across.cursors import AcrossPosition
from search.across.hit_order import alikeness_of
from search.across.merged_groups import group_query, groups_wanted
from search.across.merging import MAX_COLLECTIONS, MergedAnswer, merged, own_query
from search.across.turns import AcrossTurn
from search.query.query import Query
from search.results.answer import Answer


@dataclass(frozen=True, slots=True)
class AcrossAnswer:
    """What several collections answered.

    Attributes:
        merged: Their answers as one.
        query: As the first of them has read it.
        answers: What each answered, by name.
        errors: Why others did not.
    """

    merged: MergedAnswer
    query: Query
    answers: Mapping[str, Answer]
    errors: Mapping[str, BinocleError]

    @property
    def turn(self) -> str | None:
        """What a refinement goes on from; None where there is none."""
        turns = {name: one.turn for name, one in self.answers.items()}
        found = AcrossTurn.of_query(self.query, turns)
        return None if found is None else found.as_text()


def search_across(
    container: Container,
    names: Sequence[str],
    query_for: Callable[[Collection], Query],
) -> AcrossAnswer:
    """Search several collections; one that cannot answer costs only itself.

    Args:
        container: Has them.
        names: Theirs, or of aliases.
        query_for: Returns what a collection is asked, as it reads it, with the cursor of all.

    Raises:
        UsageError: They are too many, or two of them are the same one.
        CursorError, SavedQueryError: The cursor or the turn is none, or of other collections.
        BinocleError: None of them can answer; the error of the first.
    """
    _check(container, names)
    asking = _CollectionsAsked(container, names)
    for name in names:
        try:
            with container.open_collection(name) as collection:
                query = query_for(collection)
        except BinocleError as error:
            asking.errors[name] = error
            continue
        asking.ask(name, query)
    return asking.answered()


class _CollectionsAsked:
    """A search over several collections, while they are asked one after the other."""

    def __init__(self, container: Container, names: Sequence[str]) -> None:
        self._container, self._names = container, names
        self.errors: dict[str, BinocleError] = {}
        self._answers: dict[str, Answer] = {}
        self._queries: dict[str, Query] = {}
        self._together: list[Query] = []
        self._position: AcrossPosition | None = None
        self._open = ExitStack()
        self._collections: dict[str, Collection] = {}

    def ask(self, name: str, query: Query) -> None:
        """Ask one collection.

        Raises:
            CursorError, SavedQueryError: The cursor or the turn is none, or of others.
        """
        turn = None
        if query.refine is not None:
            turn = AcrossTurn.of(query.refine.turn, self._names)
            query = turn.taken_over(query)
        if query.cursor is not None:
            self._position = AcrossPosition.of(query.cursor, self._names)
            if name not in self._position.cursors:
                return
        try:
            own = own_query(query, self._position.cursors[name] if self._position else None)
            if turn is not None and own.refine is not None:
                own = replace(own, refine=replace(own.refine, turn=turn.own(name)))
            earlier = own.cursor or (own.refine.turn if own.refine else None)
            began = self._container.began_in(name, earlier)
            collection = self._open.enter_context(self._container.open_collection(began))
            self._answers[name] = self._container.searcher(collection).search(own)
        except BinocleError as error:
            self.errors[name] = error
        else:
            self._queries[name], self._collections[name] = own, collection
            self._together.append(query)

    def answered(self) -> AcrossAnswer:
        """Return what all have answered together.

        Raises:
            BinocleError: None has; the error of the first.
        """
        with self._open:
            if not self._answers:
                raise next(iter(self.errors.values()))
            query, position, answers = self._together[0], self._position, self._answers
            failed = [name for name in self.errors if position and name in position.cursors]
            alikeness = alikeness_of(query, answers, self._collections)
            found = merged(query, answers, position=position, failed=failed, alikeness=alikeness)
            groups = {}
            for name, (clause, count) in groups_wanted(query, found.hits, list(answers)).items():
                searcher = self._container.searcher(self._collections[name])
                groups[name] = searcher.search(group_query(self._queries[name], clause, count))
        return AcrossAnswer(found.with_groups(query, groups), query, answers, self.errors)


def _check(container: Container, names: Sequence[str]) -> None:
    if not 1 <= len(names) <= MAX_COLLECTIONS:
        raise UsageError(
            f"{len(names)} collections are more than one search takes; name at most "
            f"{MAX_COLLECTIONS}"
        )
    known: dict[str, str] = {}
    resolved = container.aliases.resolved(names)
    for name in names:
        own = container.own_path(resolved.get(name, name)).name
        if own in known:
            raise UsageError(f"{name!r} is the same collection as {known[own]!r}; name each once")
        known[own] = name

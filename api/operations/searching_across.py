"""One search over several collections, opened one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from api.container import Container
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, UsageError
from search.across.cursors import AcrossPosition
from search.across.merging import MAX_COLLECTIONS, MergedAnswer, merged, own_query
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
        CursorError: The cursor is none, or of other collections.
        BinocleError: None of them can answer; the error of the first.
    """
    _check(container, names)
    answers: dict[str, Answer] = {}
    errors: dict[str, BinocleError] = {}
    queries: list[Query] = []
    position: AcrossPosition | None = None
    for name in names:
        try:
            with container.open_collection(name) as collection:
                query = query_for(collection)
        except BinocleError as error:
            errors[name] = error
            continue
        if query.cursor is not None:
            position = AcrossPosition.of(query.cursor, names)
            if name not in position.cursors:
                continue
        own = own_query(query, position.cursors[name] if position else None)
        try:
            began = container.began_in(name, own.cursor)
            with container.open_collection(began) as collection:
                answers[name] = container.searcher(collection).search(own)
        except BinocleError as error:
            errors[name] = error
        else:
            queries.append(query)
    if not answers:
        raise next(iter(errors.values()))
    failed = [name for name in errors if position is not None and name in position.cursors]
    found = merged(queries[0], answers, position=position, failed=failed)
    return AcrossAnswer(found, queries[0], answers, errors)


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

"""Ranking rules: a draft, publishing it, going back, and trying what it changes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from binocle.catalog.stored_rules import StoredRules
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, NotFoundError, RulesError
from search.query.natural_language import parse_first
from search.query.query import Query, RulesInUse
from search.query.stored_words import stored_words
from search.query.warnings import doubts, price_field
from search.results.answer import Answer
from search.rules.ranking_rules import MAX_TRIED, VERSIONS_KEPT, RankingRules
from search.rules.rules_book import DRAFT
from search.rules.rules_document import parse_rules, read_rules
from search.searcher import Searcher

Check = Callable[[StoredRules | None], None]
EMPTY: Mapping[str, list[Any]] = {"synonyms": [], "curations": [], "boosts": []}
_MOST_DOUBTS = 20
_AT_ONCE = 50


def live_rules(collection: Collection) -> StoredRules | None:
    """Return the rules that searches go by; None where none were ever published."""
    with collection.reading() as session:
        newest = session.rules.newest()
        return session.rules.get(newest) if newest else None


def rules_of(collection: Collection, version: int) -> StoredRules:
    """Return a version of the rules, or the draft under the number 0.

    Raises:
        NotFoundError: There is none, or not any more.
    """
    with collection.reading() as session:
        found = session.rules.get(version)
    if found is None:
        raise _not_there(collection, version)
    return found


def rules_versions(collection: Collection) -> list[StoredRules]:
    """Return the versions that are kept, newest first."""
    with collection.reading() as session:
        return session.rules.versions()


def has_draft(collection: Collection) -> bool:
    """Tell whether there is a draft."""
    with collection.reading() as session:
        return session.rules.get(DRAFT) is not None


def put_draft(
    collection: Collection, document: str | bytes | Mapping[str, Any], check: Check = lambda _: None
) -> StoredRules:
    """Keep rules as the draft, in the place of the one before.

    Args:
        collection: Whose.
        document: As JSON, as text or read already.
        check: Given the draft there is; what it raises keeps that one.

    Raises:
        RulesError: They cannot be understood; the draft is as before.
    """
    if isinstance(document, str | bytes):
        read_rules(document)
        document = json.loads(document)
    else:
        parse_rules(document)
    text = json.dumps({**EMPTY, **document}, ensure_ascii=False)  # type: ignore[dict-item]
    read_rules(text)  # within the limit of bytes too
    with collection.writing() as session:
        check(session.rules.get(DRAFT))
        return session.rules.put_draft(text)


def remove_draft(collection: Collection, check: Check = lambda _: None) -> None:
    """Forget the draft, if there is one."""
    with collection.writing() as session:
        check(session.rules.get(DRAFT))
        session.rules.remove_draft()


def publish_draft(
    collection: Collection, note: str = "", check: Check = lambda _: None
) -> StoredRules:
    """Make the draft what searches go by from the next one on; it is no draft any more.

    Raises:
        NotFoundError: There is no draft.
        RulesError: It is damaged.
    """
    with collection.writing() as session:
        draft = session.rules.get(DRAFT)
        if draft is None:
            raise _not_there(collection, DRAFT)
        check(draft)
        _usable(draft)
        session.rules.remove_draft()
        return session.rules.publish(draft.document, note, most=VERSIONS_KEPT)


def go_back(collection: Collection, version: int, note: str = "") -> StoredRules:
    """Publish what an earlier version says once more, as a new version; a draft stays.

    Raises:
        NotFoundError: It is not kept any more, or never was.
        RulesError: It is damaged.
    """
    with collection.writing() as session:
        earlier = session.rules.get(version) if version > DRAFT else None
        if earlier is None:
            raise _not_there(collection, version)
        _usable(earlier)
        said = note or f"as version {version}"
        return session.rules.publish(earlier.document, said, most=VERSIONS_KEPT)


def rules_doubts(collection: Collection, rules: RankingRules) -> list[str]:
    """Return a line for what in rules has no effect.

    That are records and fields that are not there, and fields of another type than a boost needs.
    """
    found: list[str] = []
    with collection.reading() as session:
        there, types = set(session.fields.names()), session.fields.types()
        for one in rules.curations:
            named = [*(pin.id for pin in one.pins), *one.hide]
            known = session.records.numbers_of(named)
            found += [
                f"{one.name!r} names the record {record_id!r}, which is not there"
                for record_id in named
                if record_id not in known
            ]
            if len(found) >= _MOST_DOUBTS:
                break
    for boost in rules.boosts:
        lacking = [field for field in boost.fields if field not in there]
        found += [f"the boost {boost.name!r}: no record has the field {one!r}" for one in lacking]
        found += [
            f"the boost {boost.name!r} needs {needed}s, and the field {field!r} is "
            f"{types[field][0]}; what it has of them counts, the rest has the value 0"
            for needed, fields in (("number", boost.numbers), ("date", boost.dates))
            for field in fields
            if field in there and types[field][0] != needed
        ]
        if boost.where is not None:
            found += [f"the boost {boost.name!r}: {one}" for one in doubts(collection, boost.where)]
    return found[:_MOST_DOUBTS]


@dataclass(frozen=True, slots=True)
class MovedHit:
    """A hit whose place is another one.

    Attributes:
        id: Of the record.
        before: Its place by the live rules, from 1; None where it is not among the first.
        after: The same by the draft.
    """

    id: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class TriedQuery:
    """What a draft changes for one query.

    Attributes:
        query: As it was typed.
        before: The first hits by the live rules.
        after: The same by the draft.
        relevant_before: How many records are relevant by the live rules; None where nobody knows.
        relevant_after: The same by the draft.
        looking_for: How the draft reads the query.
        error: Why it cannot be answered.
    """

    query: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    relevant_before: int | None = None
    relevant_after: int | None = None
    looking_for: str = ""
    error: BinocleError | None = None

    @property
    def moves(self) -> tuple[MovedHit, ...]:
        """The hits that come in, go out or move, in the order of the draft, then what goes."""
        before, after = ({one: at for at, one in enumerate(ids, 1)} for ids in self._both)
        moved = (MovedHit(one, before.get(one), after.get(one)) for one in {**after, **before})
        return tuple(one for one in moved if one.before != one.after)

    @property
    def _both(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.before, self.after


def try_draft(searcher: Searcher, queries: Sequence[str], *, limit: int) -> list[TriedQuery]:
    """Answer queries by the live rules and by the draft; one that has no answer costs itself.

    Args:
        searcher: Of the collection.
        queries: What people type.
        limit: How many hits are held against each other.

    Raises:
        NotFoundError: There is no draft.
        RulesError: It is damaged, or there are too many queries.
    """
    if not queries:
        raise RulesError("there are no queries to try the draft on; give some")
    if len(queries) > MAX_TRIED:
        raise RulesError(
            f"{len(queries):,} queries are more than {MAX_TRIED:,} that are tried at once; try "
            "those first that are asked most"
        )
    _usable(rules_of(searcher.collection, DRAFT))
    tried: list[TriedQuery] = []
    for start in range(0, len(queries), _AT_ONCE):
        some = queries[start : start + _AT_ONCE]
        asked = [_asked(searcher.collection, one, limit) for one in some]
        live, draft = (_answers(searcher, asked, rules) for rules in ("live", "draft"))
        tried += map(_tried, some, live, draft)
    return tried


def _asked(collection: Collection, typed: str, limit: int) -> Query | BinocleError:
    try:
        phrase = parse_first(typed, partial(price_field, collection), stored_words(collection))
        return Query(phrase.terms, where=phrase.where, sort=phrase.sort, limit=limit)
    except BinocleError as error:
        return error


def _answers(
    searcher: Searcher, asked: Sequence[Query | BinocleError], rules: RulesInUse
) -> list[Answer | BinocleError]:
    return searcher.outcomes(
        [replace(one, rules=rules) if isinstance(one, Query) else one for one in asked]
    )


def _tried(typed: str, live: Answer | BinocleError, draft: Answer | BinocleError) -> TriedQuery:
    if isinstance(live, BinocleError):
        return TriedQuery(typed, error=live)
    if isinstance(draft, BinocleError):
        return TriedQuery(typed, error=draft)
    before, after = (tuple(hit.record.id for hit in one.hits) for one in (live, draft))
    return TriedQuery(typed, before, after, live.relevant, draft.relevant, draft.looking_for)


def _usable(stored: StoredRules) -> None:
    if not stored.is_whole:
        what = f"version {stored.version}" if stored.version else "the draft"
        raise RulesError(f"{what} of the rules is damaged: it is not what was stored; put a draft")


def _not_there(collection: Collection, version: int) -> NotFoundError:
    name = collection.path.name
    if version == DRAFT:
        return NotFoundError(
            f"the collection {name!r} has no draft of ranking rules; 'binocle rules set' or PUT "
            "…/rules/draft puts one"
        )
    return NotFoundError(
        f"the collection {name!r} has no version {version} of ranking rules; the last "
        f"{VERSIONS_KEPT} are kept"
    )

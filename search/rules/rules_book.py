"""The rules of one collection as searches use them: read once, until somebody publishes others."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from binocle.catalog.stored_rules import StoredRules
from binocle.collection.collection import Collection
from binocle.errors import FilterError, QueryError, RulesError, UsageError
from search.query.query import Query, RulesInUse
from search.query.spellings import checked_filter
from search.rules.other_wordings import other_wordings
from search.rules.ranking_rules import NO_RULES, RankingRules
from search.rules.rules_document import read_rules

_log = logging.getLogger(__name__)
DRAFT = 0  # the version of a draft


class RulesBook:
    """Reads the rules of a collection. Thread-safe.

    Rules that are damaged hold no more, and cost no search: the log says so, and ``binocle
    doctor``.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._live: tuple[int, RankingRules] = -1, NO_RULES  # as of which change
        self._kept: dict[int, tuple[str, RankingRules]] = {}  # by version, with the digest

    def rules(self, which: RulesInUse, change: int) -> RankingRules:
        """Return the published rules, those of the draft, or none.

        Args:
            which: Of these.
            change: The collection's change number; publishing is a change.

        Raises:
            QueryError: There is no draft.
        """
        if which == "none":
            return NO_RULES
        if which == "live" and self._live[0] == change:
            return self._live[1]
        with self._collection.reading() as session:
            version = session.rules.newest() if which == "live" else DRAFT
            is_there = which == "draft" or version != DRAFT
            stored = session.rules.get(version) if is_there else None
        if which == "draft":
            return self._meant(self._draft(stored))
        found = NO_RULES if stored is None else self._meant(self._live_of(stored))
        self._live = change, found
        return found

    def wordings(self, texts: Sequence[tuple[Query, str]]) -> list[tuple[str, ...]]:
        """Return what texts of queries mean as well, by the rules of these; mostly nothing.

        The rules are read once for all of them.
        """
        with self._collection.reading() as session:
            change = session.history.change()
        used = {query.rules for query, _ in texts}
        rules = {which: self._rules_if_there(which, change) for which in used}
        return [
            other_wordings(text, rules[query.rules].synonyms_for(query.language))
            for query, text in texts
        ]

    def _rules_if_there(self, which: RulesInUse, change: int) -> RankingRules:
        try:
            return self.rules(which, change)
        except UsageError:  # there is no such draft, which the search itself will tell
            return NO_RULES

    def _meant(self, rules: RankingRules) -> RankingRules:
        """Return rules with their filters as searches read them; one that cannot be, as it is."""
        boosts = list(rules.boosts)
        for number, boost in enumerate(boosts):
            with suppress(FilterError):
                where = checked_filter(self._collection, boost.where)
                boosts[number] = replace(boost, where=where)
        return replace(rules, boosts=tuple(boosts)) if boosts else rules

    def _draft(self, stored: StoredRules | None) -> RankingRules:
        if stored is None:
            raise QueryError(
                f"the collection {self._collection.path.name!r} has no draft of ranking rules; "
                "put one, or search with the live ones"
            )
        return self._of(stored)

    def _live_of(self, stored: StoredRules) -> RankingRules:
        try:
            return self._of(stored)
        except RulesError as error:
            name = self._collection.path.name
            said = (
                "version %d of the ranking rules of %s cannot be used, so searches go without: %s"
            )
            _log.error(said, stored.version, name, error)
            return NO_RULES

    def _of(self, stored: StoredRules) -> RankingRules:
        """Return what stored rules say.

        Raises:
            RulesError: They are damaged.
        """
        with self._lock:
            known = self._kept.get(stored.version)
            if known is not None and known[0] == stored.sha256:
                return known[1]
        if not stored.is_whole:
            raise RulesError("the rules are not what was stored; publish them again")
        rules = replace(read_rules(stored.document), digest=stored.sha256)
        with self._lock:
            is_draft = stored.version == DRAFT  # one of each is kept
            self._kept = {key: one for key, one in self._kept.items() if (key == DRAFT) != is_draft}
            self._kept[stored.version] = stored.sha256, rules
        return rules

"""What queries that are answered together see of a collection."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.media.kinds import KINDS, TEXT
from binocle.types import Kind, Target
from search.query.query import Query, RulesInUse
from search.query_vectors.query_vector import QueryIntent
from search.rules.query_rules import QueryRules, rules_for
from search.rules.ranking_rules import RankingRules
from search.rules.rules_book import RulesBook


class Now:
    """What queries that are answered together see of a collection; each thing is asked once."""

    def __init__(
        self,
        collection: Collection,
        find_texts_beside: Callable[[Snapshot], bool],
        rules: RulesBook | None = None,
    ) -> None:
        """Set up.

        Args:
            collection: What is searched.
            find_texts_beside: Tells whether most records with pictures have texts, too.
            rules: Of the collection, where somebody keeps them.
        """
        self.collection = collection
        self._find_texts_beside = find_texts_beside
        self._rules = rules or RulesBook(collection)
        self._snapshots: dict[tuple[Kind, ...], Snapshot] = {}
        self._read: dict[tuple[RulesInUse, int], RankingRules] = {}

    def snapshot(self, kinds: tuple[Kind, ...]) -> Snapshot:
        """Return the collection as of now, for searches of these kinds."""
        if kinds not in self._snapshots:
            seen = (one for one in self._snapshots.values() if one.has(kinds))
            self._snapshots[kinds] = next(seen, None) or self.collection.snapshot(kinds)
        return self._snapshots[kinds]

    def rules_for(
        self, query: Query, intent: QueryIntent | None, kinds: tuple[Kind, ...]
    ) -> QueryRules:
        """Return what ranking rules say of a query that is ranked over some kinds of parts."""
        which = query.rules, self.snapshot(kinds).change
        if which not in self._read:
            self._read[which] = self._rules.rules(*which)
        return rules_for(
            self._read[which],
            intent.terms if intent else (),
            language=query.language,
            is_sorted=query.is_sorted,
            now=datetime.now(UTC),
        )

    @cached_property
    def default_target(self) -> Target:
        """What is looked at where nobody chose: pictures, or texts where there are none."""
        there = (kind for kind in KINDS if self.snapshot((kind,)).count_parts(kind))
        return next(there, TEXT)

    @cached_property
    def has_words(self) -> bool:
        """Whether any record has a text that is found by words, file names aside."""
        with self.collection.reading() as session:
            return session.words.has_texts()

    @cached_property
    def has_texts_beside(self) -> bool:
        """Whether most records with pictures have texts, too."""
        return self._find_texts_beside(self.snapshot(tuple(KINDS)))

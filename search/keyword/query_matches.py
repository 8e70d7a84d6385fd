"""What the records of a collection have of a query's words."""

from dataclasses import dataclass, field

import numpy as np

from binocle.types import BoolArray, Int64Array
from search.keyword.postings import WordMatches
from search.keyword.query_words import Word


@dataclass(frozen=True, slots=True)
class QueryMatches:
    """What the records have of a query; internal record ids, ascending.

    Attributes:
        words: Of each of its words; none where no record has any.
        whole: ``(n,)`` int64 records with all that was typed in one piece; none of a single word.
        alone: ``(n,)`` int64 those with a text that says just that.
        required: The records with each phrase that must be there.
        excluded: The records with each phrase that must not.
        asked: All words of the query.
    """

    words: tuple[WordMatches, ...] = ()
    whole: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    alone: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    required: tuple[Int64Array, ...] = ()
    excluded: tuple[Int64Array, ...] = ()
    asked: tuple[Word, ...] = ()

    def passing(self, allowed: BoolArray | None, size: int) -> BoolArray:
        """Return which records are allowed, have each required phrase and no excluded one.

        Returns:
            ``(size,)`` bool by internal record id.
        """
        passing = np.ones(size, np.bool_)
        for record_ids in self.required:
            passing &= np.isin(np.arange(size), record_ids)
        for record_ids in self.excluded:
            passing[record_ids[record_ids < size]] = False
        if allowed is not None:
            passing[: len(allowed)] &= allowed[:size]
            passing[len(allowed) :] = False
        return passing

    def positions(self, record_ids: Int64Array) -> Int64Array:
        """Return the position of the part with the word that is worth most; -1 for none."""
        positions = np.full(len(record_ids), -1, np.int64)
        best = np.zeros(len(record_ids), np.float64)
        for word in self.words:
            for matches, weight in word.ways:
                places = matches.find(record_ids)
                there = np.flatnonzero(places >= 0)
                worth = weight * matches.worths[places[there]].astype(np.float64)
                worth /= 1 + word.frequency
                there, worth = there[worth > best[there]], worth[worth > best[there]]
                best[there] = worth
                positions[there] = matches.positions[places[there]]
        return positions

    def words_of(self, record_id: int) -> tuple[str, ...]:
        """Return the words that a record has; pairs of characters that overlap as one."""
        found: list[str] = []
        last = -2
        for word in self.words:
            shown = word.shown(record_id)
            if shown is None:
                continue
            asked = self.asked[word.place]
            follows = word.place == last + 1 and self.asked[last].run == asked.run
            if asked.paired and follows and found and found[-1][-1:] == shown[:1]:
                found[-1] += shown[1:]
            else:
                found.append(shown)
            last = word.place
        return tuple(dict.fromkeys(found))

"""Words → a ranking of records, through the full-text index of the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.catalog.database import Connection
from binocle.types import BoolArray, Int64Array


@dataclass(frozen=True, slots=True)
class KeywordRanking:
    """Records ranked by the words of one query: exact ones first, then by score, then by id.

    The place of a record does not depend on how many were asked for.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        positions: ``(n,)`` int64, which of the record's parts has the words best, counted from 0
            as in ``Record.parts``; -1 where they are in its file name or its fields. See
            ``binocle.catalog.words.part_ids``.
        scores: ``(n,)`` float64 from 0, higher is better: BM25 times the share of the words found.
        exact: ``(n,)`` bool, True where the record has just the model number, the brand or all the
            rare words that were asked for; fusion puts these before all others.
        total: How many records match at all.
        find_words: Returns the words of the query that the i-th record has, in the query's order
            (a corrected or completed one as it stands in the record).
    """

    record_ids: Int64Array
    positions: Int64Array
    scores: npt.NDArray[np.float64]
    exact: BoolArray
    total: int
    find_words: Callable[[int], tuple[str, ...]]


class Keywords:
    """Searches a collection's words. Thread-safe; keeps what it read until the next change."""

    def search(
        self, connection: Connection, text: str, k: int, allowed: BoolArray | None = None
    ) -> KeywordRanking:
        """Rank the records that have words of a text.

        All words are optional, ``"quoted words"`` must stand together, ``-word`` must not be
        there, ``word*`` and the last word may be beginnings. Nothing else has a meaning, and no
        text is refused.

        Args:
            connection: A reading transaction.
            text: What somebody typed; beyond 2,000 characters or 64 words it is ignored.
            k: How many records at most. There are fewer only where fewer match.
            allowed: ``(m,)`` bool by internal record id; beyond its end nothing is allowed. None
                allows all.
        """
        raise NotImplementedError

    def has_words(self, connection: Connection) -> bool:
        """Tell whether any record has a text that ``search`` could find, file names aside."""
        raise NotImplementedError

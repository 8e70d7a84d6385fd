"""What of rankings belongs to the relevant set."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from search.keyword.bm25_ranker import KeywordRanking
from search.ranking.fusion import Weighted
from search.ranking.relevant_set import with_words

WEIGHTS = SimpleNamespace(keyword=1.0)
PLAN: Any = SimpleNamespace(
    query=SimpleNamespace(weights=WEIGHTS, min_relevance=None),
    intent=None,
    has_words_beside_pictures=False,
)
DOUBTFUL: Any = {"image": SimpleNamespace(answer_odds=-2.0)}


@pytest.mark.parametrize(
    ("has_all", "near", "expected"),
    [(True, [], [1, 2]), (False, [], []), (True, [9], [])],
)
def test_what_is_not_denied_for_its_words_has_a_relevant_set(
    has_all: bool, near: list[int], expected: list[int]
) -> None:
    """Records with all the words are relevant where nothing else is."""
    words = KeywordRanking(
        record_ids=np.array([1, 2, 3]),
        positions=np.full(3, -1),
        scores=np.array([2.0, 2.0, 1.0]),
        exact=np.zeros(3, np.bool_),
        shares=np.array([1.0, 0.9, 0.5]),
        coverage=1.0,
        best_score=2.0,
        has_all=has_all,
    )
    ids = np.array(near, np.int64)
    by_pictures = Weighted("image", 1.0, ids, ids, np.ones(len(ids)))
    *_, by_words = with_words(PLAN, [by_pictures], words, DOUBTFUL, None)
    assert by_words.record_ids.tolist() == expected

"""How many records are relevant to a query that is answered without its relevant set.

Up to some size they are counted. In larger collections those found by vectors are counted, of
which few are left out; where words find some as well, a sample of the records is looked at, chosen
at random once and the same for every query. The answer says how far it may be off.
"""

import math
from dataclasses import dataclass

import numpy as np

from binocle.types import BoolArray
from search.ranking import moving
from search.ranking.fusion import Ranked
from search.ranking.query_plan import Plan, Scorers
from search.ranking.ranker import FirstLook, Ranker

COUNTED_UP_TO = 100_000  # records; up to there indices are scanned anyway
_SAMPLE = 20_000
_SIGMAS = 1.96  # of the normal distribution 95 % lie within
_TAIL = 3.0  # times as many may be left out as are expected: docs/benchmarks.md
_NONE_MEANS_AT_MOST = 3.0  # found of a sample without any, in 95 % (the rule of three)


@dataclass(frozen=True, slots=True)
class RelevantCount:
    """How many records are relevant.

    Attributes:
        count: How many.
        error: By how much that may be off, in 19 of 20 cases; 0 where they were counted.
    """

    count: int
    error: int = 0


def count_relevant(
    ranker: Ranker, plan: Plan, scorers: Scorers, seen: FirstLook
) -> RelevantCount | None:
    """Return how many records that pass the filter are relevant; None where nobody can tell.

    Args:
        ranker: Ranks them.
        plan: Of the query.
        scorers: How it looks at parts.
        seen: What was found for its first page.
    """
    if scorers and all(one.score_model is None for one in scorers.values()) and not plan.words:
        return None
    size = plan.snapshot.count_records()
    if size <= COUNTED_UP_TO or not plan.words:
        found = ranker.relevant(plan, scorers, filtered=True, seen=seen)
        if found.no_match:
            return RelevantCount(len(plan.curation.pins))
        return RelevantCount(len(moving.pinned(found, plan.curation)), error_of(found))
    sample = _sample(len(plan.snapshot.mask(None)), _SAMPLE / size)
    found = ranker.relevant(plan, scorers, filtered=True, within=sample)
    return estimated(len(found), size, _SAMPLE / size)


def error_of(found: Ranked) -> int:
    """Return by how much the size of a relevant set may be off, in 19 of 20 cases."""
    left_out = _TAIL * found.left_out
    return math.ceil(left_out + _SIGMAS * math.sqrt(left_out))


def estimated(found: int, size: int, share: float) -> RelevantCount:
    """Return what a count in a sample says of the whole.

    Args:
        found: How many were found in it.
        size: How many records there are in all.
        share: The chance that each of them had to be in it.
    """
    if not found:
        return RelevantCount(0, math.ceil(_NONE_MEANS_AT_MOST / share))
    error = _SIGMAS * math.sqrt(found * (1 - share)) / share
    return RelevantCount(min(size, round(found / share)), math.ceil(error))


def _sample(size: int, share: float) -> BoolArray:
    chosen: BoolArray = np.random.default_rng(0).random(size) < share
    return chosen

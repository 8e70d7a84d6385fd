"""What ranking rules do to a ranking: boosts move rows, pins put them at their positions.

A boost moves the order, and not how relevant a record is. Rows count as what is said to be as
relevant as their place without boosts: the relevances of all rows, sorted, along the order there
is. That is multiplied with what the boosts say, so a record of twice the relevance is only passed
by one with a factor of two. What is relevant stays before what is not, whatever its boost.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from binocle.types import Int64Array
from search.ranking.fusion import Float64Array, Fused, Ranked
from search.ranking.match_decision import CUT
from search.ranking.query_plan import BOOSTED_DEPTH, Plan
from search.results.boost_values import boost_values
from search.results.curated_records import CuratedRecords
from search.results.diversity import groups_of_keys
from search.results.moves import Moves

_RANK_CONSTANT = 60  # places over which an order that nobody can rate falls to a half


def moved(plan: Plan, ranked: Ranked) -> Ranked:
    """Return a ranking in the order that rules make of it."""
    return pinned(boosted(plan, ranked), plan.curation)


def boosted(plan: Plan, ranked: Ranked) -> Ranked:
    """Return a ranking in the order that a query's boosts make of it.

    Rows move within bands of places: the first thousand, and then each four times as deep. So a
    place does not depend on how much deeper somebody looked.
    """
    fused = ranked.fused
    count = len(fused.record_ids)
    if not plan.rules.boosts or not count:
        return ranked
    today = datetime.now(UTC).date()
    values = boost_values(plan.snapshot, plan.rules.boosts, fused.record_ids, today)
    weights = np.array([one.weight for one in plan.rules.boosts])
    names = tuple(one.name for one in plan.rules.boosts)
    places, none = np.arange(1, count + 1), np.zeros(count, np.int64)
    moves = Moves(places, none, names, values, weights)
    factors, found = moves.factors, relevances(ranked)
    orders, scores = [], []
    start, end = 0, BOOSTED_DEPTH if fused.rankings else count
    while start < count:
        worths = _worths(found, start, min(end, count))
        if not fused.rankings:  # nothing was asked: each is as relevant as any other
            worths = np.ones(count)
        keys = worths * factors[start:end]
        cut = min(CUT, float(worths[0]) / 2) if found is not None else 0.0
        order = np.lexsort((-keys, worths < cut))
        orders.append(start + order)
        scores.append(keys[order])
        start, end = end, 4 * end
    rows = np.concatenate(orders)
    descending = np.minimum.accumulate(np.concatenate(scores))
    moved = replace(fused.only(rows), scores=descending, moves=moves.only(rows))
    return replace(ranked, fused=moved)


def relevances(ranked: Ranked) -> Float64Array | None:
    """Return how relevant each row is, ``(n,)`` float64; None where no ranking can tell.

    The same as hits show, but that a record counts by the rankings that it is in.
    """
    fused = ranked.fused
    best = np.full(len(fused.record_ids), np.nan)
    for number, ranking in enumerate(fused.rankings):
        score_models = (one for kind, one in ranked.score_models.items() if kind == ranking.name)
        score_model = next(score_models, None)
        said = None if ranking.is_partial else ranking.chances
        if said is None and score_model is not None:
            said = score_model.relevance(ranking.scores)
        if said is not None:
            there = np.flatnonzero(fused.places[:, number])
            best[there] = np.fmax(best[there], said[fused.places[there, number] - 1])
    if np.isnan(best).all():
        return None
    best = np.nan_to_num(best, nan=0.0)
    demands = ranked.demands
    return best if demands is None else demands.weaken(fused.record_ids, best)


def _worths(found: Float64Array | None, start: int, end: int) -> Float64Array:
    """Return what the places of a band are worth, descending."""
    if found is None:
        return _RANK_CONSTANT / (_RANK_CONSTANT + np.arange(start, end))
    return np.asarray(np.sort(found[start:end])[::-1])


def pinned(
    ranked: Ranked, curation: CuratedRecords, *, filtered: bool = True,
    keys: Int64Array | None = None,
) -> Ranked:  # fmt: skip
    """Return a ranking with the pinned records at their positions, whether it has them or not.

    Where it has fewer rows than a position says, the pinned record comes last.

    Args:
        ranked: The ranking; may have its pins already.
        curation: What is pinned.
        filtered: Only what passes the query's filter.
        keys: ``(n,)`` int64 of the ranking's rows, equal for rows that are shown as one: positions
            count those. None where each is shown.
    """
    pins = curation.pins if filtered else curation.unfiltered
    if not pins:
        return ranked
    numbers = np.array([number for _, number in pins], np.int64)
    fused = _with_rows(ranked.fused, numbers)
    at = [int(np.flatnonzero(fused.record_ids == number)[0]) for number in numbers]
    moves = fused.moves
    assert moves is not None
    moves.pins[at] = [position for position, _ in pins]
    loose = np.setdiff1d(np.arange(len(fused.record_ids)), at)
    positions = [position for position, _ in pins]
    if keys is not None and len(keys) == len(fused.record_ids):
        order = _among_groups(loose, at, positions, groups_of_keys(keys))
    else:
        order = inserted(loose, at, positions, np.arange(len(loose)))
    return replace(ranked, fused=fused.only(order))


def inserted(
    rows: Int64Array, others: Sequence[int], positions: Sequence[int], heads: Int64Array
) -> Int64Array:
    """Return rows with others among them, each at its position, from 1; beyond the end, last.

    Args:
        rows: ``(n,)`` the rows there are.
        others: What comes between.
        positions: Of each, ascending.
        heads: Which places of ``rows`` count as one position each, ascending.
    """
    places = []
    for number, position in enumerate(positions):
        before = position - 1 - number  # so many of the rows
        places.append(int(heads[before]) if before < len(heads) else len(rows))
    return np.insert(rows, places, others) if places else rows


def _among_groups(
    loose: Int64Array, pins: Sequence[int], positions: Sequence[int], groups: Int64Array
) -> Int64Array:
    """Return rows with pins among groups: each stands for its group, whose other rows come last."""
    of_pins = groups[pins]
    leads = np.sort(np.unique(of_pins, return_index=True)[1])
    is_led = np.isin(groups[loose], of_pins)
    others = loose[~is_led]
    heads = np.sort(np.unique(groups[others], return_index=True)[1])
    order = inserted(others, [pins[n] for n in leads], [positions[n] for n in leads], heads)
    return np.concatenate([order, np.delete(np.asarray(pins, np.int64), leads), loose[is_led]])


def _with_rows(fused: Fused, numbers: Int64Array) -> Fused:
    """Return a fused ranking that has rows for some records, at the end where it had none."""
    count = len(fused.record_ids)
    new = numbers[~np.isin(numbers, fused.record_ids)]
    moves = (fused.moves or Moves.none(count)).and_rows(len(new))
    return Fused(
        np.append(fused.record_ids, new),
        np.append(fused.part_ids, np.full(len(new), -1, np.int64)),
        np.append(fused.scores, np.zeros(len(new))),
        np.vstack([fused.places, np.zeros((len(new), fused.places.shape[1]), np.int64)]),
        fused.rankings,
        np.vstack([fused.worths, np.zeros((len(new), fused.worths.shape[1]))]),
        moves,
    )

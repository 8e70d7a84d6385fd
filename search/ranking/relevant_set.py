"""Listings: of what is nearest, or of the relevant set, sorted, grouped and counted."""

from dataclasses import replace
from functools import partial

import numpy as np

from binocle.collection.collection import Collection
from search.query.query import RELEVANCE, Sort
from search.ranking.fusion import Ranked
from search.ranking.part_rows import dedup_features
from search.ranking.query_plan import Plan, Scorers
from search.ranking.ranker import Ranker
from search.ranking.result_list import Counted, Rank, ResultList
from search.results.diversity import Arranger, gathered
from search.results.facets import count_facets, group_keys, sort_order


def listing_of(collection: Collection, ranker: Ranker, plan: Plan, scorers: Scorers) -> ResultList:
    """Return the listing of a query: its relevant set where it sorts, groups or cuts.

    Otherwise it lists what is nearest, deeper where somebody scrolls; nothing is ranked yet.
    """
    counted, no_match = Counted(), False
    rank: Rank = partial(ranker.ranked, plan, scorers)
    if plan.wants_relevant_set:
        ranked, counted = _relevant_set(ranker, plan, scorers)
        rank, no_match = (lambda _: ranked), ranked.no_match
    elif plan.query.facets:
        counted = _counted(plan, ranker.relevant(plan, scorers, filtered=False))
    arranger, diversity = None, 0.0 if plan.is_sorted else plan.query.diversity
    if diversity or plan.query.collapse:
        features_of = partial(dedup_features, collection, plan)
        arranger = Arranger(features_of, diversity=diversity, collapse=plan.query.collapse)
    return ResultList(
        plan=plan,
        scorers=scorers,
        rank=rank,
        arranger=arranger,
        counted=counted,
        no_match=no_match,
    )


def _relevant_set(ranker: Ranker, plan: Plan, scorers: Scorers) -> tuple[Ranked, Counted]:
    """Return the rows of a query that sorts, groups or cuts, and what was counted."""
    query, snapshot = plan.query, plan.snapshot
    ranked = ranker.relevant(plan, scorers, filtered=True)
    counted = Counted(len(ranked))
    if query.facets:
        is_whole = query.where is None
        every = ranked if is_whole else ranker.relevant(plan, scorers, filtered=False)
        counted = _counted(plan, every)
    if plan.is_sorted:
        ids = ranked.fused.record_ids
        best_first = -np.arange(len(ids), dtype=np.float64)
        sorts = (*query.sort, Sort(RELEVANCE)) if plan.intent else query.sort
        ranked = ranked.only(sort_order(snapshot, ids, sorts, best_first))
    if query.group is None:
        return ranked, counted
    groups = gathered(group_keys(snapshot, ranked.fused.record_ids, query.group.field))
    return ranked.only(groups.heads), replace(counted, groups=groups, whole=ranked)


def _counted(plan: Plan, every: Ranked) -> Counted:
    """Count facets over the relevant set; a facet's own filter does not shrink it.

    Args:
        plan: Of the query.
        every: The relevant set before the filter.
    """
    snapshot, ids = plan.snapshot, every.fused.record_ids
    facets = count_facets(snapshot, plan.query.facets, ids, plan.query.where)
    passing = snapshot.mask(plan.query.where)
    return Counted(int(passing[ids[ids < len(passing)]].sum()), facets)

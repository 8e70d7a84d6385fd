"""The stored vectors and hashes of parts that a query found."""

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.media.kinds import KINDS
from binocle.types import Float32Array, Int64Array, Kind
from search.ranking.query_plan import Plan
from search.results.diversity import DedupFeatures, signs_of


def rows_of_parts(
    collection: Collection, snapshot: Snapshot | None, kind: Kind, part_ids: Int64Array
) -> Float32Array:
    """Return the rows of parts, ``(n, d)``; zeros for those that are not there.

    Args:
        collection: Has them.
        snapshot: Where to look; None for the collection as it is now.
        kind: Of the parts.
        part_ids: ``(n,)`` int64.
    """
    space = collection.space
    rows = np.zeros((len(part_ids), space.dimension if space else 0), np.float32)
    if len(part_ids):
        seen = snapshot or collection.snapshot((kind,))
        found, known = seen.vectors(kind).rows(part_ids)
        rows[np.isin(part_ids, found)] = known
    return rows


def dedup_features(
    collection: Collection, plan: Plan, record_ids: Int64Array, part_ids: Int64Array
) -> DedupFeatures:
    """Return what records look like by their parts, or their first parts for -1."""
    part_ids = part_ids.copy()
    lost = part_ids < 0
    hashes = np.empty((0, 32), np.uint8), np.empty(0, np.bool_)
    with collection.reading() as session:
        if lost.any():
            nowhere = np.full(int(lost.sum()), -1, np.int64)
            part_ids[lost] = session.parts.at(record_ids[lost], nowhere)
        if plan.query.collapse:
            hashes = session.fingerprints.hashes_of_parts(part_ids.tolist())
    rows = rows_of_parts(collection, plan.snapshot, plan.kinds[0], part_ids)
    for kind in KINDS:
        others = ~rows.any(axis=1)
        if kind != plan.kinds[0] and others.any():
            snapshot = plan.snapshot if kind in plan.kinds else None
            rows[others] = rows_of_parts(collection, snapshot, kind, part_ids[others])
    return DedupFeatures(rows, signs_of(*hashes) if plan.query.collapse else rows[:, :0])

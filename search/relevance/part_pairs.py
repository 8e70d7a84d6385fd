"""Which part of another kind stands beside each part, in the same record."""

import numpy as np

from binocle.collection.snapshot import Owners
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import Int64Array, Kind


def parts_beside(
    part_ids: Int64Array, owners: Owners, others: Owners
) -> tuple[Int64Array, Int64Array]:
    """Return for parts the first part of another kind that is of the same record.

    Args:
        part_ids: ``(n,)`` int64 ascending.
        owners: Of parts of their kind.
        others: Of parts of the kind that is looked for.

    Returns:
        ``(m,)`` int64 those of the ids whose record has such a part, ascending, and ``(m,)`` int64
        these parts.
    """
    records = owners.of(part_ids)
    first = np.full(int(max(others.record_ids.max(initial=-1), records.max(initial=-1))) + 2, -1)
    first[others.record_ids[::-1]] = others.part_ids[::-1]  # of several the last one written stays
    found = first[records]  # -1, a part that is gone, is the last place, which no record has
    there = found >= 0
    return part_ids[there], np.asarray(found[there], np.int64)


def other_kind(kind: Kind) -> Kind:
    """Return the kind that says the same in another way: texts, and of these the pictures."""
    return IMAGE if kind == TEXT else TEXT

"""Which texts and pictures belong together, as the records say."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from binocle.catalog.reading import batched
from binocle.catalog.tables import parts
from binocle.types import Int64Array, Kind

_CHUNK = 5000


def parts_beside(
    connection: sa.Connection, part_ids: Sequence[int], kind: Kind
) -> tuple[Int64Array, Int64Array]:
    """Return for parts the first part of a kind that is of the same record.

    Args:
        connection: A connection.
        part_ids: Of parts of the other kind.
        kind: Of what is looked for.

    Returns:
        ``(n,)`` int64 those of the ids whose record has such a part, ascending, and ``(n,)`` int64
        these parts.
    """
    own, other = parts.alias(), parts.alias()
    found: list[tuple[int, int]] = []
    for chunk in batched(part_ids, _CHUNK):
        query = (
            sa.select(own.c.id, sa.func.min(other.c.id))
            .join(other, sa.and_(other.c.record_id == own.c.record_id, other.c.kind == kind))
            .where(own.c.id.in_(chunk))
            .group_by(own.c.id)
        )
        found += [(row[0], row[1]) for row in connection.execute(query)]
    pairs = np.array(sorted(found), np.int64).reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])

"""Records and parts of a ranking."""

from binocle.collection.collection import Collection, Ranking
from binocle.types import Part, Record


def pairs_of(collection: Collection, ranking: Ranking) -> list[tuple[Record, Part] | None]:
    """Return what a ranking found, each with its part; None where either is gone meanwhile."""
    found = list(zip(ranking.record_ids.tolist(), ranking.part_ids.tolist(), strict=True))
    with collection.reading() as session:
        records = session.records.by_number([record for record, _ in found])
        parts = session.parts.by_id([part for _, part in found])
    return [
        (records[record], parts[part]) if record in records and part in parts else None
        for record, part in found
    ]

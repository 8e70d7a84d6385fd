"""What is not as it was stored."""

from dataclasses import dataclass

from binocle.types import Kind


@dataclass(frozen=True, slots=True)
class DamagedVector:
    """A vector that is not what was stored.

    Attributes:
        part_id: Its part.
        kind: The part's kind.
        record_id: The id that users see of the record.
    """

    part_id: int
    kind: Kind
    record_id: str

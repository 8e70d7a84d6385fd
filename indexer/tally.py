"""What a run did, in numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """What a run did, counted in records; ``taken_over`` ones had been another source's."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    removed: int = 0
    taken_over: int = 0
    images_embedded: int = 0
    texts_embedded: int = 0
    reused: int = 0

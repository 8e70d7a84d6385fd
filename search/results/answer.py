"""What a search found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from binocle.types import Hit, Target
from search.query.query import FacetKind, Mode
from search.results.reading import ReadPiece


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a facet.

    Attributes:
        value: The value; of a histogram the bar's lower end, a number or an ISO 8601 date.
        count: How many records of the relevant set have it.
        end: Of a histogram, the bar's upper end, which belongs to the next bar except the last.
    """

    value: str | float | bool
    count: int
    end: str | float | None = None


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The counts of one facet. A filter on the facet's own field does not shrink them.

    Attributes:
        field: The field.
        kind: What was counted.
        buckets: Values by count, then by value; bars of a histogram in their order.
        others: Records that have only values beyond the limit.
        missing: Records without the field.
    """

    field: str
    kind: FacetKind
    buckets: tuple[Bucket, ...]
    others: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a search found.

    Attributes:
        hits: In the order asked for, best first by default.
        target: Which parts were looked at.
        cursor: Asks for the next page; None when there is none.
        exact: Whether an exhaustive scan would give the same.
        mode: Which rankings were made.
        no_match: Nothing in the collection fits, though there are nearest records.
        relevant: How many records are in the relevant set; None where nobody can tell.
        relevant_error: By how much that may be off, in 19 of 20 cases; 0 where they were counted.
        facets: In the order asked for.
        turn: Names this query, so that a later one can refine it; None without terms or where
            none can be kept.
        unrated: Why no hit has a relevance by its vectors; None where they have, or where only
            words were ranked.
        looking_for: The query in one line, as it was read and refined.
        reading: The same piece by piece.
        goes_on: Returns what asks for the page behind the first so many hits, None where there is
            none: for who shows fewer than there are.
    """

    hits: tuple[Hit, ...]
    target: Target
    cursor: str | None
    exact: bool
    mode: Mode = "semantic"
    no_match: bool = False
    relevant: int | None = None
    relevant_error: int = 0
    facets: tuple[FacetCounts, ...] = ()
    turn: str | None = None
    unrated: str | None = None
    looking_for: str = ""
    reading: tuple[ReadPiece, ...] = ()
    goes_on: Callable[[int], str | None] = field(default=lambda _: None, compare=False, repr=False)

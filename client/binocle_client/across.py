"""What several collections answer together."""

from dataclasses import dataclass, field

from binocle_client.records import FacetResult, SearchHit, SearchProblem


@dataclass(frozen=True, slots=True)
class CollectionHit(SearchHit):
    """A record that matched, and the collection it is of, as the search named it."""

    collection: str = ""
    others: list["CollectionHit"] = field(default_factory=list)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class CollectionShare:
    """What one collection gave to a page; ``error`` says why it could not answer."""

    collection: str
    hits: int
    relevant: int | None = None
    relevant_error: int = 0
    no_match: bool = False
    exact: bool = True
    mode: str | None = None
    space: str | None = None
    error: SearchProblem | None = None


@dataclass(frozen=True, slots=True)
class SearchAcrossAnswer:
    """A page of hits of several collections."""

    hits: list[CollectionHit]
    cursor: str | None
    no_match: bool
    relevant: int | None
    relevant_error: int
    facets: list[FacetResult]
    collections: list[CollectionShare]
    turn: str | None
    looking_for: str
    warnings: list[str]
    took_ms: dict[str, float]

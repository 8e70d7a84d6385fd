"""The wire of searches over several collections."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from api.http.schemas.answers import FacetOut, HitOut
from api.http.schemas.common import Name, Problem
from api.http.schemas.search import RefinementIn, SearchIn
from search.across.merging import MAX_COLLECTIONS, MAX_OFFSET
from search.query.query import Mode
from search.query.turns import MAX_TURN_LENGTH

_OF_ONE = "Of one collection only"


class RefinementAcrossIn(RefinementIn):
    """How a query changes an earlier one to several collections."""

    turn: str = Field(
        min_length=1, max_length=MAX_TURN_LENGTH, description="From the earlier answer"
    )


class SearchAcrossIn(SearchIn):
    """A query to several collections at once, each in its own space."""

    collections: Annotated[
        list[Name],
        Field(min_length=1, max_length=MAX_COLLECTIONS, description="Names or aliases"),
    ]
    cursor: str | None = Field(
        None,
        max_length=100_000,
        description="The cursor of an earlier answer",
    )
    offset: int = Field(
        0, ge=0, le=MAX_OFFSET, description="Pass over so many hits; not beside a cursor"
    )
    collapse: Literal[False] = Field(False, description=_OF_ONE)
    refine: RefinementAcrossIn | None = Field(None, description="Goes on from an earlier answer")

    @field_validator("collapse", mode="before")
    @classmethod
    def _is_of_one(cls, value: object) -> object:
        if value:
            raise ValueError("is of one collection; leave it out, or search that one alone")
        return value


class HitAcrossOut(HitOut):
    """A hit, and where it is from."""

    collection: str = Field(description="As the request names it")
    others: list["HitAcrossOut"] = Field(  # type: ignore[assignment]
        default_factory=list, description="Further records of its group, best first"
    )


class CollectionShareOut(BaseModel):
    """What one collection gave to an answer."""

    collection: str = Field(description="As the request names it")
    hits: int = Field(description="Of this page")
    relevant: int | None = Field(None, description="Records in its relevant set")
    relevant_error: int = Field(0, description="How far relevant may be off")
    no_match: bool = Field(False, description="Nothing in it fits")
    exact: bool = Field(True, description="Whether a full scan would give the same")
    mode: Mode | None = Field(None, description="Which rankings were made")
    space: str | None = Field(None, description="The model")
    error: Problem | None = Field(
        None, description="Why it could not answer; the others have done so without it"
    )


class SearchAcrossOut(BaseModel):
    """What several collections answer together."""

    hits: list[HitAcrossOut] = Field(
        description="By relevance, or as sorted; those of one collection in its own order"
    )
    cursor: str | None = Field(description="Asks for the next page")
    no_match: bool = Field(description="Nothing fits in any of them")
    relevant: int | None = Field(
        description="Records in all relevant sets together; null where nobody can tell"
    )
    relevant_error: int = Field(
        0, description="How far that may be off, in 19 of 20 cases; 0 where they were counted"
    )
    facets: list[FacetOut] = Field(description="Added up, with the first page only")
    collections: list[CollectionShareOut] = Field(description="Those that this page asked")
    turn: str | None = Field(None, description="A refinement goes on from it")
    looking_for: str = Field("", description="The query in one line, as it was read")
    warnings: list[str] = Field(
        default_factory=list, description="What the filter may not have meant, by collection"
    )
    took_ms: dict[str, float] = Field(description="Milliseconds, total")

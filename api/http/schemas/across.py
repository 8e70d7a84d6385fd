"""The wire of searches over several collections."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from api.http.schemas.answers import FacetOut, HitOut
from api.http.schemas.common import Name, Problem
from api.http.schemas.search import SearchIn
from search.across.merging import MAX_COLLECTIONS, MAX_OFFSET
from search.query.query import Mode

_OF_ONE = "Of one collection only"


class SearchAcrossIn(SearchIn):
    """A query to several collections at once, each in its own space."""

    collections: Annotated[
        list[Name],
        Field(min_length=1, max_length=MAX_COLLECTIONS, description="Names or aliases"),
    ]
    cursor: str | None = Field(None, max_length=20_000)
    offset: int = Field(
        0, ge=0, le=MAX_OFFSET, description="Pass over so many hits; not beside a cursor"
    )
    group: None = Field(None, description=_OF_ONE)
    diversity: float = Field(0.0, ge=0, le=0, description=_OF_ONE)
    collapse: Literal[False] = Field(False, description=_OF_ONE)
    refine: None = Field(None, description=_OF_ONE)

    @field_validator("group", "diversity", "collapse", "refine", mode="before")
    @classmethod
    def _is_of_one(cls, value: object) -> object:
        if value:
            raise ValueError("is of one collection; leave it out, or search that one alone")
        return value


class HitAcrossOut(HitOut):
    """A hit, and where it is from."""

    collection: str = Field(description="As the request names it")


class CollectionShareOut(BaseModel):
    """What one collection gave to an answer."""

    collection: str
    hits: int = Field(description="Of this page")
    relevant: int | None = Field(None, description="Records in its relevant set")
    relevant_error: int = 0
    no_match: bool = False
    exact: bool = True
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
    looking_for: str = ""
    warnings: list[str] = Field(default_factory=list)
    took_ms: dict[str, float]

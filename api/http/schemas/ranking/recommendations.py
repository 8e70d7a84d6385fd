"""The wire of recommendations."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from api.http.schemas.common import Filter, RecordId, Strict
from api.http.schemas.search import (
    Beyond,
    Collapse,
    Cursor,
    Diversity,
    FacetIn,
    FieldName,
    Fraction,
    GroupIn,
    Notation,
    Offset,
    PageLimit,
    Wanted,
)


class BudgetIn(Strict):
    """What a number of a record is at most."""

    field: FieldName = Field(description="A field of numbers")
    at_most: FiniteFloat = Field(description="What passes is not above it")


class RecommendIn(Strict):
    """Records to be like, and what else is to hold."""

    more_of: list[RecordId] = Field(min_length=1, max_length=32, description="Ids to be like")
    less_of: list[RecordId] = Field(
        default_factory=list, max_length=32, description="Ids to keep away from; count half"
    )
    seen: list[RecordId] = Field(
        default_factory=list, max_length=10_000, description="Ids that are not to be shown"
    )
    budget: FiniteFloat | BudgetIn | None = Field(
        None,
        description="What a field is at most; of a number alone, the one field named like a price",
        examples=[50, {"field": "price", "at_most": 50}],
    )
    target: Wanted = None
    filter: Filter | None = None
    limit: PageLimit = 10
    cursor: Cursor = None
    offset: Offset = 0
    beyond: Beyond = False
    facets: Annotated[list[Notation | FacetIn], Field(max_length=32)] = Field(
        default_factory=list, description="Counts the relevant set, as in a search"
    )
    group: Notation | GroupIn | None = Field(None, examples=["style"], description="As in a search")
    diversity: Diversity = 0.0
    collapse: Collapse = False
    min_relevance: Fraction | Literal["auto"] | None = Field(
        None, description="Leave out hits below it; auto: where the relevant set ends"
    )
    fields: Annotated[list[Notation], Field(max_length=62)] = Field(
        default_factory=list, description="What of hits is wanted; all without it"
    )

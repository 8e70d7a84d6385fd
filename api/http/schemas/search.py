"""The wire of searches: what requests and answers look like. Parsed here, trusted inside."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    WrapValidator,
)

from api.http.schemas.common import (
    Base64,
    Filter,
    RecordId,
    Strict,
    Text,
)
from api.http.schemas.misfits import or_misfit
from api.http.schemas.patterns import NOT_BLANK, OF_LANGUAGE
from binocle.types import Target
from search.query.query import FacetKind, Interval, Mode, RulesInUse

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
Notation = Annotated[str, Field(min_length=1, max_length=300, description="As on the command line")]
Language = Annotated[str, Field(max_length=35, pattern=OF_LANGUAGE)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class RegionIn(Strict):
    """A rectangle of an upright picture, as fractions of its width and height."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction


class TermIn(Strict):
    """One thing to look for; exactly one of the first five."""

    text: Text | None = None
    image: Base64 | None = None
    record: RecordId | None = None
    vector: list[float] | None = Field(None, min_length=1, max_length=8192)
    url: str | None = Field(
        None, min_length=1, max_length=2000, description="Only where the operator allows it"
    )
    weight: float = Field(1.0, ge=-1000, le=1000, description="Negative stays away; not 0")
    region: Notation | RegionIn | None = Field(
        None,
        description="Only this part of the picture or record; also as 'x,y,width,height'",
        examples=["0.5,0,0.5,1"],
    )


class WeightsIn(Strict):
    """How much each ranking counts where several are fused; 0 leaves one out."""

    image: float = Field(1.0, ge=0, le=1000)
    text: float = Field(1.0, ge=0, le=1000)
    keyword: float = Field(1.0, ge=0, le=1000)


class SortIn(Strict):
    """An order; '-price' says the same as this with ``descending``."""

    field: FieldName = Field(description="A field, id, uri or relevance")
    descending: bool = False


class FacetIn(Strict):
    """What to count."""

    field: FieldName
    kind: FacetKind | None = Field(None, description="By the field's type, if not given")
    limit: int = Field(10, ge=1, le=1000, description="Of values: how many")
    bins: int = Field(10, ge=1, le=1000, description="Of a histogram of numbers: how many bars")
    interval: Interval | None = Field(None, description="Of a histogram of dates")


class GroupIn(Strict):
    """What records to take together."""

    field: FieldName
    size: int = Field(1, ge=1, le=100, description="How many of each group to show")


class RefinementIn(Strict):
    """How a query changes an earlier one."""

    turn: Notation = Field(description="From the earlier answer")
    remove: list[Text] = Field(
        default_factory=list,
        max_length=64,
        description="Texts or record ids whose terms go; else words that texts lose",
    )
    replace: bool = Field(False, description="Drop all earlier terms")
    drop_filter: bool = Field(False, description="Drop the earlier filter")
    swap: list[tuple[Text, Text]] = Field(
        default_factory=list, max_length=64, description="Words to replace, each with others"
    )
    instead: list[tuple[Text, Text]] = Field(
        default_factory=list,
        max_length=64,
        description="As swap; words that no text has are kept away from, the others added",
    )


class SearchIn(Strict):
    """A query: something to look for, or a filter, an order, facets or a refinement."""

    query: Text | Annotated[list[TermIn], Field(max_length=64)] = Field(
        default_factory=list, description="Words, or weighted terms"
    )
    target: Target | None = Field(None, description="Pictures by default, else texts")
    filter: Filter | None = None
    limit: int = Field(10, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=1000)
    offset: int = Field(
        0, ge=0, le=10_000, description="Pass over so many hits; not beside a cursor"
    )
    beyond: bool = Field(
        False, description="Have further pages where those of what is relevant have ended"
    )
    exact: bool = False
    mode: Mode | None = Field(
        None, description="By vectors, by words, or by both; hybrid where there are words"
    )
    weights: WeightsIn | None = None
    sort: Annotated[list[Notation | SortIn], Field(max_length=8)] = Field(
        default_factory=list,
        description="Orders the relevant set, as '-price' or an object",
        examples=[["-price", "relevance"]],
    )
    facets: Annotated[list[Notation | FacetIn], Field(max_length=32)] = Field(
        default_factory=list,
        description="Counts the relevant set, as 'color', 'price:numbers:5' or an object",
        examples=[["color", "price:numbers:5"]],
    )
    group: Notation | GroupIn | None = Field(
        None, description="As 'style', 'style:3' or an object", examples=["style:3"]
    )
    diversity: float = Field(0.0, ge=0, le=1, description="How unlike each other hits shall be")
    collapse: bool = Field(False, description="Show only the best of near-duplicates")
    min_relevance: Fraction | Literal["auto"] | None = Field(
        None, description="Leave out hits below it"
    )
    refine: RefinementIn | None = None
    rules: RulesInUse = Field(
        "live", description="Which ranking rules hold: those published, those of the draft, or none"
    )
    language: Language | None = Field(
        None, description="What the words are in, such as de: of rules for one, only those hold"
    )
    optional: list[Text] = Field(
        default_factory=list,
        max_length=64,
        description="Words that what is relevant need not have, though they are looked for",
    )
    fields: Annotated[list[Notation], Field(max_length=64)] = Field(
        default_factory=list,
        description="What of hits is wanted; all without it. Of metadata and texts also one by one",
        examples=[["thumbnail", "picture", "texts.title", "metadata.price"]],
    )


class SearchBesideIn(SearchIn):
    """A query beside an uploaded picture, which may be all there is to look for."""

    region: Notation | RegionIn | None = Field(
        None, description="Only this part of the uploaded picture"
    )


class SearchByWords(Strict):
    """A query as a link: every part is one text, as on the command line."""

    q: str | None = Field(None, min_length=1, max_length=2000, pattern=NOT_BLANK)
    limit: int = Field(10, ge=1, le=1000)
    target: Target | None = None
    where: str | None = Field(None, max_length=4000)
    filter: str | None = Field(None, max_length=4000, description="Another name of where")
    cursor: str | None = Field(None, max_length=1000)
    offset: int = Field(0, ge=0, le=10_000)
    beyond: bool = False
    mode: Mode | None = None
    sort: Annotated[list[Notation], Field(max_length=8)] = Field(
        default_factory=list, description="Such as -price; may be repeated"
    )
    facet: Annotated[list[Notation], Field(max_length=32)] = Field(
        default_factory=list, description="Such as price:numbers:5; may be repeated"
    )
    group: Notation | None = Field(None, description="Such as style:3")
    diversity: float = Field(0.0, ge=0, le=1)
    collapse: bool = False
    min_relevance: str | None = Field(None, max_length=20, description="auto, 0.3 or 30%")
    refine: Notation | None = Field(None, description="The turn of an earlier answer")
    rules: RulesInUse = "live"
    language: Language | None = None
    optional: Annotated[list[Notation], Field(max_length=64)] = Field(
        default_factory=list, description="Words that need not be there; may be repeated"
    )
    fields: Annotated[list[Notation], Field(max_length=64)] = Field(
        default_factory=list, description="Such as metadata.price; may be repeated"
    )

    def body(self, cut: float | Literal["auto"] | None) -> SearchIn:
        """Return the same query in the other form, but for its filter."""
        read = {"filter", "min_relevance", "refine"}
        return SearchIn(
            query=self.q or [],
            facets=list(self.facet),
            min_relevance=cut,
            refine=RefinementIn(turn=self.refine) if self.refine else None,
            **self.model_dump(include=set(SearchIn.model_fields) - read),
        )


class BudgetIn(Strict):
    """What a number of a record is at most."""

    field: FieldName
    at_most: float


class RecommendIn(Strict):
    """Records to be like, and what else is to hold."""

    more_of: list[RecordId] = Field(min_length=1, max_length=32, description="Ids to be like")
    less_of: list[RecordId] = Field(
        default_factory=list, max_length=32, description="Ids to keep away from; count half"
    )
    seen: list[RecordId] = Field(
        default_factory=list, max_length=10_000, description="Ids that are not to be shown"
    )
    budget: float | BudgetIn | None = Field(
        None,
        description="What a field is at most; of a number alone, the one field named like a price",
        examples=[50, {"field": "price", "at_most": 50}],
    )
    target: Target | None = Field(None, description="Pictures by default, else texts")
    filter: Filter | None = None
    limit: int = Field(10, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=1000)
    offset: int = Field(0, ge=0, le=10_000)
    beyond: bool = Field(False, description="As in a search")
    facets: Annotated[list[Notation | FacetIn], Field(max_length=32)] = Field(default_factory=list)
    group: Notation | GroupIn | None = Field(None, examples=["style"])
    diversity: float = Field(0.0, ge=0, le=1, description="How unlike each other hits shall be")
    collapse: bool = Field(False, description="Show only the best of near-duplicates")
    min_relevance: Fraction | Literal["auto"] | None = None
    fields: Annotated[list[Notation], Field(max_length=62)] = Field(
        default_factory=list, description="What of hits is wanted; all without it"
    )


class BatchIn(Strict):
    """Many queries in one call."""

    searches: list[Annotated[SearchIn, WrapValidator(or_misfit)]] = Field(min_length=1)

"""The wire of searches: what requests and answers look like. Parsed here, trusted inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from api.http.schemas.common import (
    Base64,
    Filter,
    Metadata,
    PartOut,
    Problem,
    RecordId,
    Strict,
    Text,
)
from api.http.schemas.patterns import NOT_BLANK
from binocle.types import Kind, RankingName, Scalar, Target
from search.query.query import FacetKind, Interval, Mode

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
Notation = Annotated[str, Field(min_length=1, max_length=300, description="As on the command line")]
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


@dataclass(frozen=True, slots=True)
class Misfit:
    """What stands in a batch in the place of a search, and is none.

    Attributes:
        document: As it came.
        errors: What pydantic says of it.
    """

    document: object
    errors: Sequence[Mapping[str, Any]]


def _or_misfit(document: object, parse: ValidatorFunctionWrapHandler) -> object:
    """Keep what is wrong with one search from refusing the others."""
    try:
        return parse(document)
    except ValidationError as error:
        return Misfit(document, error.errors())


class BatchIn(Strict):
    """Many queries in one call."""

    searches: list[Annotated[SearchIn, WrapValidator(_or_misfit)]] = Field(
        min_length=1, max_length=256
    )


class ContributionOut(BaseModel):
    """What one ranking says for a hit."""

    ranking: RankingName
    rank: int = Field(description="Place in it, from 1")
    score: float = Field(description="Cosine; for words BM25; higher is better")
    share: float = Field(description="Its part of the hit's score, 0 to 1")
    words: list[str] = Field(description="The words that were found, for keyword")


class HitOut(BaseModel):
    """A record that matched."""

    id: str
    score: float = Field(description="What hits are sorted by; higher is better")
    similarity: float = Field(description="Cosine of query and part, -1 to 1")
    relevance: float | None = Field(
        description="How likely it is what was asked for, 0 to 1; null where that is not known"
    )
    contributions: list[ContributionOut]
    uri: str
    kind: Kind
    part: PartOut
    metadata: Metadata
    thumbnail: str | None = Field(description="Path of a small JPEG, where there is a picture")
    group_value: Scalar | None = Field(description="Of the field that hits are grouped by")
    group_size: int = Field(description="Records of the relevant set in its group")
    others: list["HitOut"] = Field(description="Further records of its group, best first")


class BucketOut(BaseModel):
    """One bar of a facet."""

    value: Scalar = Field(description="The value; of a histogram the bar's lower end")
    count: int
    end: float | str | None = Field(description="Of a histogram: the bar's upper end")


class FacetOut(BaseModel):
    """The counts of one facet. A filter on its own field does not shrink them."""

    field: str
    kind: FacetKind
    buckets: list[BucketOut]
    others: int = Field(description="Records that have only values beyond the limit")
    missing: int = Field(description="Records without the field")


class SearchOut(BaseModel):
    """An answer."""

    hits: list[HitOut]
    cursor: str | None = Field(description="Asks for the next page")
    target: Target
    exact: bool = Field(description="Whether a full scan would give the same")
    mode: Mode = Field(description="Which rankings were made")
    no_match: bool = Field(description="Nothing fits; the hits are only the nearest there are")
    unrated: str | None = Field(
        None, description="Why hits have no relevance, for a person; null where they have"
    )
    relevant: int | None = Field(description="Records in the relevant set, where somebody asked")
    facets: list[FacetOut] = Field(description="In the order asked for")
    turn: str | None = Field(description="Names this query, so that a later one can refine it")
    looking_for: str = Field(
        "", description="The query in one line, as it was read and refined, for a person"
    )
    space: str | None = Field(description="The model")
    warnings: list[str] = Field(
        default_factory=list,
        description="What the filter may not have meant: fields no record has, unlike types",
    )
    took_ms: dict[str, float] = Field(description="By stage: decode, embed, search, total")


class BatchOut(BaseModel):
    """Answers in the order of the queries; of one that cannot be answered, why."""

    answers: list[SearchOut | Problem]
    took_ms: dict[str, float]

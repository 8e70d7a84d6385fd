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
Notation = Annotated[str, Field(min_length=1, max_length=300)]
Language = Annotated[str, Field(max_length=35, pattern=OF_LANGUAGE)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Cursor = Annotated[
    str | None,
    Field(
        max_length=1000,
        description="The cursor of an earlier answer: goes on behind it, the rest as it was",
    ),
]
PageLimit = Annotated[int, Field(ge=1, le=1000, description="Hits a page")]
Offset = Annotated[
    int, Field(ge=0, le=10_000, description="Pass over so many hits; not beside a cursor")
]
Beyond = Annotated[
    bool, Field(description="Have further pages where those of what is relevant have ended")
]
Diversity = Annotated[float, Field(ge=0, le=1, description="How unlike each other hits shall be")]
Collapse = Annotated[bool, Field(description="Show only the best of near-duplicates")]
Wanted = Annotated[Target | None, Field(description="Pictures by default, else texts")]


class RegionIn(Strict):
    """A rectangle of an upright picture, as fractions of its width and height."""

    x: Fraction = Field(description="Its left edge")
    y: Fraction = Field(description="Its top edge")
    width: Fraction = Field(description="Of the picture's width")
    height: Fraction = Field(description="Of the picture's height")


class TermIn(Strict):
    """One thing to look for; exactly one of the first five."""

    text: Text | None = Field(None, description="Words")
    image: Base64 | None = None
    record: RecordId | None = Field(
        None, description="The id of a record of the collection: its pictures, else its texts"
    )
    vector: list[float] | None = Field(
        None,
        min_length=1,
        max_length=8192,
        description="Of the collection's dimension, such as POST /v1/embeddings gives",
    )
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

    image: float = Field(1.0, ge=0, le=1000, description="Of vectors of pictures")
    text: float = Field(1.0, ge=0, le=1000, description="Of vectors of texts")
    keyword: float = Field(1.0, ge=0, le=1000, description="Of words")


class SortIn(Strict):
    """An order; '-price' says the same as this with ``descending``."""

    field: FieldName = Field(description="A field, id, uri or relevance")
    descending: bool = Field(False, description="Greatest first")


class FacetIn(Strict):
    """What to count."""

    field: FieldName = Field(description="A metadata field")
    kind: FacetKind | None = Field(None, description="By the field's type, if not given")
    limit: int = Field(10, ge=1, le=1000, description="Of values: how many")
    bins: int = Field(10, ge=1, le=1000, description="Of a histogram of numbers: how many bars")
    interval: Interval | None = Field(None, description="Of a histogram of dates")


class GroupIn(Strict):
    """What records to take together."""

    field: FieldName = Field(
        description="A metadata field; records with the same value are a group"
    )
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
    """A query: something to look for, or a filter, an order, facets or a refinement.

    Without ``sort`` hits come by relevance. The relevant set is what passes the filter and fits the
    query; ``relevant`` of the answer counts it, and pages end with it.
    """

    query: Text | Annotated[list[TermIn], Field(max_length=64)] = Field(
        default_factory=list,
        description="Words, or weighted terms. Words are read as people mean them ('red shoes "
        "under 60, not leather'), and looking_for and reading of the answer tell how",
        examples=[
            "red shoes under 60",
            [{"text": "leather bag"}, {"record": "sku-1"}, {"text": "black", "weight": -1}],
        ],
    )
    target: Wanted = None
    filter: Filter | None = None
    limit: PageLimit = 10
    cursor: Cursor = None
    offset: Offset = 0
    beyond: Beyond = False
    exact: bool = Field(False, description="Look through everything, also where an index would do")
    mode: Mode | None = Field(
        None, description="By vectors, by words, or by both; hybrid where there are words"
    )
    weights: WeightsIn | None = Field(None, description="How much each ranking counts")
    sort: Annotated[list[Notation | SortIn], Field(max_length=8)] = Field(
        default_factory=list,
        description="Orders the relevant set: a field, 'id', 'uri' or 'relevance', behind a '-' "
        "the greatest first; or objects. What lacks the field comes last",
        examples=[["-price", "relevance"]],
    )
    facets: Annotated[list[Notation | FacetIn], Field(max_length=32)] = Field(
        default_factory=list,
        description="Counts the relevant set: 'FIELD' or 'FIELD:KIND:COUNT', KIND being values, "
        "numbers or dates (histograms); of dates year, month or day may stand behind; or objects",
        examples=[["color", "brand:20", "price:numbers:5", "added:dates:month"]],
    )
    group: Notation | GroupIn | None = Field(
        None,
        description="Shows the best of each value of a field, or several: 'style:3'; or an object",
        examples=["style:3"],
    )
    diversity: Diversity = 0.0
    collapse: Collapse = False
    min_relevance: Fraction | Literal["auto"] | None = Field(
        None, description="Leave out hits below it; auto: below the cut, where relevant ends"
    )
    refine: RefinementIn | None = Field(None, description="Goes on from an earlier answer")
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
        description="Which members of hits are wanted; all without it. Of metadata and texts also "
        "one by one; id and others are always there",
        examples=[["thumbnail", "picture", "texts.title", "metadata.price"]],
    )


class SearchBesideIn(SearchIn):
    """A query beside an uploaded picture, which may be all there is to look for."""

    region: Notation | RegionIn | None = Field(
        None, description="Only this part of the uploaded picture"
    )


class SearchByWords(Strict):
    """A query as a link: every part is one text."""

    q: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        pattern=NOT_BLANK,
        description="Words, as people type them",
    )
    limit: PageLimit = 10
    target: Wanted = None
    where: str | None = Field(
        None,
        max_length=4000,
        description="A filter as people type it, such as price < 60 and color in (Red, Blue)",
    )
    filter: str | None = Field(None, max_length=4000, description="Another name of where")
    cursor: Cursor = None
    offset: Offset = 0
    beyond: Beyond = False
    mode: Mode | None = Field(None, description="By vectors, by words, or by both")
    sort: Annotated[list[Notation], Field(max_length=8)] = Field(
        default_factory=list, description="Such as -price; may be repeated"
    )
    facet: Annotated[list[Notation], Field(max_length=32)] = Field(
        default_factory=list, description="Such as price:numbers:5; may be repeated"
    )
    group: Notation | None = Field(None, description="Such as style:3")
    diversity: Diversity = 0.0
    collapse: Collapse = False
    min_relevance: str | None = Field(None, max_length=20, description="auto, 0.3 or 30%")
    refine: Notation | None = Field(None, description="The turn of an earlier answer")
    rules: RulesInUse = Field(
        "live", description="Which ranking rules hold: those published, those of the draft, or none"
    )
    language: Language | None = Field(None, description="What the words are in, such as de")
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


class BatchIn(Strict):
    """Many queries in one call."""

    searches: list[Annotated[SearchIn, WrapValidator(or_misfit)]] = Field(
        min_length=1, description="256 at most, where the operator has set no other number"
    )

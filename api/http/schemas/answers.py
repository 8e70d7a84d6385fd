"""The wire of answers: what searches and hits tell."""

from typing import Literal

from pydantic import BaseModel, Field

from api.http.schemas.common import Metadata, PartOut, PictureOut, Problem
from binocle.part_kinds import RankingName
from binocle.types import Kind, Scalar, Target
from search.query.query import FacetKind, Mode
from search.results.reading import PieceKind


class ContributionOut(BaseModel):
    """What one ranking, or a ranking rule, says for a hit."""

    ranking: RankingName | Literal["boost", "pin"] = Field(description="The last two: of rules")
    rank: int = Field(description="Place in it, from 1; of rules, the place without them, or 0")
    score: float = Field(
        description="Cosine; for words BM25; higher is better; a boost's value, a pin's position"
    )
    share: float = Field(description="Its part of the hit's score, 0 to 1; rules have none")
    words: list[str] = Field(description="The words that were found, for keyword")
    name: str = Field("", description="Of a boost")
    factor: float = Field(
        1.0, description="What a boost multiplies relevance with in the order; not what is shown"
    )


class PieceOut(BaseModel):
    """A piece of a text."""

    text: str = Field(description="Put in as it is; it is no HTML")
    matched: bool = Field(description="Whether it is one of the words that were found")


class HighlightOut(BaseModel):
    """An excerpt of what is written on a record, with words that were found."""

    kind: Literal["text", "field"] = Field(description="Whether it is a text or of the metadata")
    name: str = Field(description="The text's role, or the field")
    pieces: list[PieceOut] = Field(description="In order; put together they are the excerpt")


class HitOut(BaseModel):
    """A record that matched. ``fields`` chooses what is there beside ``id`` and ``others``."""

    id: str = Field(description="Of the record")
    score: float = Field(0.0, description="What hits are sorted by; higher is better")
    similarity: float = Field(0.0, description="Cosine of query and part, -1 to 1")
    relevance: float | None = Field(
        None, description="How likely it is what was asked for, 0 to 1; null where that is unknown"
    )
    contributions: list[ContributionOut] = Field(
        default_factory=list, description="What each ranking says for it"
    )
    kind: Kind = Field("image", description="Of the part that matched")
    uri: str = Field("", description="The record's")
    part: PartOut | None = Field(None, description="The part that matched")
    picture: PictureOut | None = Field(
        None, description="The part that matched; of a text, the record's first picture"
    )
    thumbnail: str | None = Field(
        None, description="Path of that picture, small; with &size= up to 320, 640 or 1280 pixels"
    )
    image: str | None = Field(None, description="Path of that picture as it was stored")
    texts: dict[str, list[str]] = Field(
        default_factory=dict, description="The record's texts by role"
    )
    highlights: list[HighlightOut] = Field(
        default_factory=list, description="Where the words stand that were found, eight at most"
    )
    metadata: Metadata = Field(default_factory=dict, description="The record's fields")
    group_value: Scalar | None = Field(None, description="Of the field that hits are grouped by")
    group_size: int = Field(1, description="Records of the relevant set in its group")
    others: list["HitOut"] = Field(
        default_factory=list, description="Further records of its group, best first"
    )


class BucketOut(BaseModel):
    """One bar of a facet."""

    value: Scalar = Field(description="The value; of a histogram the bar's lower end")
    count: int = Field(description="Records of the relevant set")
    end: float | str | None = Field(description="Of a histogram: the bar's upper end")


class FacetOut(BaseModel):
    """The counts of one facet. A filter on its own field does not shrink them."""

    field: str = Field(description="As it was asked for")
    kind: FacetKind = Field(description="What the buckets are: values, or bars of numbers or dates")
    buckets: list[BucketOut] = Field(
        description="Of values the most frequent first; of a histogram in order"
    )
    others: int = Field(description="Records that have only values beyond the limit")
    missing: int = Field(description="Records without the field")


class ReadPieceOut(BaseModel):
    """One thing that the query was read as."""

    kind: PieceKind = Field(
        description="words are looked for, not kept away from; spelling is what of was taken for, "
        "unread what the model cannot read, synonym what counts as of too, demand a word that what "
        "is relevant must have; bound is one of a field, filter another clause, order a field"
    )
    text: str = Field(description="What it is, as people type it")
    of: str = Field("", description="Words as they were typed, or a field")
    operator: str | None = Field(None, description="Of a bound: lt, lte, gt or gte")
    value: Scalar | None = Field(None, description="Of a bound")
    least: int | None = Field(
        None, description="Of a demand: how many of all words demanded have to be there"
    )
    descending: bool = Field(False, description="Of an order")


class SearchOut(BaseModel):
    """An answer."""

    hits: list[HitOut] = Field(description="Best first, or as sorted")
    cursor: str | None = Field(description="Asks for the next page")
    target: Target = Field(description="What was looked for: pictures, texts, or both")
    exact: bool = Field(description="Whether a full scan would give the same")
    mode: Mode = Field(description="Which rankings were made")
    no_match: bool = Field(description="Nothing fits; the hits are only the nearest there are")
    unrated: str | None = Field(
        None, description="Why hits have no relevance, for a person; null where they have"
    )
    relevant: int | None = Field(
        description="Records in the relevant set; null where nobody can tell"
    )
    relevant_error: int = Field(
        0, description="How far that may be off, in 19 of 20 cases; 0 where they were counted"
    )
    facets: list[FacetOut] = Field(description="In the order asked for")
    turn: str | None = Field(description="Names this query, so that a later one can refine it")
    looking_for: str = Field(
        "", description="The query in one line, as it was read and refined, for a person"
    )
    reading: list[ReadPieceOut] = Field(
        default_factory=list, description="The same piece by piece, but for pictures and records"
    )
    space: str | None = Field(description="The model")
    warnings: list[str] = Field(
        default_factory=list,
        description="What the filter may not have meant: fields no record has, unlike types",
    )
    took_ms: dict[str, float] = Field(description="By stage: decode, embed, search, total")


class ReasonOut(BaseModel):
    """Why a record is recommended."""

    id: str = Field(description="The hit's")
    like: str = Field(description="Which record of more_of it is most like")
    similarity: float = Field(description="Cosine of the two, -1 to 1")


class RecommendOut(SearchOut):
    """The answer of the search that a recommendation is, and why."""

    because: list[ReasonOut] = Field(description="In the order of the hits")
    unknown: list[str] = Field(description="Ids of the request that there are not")


class BatchOut(BaseModel):
    """Answers in the order of the queries; of one that cannot be answered, why."""

    answers: list[SearchOut | Problem] = Field(
        description="One for each of searches, in their order"
    )
    took_ms: dict[str, float] = Field(description="Milliseconds of all of it")

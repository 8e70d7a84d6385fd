"""Ranking rules on the wire. What they mean is checked where they are read."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.http.schemas.common import RecordId, Strict
from api.http.schemas.patterns import NO_NULLS
from api.http.schemas.search import FieldName, Language
from search.rules import ranking_rules as limits
from search.rules.formula import FUNCTIONS, MAX_CHARACTERS
from search.rules.ranking_rules import Match, Prefer

Phrase = Annotated[str, Field(min_length=1, max_length=limits.MAX_PHRASE, pattern=NO_NULLS)]
Moment = Annotated[str, Field(min_length=1, max_length=40, examples=["2026-11-27"])]
RuleName = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NULLS)]
TypedQuery = Annotated[str, Field(min_length=1, max_length=2000)]
Position = Annotated[int, Field(ge=1, le=limits.MAX_POSITION)]


class SynonymIn(Strict):
    """Words that mean the same."""

    words: list[Phrase] = Field(
        min_length=1,
        max_length=limits.MAX_WORDS,
        description="Each finds all of them; with typed, what is found as well",
    )
    typed: Phrase | None = Field(
        None, description="Whoever types this finds the words as well, and not the other way"
    )
    language: Language | None = Field(None, description="Only for searches in it")


class PinIn(Strict):
    """A record at a position."""

    id: RecordId = Field(description="Of the record")
    position: Position | None = Field(None, description="Without it, its place in the list")


class CurationIn(Strict):
    """What is shown, and what is not, where somebody asks for something."""

    name: RuleName | None = Field(None, description="For people; the query, if not given")
    query: Phrase = Field(examples=["red dress"], description="What people type, in any capitals")
    match: Match = Field("exact", description="All of the query, or a piece of a longer one")
    pin: list[RecordId | PinIn] = Field(
        default_factory=list,
        max_length=limits.MAX_PINS,
        description="Ids to show first, in this order; with objects, at given positions",
    )
    hide: list[RecordId] = Field(
        default_factory=list, max_length=limits.MAX_HIDDEN, description="Ids not to be shown"
    )
    start: Moment | None = Field(None, alias="from", description="A date or a time; else UTC")
    until: Moment | None = Field(None, description="Likewise; of a date, the whole day")
    language: Language | None = Field(None, description="Only for searches in it")


class BoostIn(Strict):
    """What moves records among others that are as relevant; one of the last four says its value."""

    name: RuleName | None = Field(None, description="Shown with hits")
    weight: float = Field(
        ge=limits.LEAST_WEIGHT,
        le=limits.MOST_WEIGHT,
        description="A record of value 1 counts 1 + weight times; not 0",
    )
    field: FieldName | None = Field(None, description="Beside a pivot or a half-life")
    prefer: Prefer | None = Field(None, description="Beside a pivot; high, if not given")
    pivot: float | None = Field(None, gt=0, description="The number whose value is a half")
    half_life_days: float | None = Field(
        None, gt=0, description="The age of a date whose value is a half"
    )
    where: str | None = Field(
        None, min_length=1, max_length=2000, description="A filter as it is typed: value 1 or 0"
    )
    formula: str | None = Field(
        None, min_length=1, max_length=MAX_CHARACTERS,
        description=f"Numbers, fields, + - * / and {', '.join(FUNCTIONS)}",
        examples=["saturation(sales, 100)"],
    )  # fmt: skip


class RulesIn(Strict):
    """All ranking rules of a collection; docs/ranking-rules.md says what they do."""

    synonyms: list[SynonymIn] = Field(
        default_factory=list,
        max_length=limits.MAX_SYNONYMS,
        description="What counts as the same words",
    )
    curations: list[CurationIn] = Field(
        default_factory=list,
        max_length=limits.MAX_CURATIONS,
        description="What is pinned and hidden for a query",
    )
    boosts: list[BoostIn] = Field(
        default_factory=list, max_length=limits.MAX_BOOSTS, description="What is moved up"
    )


class VersionOut(BaseModel):
    """A version of the rules."""

    version: int = Field(description="From 1; 0 of a draft, and where none were published")
    at: str | None = Field(
        None, description="When it was stored; not there where none were published"
    )
    note: str = Field(description="What whoever published it said")


class RulesOut(VersionOut):
    """Rules, and which version they are."""

    rules: RulesIn = Field(description="All of them")


class DraftOut(RulesOut):
    """A draft that was stored."""

    warnings: list[str] = Field(
        description="What has no effect: records and fields that are not there"
    )


class VersionsOut(BaseModel):
    """The versions that are kept, newest first; the first one holds."""

    versions: list[VersionOut] = Field(description="The last hundred")
    draft: bool = Field(description="Whether a draft waits as well")


class PublishIn(Strict):
    """What to say of what is published."""

    note: str = Field("", max_length=1000, description="Why, for whoever reads the versions")


class BackIn(PublishIn):
    """Which version to publish once more."""

    version: int = Field(ge=1, le=2**53, description="One of GET .../rules/versions")


class TrialIn(Strict):
    """What a draft is tried on."""

    queries: list[TypedQuery] = Field(
        default_factory=list, max_length=200, description="Such as people type"
    )
    recorded: int = Field(
        0, ge=0, le=200,
        description="Also so many of those asked most, where the operator keeps queries",
    )  # fmt: skip
    limit: int = Field(10, ge=1, le=100, description="How many hits are held against each other")


class MoveOut(BaseModel):
    """A hit whose place is another one."""

    id: str = Field(description="Of the record")
    before: int | None = Field(description="Its place by the live rules; null: not among the first")
    after: int | None = Field(description="Its place by the draft")


class TriedOut(BaseModel):
    """What the draft changes for one query."""

    query: str = Field(description="As it was asked")
    moves: list[MoveOut] = Field(description="None where the first hits are the same")
    before: list[str] = Field(description="Ids of the first hits by the live rules")
    after: list[str] = Field(description="Ids of the first hits by the draft")
    relevant_before: int | None = Field(description="Records in the relevant set by the live rules")
    relevant_after: int | None = Field(description="By the draft")
    looking_for: str = Field(description="How the draft reads the query")
    error: str | None = Field(description="Why it has no answer")


class TrialOut(BaseModel):
    """What the draft changes."""

    changed: int = Field(description="How many queries have other first hits")
    tried: list[TriedOut] = Field(description="In the order of the queries")

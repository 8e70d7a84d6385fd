"""The wire of jobs."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from api.http.schemas.common import ItemError, Name, Strict
from api.http.schemas.patterns import NO_NULLS


class JobIn(Strict):
    """A source the operator allows, by its path, and what a table's columns mean."""

    source: str = Field(
        min_length=1,
        max_length=4000,
        pattern=NO_NULLS,
        description="Its path, or a name of GET /v1/sources with what is below it",
    )
    model: str | None = Field(
        None, max_length=500, description="Embeds a new collection; one of GET /v1/models"
    )
    id_column: str | None = Field(
        None, max_length=200, description="Of a table: has the record's id"
    )
    image_column: str | None = Field(
        None, max_length=200, description="Of a table: has paths of pictures"
    )
    text_columns: list[str] = Field(
        default_factory=list, max_length=32, description="Of a table: have texts"
    )
    encoding: str | None = Field(
        None,
        max_length=100,
        description="What texts are in that have no mark, such as shift-jis; else UTF-8 or cp1252",
    )
    exclude: list[Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=list,
        max_length=100,
        description="What to leave out of a folder or an archive, as in .gitignore: *.png, drafts/",
    )


JobState: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]
JobKind: TypeAlias = Literal["index", "duplicates", "labels", "backup", "snapshot", "hashes"]


class JobOut(BaseModel):
    """How far a job is."""

    id: str = Field(description="Names it")
    kind: JobKind = Field(description="What it does")
    collection: str = Field(description="Where it works")
    source: str = Field(description="What is indexed; empty for other kinds")
    state: JobState = Field(description="The last three are its end")
    done: int = Field(description="Items so far")
    total: int = Field(description="0 while it is not known")
    counts: dict[str, int] = Field(
        description="Of what it did, such as added, updated, unchanged, removed and skipped"
    )
    warnings: list[str] = Field(
        description="What to know of the source's metadata, such as values that are no numbers; of "
        "a backup, what could not be backed up"
    )
    error: ItemError | None = Field(description="Why it has failed")
    created_at: str = Field(description="When it was started; ISO 8601, UTC")
    begun_at: str | None = Field(None, description="When its turn came")
    ended_at: str | None = Field(None, description="When it ended")


class JobsOfOneAsked(Strict):
    """Which jobs of a collection to list."""

    kind: list[JobKind] = Field(default_factory=list, max_length=8, description="Of these kinds")
    state: list[JobState] = Field(default_factory=list, max_length=8, description="In these states")
    limit: int = Field(50, ge=1, le=500, description="Jobs a page")
    cursor: str | None = Field(
        None, max_length=100, description="The cursor of an earlier page: older ones"
    )


class JobsAsked(JobsOfOneAsked):
    """Which jobs to list."""

    collection: Name | None = Field(None, description="Of this one, or this alias's")


class JobPage(BaseModel):
    """Some of the jobs, the latest first."""

    jobs: list[JobOut] = Field(description="The latest first")
    cursor: str | None = Field(description="Asks for older ones")

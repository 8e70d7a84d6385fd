"""The wire of jobs."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from api.http.schemas.common import ItemError, Name, Strict
from api.http.schemas.patterns import NO_NULLS


class JobIn(Strict):
    """A source the operator allows, by its path, and what a table's columns mean."""

    source: str = Field(min_length=1, max_length=4000, pattern=NO_NULLS)
    model: str | None = Field(None, max_length=500)
    id_column: str | None = Field(None, max_length=200)
    image_column: str | None = Field(None, max_length=200)
    text_columns: list[str] = Field(default_factory=list, max_length=32)
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
JobKind: TypeAlias = Literal["index", "duplicates", "labels", "backup", "snapshot"]


class JobOut(BaseModel):
    """How far a job is."""

    id: str
    kind: JobKind
    collection: str
    source: str = Field(description="What is indexed; empty for other kinds")
    state: JobState
    done: int
    total: int = Field(description="0 while it is not known")
    counts: dict[str, int]
    warnings: list[str] = Field(
        description="What to know of the source's metadata, such as values that are no numbers; of "
        "a backup, what could not be backed up"
    )
    error: ItemError | None
    created_at: str = Field(description="When it was started; ISO 8601, UTC")
    begun_at: str | None = Field(None, description="When its turn came")
    ended_at: str | None = None


class JobsOfOneAsked(Strict):
    """Which jobs of a collection to list."""

    kind: list[JobKind] = Field(default_factory=list, max_length=8, description="Of these kinds")
    state: list[JobState] = Field(default_factory=list, max_length=8, description="In these states")
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=100)


class JobsAsked(JobsOfOneAsked):
    """Which jobs to list."""

    collection: Name | None = Field(None, description="Of this one, or this alias's")


class JobPage(BaseModel):
    """Some of the jobs, the latest first."""

    jobs: list[JobOut]
    cursor: str | None = Field(description="Asks for older ones")

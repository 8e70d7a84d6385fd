"""The wire of sources: folders a client may have indexed, and what was left out of them."""

from pydantic import BaseModel, Field

from api.http.schemas.common import ItemError


class SourcesOut(BaseModel):
    """Folders the operator allows."""

    sources: list[str] = Field(
        description="Their names, as a job's source takes them; below one: 'name/folder'"
    )


class SkippedItem(BaseModel):
    """A file, member, row or line that is no record, and why."""

    source: str = Field(description="Name of its source")
    item: str = Field(description="Its path or place in the source")
    error: ItemError = Field(description="Why")


class SkippedOut(BaseModel):
    """What was skipped, source by source."""

    skipped: list[SkippedItem] = Field(description="As many as limit says")
    total: int = Field(description="How many there are")

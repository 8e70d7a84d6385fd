"""The wire of records by the line."""

from typing import Literal

from pydantic import BaseModel, Field

from api.http.schemas.common import ItemError


class LineOutcome(BaseModel):
    """What became of one line."""

    line: int = Field(description="Which, from 1; empty ones are counted, and not answered")
    id: str | None = Field(None, description="Of the record, where it could be read")
    status: Literal["stored", "failed"] = Field(description="stored: it is on disk")
    error: ItemError | None = Field(None, description="Why it was not stored")


class ImportEnd(BaseModel):
    """The last line of an answer: where it is missing, not all lines were answered."""

    lines: int = Field(description="How many were answered")
    stored: int = Field(description="How many were")
    failed: int = Field(description="How many were not")
    error: ItemError | None = Field(None, description="Why it ended before the last line")

"""Suggestions on the wire."""

from typing import Literal

from pydantic import BaseModel, Field


class SuggestionOut(BaseModel):
    """What may be meant."""

    text: str
    count: int = Field(description="How many records say so")
    kind: Literal["text", "value"] = Field(description="A text of records, or a value of a field")
    name: str = Field(description="The text's role, or the field")


class SuggestionsOut(BaseModel):
    """What may be meant by what was typed so far."""

    suggestions: list[SuggestionOut] = Field(description="Likeliest first")
    read_as: str | None = Field(
        description="What was looked for where nothing begins as typed; null where that was not so"
    )

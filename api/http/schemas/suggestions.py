"""Suggestions on the wire."""

from pydantic import BaseModel, Field

from search.keyword.suggestions import SuggestionKind


class SuggestionOut(BaseModel):
    """What may be meant."""

    text: str = Field(description="What to search for")
    count: int = Field(description="How many records say so, or are relevant to the query")
    kind: SuggestionKind = Field(
        description="A text of records, a value of a field, or a query that was asked before and "
        "had an answer, where the operator keeps queries"
    )
    name: str = Field(description="The text's role, or the field; empty for a query")


class SuggestionsOut(BaseModel):
    """What may be meant by what was typed so far."""

    suggestions: list[SuggestionOut] = Field(description="Likeliest first")
    read_as: str | None = Field(
        description="What was looked for where nothing begins as typed; null where that was not so"
    )

"""The wire of fields and their types."""

from pydantic import BaseModel, Field

from api.http.schemas.common import Strict
from binocle.metadata.field_types import FieldType


class SchemaIn(Strict):
    """Types to declare."""

    fields: dict[str, FieldType | None] = Field(
        max_length=500,
        description="Field names and their types; null leaves a field to inference again. Fields "
        "that are not named stay as they are.",
        examples=[{"price": "number", "tags": "keywords", "spot": "geo"}],
    )


class FieldOut(BaseModel):
    """A metadata field."""

    name: str = Field(description="As records have it")
    type: FieldType = Field(description="What it was declared as, or what its values are")
    declared: bool = Field(description="Whether its type was declared")
    records: int = Field(description="How many records have it")
    examples: list[str | float | bool] = Field(description="Some of its values")


class SchemaOut(BaseModel):
    """All metadata fields of a collection, by name."""

    fields: list[FieldOut] = Field(description="By name")

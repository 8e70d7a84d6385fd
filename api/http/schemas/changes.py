"""The wire of changes to records that are there."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.http.schemas.common import Base64, Filter, Strict, Text
from api.http.schemas.patterns import NOT_BLANK
from binocle.types import MetadataValue

_Role = Annotated[str, Field(min_length=1, max_length=100)]
_Fields = dict[str, MetadataValue | None]


class RecordPatch(Strict):
    """What of a record is to be something else; what is not named stays."""

    metadata: _Fields = Field(
        default_factory=dict, max_length=500, description="Fields to set; null removes one"
    )
    texts: dict[_Role, Text | list[Text] | None] = Field(
        default_factory=dict,
        max_length=64,
        description="By role, all texts that it has in it; null or an empty list removes them",
    )
    images: dict[_Role, Base64 | list[Base64] | None] = Field(
        default_factory=dict, max_length=32, description="Likewise, in base64"
    )


class MatchingIn(Strict):
    """Which records are to be changed, and whether they are."""

    filter: Filter | None = None
    where: str | None = Field(
        None, max_length=4000, pattern=NOT_BLANK, description="As on the command line"
    )
    dry_run: bool = Field(True, description="Only tell which they are")
    expected: int | None = Field(
        None, ge=0, description="How many there should be, as a dry run told; else nothing is done"
    )


class UpdateMatchingIn(MatchingIn):
    """What the metadata of all records that pass a filter is to be."""

    metadata: _Fields = Field(
        min_length=1, max_length=500, description="Fields to set; null removes one"
    )


class MatchingOut(BaseModel):
    """What was changed, or would be."""

    matched: int = Field(description="How many records pass the filter")
    changed: int = Field(description="How many were changed; 0 of a dry run")
    dry_run: bool = Field(description="Whether it was one")
    ids: list[str] = Field(description="Of the first of them, twenty at most")

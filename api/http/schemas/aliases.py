"""The wire of aliases."""

from pydantic import BaseModel, Field

from api.http.schemas.common import Name, Strict


class AliasIn(Strict):
    """What an alias shall stand for."""

    collection: Name = Field(description="The collection it shall stand for; not another alias")
    expected: Name | None = Field(
        None, description="Only where it has stood for this collection until now"
    )


class AliasOut(BaseModel):
    """A name that stands for a collection."""

    name: str = Field(description="The alias")
    collection: str | None = Field(
        description="What it stands for; null where the key is not for that"
    )
    switched_at: str = Field(description="Since when")


class AliasesOut(BaseModel):
    """The aliases that the key is for."""

    aliases: list[AliasOut] = Field(description="By name")

"""Sessions on the wire."""

from pydantic import BaseModel, Field

from api.http.schemas.common import Strict
from api.keys.key import Access


class SessionIn(Strict):
    """A key to exchange for a cookie."""

    key: str = Field(min_length=1, max_length=500, description="Its secret")


class SessionOut(BaseModel):
    """Who asks."""

    needs_key: bool = Field(description="Whether the service asks for keys at all")
    key: str | None = Field(description="The name of the key; null without one")
    scope: Access | None = Field(description="What it may do; null without one")
    collections: list[str] | None = Field(description="The only ones it opens; null for all")

"""API keys on the wire. A secret is shown once, in the answer to what made it."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from api.http.schemas.common import Name, Strict
from api.keys.key import KEY_NAME, MAX_REQUESTS_PER_MINUTE, Access

KeyName = Annotated[str, Field(pattern=KEY_NAME)]


class KeyIn(Strict):
    """A key to make."""

    name: KeyName
    scope: Access = "read"
    collections: list[Name] | None = Field(
        None, min_length=1, max_length=1000, description="The only ones it opens; null for all"
    )
    expires_at: AwareDatetime | None = Field(None, description="From then on it opens nothing")
    requests_per_minute: int | None = Field(
        None, ge=1, le=MAX_REQUESTS_PER_MINUTE, description="Null for as often as it likes"
    )


class KeyRotationIn(Strict):
    """How a key gets a new secret."""

    grace_s: int = Field(
        0, ge=0, le=30 * 24 * 3600, description="How long the secret it had works beside it"
    )
    expires_at: AwareDatetime | None = Field(None, description="Null for when it would have ended")


class KeyOut(BaseModel):
    """What is known of a key."""

    name: str
    scope: Access
    collections: list[str] | None
    created_at: str
    expires_at: str | None
    requests_per_minute: int | None
    last_used_at: str | None = Field(description="To the minute")


class KeysOut(BaseModel):
    """All keys."""

    keys: list[KeyOut]


class NewKeyOut(BaseModel):
    """A key's secret, told this once."""

    name: str
    key: str

"""API keys on the wire. A secret is shown once, in the answer to what made it."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from api.http.schemas.common import Name, Strict
from api.keys.key import KEY_NAME, MAX_REQUESTS_PER_MINUTE, Access

KeyName = Annotated[str, Field(pattern=KEY_NAME)]


class KeyIn(Strict):
    """A key to make."""

    name: KeyName = Field(description="For people, and what it is revoked by")
    scope: Access = Field(
        "read",
        description="read; write: and store, change, remove; admin: and keys; backup: only backups",
    )
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

    name: str = Field(description="What it is revoked by")
    scope: Access = Field(description="What it may do")
    collections: list[str] | None = Field(description="The only ones it opens; null for all")
    created_at: str = Field(description="ISO 8601, UTC")
    expires_at: str | None = Field(description="From then on it opens nothing; null for never")
    requests_per_minute: int | None = Field(description="Null for as often as it likes")
    last_used_at: str | None = Field(description="To the minute")


class KeysOut(BaseModel):
    """All keys."""

    keys: list[KeyOut] = Field(description="By name")


class NewKeyOut(BaseModel):
    """A key's secret, told this once."""

    name: str = Field(description="What it is revoked by")
    key: str = Field(description="The secret, for the header Authorization: Bearer")

"""The wire of webhooks."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field

from api.http.schemas.common import Name, Strict

WebhookEvent = Literal["job.done", "job.failed", "job.cancelled"]


class WebhookIn(Strict):
    """Who is to be told of what."""

    url: str = Field(
        min_length=1, max_length=2000, description="http or https, at a public address"
    )
    events: Annotated[list[WebhookEvent], Field(min_length=1, max_length=10)] = Field(
        list(get_args(WebhookEvent)), description="All of them, if not given"
    )
    collections: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = Field(
        None, description="Only of these; all of them, if not given"
    )


class WebhookOut(BaseModel):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    collections: list[str] | None
    created_at: str
    ended: str | None = Field(description="Why nothing is sent any more; null while it is")


class NewWebhookOut(WebhookOut):
    """A webhook, with what its deliveries are signed with, which is told only once."""

    secret: str


class WebhooksOut(BaseModel):
    """The webhooks the key may administrate."""

    webhooks: list[WebhookOut]


class DeliveryOut(BaseModel):
    """What became of one event."""

    id: str = Field(description="The header webhook-id, the same for each attempt")
    type: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    created_at: str
    tried_at: str | None
    status: int | None = Field(description="Of the last answer; null where there was none")
    error: str | None = Field(description="Why the last attempt failed")


class DeliveriesOut(BaseModel):
    """What a webhook was told lately, the latest first."""

    deliveries: list[DeliveryOut]

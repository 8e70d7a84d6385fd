"""The wire of webhooks."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field

from api.http.schemas.background.jobs import JobOut
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

    id: str = Field(description="Names it")
    url: str = Field(description="Where events are posted")
    events: list[str] = Field(description="Which")
    collections: list[str] | None = Field(description="Only of these; null: of all")
    created_at: str = Field(description="ISO 8601, UTC")
    ended: str | None = Field(description="Why nothing is sent any more; null while it is")


class NewWebhookOut(WebhookOut):
    """A webhook, with what its deliveries are signed with, which is told only once."""

    secret: str = Field(description="What signatures are checked with (whsec_...)")


class WebhooksOut(BaseModel):
    """The webhooks the key may administrate."""

    webhooks: list[WebhookOut] = Field(description="The oldest first")


class DeliveryOut(BaseModel):
    """What became of one event."""

    id: str = Field(description="The header webhook-id, the same for each attempt")
    type: str = Field(description="The event, such as job.done")
    state: Literal["waiting", "delivered", "failed"] = Field(
        description="waiting: for the first attempt or the next one"
    )
    attempts: int = Field(description="So far")
    created_at: str = Field(description="When the event happened; ISO 8601, UTC")
    tried_at: str | None = Field(description="When the last attempt was")
    status: int | None = Field(description="Of the last answer; null where there was none")
    error: str | None = Field(description="Why the last attempt failed")


class DeliveriesOut(BaseModel):
    """What a webhook was told lately, the latest first."""

    deliveries: list[DeliveryOut] = Field(description="100 at most")


class EventOut(BaseModel):
    """What is posted to a webhook."""

    type: WebhookEvent | Literal["test"] = Field(description="What has happened")
    timestamp: str = Field(description="When it happened; ISO 8601, UTC")
    data: JobOut | dict[str, str] = Field(description="The job; of a test, the webhook's id")

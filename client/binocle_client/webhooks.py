"""What the service tells of webhooks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookSummary:
    """A webhook, without its secret; ``ended`` says why nothing is sent any more."""

    id: str
    url: str
    events: list[str]
    collections: list[str] | None
    created_at: str
    ended: str | None


@dataclass(frozen=True, slots=True)
class NewWebhook(WebhookSummary):
    """A webhook, with what its deliveries are signed with."""

    secret: str


@dataclass(frozen=True, slots=True)
class WebhookListing:
    """The webhooks of collections that the key may write to."""

    webhooks: list[WebhookSummary]


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """What became of one event: ``waiting``, ``delivered`` or ``failed``."""

    id: str
    type: str
    state: str
    attempts: int
    created_at: str
    tried_at: str | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class DeliveryListing:
    """What a webhook was told lately."""

    deliveries: list[WebhookDelivery]

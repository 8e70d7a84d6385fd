"""Webhooks: who is told when jobs end, where the operator allows it."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.queries import at
from api.http.runtime.background.background import Background, may_write
from api.http.runtime.background.webhooks import Webhook
from api.http.runtime.dependencies import KeyDependency, ServiceDependency, allow
from api.http.schemas.background.webhooks import (
    DeliveriesOut,
    DeliveryOut,
    NewWebhookOut,
    WebhookIn,
    WebhookOut,
    WebhooksOut,
)
from api.keys.key import Key
from binocle.errors import NotFoundError

router = APIRouter(tags=["webhooks"], route_class=JsonRoute)


@router.post("", status_code=201)
async def add_webhook(
    service: ServiceDependency, key: KeyDependency, body: WebhookIn, request: Request
) -> NewWebhookOut:
    """Make a webhook: it is told of jobs that end, in the collections that the key may write to.

    Its secret is told only here.
    """
    if not service.settings.webhooks:
        detail = "the operator has not allowed webhooks (BINOCLE_WEBHOOKS)"
        raise ServiceError(403, "webhooks-not-allowed", detail)
    if body.collections is None and key is not None and key.collections is not None:
        own = ", ".join(key.collections)
        detail = f"this API key is for some collections only; name those to be told of: {own}"
        raise ServiceError(403, "key-not-allowed", detail, field="collections")
    for name in body.collections or (None,):
        allow(key, "write", name)
    for name in body.collections or ():
        await service.opened(name)  # nothing would ever be told of one that is not there
    background = _background(request)
    with at("url"):
        background.sender.check(body.url)
    made: Webhook = await service.storing.run(
        background.webhooks.add,
        body.url,
        events=body.events,
        collections=body.collections,
        owner=key.identity if key is not None else "",
    )
    return NewWebhookOut(**_told(made), secret=made.secret)


@router.get("")
async def list_webhooks(
    service: ServiceDependency, key: KeyDependency, request: Request
) -> WebhooksOut:
    """List the webhooks of collections that the key may write to."""
    every: list[Webhook] = await service.storing.run(_background(request).webhooks.all)
    return WebhooksOut(webhooks=[WebhookOut(**_told(one)) for one in every if may_write(key, one)])


@router.delete("/{webhook_id}", status_code=204, response_class=Response)
async def remove_webhook(
    service: ServiceDependency, key: KeyDependency, webhook_id: str, request: Request
) -> Response:
    """Remove a webhook; what is due to it is not sent any more."""
    background = _background(request)
    found = await service.storing.run(_found, background, key, webhook_id)
    await service.storing.run(background.webhooks.remove, found.id)
    return Response(status_code=204)


@router.post("/{webhook_id}/test", status_code=202)
async def test_webhook(
    service: ServiceDependency, key: KeyDependency, webhook_id: str, request: Request
) -> DeliveryOut:
    """Have an event of the type ``test`` delivered; how that went is among the deliveries."""
    background = _background(request)

    def enqueue() -> DeliveryOut:
        found = _found(background, key, webhook_id)
        if found.ended is not None:
            detail = f"nothing is sent to this webhook any more: {found.ended}; make another one"
            raise ServiceError(409, "webhook-ended", detail)
        delivery_id = background.webhooks.enqueue_test(found.id)
        every = background.webhooks.deliveries(found.id)
        return DeliveryOut(**asdict(next(one for one in every if one.id == delivery_id)))

    told: DeliveryOut = await service.storing.run(enqueue)
    background.deliveries.wake()
    return told


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    service: ServiceDependency, key: KeyDependency, webhook_id: str, request: Request
) -> DeliveriesOut:
    """Tell what became of the last 100 events, and of those that are due."""
    background = _background(request)

    def listed() -> DeliveriesOut:
        found = background.webhooks.deliveries(_found(background, key, webhook_id).id)
        return DeliveriesOut(deliveries=[DeliveryOut(**asdict(one)) for one in found])

    told: DeliveriesOut = await service.storing.run(listed)
    return told


def _background(request: Request) -> Background:
    background: Background = request.app.state.background
    return background


def _found(background: Background, key: Key | None, webhook_id: str) -> Webhook:
    """Return a webhook that the key may administrate; others are not told of."""
    found = background.webhooks.find(webhook_id)
    if not may_write(key, found):
        raise NotFoundError(f"there is no webhook {webhook_id!r}")
    return found


def _told(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in WebhookOut.model_fields}

"""Webhooks: who is told by HTTP when a job ends, and what they have been told.

A delivery is kept in the transaction that ends the job, and is due until its receiver has taken it:
it comes at least once, with the same id each time.
"""

import base64
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.runtime.background.job import now
from api.http.schemas.background.jobs import JobOut
from api.service_state.state import ServiceState, Statements, is_among
from binocle.errors import BinocleError, NotFoundError, UsageError

_log = logging.getLogger(__name__)
MAX_WEBHOOKS, KEPT_DELIVERIES = 32, 100
EVENTS = ("job.done", "job.failed", "job.cancelled")
TEST_EVENT = "test"
_SECRET_BYTES = 32
_LEASE_S = 60.0  # longer than an attempt takes; who is killed in it leaves it to the next one
_WEBHOOK = "id, url, secret, events, collections, owner, created_at, ended"
_DELIVERY = "id, webhook, type, state, attempts, created_at, tried_at, status, error"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events go.

    Attributes:
        id: Its name.
        url: Of the receiver.
        secret: What deliveries are signed with, as the receiver knows it.
        events: Which.
        collections: Only of these, by their names or aliases; None for all.
        owner: Identity of the key that made it; empty where there were no keys.
        created_at: ISO 8601, UTC.
        ended: Why nothing is sent any more; None while it is.
    """

    id: str
    url: str
    secret: str
    events: tuple[str, ...]
    collections: tuple[str, ...] | None
    owner: str
    created_at: str
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one event for one webhook.

    Attributes:
        id: The same for each attempt.
        webhook: Whose.
        type: Of the event.
        state: ``waiting``, ``delivered``, or ``failed`` for good.
        attempts: How many there were.
        created_at, tried_at: ISO 8601, UTC.
        status: The last answer's; None where there was none.
        error: Why the last attempt failed.
    """

    id: str
    webhook: str
    type: str
    state: str
    attempts: int
    created_at: str
    tried_at: str | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be tried now, and its webhook."""

    id: str
    body: bytes
    attempts: int
    webhook: Webhook


class Webhooks:
    """The webhooks of a data home. Thread-safe.

    All methods raise ``StorageError`` where the file cannot be used.
    """

    def __init__(
        self, state: ServiceState, resolve: Callable[[str], str] = lambda name: name
    ) -> None:
        """Set up.

        Args:
            state: Where they are kept.
            resolve: Returns the collection that a name stands for.
        """
        self._state, self._resolve = state, resolve

    def add(
        self,
        url: str,
        *,
        events: Sequence[str],
        collections: Sequence[str] | None,
        owner: str,
    ) -> Webhook:
        """Make a webhook.

        Raises:
            UsageError: There are as many as there may be.
        """
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        named = None if collections is None else tuple(dict.fromkeys(collections))
        made = Webhook(
            f"wh_{secrets.token_hex(8)}", url, secret, tuple(dict.fromkeys(events)), named, owner,
            now(),
        )  # fmt: skip
        with self._state.using() as database:
            (count,) = database.execute("SELECT count(*) FROM webhooks").fetchone()
            if count >= MAX_WEBHOOKS:
                raise UsageError(f"there are {count} webhooks already, the most; remove one first")
            database.execute(
                "INSERT INTO webhooks (id, url, secret, events, collections, owner, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made.id, url, secret, json.dumps(made.events),
                 None if named is None else json.dumps(named), owner, made.created_at),
            )  # fmt: skip
        return made

    def all(self) -> list[Webhook]:
        """Return the webhooks, the oldest first."""
        with self._state.using() as database:
            return _webhooks(database)

    def find(self, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = next((one for one in self.all() if one.id == webhook_id), None)
        if found is None:
            raise NotFoundError(f"there is no webhook {webhook_id!r}")
        return found

    def remove(self, webhook_id: str) -> None:
        """Remove a webhook with what is due to it."""
        with self._state.using() as database:
            database.execute("DELETE FROM webhooks WHERE id = ?", (webhook_id,))

    def end(self, webhook_id: str, why: str) -> None:
        """Send nothing to a webhook any more."""
        with self._state.using() as database:
            database.execute("UPDATE webhooks SET ended = ? WHERE id = ?", (why, webhook_id))
            database.execute(
                "UPDATE deliveries SET state = 'failed', error = ? "
                "WHERE webhook = ? AND state = 'waiting'",
                (why, webhook_id),
            )

    def enqueue_job(self, database: Statements, job: JobOut) -> None:
        """Have all who want to know told how a job ended, in the transaction that notes it."""
        event = f"job.{job.state}"
        for one in _webhooks(database):
            name = self._name_for(one, job.collection)
            if one.ended is None and event in one.events and name is not None:
                told = job.model_copy(update={"collection": name})
                _enqueue(database, one.id, event, told.model_dump(mode="json"))

    def _name_for(self, webhook: Webhook, collection: str) -> str | None:
        """Return what a webhook calls a collection; None where it is not of it.

        A name that stands for none costs only itself, and the job ends in any case: what is raised
        here would undo that.
        """
        if webhook.collections is None or collection in webhook.collections:
            return collection
        for name in webhook.collections:
            try:
                if self._resolve(name) == collection:
                    return name
            except BinocleError as error:
                _log.warning("the webhook %s is not told by %r: %s", webhook.id, name, error)
        return None

    def enqueue_test(self, webhook_id: str) -> str:
        """Have a test event delivered; return the delivery's id."""
        with self._state.using() as database:
            return _enqueue(database, webhook_id, TEST_EVENT, {"webhook": webhook_id})

    def deliveries(self, webhook_id: str, limit: int = KEPT_DELIVERIES) -> list[Delivery]:
        """Return what a webhook was told lately, the latest first."""
        with self._state.using() as database:
            rows = database.execute(
                f"SELECT {_DELIVERY} FROM deliveries WHERE webhook = ? "  # noqa: S608
                "ORDER BY number DESC LIMIT ?",
                (webhook_id, limit),
            ).fetchall()
        return [Delivery(*row) for row in rows]

    def claim(self, most: int, busy: Sequence[str] = ()) -> list[Due]:
        """Return deliveries that are due, which nobody else is given for a minute.

        Args:
            most: How many at most.
            busy: Webhooks that are to wait.
        """
        with self._state.using() as database:
            rows = database.execute(
                "SELECT id, webhook, body, attempts FROM deliveries WHERE number IN "  # noqa: S608
                "(SELECT min(number) FROM deliveries WHERE state = 'waiting' AND due_at <= ? AND "
                f"NOT {is_among('webhook', len(busy))} GROUP BY webhook) ORDER BY due_at LIMIT ?",
                (time.time(), *busy, most),
            ).fetchall()
            known = {one.id: one for one in _webhooks(database)} if rows else {}
            for row in rows:
                database.execute(
                    "UPDATE deliveries SET due_at = ? WHERE id = ?",
                    (time.time() + _LEASE_S, row[0]),
                )
        return [
            Due(delivery, body.encode(), attempts, known[webhook])
            for delivery, webhook, body, attempts in rows
        ]

    def note(
        self, due: Due, *, status: int | None, error: str | None, again_in_s: float | None
    ) -> None:
        """Note how an attempt went.

        Args:
            due: Of which delivery.
            status: What was answered, if anything was.
            error: Why it failed; None where it did not.
            again_in_s: When it is tried again; None for never.
        """
        state = "delivered" if error is None else "failed" if again_in_s is None else "waiting"
        with self._state.using() as database:
            database.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, due_at = ?, tried_at = ?, "
                "status = ?, error = ? WHERE id = ?",
                (state, due.attempts + 1, time.time() + (again_in_s or 0), now(), status, error,
                 due.id),
            )  # fmt: skip
            database.execute(
                "DELETE FROM deliveries WHERE webhook = ? AND state != 'waiting' AND number <= "
                "(SELECT number FROM deliveries WHERE webhook = ? AND state != 'waiting' "
                "ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (due.webhook.id, due.webhook.id, KEPT_DELIVERIES),
            )


def _webhooks(database: Statements) -> list[Webhook]:
    rows = database.execute(f"SELECT {_WEBHOOK} FROM webhooks ORDER BY created_at, id").fetchall()  # noqa: S608
    return [
        Webhook(
            name, url, secret, tuple(json.loads(events)),
            None if collections is None else tuple(json.loads(collections)),
            owner, created_at, ended,
        )
        for name, url, secret, events, collections, owner, created_at, ended in rows
    ]  # fmt: skip


def _enqueue(database: Statements, webhook_id: str, event: str, data: dict[str, Any]) -> str:
    delivery_id, moment = f"msg_{secrets.token_hex(12)}", now()
    body = json.dumps({"type": event, "timestamp": moment, "data": data})
    database.execute(
        "INSERT INTO deliveries (id, webhook, type, body, state, attempts, due_at, created_at) "
        "VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?)",
        (delivery_id, webhook_id, event, body, time.time(), moment),
    )
    return delivery_id

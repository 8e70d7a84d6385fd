"""All that runs behind requests, put together."""

from collections.abc import Callable

from api.container import Container
from api.http.runtime.background.deliveries import Deliveries, Sender
from api.http.runtime.background.job_store import JobStore
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.background.snapshots import Snapshots
from api.http.runtime.background.webhooks import Webhook, Webhooks
from api.keys.key import Key
from api.keys.key_ring import KeyRing
from api.service_file import ServiceFile


class Background:
    """Jobs, and webhooks that are told of them.

    Attributes:
        jobs: Run one after the other, kept over restarts.
        snapshots: What jobs have written to be downloaded.
        webhooks: Who is told of them.
        sender: Sends to those.
        deliveries: Has it send what is due.
    """

    def __init__(self, container: Container, keys: KeyRing, on_use: Callable[[str], None]) -> None:
        """Set up.

        Args:
            container: Has the home, the settings and the aliases.
            keys: Who may still be told of what.
            on_use: As for ``Jobs``.
        """
        self._file = ServiceFile(container.settings.home)
        self.snapshots = Snapshots(container)
        self.webhooks = Webhooks(self._file, container.aliases.resolve)
        self.sender = Sender()
        self.deliveries = Deliveries(self.webhooks, self.sender, lambda one: _may(keys, one))
        store = JobStore(self._file, self.webhooks.enqueue_job)
        self.jobs = Jobs(
            container.settings.queue_size, on_use, store=store, on_end=self.deliveries.wake
        )
        self._is_sending = container.settings.webhooks

    def start(self) -> None:
        """Note which jobs ended with an earlier service, and begin to send; in a thread."""
        self.jobs.begin()
        if self._is_sending:
            self.deliveries.start()

    def close(self) -> None:
        """End the jobs, then what tells of them."""
        self.jobs.close()
        self.deliveries.close()
        self._file.close()


def _may(keys: KeyRing, webhook: Webhook) -> bool:
    """Tell whether the key that made a webhook may still know what it is told."""
    if not keys.is_closed():
        return True
    key = next((one for one in keys.all() if one.identity == webhook.owner), None)
    return key is not None and not key.has_expired() and may_write(key, webhook)


def may_write(key: Key | None, webhook: Webhook) -> bool:
    """Tell whether a key may write to all collections that a webhook is told of."""
    if webhook.collections is None:
        return key is None or (key.collections is None and key.allows("write", None))
    return key is None or all(key.allows("write", one) for one in webhook.collections)

"""All that runs behind requests, put together."""

from collections.abc import Callable

from api.container import Container
from api.http.runtime.background.deliveries import Deliveries, Sender
from api.http.runtime.background.job_store import JobStore
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.background.rate_exchange import RateExchange
from api.http.runtime.background.snapshots import Snapshots
from api.http.runtime.background.webhooks import Webhook, Webhooks
from api.http.runtime.request_rates import RequestRates
from api.keys.key import Key
from api.keys.key_ring import KeyRing
from api.service_state.opening import open_state


class Background:
    """Jobs, and webhooks that are told of them.

    Attributes:
        jobs: Run one after the other, kept over restarts.
        snapshots: What jobs have written to be downloaded.
        webhooks: Who is told of them.
        sender: Sends to those.
        deliveries: Has it send what is due.
    """

    def __init__(
        self,
        container: Container,
        keys: KeyRing,
        rates: RequestRates,
        on_use: Callable[[str], None],
    ) -> None:
        """Set up.

        Args:
            container: Has the home, the settings and the aliases.
            keys: Who may still be told of what.
            rates: How often keys have asked.
            on_use: As for ``Jobs``.
        """
        self._state = open_state(container.settings.home, container.settings.catalog)
        self.snapshots = Snapshots(container)
        self.webhooks = Webhooks(self._state, container.aliases.resolve)
        self.sender = Sender()
        self.deliveries = Deliveries(self.webhooks, self.sender, lambda one: _may(keys, one))
        store = JobStore(self._state, self.webhooks.enqueue_job)
        self.jobs = Jobs(
            container.settings.queue_size, on_use, store=store, on_end=self.deliveries.wake
        )
        self._is_sending = container.settings.webhooks
        self._exchange = RateExchange(self._state, rates, lambda: _have_rates(keys))

    def start(self) -> None:
        """Note which jobs ended with an earlier service, and begin to send; in a thread."""
        self.jobs.begin()
        self._exchange.start()
        if self._is_sending:
            self.deliveries.start()

    def close(self) -> None:
        """End the jobs, then what tells of them."""
        self.jobs.close()
        self.deliveries.close()
        self._exchange.close()
        self._state.close()


def _have_rates(keys: KeyRing) -> bool:
    return any(key.requests_per_minute is not None for key in keys.all())


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

"""How often a key has asked other services of the home: told among them every second.

So a key that asks several replicas has its rate once, but for what it asks within that second.
"""

import logging
import threading
from collections.abc import Callable

from api.http.runtime.request_rates import RequestRates
from api.service_state.state import ServiceState
from binocle.errors import StorageError

_log = logging.getLogger(__name__)
_EVERY_S = 1.0


class RateExchange:
    """Tells other services what keys have taken here, and takes here what they have taken there."""

    def __init__(
        self, state: ServiceState, rates: RequestRates, is_needed: Callable[[], bool]
    ) -> None:
        """Set up.

        Args:
            state: Where services tell each other.
            rates: Of this service.
            is_needed: Whether any key has a rate.
        """
        self._state, self._rates, self._is_needed = state, rates, is_needed
        self._told: dict[str, int] = {}
        self._heard: dict[tuple[str, str], int] | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rates", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()

    def exchange(self) -> None:
        """Tell what was taken since the last time, and hear what others have taken since.

        Raises:
            StorageError: The state cannot be used.
        """
        own = self._rates.taken()
        changed = {key: count for key, count in own.items() if count != self._told.get(key)}
        with self._state.using() as database:
            if self._heard is None:
                known = database.execute("SELECT DISTINCT service FROM rates").fetchall()
                for (service,) in known:
                    if not self._state.is_alive(service):
                        database.execute("DELETE FROM rates WHERE service = ?", (service,))
            for key, count in changed.items():
                database.execute(
                    "INSERT INTO rates (key, service, taken) VALUES (?, ?, ?) "
                    "ON CONFLICT (key, service) DO UPDATE SET taken = excluded.taken",
                    (key, self._state.service, count),
                )
            rows = database.execute(
                "SELECT key, service, taken FROM rates WHERE service != ?", (self._state.service,)
            ).fetchall()
        heard = {(key, service): int(taken) for key, service, taken in rows}
        before = heard if self._heard is None else self._heard
        for (key, service), count in heard.items():
            self._rates.take_elsewhere(key, count - before.get((key, service), 0))
        self._told, self._heard = own, heard

    def _run(self) -> None:
        is_told = False
        while not self._end.wait(_EVERY_S):
            try:
                if self._is_needed():
                    self.exchange()
                    is_told = False
            except StorageError as error:
                if not is_told:
                    _log.warning("the rates of keys are not shared: %s", error)
                is_told = True
            except Exception:  # the next second comes, and the service goes on
                _log.exception("the rates of keys are not shared")

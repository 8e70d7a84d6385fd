"""Sending what webhooks are due: signed, to public addresses only, again where it fails.

Signed as Standard Webhooks has it, so that receivers can use its libraries:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
(HMAC-SHA256, RFC 2104, over id, time and body). The delays between attempts are its own, too.
"""

import base64
import hashlib
import hmac
import ipaddress
import logging
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpcore

from api.http.runtime.background.webhooks import Due, Webhook, Webhooks
from binocle import __version__
from binocle.errors import BinocleError, StorageError, UrlError
from binocle.network.checked_network import (
    PORTS,
    CheckedBackend,
    Resolve,
    checked_url,
    resolve,
    timeouts,
)
from binocle.network.public_addresses import is_public

_log = logging.getLogger(__name__)
DELAYS_S = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Between an attempt and the next one; after the last of them it has failed for good."""
_JITTER = 0.2
_TIMEOUT_S = 15.0
_LOOK_EVERY_S = 5.0
_AT_ONCE = 8
_GONE = 410


def signature_of(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """Return a delivery's signature, as the header ``webhook-signature`` has it.

    Args:
        secret: The webhook's, ``whsec_`` and base64.
        delivery_id: The delivery's.
        timestamp: Of the attempt, seconds since 1970.
        body: What is sent.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Sender:
    """Posts to receivers at public addresses. Thread-safe; keeps no connection open."""

    def __init__(
        self,
        *,
        ports: frozenset[int] = frozenset(PORTS.values()),
        is_allowed: Callable[[str], bool] = is_public,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Set up.

        Args:
            ports: Which may be connected to.
            is_allowed: Which addresses may be.
            resolve: Finds the addresses of a host.
            trust: Which certificates are trusted; None for httpcore's default.
        """
        self._ports, self._is_allowed = ports, is_allowed
        self._resolve, self._trust = resolve, trust

    def check(self, url: str) -> None:
        """Refuse what can never be sent to; the host is looked up for each attempt.

        Raises:
            UrlError: It is no http or https URL, names another port, or an address that is not
                public.
        """
        host = checked_url(url, self._ports).host
        if host == "localhost" or (_is_address(host) and not self._is_allowed(host)):
            raise UrlError(f"{host} is no public address; webhooks are sent to public ones only")

    def send(self, due: Due) -> int:
        """Post a delivery; return the status of the answer, whose body is not read.

        Raises:
            UrlError: Nobody answered in time, or the host has no public address.
        """
        url, timestamp = checked_url(due.webhook.url, self._ports), int(time.time())
        headers = [
            (b"Host", url.netloc),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(due.body)).encode()),
            (b"User-Agent", f"Binocle/{__version__}".encode()),
            (b"Connection", b"close"),
            (b"webhook-id", due.id.encode()),
            (b"webhook-timestamp", str(timestamp).encode()),
            (
                b"webhook-signature",
                signature_of(due.webhook.secret, due.id, timestamp, due.body).encode(),
            ),
        ]
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        deadline = time.monotonic() + _TIMEOUT_S
        backend = CheckedBackend(self._resolve, self._is_allowed, deadline)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._trust, network_backend=backend) as pool,
                pool.stream(
                    "POST", target, headers=headers, content=due.body,
                    extensions={"timeout": timeouts(deadline)},
                ) as answer,
            ):  # fmt: skip
                return int(answer.status)
        except httpcore.TimeoutException as error:
            raise UrlError(f"no answer within {_TIMEOUT_S:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UrlError(f"cannot be reached ({reason})") from error


def _is_address(host: str) -> bool:
    """Tell whether a host is an address and no name that is looked up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Deliveries:
    """Sends what is due, in threads of its own, while the service runs."""

    def __init__(
        self,
        webhooks: Webhooks,
        sender: Sender,
        is_entitled: Callable[[Webhook], bool] = lambda _: True,
    ) -> None:
        """Set up.

        Args:
            webhooks: What is due.
            sender: Sends it.
            is_entitled: Whether the key that made a webhook may still know what it is told.
        """
        self._webhooks, self._sender, self._is_entitled = webhooks, sender, is_entitled
        self._busy: Counter[str] = Counter()
        self._lock, self._woken, self._is_closing = threading.Lock(), threading.Event(), False
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook")
        self._looking = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._looking.start()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._woken.set()

    def close(self) -> None:
        """End; an attempt that has begun is finished, what is due is sent by the next service."""
        self._is_closing = True
        self._woken.set()
        if self._looking.ident is not None:
            self._looking.join()
        self._threads.shutdown(wait=True)

    def _run(self) -> None:
        while not self._is_closing:
            self._woken.clear()
            try:
                while not self._is_closing and self._begin_due():
                    pass
            except StorageError as error:
                _log.warning("webhooks are not told: %s", error)
            except Exception:  # the next look comes, and the service goes on
                _log.exception("webhooks are not told")
            self._woken.wait(_LOOK_EVERY_S)

    def _begin_due(self) -> bool:
        """Begin what is due and has room; tell whether there may be more."""
        with self._lock:
            busy = [one for one, count in self._busy.items() if count]
        room = _AT_ONCE - len(busy)
        found = self._webhooks.claim(room, busy) if room else []
        for due in found:
            with self._lock:
                self._busy[due.webhook.id] += 1
            self._threads.submit(self._attempt, due)
        return bool(found)

    def _attempt(self, due: Due) -> None:
        try:
            self._deliver(due)
        except BinocleError as error:
            _log.warning("the webhook %s: %s", due.webhook.id, error)
        except Exception:
            _log.exception("the webhook %s", due.webhook.id)
        finally:
            with self._lock:
                self._busy[due.webhook.id] -= 1
            self.wake()

    def _deliver(self, due: Due) -> None:
        if not self._is_entitled(due.webhook):
            why = "the key that made it is revoked, has expired, or may no longer write there"
            self._webhooks.end(due.webhook.id, why)
            return
        status, error = None, None
        try:
            status = self._sender.send(due)
            if not 200 <= status < 300:
                error = f"answered with status {status}"
        except UrlError as failure:
            error = str(failure)
        delay = None
        if error is not None and due.attempts < len(DELAYS_S):
            delay = DELAYS_S[due.attempts] * random.uniform(1 - _JITTER, 1 + _JITTER)
        if status == _GONE:
            delay = None
        self._webhooks.note(due, status=status, error=error, again_in_s=delay)
        if status == _GONE:
            self._webhooks.end(due.webhook.id, "the receiver has answered 410 Gone")

"""Pictures from the web, where the operator allows it.

A URL in a query makes this machine connect to where a stranger says, so only public addresses
are connected to. Redirects are followed by hand, each through the same checks.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore
import httpx

from binocle.errors import UrlError
from binocle.network.checked_network import (
    PORTS,
    CheckedBackend,
    Resolve,
    checked_url,
    resolve,
    seconds_left,
    shown,
    timeouts,
)
from binocle.network.public_addresses import is_public

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What fetching one picture may cost. Its pixels are limited where it is decoded.

    Attributes:
        max_bytes: Length of the body.
        timeout_s: Seconds for all of it, redirects included.
        max_redirects: How many are followed.
        ports: Which may be connected to.
    """

    max_bytes: int = 32 * 1024 * 1024
    timeout_s: float = 10.0
    max_redirects: int = 5
    ports: frozenset[int] = frozenset(PORTS.values())


class UrlStatusError(UrlError):
    """A server answered, and not with what was asked for.

    Attributes:
        status: Of HTTP.
        pause_s: After how many seconds it wants to be asked again; None where it does not say.
    """

    def __init__(self, url: str, status: int, pause_s: float | None) -> None:
        super().__init__(f"{url} answered with status {status}")
        self.status, self.pause_s = status, pause_s


class Fetcher:
    """Fetches pictures by URL. Thread-safe; keeps no connection open."""

    def __init__(
        self,
        *,
        allow: bool,
        limits: FetchLimits | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Set up.

        Args:
            allow: Whether the operator lets queries name URLs; otherwise every fetch is refused.
            limits: What one picture may cost.
            is_allowed: Which addresses may be connected to.
            resolve: Finds the addresses of a host.
            trust: Which certificates are trusted; None for httpcore's default.
        """
        self._allow = allow
        self._limits = limits or FetchLimits()
        self._is_allowed, self._resolve, self._trust = is_allowed, resolve, trust

    def fetch(self, url: str) -> bytes:
        """Return what lies at a URL.

        Raises:
            UrlError: URLs are not allowed here; or this one is no http or https URL of a public
                host, or leads elsewhere, or takes too long, or is too large, or is not there.
        """
        return self._fetched("GET", url)[1]

    def facts(self, url: str) -> dict[str, str]:
        """Return what a server tells of what lies at a URL: its headers, by small names.

        Raises:
            UrlError: See ``fetch``.
        """
        fields, _ = self._fetched("HEAD", url)
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in fields.items()}

    def _fetched(self, method: str, url: str) -> tuple[Mapping[bytes, bytes], bytes]:
        if not self._allow:
            raise UrlError(
                "URLs are not allowed in queries here; upload the picture, or let the operator "
                "set BINOCLE_FETCH_URLS"
            )
        deadline = time.monotonic() + self._limits.timeout_s
        backend = CheckedBackend(self._resolve, self._is_allowed, deadline)
        with httpcore.ConnectionPool(
            ssl_context=self._trust, network_backend=backend, max_keepalive_connections=0
        ) as pool:
            target = checked_url(url, self._limits.ports)
            for _ in range(self._limits.max_redirects + 1):
                found = self._ask(pool, method, target, deadline)
                if isinstance(found, tuple):
                    return found
                target = checked_url(str(found), self._limits.ports)
        raise UrlError(f"{shown(url)} is redirected more than {self._limits.max_redirects} times")

    def _ask(
        self, pool: httpcore.ConnectionPool, method: str, url: httpx.URL, deadline: float
    ) -> tuple[Mapping[bytes, bytes], bytes] | httpx.URL:
        """Return headers and body at a URL, or where it is redirected to."""
        headers = [
            (b"Host", url.netloc),
            (b"Accept", b"image/*"),
            (b"Accept-Encoding", b"identity"),  # nothing to be inflated beyond the limit
            (b"User-Agent", b"Binocle"),
        ]
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        with (
            _translated(url),
            pool.stream(
                method, target, headers=headers, extensions={"timeout": timeouts(deadline)}
            ) as response,
        ):
            fields = {name.lower(): value for name, value in response.headers}
            if response.status in _REDIRECTS:
                return _redirected(url, fields)
            if response.status != 200:
                later = fields.get(b"retry-after", b"")
                pause_s = float(later) if later.isdigit() else None
                raise UrlStatusError(shown(url), response.status, pause_s)
            if fields.get(b"content-encoding", b"identity").lower() != b"identity":
                raise UrlError(f"{shown(url)} sends a compressed body, though it was told not to")
            if method == "HEAD":
                return fields, b""
            return fields, self._body(url, fields, response.iter_stream(), deadline)

    def _body(
        self,
        url: httpx.URL,
        fields: Mapping[bytes, bytes],
        chunks: Iterable[bytes],
        deadline: float,
    ) -> bytes:
        limit = self._limits.max_bytes
        announced = fields.get(b"content-length", b"0")
        size, body = int(announced) if announced.isdigit() else 0, bytearray()
        for chunk in chunks if size <= limit else ():
            body += chunk
            if len(body) > limit:
                break
            seconds_left(deadline)
        if max(size, len(body)) > limit:
            raise UrlError(f"{shown(url)} has more than the limit of {limit:,} bytes")
        return bytes(body)


def _redirected(url: httpx.URL, fields: Mapping[bytes, bytes]) -> httpx.URL:
    location = fields.get(b"location", b"").decode("latin-1")
    if not location:
        raise UrlError(f"{shown(url)} is redirected to nowhere")
    try:
        return url.join(location)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise UrlError(f"{shown(url)} is redirected to what is no URL") from error


@contextmanager
def _translated(url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise UrlError(f"{shown(url)} took too long") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UrlError(f"cannot fetch {shown(url)} ({reason})") from error

"""Pictures from the web, where the operator allows it.

A URL in a query makes this machine connect to where a stranger says, so only public addresses
are connected to. The name is resolved once for each connection, every address found is
checked, and the connection goes to a checked address, not to the name again: a name server that
answers differently the second time gains nothing. TLS and the Host header still speak of the
name. Redirects are followed by hand, each through the same checks.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpcore
import httpx

from binocle.errors import UrlError
from search.query_vectors.public_addresses import is_public

Resolve: TypeAlias = Callable[[str, int], list[str]]
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_URL = 2000


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
    ports: frozenset[int] = frozenset(_PORTS.values())


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once, in the system's order.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


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
        if not self._allow:
            raise UrlError(
                "URLs are not allowed in queries here; upload the picture, or let the operator "
                "set BINOCLE_FETCH_URLS"
            )
        deadline = time.monotonic() + self._limits.timeout_s
        backend = _CheckedBackend(self._resolve, self._is_allowed, deadline)
        with httpcore.ConnectionPool(
            ssl_context=self._trust, network_backend=backend, max_keepalive_connections=0
        ) as pool:
            target = self._checked(url)
            for _ in range(self._limits.max_redirects + 1):
                found = self._get(pool, target, deadline)
                if isinstance(found, bytes):
                    return found
                target = self._checked(str(found))
        raise UrlError(f"{_shown(url)} is redirected more than {self._limits.max_redirects} times")

    def _checked(self, url: str) -> httpx.URL:
        """Return a URL that may be asked for; its host is checked when it is connected to."""
        if len(url) > _MAX_URL:
            raise UrlError(f"the URL is longer than {_MAX_URL} characters")
        try:
            parsed = httpx.URL(url.strip())
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise UrlError(f"{_shown(url)} is no URL ({error})") from error
        if parsed.scheme not in _PORTS or not parsed.host:
            raise UrlError(f"{_shown(url)} is no http or https URL")
        if parsed.userinfo:
            raise UrlError("the URL has a user name or a password in it; leave them away")
        if (parsed.port or _PORTS[parsed.scheme]) not in self._limits.ports:
            ports = " and ".join(str(port) for port in sorted(self._limits.ports))
            raise UrlError(f"{_shown(url)} names the port {parsed.port}; allowed are {ports}")
        return parsed

    def _get(
        self, pool: httpcore.ConnectionPool, url: httpx.URL, deadline: float
    ) -> bytes | httpx.URL:
        """Return the body at a URL, or where it is redirected to."""
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
                "GET", target, headers=headers, extensions={"timeout": _timeouts(deadline)}
            ) as response,
        ):
            fields = {name.lower(): value for name, value in response.headers}
            if response.status in _REDIRECTS:
                return _redirected(url, fields)
            if response.status != 200:
                raise UrlError(f"{_shown(url)} answered with status {response.status}")
            if fields.get(b"content-encoding", b"identity").lower() != b"identity":
                raise UrlError(f"{_shown(url)} sends a compressed body, though it was told not to")
            return self._body(url, fields, response.iter_stream(), deadline)

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
            _left(deadline)
        if max(size, len(body)) > limit:
            raise UrlError(f"{_shown(url)} has more than the limit of {limit:,} bytes")
        return bytes(body)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(
        self, resolve: Resolve, is_allowed: Callable[[str], bool], deadline: float
    ) -> None:
        self._resolve, self._is_allowed, self._deadline = resolve, is_allowed, deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline of the whole fetch counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve a host, check all its addresses, and connect to one of them."""
        try:
            addresses = self._resolve(host.strip("[]"), port)
        except (OSError, UnicodeError) as error:
            raise UrlError(f"the host {host!r} is not known") from error
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise UrlError(f"the host {host!r} has no public address, so it is not asked")
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                stream = self._network.connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Hurried(stream, self._deadline)
        assert failure is not None
        raise failure

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse."""
        raise UrlError("sockets of this machine are not asked")


class _Hurried(httpcore.NetworkStream):
    """A stream whose every read and write ends by one deadline, however many there are.

    A server that sends a byte a second would otherwise keep each single read within its limit.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline)
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Return the seconds left.

    Raises:
        httpcore.TimeoutException: None are.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is up")
    return left


def _timeouts(deadline: float) -> dict[str, float]:
    left = _left(deadline)
    return {"connect": left, "read": left, "write": left, "pool": left}


def _redirected(url: httpx.URL, fields: Mapping[bytes, bytes]) -> httpx.URL:
    location = fields.get(b"location", b"").decode("latin-1")
    if not location:
        raise UrlError(f"{_shown(url)} is redirected to nowhere")
    try:
        return url.join(location)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise UrlError(f"{_shown(url)} is redirected to what is no URL") from error


@contextmanager
def _translated(url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise UrlError(f"{_shown(url)} took too long") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UrlError(f"cannot fetch {_shown(url)} ({reason})") from error


def _shown(url: object) -> str:
    """Return a URL for a message, without what may be secret in it."""
    text = str(url).partition("?")[0].rpartition("@")[2]
    return repr(text if len(text) <= 120 else f"{text[:119]}…")

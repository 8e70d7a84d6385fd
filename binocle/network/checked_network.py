"""Connections to where strangers say, which end at public addresses only.

A name is resolved once for each connection, every address found is checked, and the connection goes
to a checked address, not to the name again: a name server that answers differently the second time
gains nothing. TLS and the Host header still speak of the name.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import httpcore
import httpx

from binocle.errors import UrlError

Resolve: TypeAlias = Callable[[str, int], list[str]]
PORTS = {"http": 80, "https": 443}
_MAX_URL = 2000


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once, in the system's order.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def checked_url(url: str, ports: frozenset[int]) -> httpx.URL:
    """Return a URL that may be asked for; its host is checked when it is connected to."""
    if len(url) > _MAX_URL:
        raise UrlError(f"the URL is longer than {_MAX_URL} characters")
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise UrlError(f"{shown(url)} is no URL ({error})") from error
    if parsed.scheme not in PORTS or not parsed.host:
        raise UrlError(f"{shown(url)} is no http or https URL")
    if parsed.userinfo:
        raise UrlError("the URL has a user name or a password in it; leave them away")
    if (parsed.port or PORTS[parsed.scheme]) not in ports:
        known = " and ".join(str(port) for port in sorted(ports))
        raise UrlError(f"{shown(url)} names the port {parsed.port}; allowed are {known}")
    return parsed


class CheckedBackend(httpcore.NetworkBackend):
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
                    address, port, seconds_left(self._deadline), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Hurried(stream, self._deadline)
        assert failure is not None
        raise failure

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Refuse."""
        raise UrlError("sockets of this machine are not asked")


class _Hurried(httpcore.NetworkStream):
    """A stream whose every read and write ends by one deadline, however many there are.

    A server that sends a byte a second would otherwise keep each single read within its limit.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, seconds_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, seconds_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = seconds_left(self._deadline)
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def seconds_left(deadline: float) -> float:
    """Return the seconds left.

    Raises:
        httpcore.TimeoutException: None are.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is up")
    return left


def timeouts(deadline: float) -> dict[str, float]:
    """Return what httpcore is told of the seconds left."""
    left = seconds_left(deadline)
    return {"connect": left, "read": left, "write": left, "pool": left}


def shown(url: object) -> str:
    """Return a URL for a message, without what may be secret in it."""
    text = str(url).partition("?")[0].rpartition("@")[2]
    return repr(text if len(text) <= 120 else f"{text[:119]}…")

"""Connections under uvicorn: so many at most, and none that only holds its place.

uvicorn ends a connection that is silent between two requests. It has no limit for one that never
sends a whole head, that sends more of a body nobody reads, or that does not take its answer. With
TLS it does not even know of one before the handshake is over.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any, ClassVar, cast

from uvicorn.config import Config, create_ssl_context
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.certificate import Certificate

HEAD_PATIENCE_S = 20.0
FAREWELL_S = 1.0  # for a client to agree that a connection over TLS ends
TAKE_PATIENCE_S = 30.0
MIN_TAKEN_BYTES = 32 * 1024  # of an answer, in that time
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-length: 0\r\n\r\n"
)


class Connection(H11Protocol):
    """One connection of a client."""

    max_connections = 1000
    """Beyond it the one that has waited longest to say what it wants makes room for a new one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle_timer: asyncio.TimerHandle | None = None
        self._taking_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many that are all at work."""
        super().connection_made(transport)
        _make_room(self, self.max_connections)
        self._expect_head()

    @property
    def idle_until(self) -> float:
        """When it ends if it asks nothing, on the loop's clock; infinite while it asks."""
        return self._idle_timer.when() if self._idle_timer is not None else float("inf")

    def data_received(self, data: bytes) -> None:
        """Take what comes; a head that is whole has come in time."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel_idle()

    def on_response_complete(self) -> None:
        """Wait for the next head, which has a time of its own."""
        self._expect_head()
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:  # it was here already
            self._cancel_idle()
        self._watch_taking()

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written."""
        super().pause_writing()
        self._watch_taking()

    def resume_writing(self) -> None:
        """The client has taken nearly all."""
        self._cancel_taking()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._cancel_idle()
        self._cancel_taking()
        super().connection_lost(exc)

    def end(self, answer: bytes) -> None:
        """Say why, if nothing was said yet, and close."""
        self._cancel_idle()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
        self._watch_taking()

    def _expect_head(self) -> None:
        self._cancel_idle()
        self._idle_timer = self.loop.call_later(HEAD_PATIENCE_S, self.end, _TOO_SLOW)

    def _cancel_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _cancel_taking(self) -> None:
        if self._taking_timer is not None:
            self._taking_timer.cancel()
            self._taking_timer = None

    def _watch_taking(self) -> None:
        """Look from time to time whether the client takes what is written for it."""
        left = self.transport.get_write_buffer_size()
        if left and self._taking_timer is None:
            self._taking_timer = self.loop.call_later(TAKE_PATIENCE_S, self._check_taking, left)

    def _check_taking(self, before: int) -> None:
        self._taking_timer = None
        left = self.transport.get_write_buffer_size()
        if left > max(0, before - MIN_TAKEN_BYTES):
            self.transport.abort()
        else:
            self._watch_taking()


class Handshake(asyncio.Protocol):
    """A connection that is to speak TLS, until it does: it counts, and has a time of its own."""

    connection: ClassVar[type[Connection]]
    """What takes it over."""
    certificate: ClassVar[Certificate]

    def __init__(self, **options: Any) -> None:
        """Prepare one, with what uvicorn makes a connection with."""
        self._options = options
        self._loop: asyncio.AbstractEventLoop = options["_loop"] or asyncio.get_running_loop()
        self.connections = options["server_state"].connections
        self.idle_until = self._loop.time() + HEAD_PATIENCE_S
        self._early = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, unless there are too many connections that are all at work."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()  # until TLS reads
        self.connections.add(self)
        _make_room(self, self.connection.max_connections)
        self._task = self._loop.create_task(self._begin(), name="handshake")

    def data_received(self, data: bytes) -> None:
        """Keep what comes with the end of the handshake."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End."""
        self.connections.discard(self)

    def end(self, _answer: bytes = b"") -> None:
        """Close; nothing can be said yet."""
        self.connections.discard(self)
        self._transport.abort()

    shutdown = end  # what uvicorn calls when it ends

    async def _begin(self) -> None:
        try:
            secured = await self._loop.start_tls(
                self._transport, self, self.certificate.context(),
                server_side=True, ssl_handshake_timeout=HEAD_PATIENCE_S,
                ssl_shutdown_timeout=FAREWELL_S,
            )  # fmt: skip
        except (OSError, RuntimeError):  # it spoke no TLS, was too slow, or went away
            self.end()
            return
        self.connections.discard(self)
        if secured is None or secured.is_closing():
            return
        own = self.connection(**self._options)
        secured.set_protocol(own)
        own.connection_made(secured)
        if self._early:
            own.data_received(self._early)


class DoorConfig(Config):
    """uvicorn's settings, where connections count before their TLS handshake is over."""

    def load(self) -> None:
        """Read the certificate, and have it spoken with by ``Handshake``."""
        super().load()
        if self.ssl is not None:
            assert self.ssl_certfile is not None
            assert self.ssl_keyfile is not None
            paths = Path(self.ssl_certfile), Path(self.ssl_keyfile)
            certificate = Certificate(paths[0], self._context, paths[1])
            own = {"connection": self.http_protocol_class, "certificate": certificate}
            self.http_protocol_class = type("OwnHandshake", (Handshake,), own)
            self.ssl = None

    def _context(self) -> ssl.SSLContext:
        assert self.ssl_certfile is not None
        return create_ssl_context(
            self.ssl_certfile, self.ssl_keyfile, self.ssl_keyfile_password,
            self.ssl_version, self.ssl_cert_reqs, self.ssl_ca_certs, self.ssl_ciphers,
        )  # fmt: skip


def _make_room(own: "Connection | Handshake", most: int) -> None:
    """Where there are too many, end the one that waits longest for its client; else the newest."""
    if len(own.connections) > most:
        others = [one for one in own.connections if isinstance(one, Connection | Handshake)]
        oldest = min(others, key=lambda one: one.idle_until)
        (oldest if oldest.idle_until < float("inf") else own).end(_TOO_MANY)

"""``binocle serve``: the HTTP service under uvicorn."""

import signal
import socket
import sys

import uvicorn
from fastapi import FastAPI

from api.container import Container
from api.http.app import create_app
from api.http.middleware import is_loopback
from api.keys import KeyRing
from binocle.errors import UsageError

_GRACE_S = 30
_MAX_HEAD_BYTES = 256 * 1024  # the longest filter in an address, percent-encoded


def serve_forever(container: Container, *, without_keys: bool = False) -> None:
    """Answer requests until told to stop; what is in flight is finished.

    Raises:
        UsageError: It would listen beyond this machine without keys.
    """
    settings = container.settings
    is_closed = KeyRing(settings.home / "keys.json").is_closed()
    if not is_closed and not without_keys and not is_loopback(settings.host):
        raise UsageError(
            f"{settings.host} can be reached from other machines, and there are no API keys; make "
            "one with 'binocle keys add NAME', or say --without-keys to let everybody in"
        )
    listening = _listen(settings.host, settings.port)
    server = uvicorn.Server(config_of(create_app(container), log_level="info"))
    host, port = listening.getsockname()[:2]
    print(f"Binocle answers at http://{host}:{port}, documented at /docs", file=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn sends itself again what ended it
    with listening:
        server.run(sockets=[listening])


def config_of(app: FastAPI, *, log_level: str) -> uvicorn.Config:
    """Return how uvicorn runs the service, here and in the tests."""
    return uvicorn.Config(
        app,
        log_level=log_level,
        http="h11",  # whose limits are tested; uvloop, where there is one, is found by itself
        access_log=False,  # Guard logs, without query strings
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        UsageError: The address is taken, or not of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"cannot listen at {host}, port {port} ({reason}); choose another with --port"
        ) from error
    return listening

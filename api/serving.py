"""``binocle serve``: the HTTP service under uvicorn."""

import ipaddress
import socket
import sys

import uvicorn

from api.app import create_app
from api.keys import KeyRing
from api.wiring import Workshop
from binocle.errors import UsageError

_GRACE_S = 30


def serve_forever(workshop: Workshop, *, without_keys: bool = False) -> None:
    """Answer requests until told to stop; what is in flight is finished.

    Raises:
        UsageError: It would listen beyond this machine without keys.
    """
    settings = workshop.settings
    has_keys = bool(KeyRing(settings.home / "keys.json").all())
    if not has_keys and not without_keys and not _is_loopback(settings.host):
        raise UsageError(
            f"{settings.host} can be reached from other machines, and there are no API keys; make "
            "one with 'binocle keys add NAME', or say --without-keys to let everybody in"
        )
    listening = _listen(settings.host, settings.port)
    config = uvicorn.Config(
        create_app(workshop),
        log_level="info",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        limit_concurrency=settings.queue_size * 4,
    )
    host, port = listening.getsockname()[:2]
    print(f"Binocle answers at http://{host}:{port}, documented at /docs", file=sys.stderr)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

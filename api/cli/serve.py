"""``binocle serve``: the HTTP service under uvicorn."""

import gc
import logging
import resource
import signal
import socket
import stat
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.container import Container
from api.http.app import create_app
from api.http.connection import Connection, DoorConfig
from api.http.middleware import is_loopback
from api.http.runtime.log_lines import configure_logs
from api.http.runtime.upkeep import share_memory
from api.keys.key_ring import KeyRing
from api.settings import Settings
from binocle.errors import UsageError

_log = logging.getLogger(__name__)
_GRACE_S = 30
_UNLOCKED = "none"  # without a passphrase, OpenSSL asks for one at the terminal
_MAX_HEAD_BYTES = 256 * 1024  # the longest filter in an address, percent-encoded
_FILES_BESIDE = 1000  # descriptors for anything but connections


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
    share_memory()  # before there are threads
    configure_logs(settings.log_format)
    tell_if_open_to_others(settings.home)
    _make_room_for_files(settings.max_connections + _FILES_BESIDE)
    config = config_of(create_app(container), settings, log_level="info")
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or str(error)
        if _is_encrypted(settings.tls_key):
            reason = "the key needs a passphrase; 'openssl pkey -in KEY' writes one that does not"
        raise UsageError(
            f"cannot use the certificate {settings.tls_certificate} with the key "
            f"{settings.tls_key} ({reason}); both are PEM files"
        ) from error
    listening = _listen(settings.host, settings.port)
    server = uvicorn.Server(config)
    host, port = listening.getsockname()[:2]
    scheme = "https" if config.is_ssl else "http"
    said = f"Binocle answers at {scheme}://{host}:{port}, a page to search with; /docs for programs"
    if settings.log_format == "json":
        _log.info("%s", said)
    else:
        print(said, file=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn sends itself again what ended it
    gc.freeze()  # what has been imported stays, and need not be looked through for garbage
    with listening:
        server.run(sockets=[listening])


def config_of(app: FastAPI, settings: Settings, *, log_level: str) -> uvicorn.Config:
    """Return how uvicorn runs the service, here and in the tests.

    Raises:
        UsageError: There is a certificate without a key, or a key without one.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise UsageError("a certificate needs its key; give --tls-certificate and --tls-key")
    limited = type("Connection", (Connection,), {"max_connections": settings.max_connections})
    return DoorConfig(
        app,
        log_level=log_level,
        log_config=None,  # ``configure_logs``
        http=limited,  # on h11, whose limits are tested
        # uvloop, if there is one, finds itself; it reads before ``Handshake`` can begin
        loop="asyncio" if settings.tls_certificate else "auto",
        ws="none",
        access_log=False,  # Guard logs, without query strings
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        ssl_keyfile_password=_UNLOCKED,
    )


def _is_encrypted(key: Path | None) -> bool:
    try:
        return key is not None and b"ENCRYPTED" in key.read_bytes()
    except OSError:
        return False


def tell_if_open_to_others(home: Path) -> None:
    """Warn of a data home that others than its owner can read: it was made so, and stays so."""
    mode = stat.S_IMODE(home.stat().st_mode) if home.exists() else 0
    if mode & 0o077:
        _log.warning(
            "other users of this machine can look into the data home %s (mode %03o); "
            "'chmod -R go-rwx %s' keeps them out",
            home,
            mode,
            home,
        )


def _make_room_for_files(wanted: int) -> None:
    """Raise the soft limit of open files as far as is wanted and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < wanted:
        most = wanted if hard == unlimited else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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

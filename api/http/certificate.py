"""A certificate: one out of date is told of, a renewed one is taken without a restart."""

import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 10.0
_SOON_S = 14 * 24 * 3600
_NOT_YET, _EXPIRED = 9, 10  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


class Certificate:
    """The newest certificate that its files had together with their key. For one thread."""

    def __init__(
        self, certificate: Path, make: Callable[[], ssl.SSLContext], *beside: Path
    ) -> None:
        """Read it, and warn where clients refuse it, or will soon.

        Args:
            certificate: Its file.
            make: Reads the files.
            beside: Its key, for which the same holds.

        Raises:
            OSError: The files cannot be read, or do not fit each other.
        """
        self._paths, self._make = (certificate, *beside), make
        self._stamp = self._stamp_now()
        self._context = make()
        self._looked_at = time.monotonic()
        self._tell()

    def context(self) -> ssl.SSLContext:
        """Return what a connection speaks TLS with; files are looked at every ten seconds."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            self._renew()
        return self._context

    def _renew(self) -> None:
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._context = self._make()
        except OSError as error:  # ssl.SSLError is one; they are written one after the other
            _log.warning(
                "the changed certificate %s is not taken (%s); the one before is served on",
                self._paths[0], error.strerror or error,
            )  # fmt: skip
            return
        _log.info("the changed certificate %s is served from now on", self._paths[0])
        self._tell()

    def _tell(self) -> None:
        if what := fault_of(self._context, self._paths[0]):
            _log.warning("the certificate %s %s: renew it", self._paths[0], what)

    def _stamp_now(self) -> tuple[tuple[int, int, int], ...]:
        """Return what changes when one of the files does; nothing of those that are gone."""
        found = []
        for path in self._paths:
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)


def fault_of(context: ssl.SSLContext, certificate: Path) -> str | None:
    """Return what is wrong with the time of a certificate; None where nothing is.

    A client that trusts just this certificate shakes hands with it, in memory.
    """
    client = ssl.create_default_context(cafile=certificate)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(to_client, to_server)
    answers = context.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(3):
            for side in (asks, answers):
                with suppress(ssl.SSLWantReadError):
                    side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        faults = {_EXPIRED: "has expired, so clients refuse it", _NOT_YET: "is not valid yet"}
        return faults.get(error.verify_code)
    except ssl.SSLError:  # a matter between the two, and not of time
        return None
    known = asks.getpeercert() or {}
    until = str(known.get("notAfter", ""))
    if not until or ssl.cert_time_to_seconds(until) - time.time() > _SOON_S:
        return None
    return f"expires on {until}"

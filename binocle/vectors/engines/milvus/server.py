"""A connection to Milvus: opened when it is first needed, its errors in our words.

The token is taken from ``MILVUS_TOKEN`` (``user:password``, or a key of the service) and is neither
stored nor in any message.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import grpc
from pymilvus import MilvusClient, MilvusException

from binocle.errors import StorageError, UnreachableError, UsageError
from binocle.vectors.base import VectorsGoneError

_T = TypeVar("_T")
TOKEN_VARIABLE = "MILVUS_TOKEN"  # noqa: S105 - a name
_EXAMPLE = "milvus://host:19530/database"
_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_PORT = 19530
_ANSWER_WITHIN_S = 20.0
_PING_EVERY_MS = 330_000  # servers of gRPC, milvus-lite's, hang up on who pings twice in 300 s
_DOWN_FOR_S = 3.0  # so long nobody asks again after a server was not there
_LOST = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "Fail connecting", "Retry timeout", "no available",
         "not available", "channel not", "node not", "not healthy", "not ready", "server is not",
         "not fully loaded", "NodeOffline", "ConnectionNotExist")  # fmt: skip
_REFUSED = ("auth check", "authenticat", "UNAUTHENTICATED", "permission", "Privilege")
_NOT_LOADED, _NO_COLLECTION = 101, 100

for _name in ("pymilvus", "pymilvus.milvus_client"):  # it prints what it also raises
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """Where a Milvus is.

    Attributes:
        scheme: ``milvus``, or ``milvus+tls`` where the connection is encrypted.
        host: A name or an address.
        port: Its port.
        database: Of the server; empty for the default one.
    """

    scheme: str
    host: str
    port: int
    database: str

    @classmethod
    def of(cls, text: str) -> "MilvusAddress":
        """Read an address.

        Raises:
            UsageError: It is none of Milvus, or has a user or password.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port or _PORT
        except ValueError:
            host, port = None, 0
        database = parts.path.strip("/") if host else ""
        if host is None or parts.scheme not in _SCHEMES or "/" in database or parts.query:
            raise UsageError(f"the address of the vectors is not understood; it is as {_EXAMPLE}")
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "the address of the vectors has a user or a password, which would be stored with "
                f"each collection: leave it out, and set {TOKEN_VARIABLE} to user:password"
            )
        return cls(parts.scheme, host, port, database)

    @property
    def endpoint(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.endpoint}/{self.database}".rstrip("/")


class MilvusServer:
    """A connection to one server. Thread-safe.

    Attributes:
        address: The server's.
        called: What messages call the vectors.
    """

    def __init__(self, address: MilvusAddress, called: str) -> None:
        """Set up; nothing is opened yet."""
        self.address, self.called = address, called
        self._opening = threading.Lock()
        self._client: MilvusClient | None = None
        self._down_until, self._down = -float("inf"), ""

    def run(
        self,
        work: Callable[[MilvusClient], _T],
        load: Callable[[MilvusClient], None] | None = None,
    ) -> _T:
        """Do some work with the connection.

        Args:
            work: What is done.
            load: Done where the server has let go of what is needed; then the work is done again.

        Raises:
            UnreachableError: The server cannot be reached, is only starting, or refuses.
            VectorsGoneError: What is asked for is not there any more.
        """
        if time.monotonic() < self._down_until:
            raise UnreachableError(self._down)
        try:
            client = self._opened()
            try:
                return work(client)
            except MilvusException as error:
                if load is None or (error.code != _NOT_LOADED and "not loaded" not in str(error)):
                    raise
                load(client)
                return work(client)
        except (MilvusException, grpc.RpcError) as error:
            raised = self._translated(error)
            if isinstance(raised, UnreachableError):
                self._down_until, self._down = time.monotonic() + _DOWN_FOR_S, str(raised)
            raise raised from error

    def _opened(self) -> MilvusClient:
        with self._opening:
            if self._client is None:
                self._client = MilvusClient(
                    uri=f"{_SCHEMES[self.address.scheme]}://{self.address.endpoint}",
                    token=os.environ.get(TOKEN_VARIABLE, ""),
                    db_name=self.address.database,
                    timeout=_ANSWER_WITHIN_S / 2,
                    grpc_options={"grpc.keepalive_time_ms": _PING_EVERY_MS},
                )
            return self._client

    def _translated(self, error: Exception) -> StorageError:
        text = without_token(" ".join(str(getattr(error, "message", error)).split()))[:300]
        code: Any = getattr(error, "code", None)
        if code == _NO_COLLECTION:
            return VectorsGoneError(f"{self.called} are not there any more ({text})")
        known = f"{getattr(code, 'name', '')} {error}"
        if any(one in known for one in _LOST):
            return UnreachableError(
                f"{self.called} cannot be reached at {self.address.endpoint} ({text}); see whether "
                "the server runs, and try again"
            )
        if any(one in known for one in _REFUSED):
            return UnreachableError(
                f"Milvus refuses the user of {self.called} ({text}); set {TOKEN_VARIABLE} to "
                "user:password"
            )
        return UnreachableError(f"{self.called}: Milvus refuses ({text})")


def without_token(text: str) -> str:
    """Return a text in which no part of the token is."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    for secret in (token, token.partition(":")[2]):
        if secret:
            text = text.replace(secret, "…")
    return text

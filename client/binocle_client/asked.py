"""What a call sends, and what its answer is: written once, whoever sends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import httpx

from binocle_client.decoding import decode
from binocle_client.records import StoredRecord
from binocle_client.rules import RankingRules

Answer = TypeVar("Answer")
Other = TypeVar("Other")
Versioned = TypeVar("Versioned", StoredRecord, RankingRules)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """One request, and how its answer is read.

    Attributes:
        method: Of HTTP.
        path: Below the service's address.
        read: Returns what a response that tells of success says; a ``LookupError``,
            ``TypeError``, ``ValueError`` or ``AttributeError`` means that it is none of the
            service's.
        kind: What the answer is called, for whom it is not.
        repeatable: Whether asking again after a broken connection does no harm.
        options: As httpx takes them.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], Answer]
    kind: str
    repeatable: bool
    options: Mapping[str, Any]

    def then(self, take: Callable[[Answer], Other]) -> "Asked[Other]":
        """Return the same request, of whose answer something is taken."""

        def read(response: httpx.Response) -> Other:
            return take(self.read(response))

        return Asked(self.method, self.path, read, self.kind, self.repeatable, self.options)


def document(
    kind: type[Answer], method: str, path: str, *, repeatable: bool = True, **options: Any
) -> Asked[Answer]:
    """Ask for a JSON document that is a ``kind``."""

    def read(response: httpx.Response) -> Answer:
        return decode(kind, response.json())

    return Asked(method, path, read, kind.__name__, repeatable, options)


def content(method: str, path: str, *, repeatable: bool = True, **options: Any) -> Asked[bytes]:
    """Ask for bytes."""
    return Asked(method, path, lambda response: response.content, "file", repeatable, options)


def nothing(method: str, path: str, *, repeatable: bool = True, **options: Any) -> Asked[None]:
    """Ask for something to be done of which nothing is told but that it is."""
    return Asked(method, path, lambda _: None, "answer", repeatable, options)


def with_etag(asked: Asked[Versioned]) -> Asked[Versioned]:
    """Ask for the same, with the ETag of its state."""

    def read(response: httpx.Response) -> Versioned:
        return replace(asked.read(response), etag=response.headers.get("ETag", ""))

    return replace(asked, read=read)


def matching(etag: str | None) -> dict[str, str]:
    """Return the headers of a request that holds only for a state, where one is named."""
    return {} if etag is None else {"If-Match": etag}

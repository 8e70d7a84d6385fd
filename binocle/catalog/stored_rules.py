"""Ranking rules as the catalogue keeps them."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredRules:
    """A version of a collection's ranking rules.

    Attributes:
        version: From 1; 0 of a draft.
        document: What they say.
        at: When it was stored, ISO 8601 in UTC.
        note: What whoever published it said of it.
        sha256: Of the document, hex, as it was when it was stored.
    """

    version: int
    document: str
    at: str
    note: str
    sha256: str

    @property
    def is_whole(self) -> bool:
        """Whether the document is what was stored."""
        return digest_of(self.document) == self.sha256


def digest_of(document: str) -> str:
    """Return the SHA-256 of a text, hex."""
    return hashlib.sha256(document.encode("utf-8", "surrogateescape")).hexdigest()

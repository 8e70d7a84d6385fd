"""The ranking rules of a collection, in versions, as texts: what they say is search's affair."""

from typing import Protocol

from binocle.catalog.stored_rules import StoredRules


class RulesReader(Protocol):
    """Versions of the rules, and a draft."""

    def newest(self) -> int:
        """Return the version that searches go by, from 1; 0 where none was ever published."""

    def get(self, version: int) -> StoredRules | None:
        """Return a version, or the draft under the number 0; None where it is not there."""

    def versions(self) -> list[StoredRules]:
        """Return the versions that are kept, newest first."""


class RulesWriter(RulesReader, Protocol):
    """Changing them."""

    def put_draft(self, document: str) -> StoredRules:
        """Keep a draft, in the place of the one before. No search goes by it unless asked to."""

    def remove_draft(self) -> None:
        """Forget the draft, if there is one."""

    def publish(self, document: str, note: str, *, most: int) -> StoredRules:
        """Make a document the newest version. This is a change of the collection.

        Args:
            document: The rules.
            note: What somebody says of it.
            most: How many versions are kept; the oldest go.
        """

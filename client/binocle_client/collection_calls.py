"""What is asked of collections as a whole, of their aliases and saved searches."""

from collections.abc import Sequence

from binocle_client.answers import (
    AliasListing,
    AliasTarget,
    CollectionListing,
    CollectionSummary,
    SavedSearch,
    SavedSearchListing,
)
from binocle_client.connection import Connection
from binocle_client.paths import path_of, segment


class CollectionCalls:
    """The calls; the rest is in ``Client``."""

    _service: Connection

    def collections(self) -> CollectionListing:
        """List the collections the key may read."""
        return self._service.ask(CollectionListing, "GET", "/v1/collections")

    def put_collection(self, name: str, model: str | None = None) -> CollectionSummary:
        """Make a collection; one that is there stays as it is."""
        return self._service.ask(CollectionSummary, "PUT", path_of(name), json={"model": model})

    def collection(self, name: str) -> CollectionSummary:
        """Tell what a collection holds."""
        return self._service.ask(CollectionSummary, "GET", path_of(name))

    def delete_collection(self, name: str) -> None:
        """Remove a collection."""
        self._service.send("DELETE", path_of(name))

    def aliases(self) -> AliasListing:
        """List the aliases the key may read by."""
        return self._service.ask(AliasListing, "GET", "/v1/aliases")

    def put_alias(self, alias: str, collection: str, *, expected: str | None = None) -> AliasTarget:
        """Have an alias stand for a collection from now on.

        Args:
            alias: Its name.
            collection: Which.
            expected: Only where it has stood for this one until now.
        """
        body = {"collection": collection, "expected": expected}
        return self._service.ask(AliasTarget, "PUT", f"/v1/aliases/{segment(alias)}", json=body)

    def delete_alias(self, alias: str) -> None:
        """Remove an alias; the collection stays."""
        self._service.send("DELETE", f"/v1/aliases/{segment(alias)}")

    def saved_searches(self, name: str) -> SavedSearchListing:
        """List the saved searches of a collection."""
        return self._service.ask(SavedSearchListing, "GET", path_of(name, "saved-searches"))

    def save_search(self, name: str, search_name: str, search: str) -> SavedSearch:
        """Save a search of a collection, in the place of one of the same name.

        Args:
            name: Of the collection.
            search_name: What it is called.
            search: As the address of the page says it, behind the ``?``.
        """
        body = {"name": search_name, "search": search}
        return self._service.ask(SavedSearch, "PUT", path_of(name, "saved-searches"), json=body)

    def remove_saved_search(self, name: str, search_name: str) -> None:
        """Remove a saved search of a collection."""
        path = path_of(name, "saved-searches")
        self._service.send("DELETE", path, params={"search": search_name})

    def originals(self, name: str, ids: Sequence[str]) -> bytes:
        """Return a zip of the pictures of up to 500 records, as they were stored."""
        path = path_of(name, "originals")
        return self._service.send("POST", path, json={"ids": list(ids)}).content

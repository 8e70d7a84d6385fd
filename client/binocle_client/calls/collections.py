"""What is asked of collections as a whole, of their aliases and saved searches."""

from collections.abc import Mapping, Sequence

from binocle_client.answers import (
    AliasListing,
    AliasTarget,
    CollectionListing,
    CollectionSummary,
    FieldListing,
    SavedSearch,
    SavedSearchListing,
    SchemaField,
    SkippedListing,
)
from binocle_client.asked import Asked, content, document, nothing
from binocle_client.calls.call import call
from binocle_client.paths import path_of, segment, several
from binocle_client.requests import FieldType


class CollectionCalls:
    """The calls."""

    @call
    def collections(self) -> Asked[CollectionListing]:
        """List the collections the key may read."""
        return document(CollectionListing, "GET", "/v1/collections")

    @call
    def put_collection(
        self, name: str, model: str | None = None, *, keep_pictures: bool = True
    ) -> Asked[CollectionSummary]:
        """Make a collection; one that is there stays as it is.

        Where pictures are not kept, only vectors, hashes and features are made of what is sent.
        """
        body = {"model": model} if keep_pictures else {"model": model, "keep_pictures": False}
        return document(CollectionSummary, "PUT", path_of(name), json=body)

    @call
    def collection(self, name: str) -> Asked[CollectionSummary]:
        """Tell what a collection holds."""
        return document(CollectionSummary, "GET", path_of(name))

    @call
    def delete_collection(self, name: str) -> Asked[None]:
        """Remove a collection."""
        return nothing("DELETE", path_of(name))

    @call
    def schema(self, name: str) -> Asked[list[SchemaField]]:
        """List the fields of a collection's metadata."""
        return document(FieldListing, "GET", path_of(name, "schema")).then(
            lambda found: found.fields
        )

    @call
    def put_schema(
        self, name: str, types: Mapping[str, FieldType | None]
    ) -> Asked[list[SchemaField]]:
        """Declare types of fields; None forgets a declaration."""
        body = {"fields": dict(types)}
        return document(FieldListing, "PUT", path_of(name, "schema"), json=body).then(
            lambda found: found.fields
        )

    @call
    def skipped(self, name: str, *, first: int = 0, limit: int = 100) -> Asked[SkippedListing]:
        """Tell what was skipped of what was indexed, and why."""
        parameters = {"first": first, "limit": limit}
        return document(SkippedListing, "GET", path_of(name, "skipped"), params=parameters)

    @call
    def aliases(self) -> Asked[AliasListing]:
        """List the aliases the key may read by."""
        return document(AliasListing, "GET", "/v1/aliases")

    @call
    def put_alias(
        self, alias: str, collection: str, *, expected: str | None = None
    ) -> Asked[AliasTarget]:
        """Have an alias stand for a collection from now on.

        Args:
            alias: Its name.
            collection: Which.
            expected: Only where it has stood for this one until now.
        """
        body = {"collection": collection, "expected": expected}
        return document(AliasTarget, "PUT", f"/v1/aliases/{segment(alias)}", json=body)

    @call
    def delete_alias(self, alias: str) -> Asked[None]:
        """Remove an alias; the collection stays."""
        return nothing("DELETE", f"/v1/aliases/{segment(alias)}")

    @call
    def saved_searches(self, name: str) -> Asked[SavedSearchListing]:
        """List the saved searches of a collection."""
        return document(SavedSearchListing, "GET", path_of(name, "saved-searches"))

    @call
    def save_search(self, name: str, search_name: str, search: str) -> Asked[SavedSearch]:
        """Save a search of a collection, in the place of one of the same name.

        Args:
            name: Of the collection.
            search_name: What it is called.
            search: As the address of the page says it, behind the ``?``.
        """
        body = {"name": search_name, "search": search}
        return document(SavedSearch, "PUT", path_of(name, "saved-searches"), json=body)

    @call
    def remove_saved_search(self, name: str, search_name: str) -> Asked[None]:
        """Remove a saved search of a collection."""
        path = path_of(name, "saved-searches")
        return nothing("DELETE", path, params={"search": search_name})

    @call
    def originals(self, name: str, ids: Sequence[str]) -> Asked[bytes]:
        """Return a zip of the pictures of up to 500 records, as they were stored."""
        return content("POST", path_of(name, "originals"), json={"ids": several(ids)})

"""What is asked of records, one or many, and of their pictures."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Unpack

from binocle_client.answers import StoreOutcome, StoreOutcomes
from binocle_client.asked import Asked, content, document, matching, nothing, with_etag
from binocle_client.calls.call import call
from binocle_client.paths import path_of
from binocle_client.records import MatchedRecords, RecordListing, StoredRecord
from binocle_client.requests import (
    Filter,
    MatchingBody,
    MetadataValue,
    RecordBody,
    UpdateMatchingBody,
)
from binocle_client.transport.streams import LINES, outcomes_of


class RecordCalls:
    """The calls."""

    @call
    def store(self, name: str, records: Sequence[RecordBody]) -> Asked[StoreOutcomes]:
        """Store records, replacing those of the same id; look at each one's outcome."""
        body = {"records": list(records)}
        return document(StoreOutcomes, "POST", path_of(name, "records"), json=body)

    @call
    def import_lines(self, name: str, lines: Sequence[str]) -> Asked[list[StoreOutcome]]:
        """Store records, each given as a line of JSON; ``store_many`` takes any number of them."""
        return Asked(
            "POST",
            path_of(name, "records:import"),
            outcomes_of(StoreOutcome, len(lines), id="", error=None),
            "StoreOutcome",
            repeatable=True,
            options={"content": "\n".join(lines), "headers": LINES},
        )

    @call
    def record(self, name: str, record_id: str) -> Asked[StoredRecord]:
        """Return a record with its parts, and the ETag of its state."""
        return with_etag(document(StoredRecord, "GET", path_of(name, "records", record_id)))

    @call
    def records(
        self,
        name: str,
        where: str | None = None,
        *,
        filter: Filter | None = None,  # noqa: A002 - the interface's word
        limit: int = 100,
        cursor: str | None = None,
    ) -> Asked[RecordListing]:
        """List records in the order they were first stored."""
        chosen = {"where": where, "filter": dumps(filter) if filter else None, "cursor": cursor}
        parameters = {"limit": limit, **{key: value for key, value in chosen.items() if value}}
        return document(RecordListing, "GET", path_of(name, "records"), params=parameters)

    @call
    def patch(
        self,
        name: str,
        record_id: str,
        metadata: Mapping[str, MetadataValue | None] | None = None,
        *,
        texts: Mapping[str, str | Sequence[str] | None] | None = None,
        images: Mapping[str, str | Sequence[str] | None] | None = None,
        etag: str | None = None,
    ) -> Asked[StoredRecord]:
        """Change what is named of a record; the rest stays.

        Args:
            name: Of the collection.
            record_id: Which.
            metadata: By field; None removes one.
            texts: By role; None removes those of one.
            images: By role, each as ``encoded`` makes it; None removes those of one.
            etag: Only where the record is still as ``record`` told it with this.
        """
        given = {"metadata": metadata, "texts": texts, "images": images}
        body = {part: dict(said) for part, said in given.items() if said is not None}
        path, headers = path_of(name, "records", record_id), matching(etag)
        return with_etag(
            document(
                StoredRecord, "PATCH", path, json=body, headers=headers, repeatable=etag is None
            )
        )

    @call
    def delete(self, name: str, record_id: str, *, etag: str | None = None) -> Asked[None]:
        """Remove a record; with an ``etag``, only as ``record`` told it."""
        path, headers = path_of(name, "records", record_id), matching(etag)
        return nothing("DELETE", path, headers=headers, repeatable=etag is None)

    @call
    def update_matching(
        self,
        name: str,
        metadata: Mapping[str, MetadataValue | None],
        **which: Unpack[MatchingBody],
    ) -> Asked[MatchedRecords]:
        """Change the metadata of all records that pass a filter; a dry run unless told."""
        body: UpdateMatchingBody = {"metadata": metadata, **which}
        return document(MatchedRecords, "POST", path_of(name, "records:update"), json=body)

    @call
    def delete_matching(self, name: str, **which: Unpack[MatchingBody]) -> Asked[MatchedRecords]:
        """Remove all records that pass a filter; a dry run unless told."""
        return document(MatchedRecords, "POST", path_of(name, "records:delete"), json=which)

    @call
    def image(self, name: str, record_id: str, part: int | None = None) -> Asked[bytes]:
        """Return a picture of a record as it was stored, the first one by default."""
        path, params = (
            path_of(name, "records", record_id, "image"),
            {} if part is None else {"part": part},
        )
        return content("GET", path, params=params)

    @call
    def thumbnail(
        self, name: str, record_id: str, size: int = 320, part: int | None = None
    ) -> Asked[bytes]:
        """Return a picture of a record, the first one by default, small and upright."""
        path = path_of(name, "records", record_id, "thumbnail")
        params = {"size": size} if part is None else {"size": size, "part": part}
        return content("GET", path, params=params)

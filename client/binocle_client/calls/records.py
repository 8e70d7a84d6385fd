"""What is asked of records, one or many, and of their pictures."""

from collections.abc import Mapping, Sequence
from json import dumps

from binocle_client.answers import StoreOutcome, StoreOutcomes
from binocle_client.asked import Asked, content, document, nothing
from binocle_client.calls.call import call
from binocle_client.paths import path_of
from binocle_client.records import RecordListing, StoredRecord
from binocle_client.requests import Filter, MetadataValue, RecordBody
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
        """Return a record with its parts."""
        return document(StoredRecord, "GET", path_of(name, "records", record_id))

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
        self, name: str, record_id: str, metadata: Mapping[str, MetadataValue | None]
    ) -> Asked[StoredRecord]:
        """Set metadata fields; None removes one."""
        body, path = {"metadata": dict(metadata)}, path_of(name, "records", record_id)
        return document(StoredRecord, "PATCH", path, json=body)

    @call
    def delete(self, name: str, record_id: str) -> Asked[None]:
        """Remove a record."""
        return nothing("DELETE", path_of(name, "records", record_id))

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

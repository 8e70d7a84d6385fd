"""What a service can be asked, in the words of its interface."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from json import dumps
from typing import Self, Unpack

from binocle_client.across import SearchAcrossAnswer
from binocle_client.answers import (
    EmbeddingsAnswer,
    JobStatus,
    LabelsAnswer,
    MatchAnswer,
    ModelListing,
    StoreOutcome,
    StoreOutcomes,
    SuggestionList,
)
from binocle_client.collection_calls import CollectionCalls
from binocle_client.connection import Connection
from binocle_client.copies import (
    DuplicateClusters,
    LookupOutcome,
    LookupOutcomes,
    LookupReply,
)
from binocle_client.job_calls import JobCalls
from binocle_client.paths import path_of
from binocle_client.pictures import PictureFile, bytes_of, encoded
from binocle_client.records import (
    BatchAnswer,
    RecommendAnswer,
    RecordListing,
    SearchAnswer,
    StoredRecord,
)
from binocle_client.requests import (
    CaptionsBody,
    Filter,
    LabelsBody,
    MatchBody,
    MetadataValue,
    PictureSearchOptions,
    RecommendBody,
    RecommendOptions,
    RecordBody,
    SearchBody,
    SearchOptions,
    TermBody,
)
from binocle_client.rule_calls import RuleCalls


class Client(CollectionCalls, JobCalls, RuleCalls):
    """Talks to one service; not for several threads at once.

    A full service (503), or one that has been asked too often (429), is asked again, as is one
    that broke the connection, unless that could
    do something twice. Every method raises ``ClientError`` when the service refuses or does not
    answer. Pictures are bytes or paths.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout_s: float = 30, retries: int = 4
    ) -> None:
        self._service = Connection(base_url, api_key, timeout_s, retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def store(self, name: str, records: Sequence[RecordBody]) -> StoreOutcomes:
        """Store records, replacing those of the same id; look at each one's outcome."""
        body = {"records": list(records)}
        return self._service.ask(StoreOutcomes, "POST", path_of(name, "records"), json=body)

    def store_many(
        self, name: str, records: Iterable[RecordBody], *, at_once: int = 1000
    ) -> Iterator[StoreOutcome]:
        """Store as many records as there are; yield each one's outcome in order.

        Args:
            name: Of the collection.
            records: Taken as they are stored; with pictures by ``encoded``, no files.
            at_once: How many are sent in one request, and are sent again if it breaks.
        """
        waiting = iter(records)
        while lines := [dumps(one) for one in islice(waiting, at_once)]:
            yield from self._service.import_lines(path_of(name, "records:import"), lines)

    def suggest(self, name: str, typed: str, limit: int = 8) -> SuggestionList:
        """Return what may be meant while somebody types."""
        path, params = path_of(name, "suggestions"), {"q": typed, "limit": limit}
        return self._service.ask(SuggestionList, "GET", path, params=params)

    def record(self, name: str, record_id: str) -> StoredRecord:
        """Return a record with its parts."""
        return self._service.ask(StoredRecord, "GET", path_of(name, "records", record_id))

    def records(
        self,
        name: str,
        where: str | None = None,
        *,
        filter: Filter | None = None,  # noqa: A002 - the interface's word
        limit: int = 100,
        cursor: str | None = None,
    ) -> RecordListing:
        """List records in the order they were first stored."""
        chosen = {"where": where, "filter": dumps(filter) if filter else None, "cursor": cursor}
        parameters = {"limit": limit, **{key: value for key, value in chosen.items() if value}}
        return self._service.ask(RecordListing, "GET", path_of(name, "records"), params=parameters)

    def patch(
        self, name: str, record_id: str, metadata: Mapping[str, MetadataValue | None]
    ) -> StoredRecord:
        """Set metadata fields; None removes one."""
        body, path = {"metadata": dict(metadata)}, path_of(name, "records", record_id)
        return self._service.ask(StoredRecord, "PATCH", path, json=body)

    def delete(self, name: str, record_id: str) -> None:
        """Remove a record."""
        self._service.send("DELETE", path_of(name, "records", record_id))

    def search(
        self, name: str, query: str | Sequence[TermBody] = (), **options: Unpack[SearchOptions]
    ) -> SearchAnswer:
        """Search by words, by weighted terms, or by nothing but a filter or a refinement."""
        body: SearchBody = {"query": query, **options}
        return self._service.ask(SearchAnswer, "POST", path_of(name, "search"), json=body)

    def pages(
        self, name: str, query: str | Sequence[TermBody] = (), **options: Unpack[SearchOptions]
    ) -> Iterator[SearchAnswer]:
        """Search, and go on to the next page until there is none."""
        while True:
            answer = self.search(name, query, **options)
            yield answer
            if answer.cursor is None:
                return
            options["cursor"] = answer.cursor

    def search_image(
        self, name: str, data: PictureFile, **options: Unpack[PictureSearchOptions]
    ) -> SearchAnswer:
        """Search by a picture, and by what is asked beside it."""
        return self._service.ask(
            SearchAnswer,
            "POST",
            path_of(name, "search"),
            data={"search": dumps(options)},
            files={"image": ("picture", bytes_of(data))},
        )

    def search_batch(self, name: str, searches: Sequence[SearchBody]) -> BatchAnswer:
        """Answer many queries in one call."""
        body = {"searches": list(searches)}
        return self._service.ask(BatchAnswer, "POST", path_of(name, "search", "batch"), json=body)

    def recommend(
        self, name: str, more_of: Sequence[str], **options: Unpack[RecommendOptions]
    ) -> RecommendAnswer:
        """Recommend records like some; an unknown id costs only itself."""
        body: RecommendBody = {"more_of": list(more_of), **options}
        return self._service.ask(RecommendAnswer, "POST", path_of(name, "recommend"), json=body)

    def search_across(
        self,
        collections: Sequence[str],
        query: str | Sequence[TermBody] = (),
        **options: Unpack[SearchOptions],
    ) -> SearchAcrossAnswer:
        """Search several collections at once; one that cannot answer costs only itself."""
        body = {"collections": list(collections), "query": query, **options}
        return self._service.ask(SearchAcrossAnswer, "POST", "/v1/search", json=body)

    def label(self, name: str, **body: Unpack[LabelsBody]) -> LabelsAnswer:
        """Give pictures, or the records of a collection, the likeliest of some labels."""
        return self._service.ask(LabelsAnswer, "POST", path_of(name, "labels"), json=body)

    def start_labelling(self, name: str, **body: Unpack[LabelsBody]) -> JobStatus:
        """Start what ``label`` does, for many records."""
        path = path_of(name, "labels", "jobs")
        return self._service.ask(JobStatus, "POST", path, json=body, repeatable=False)

    def labels_of_job(self, name: str, job_id: str) -> LabelsAnswer:
        """Return what a labelling job has found, once it is done."""
        return self._service.ask(LabelsAnswer, "GET", path_of(name, "labels", "jobs", job_id))

    def lookup(
        self, name: str, data: PictureFile, *, limit: int = 10, copies_only: bool = False
    ) -> LookupReply:
        """Tell whether a picture, or what it was made from, is in a collection."""
        body = {"image": encoded(data), "limit": limit, "copies_only": copies_only}
        return self._service.ask(LookupReply, "POST", path_of(name, "lookup"), json=body)

    def lookup_many(
        self, name: str, files: Sequence[PictureFile], *, limit: int = 10, copies_only: bool = False
    ) -> list[LookupOutcome]:
        """Look up to 64 pictures up; one that cannot be read has an error for an answer."""
        pictures = [{"image": encoded(one)} for one in files]
        body = {"pictures": pictures, "limit": limit, "copies_only": copies_only}
        return self._service.ask(
            LookupOutcomes, "POST", path_of(name, "lookups"), json=body
        ).results

    def start_duplicates(self, name: str) -> JobStatus:
        """Start finding the pictures of a collection that are the same."""
        return self._service.ask(JobStatus, "POST", path_of(name, "duplicates"), repeatable=False)

    def duplicates(
        self, name: str, job_id: str, *, first: int = 0, limit: int = 100
    ) -> DuplicateClusters:
        """Return clusters that a job has found, largest first."""
        path, parameters = path_of(name, "duplicates", job_id), {"first": first, "limit": limit}
        return self._service.ask(DuplicateClusters, "GET", path, params=parameters)

    def duplicates_csv(self, name: str, job_id: str) -> str:
        """Return a line for each picture of each cluster."""
        return self._service.send("GET", path_of(name, "duplicates", job_id, "csv")).text

    def duplicates_report(self, name: str, job_id: str) -> bytes:
        """Return a page with thumbnails inside it, to be saved."""
        return self._service.send("GET", path_of(name, "duplicates", job_id, "report")).content

    def match(self, name: str, **body: Unpack[MatchBody]) -> MatchAnswer:
        """Tell how well a text and a picture go together."""
        return self._service.ask(MatchAnswer, "POST", path_of(name, "match"), json=body)

    def captions(self, name: str, **body: Unpack[CaptionsBody]) -> SearchAnswer:
        """Find the captions for a picture among the texts of a collection."""
        return self._service.ask(SearchAnswer, "POST", path_of(name, "captions"), json=body)

    def image(self, name: str, record_id: str, part: int | None = None) -> bytes:
        """Return a picture of a record as it was stored, the first one by default."""
        path, params = (
            path_of(name, "records", record_id, "image"),
            {} if part is None else {"part": part},
        )
        return self._service.send("GET", path, params=params).content

    def thumbnail(
        self, name: str, record_id: str, size: int = 320, part: int | None = None
    ) -> bytes:
        """Return a picture of a record, the first one by default, small and upright."""
        path = path_of(name, "records", record_id, "thumbnail")
        params = {"size": size} if part is None else {"size": size, "part": part}
        return self._service.send("GET", path, params=params).content

    def models(self) -> ModelListing:
        """List the models that may be named."""
        return self._service.ask(ModelListing, "GET", "/v1/models")

    def embed(self, inputs: str | Sequence[str], model: str) -> EmbeddingsAnswer:
        """Embed texts, and pictures given as data URLs."""
        given = inputs if isinstance(inputs, str) else list(inputs)
        body = {"input": given, "model": model}
        return self._service.ask(EmbeddingsAnswer, "POST", "/v1/embeddings", json=body)

"""A client for the HTTP service, in the words of its interface."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from api.client.requests import ClientError, PictureFile, bytes_of, encoded, picture, valid
from api.http.errors.problems import Problem
from api.http.schemas.common import (
    CollectionIn,
    CollectionOut,
    CollectionsOut,
    EmbeddingsIn,
    EmbeddingsOut,
    JobIn,
    JobOut,
    MetadataPatch,
    ModelsOut,
    RecordIn,
    RecordOut,
    RecordPage,
    RecordsIn,
    RecordsOut,
)
from api.http.schemas.labels import CaptionsIn, LabelsIn, LabelsOut, MatchIn, MatchOut
from api.http.schemas.lookup import DuplicatesOut, LookupIn, LookupOut
from api.http.schemas.search import (
    BatchIn,
    BatchOut,
    FacetIn,
    GroupIn,
    RefinementIn,
    SearchBesideIn,
    SearchIn,
    SearchOut,
    SortIn,
    TermIn,
    WeightsIn,
)
from binocle.types import MetadataValue
from search.query.query import Mode, Target

__all__ = ["Client", "ClientError", "PictureFile", "SearchOptions", "encoded", "picture"]

_Out = TypeVar("_Out", bound=BaseModel)
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN = (*_UNSENT, httpx.NetworkError, httpx.RemoteProtocolError)


class SearchOptions(TypedDict, total=False):
    """What a search may ask for besides its terms; each is described in ``SearchIn``."""

    target: Target | None
    filter: Mapping[str, Any] | None
    limit: int
    cursor: str | None
    exact: bool
    mode: Mode | None
    weights: WeightsIn | None
    sort: Sequence[str | SortIn]
    facets: Sequence[str | FacetIn]
    group: str | GroupIn | None
    diversity: float
    collapse: bool
    min_relevance: float | Literal["auto"] | None
    refine: RefinementIn | None


class Client:
    """Talks to one service; not for several threads at once.

    A full service (503) is asked again, as is one that broke the connection, unless that could
    do something twice. Every method raises ``ClientError`` when the service refuses, and before
    that when what is asked makes no sense. Pictures are bytes or paths.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout_s: float = 30, retries: int = 4
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def collections(self) -> CollectionsOut:
        """List the collections the key may read."""
        return self._ask(CollectionsOut, "GET", "/v1/collections")

    def put_collection(self, name: str, model: str | None = None) -> CollectionOut:
        """Make a collection; one that is there stays as it is."""
        return self._ask(CollectionOut, "PUT", _path(name), body=valid(CollectionIn, model=model))

    def collection(self, name: str) -> CollectionOut:
        """Tell what a collection holds."""
        return self._ask(CollectionOut, "GET", _path(name))

    def delete_collection(self, name: str) -> None:
        """Remove a collection."""
        self._send("DELETE", _path(name))

    def store(self, name: str, records: Sequence[RecordIn]) -> RecordsOut:
        """Store records, replacing those of the same id; look at each one's outcome."""
        return self._ask(
            RecordsOut,
            "POST",
            _path(name, "records"),
            body=valid(RecordsIn, records=list(records)),
        )

    def record(self, name: str, record_id: str) -> RecordOut:
        """Return a record with its parts."""
        return self._ask(RecordOut, "GET", _path(name, "records", record_id))

    def records(
        self,
        name: str,
        where: str | None = None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the interface's word
        limit: int = 100,
        cursor: str | None = None,
    ) -> RecordPage:
        """List records in the order they were first stored."""
        chosen = {"where": where, "filter": dumps(filter) if filter else None, "cursor": cursor}
        parameters = {"limit": limit, **{key: value for key, value in chosen.items() if value}}
        return self._ask(RecordPage, "GET", _path(name, "records"), params=parameters)

    def patch(
        self, name: str, record_id: str, metadata: Mapping[str, MetadataValue | None]
    ) -> RecordOut:
        """Set metadata fields; None removes one."""
        body = valid(MetadataPatch, metadata=dict(metadata))
        return self._ask(RecordOut, "PATCH", _path(name, "records", record_id), body=body)

    def delete(self, name: str, record_id: str) -> None:
        """Remove a record."""
        self._send("DELETE", _path(name, "records", record_id))

    def search(
        self, name: str, query: str | Sequence[TermIn] = (), **options: Unpack[SearchOptions]
    ) -> SearchOut:
        """Search by words, by weighted terms, or by nothing but a filter or a refinement."""
        body = _search(query, options)
        return self._ask(SearchOut, "POST", _path(name, "search"), body=body)

    def pages(
        self, name: str, query: str | Sequence[TermIn] = (), **options: Unpack[SearchOptions]
    ) -> Iterator[SearchOut]:
        """Search, and go on to the next page until there is none."""
        body = _search(query, options)
        while True:
            answer = self._ask(SearchOut, "POST", _path(name, "search"), body=body)
            yield answer
            if answer.cursor is None:
                return
            body = body.model_copy(update={"cursor": answer.cursor})

    def search_image(
        self, name: str, data: PictureFile, beside: SearchBesideIn | None = None
    ) -> SearchOut:
        """Search by a picture, and by what is asked beside it."""
        document = (beside or SearchBesideIn()).model_dump_json(exclude_defaults=True)
        return self._ask(
            SearchOut,
            "POST",
            _path(name, "search"),
            data={"search": document},
            files={"image": ("picture", bytes_of(data))},
        )

    def search_batch(self, name: str, searches: Sequence[SearchIn]) -> BatchOut:
        """Answer many queries in one call."""
        body = valid(BatchIn, searches=list(searches))
        return self._ask(BatchOut, "POST", _path(name, "search", "batch"), body=body)

    def label(self, name: str, asked: LabelsIn) -> LabelsOut:
        """Give pictures, or the records of a collection, the likeliest of some labels."""
        return self._ask(LabelsOut, "POST", _path(name, "labels"), body=asked)

    def start_labelling(self, name: str, asked: LabelsIn) -> JobOut:
        """Start what ``label`` does, for many records."""
        path = _path(name, "labels", "jobs")
        return self._ask(JobOut, "POST", path, body=asked, repeatable=False)

    def labels_of_job(self, name: str, job_id: str) -> LabelsOut:
        """Return what a labelling job has found, once it is done."""
        return self._ask(LabelsOut, "GET", _path(name, "labels", "jobs", job_id))

    def lookup(
        self, name: str, data: PictureFile, *, limit: int = 10, copies_only: bool = False
    ) -> LookupOut:
        """Tell whether a picture, or what it was made from, is in a collection."""
        body = valid(LookupIn, image=encoded(data), limit=limit, copies_only=copies_only)
        return self._ask(LookupOut, "POST", _path(name, "lookup"), body=body)

    def start_duplicates(self, name: str) -> JobOut:
        """Start finding the pictures of a collection that are the same."""
        return self._ask(JobOut, "POST", _path(name, "duplicates"), repeatable=False)

    def duplicates(
        self, name: str, job_id: str, *, first: int = 0, limit: int = 100
    ) -> DuplicatesOut:
        """Return clusters that a job has found, largest first."""
        parameters = {"first": first, "limit": limit}
        return self._ask(DuplicatesOut, "GET", _path(name, "duplicates", job_id), params=parameters)

    def duplicates_csv(self, name: str, job_id: str) -> str:
        """Return a line for each picture of each cluster."""
        return self._send("GET", _path(name, "duplicates", job_id, "csv")).text

    def duplicates_report(self, name: str, job_id: str) -> bytes:
        """Return a page with thumbnails inside it, to be saved."""
        return self._send("GET", _path(name, "duplicates", job_id, "report")).content

    def match(self, name: str, asked: MatchIn) -> MatchOut:
        """Tell how well a text and a picture go together."""
        return self._ask(MatchOut, "POST", _path(name, "match"), body=asked)

    def captions(self, name: str, asked: CaptionsIn) -> SearchOut:
        """Find the captions for a picture among the texts of a collection."""
        return self._ask(SearchOut, "POST", _path(name, "captions"), body=asked)

    def image(self, name: str, record_id: str) -> bytes:
        """Return a record's first picture as it was stored."""
        return self._send("GET", _path(name, "records", record_id, "image")).content

    def thumbnail(self, name: str, record_id: str, size: int = 256) -> bytes:
        """Return a record's first picture as a small upright JPEG."""
        path = _path(name, "records", record_id, "thumbnail")
        return self._send("GET", path, params={"size": size}).content

    def models(self) -> ModelsOut:
        """List the models that may be named."""
        return self._ask(ModelsOut, "GET", "/v1/models")

    def embed(self, inputs: str | Sequence[str], model: str) -> EmbeddingsOut:
        """Embed texts, and pictures given as data URLs."""
        given = inputs if isinstance(inputs, str) else list(inputs)
        body = valid(EmbeddingsIn, input=given, model=model)
        return self._ask(EmbeddingsOut, "POST", "/v1/embeddings", body=body)

    def start_job(self, name: str, job: JobIn) -> JobOut:
        """Start indexing a source the operator has allowed."""
        return self._ask(JobOut, "POST", _path(name, "jobs"), body=job, repeatable=False)

    def job(self, name: str, job_id: str) -> JobOut:
        """Tell how far a job is."""
        return self._ask(JobOut, "GET", _path(name, "jobs", job_id))

    def cancel_job(self, name: str, job_id: str) -> JobOut:
        """Cancel a job."""
        return self._ask(JobOut, "DELETE", _path(name, "jobs", job_id))

    def wait_for_job(self, name: str, job_id: str, *, timeout_s: float = 600) -> JobOut:
        """Return a job once it has ended, however it did.

        Raises:
            ClientError: ``timeout``, it still runs; also whatever ``job`` raises.
        """
        deadline = time.monotonic() + timeout_s
        while (job := self.job(name, job_id)).state in ("waiting", "running"):
            if time.monotonic() > deadline:
                raise ClientError(0, None, "timeout", f"the job still runs after {timeout_s:g} s")
            time.sleep(0.1)
        return job

    def _ask(
        self,
        kind: type[_Out],
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        repeatable: bool = True,
        **options: Any,
    ) -> _Out:
        if body is not None:
            options["content"] = body.model_dump_json(exclude_defaults=True)
            options["headers"] = {"Content-Type": "application/json"}
        response = self._send(method, path, repeatable=repeatable, **options)
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            detail = f"the answer from {self._http.base_url} is not this service's {kind.__name__}"
            raise ClientError(response.status_code, None, "no-problem", detail) from error

    def _send(
        self, method: str, path: str, *, repeatable: bool = True, **options: Any
    ) -> httpx.Response:
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                retried = _BROKEN if repeatable else _UNSENT
                if last or not isinstance(error, retried):
                    code = "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
                    detail = f"no answer from {self._http.base_url} ({error})"
                    raise ClientError(0, None, code, detail) from error
                time.sleep(_pause_s(attempt, None))
                continue
            if response.is_success:
                return response
            if response.status_code != 503 or last:
                raise _refusal(response)
            time.sleep(_pause_s(attempt, response.headers.get("Retry-After")))
        raise AssertionError


def _search(query: str | Sequence[TermIn], options: SearchOptions) -> SearchIn:
    words = query if isinstance(query, str) else list(query)
    return valid(SearchIn, query=words, **options)


def _path(name: str, *more: str) -> str:
    return "/v1/collections/" + "/".join(map(_segment, (name, *more)))


def _segment(text: str) -> str:
    """Return an id as one segment; ``..`` would be taken for the folder above."""
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")


def _pause_s(attempt: int, retry_after: str | None) -> float:
    if retry_after is not None and retry_after.strip().isdigit():
        return min(float(retry_after), _LONGEST_PAUSE_S)
    pause_s = min(_FIRST_PAUSE_S * 2.0**attempt, _LONGEST_PAUSE_S)
    return pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - so that clients do not come in step


def _refusal(response: httpx.Response) -> ClientError:
    status = response.status_code
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return ClientError(status, None, "no-problem", f"HTTP {status} without a problem document")
    return ClientError(status, problem, problem.code, problem.detail or problem.title)

"""What takes minutes and runs behind a request: how far it is, and how it ended."""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from api.http.errors.problems import ServiceError, tells
from api.http.runtime.fair_queue import CALLER, FairQueue
from api.http.runtime.log_lines import note
from api.http.schemas.background.jobs import JobKind, JobOut
from api.http.schemas.common import ItemError
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from indexer.indexer import Progress

_log = logging.getLogger(__name__)
_KEPT_JOBS = 200
_KEPT_RESULTS = 16
_LOOK_EVERY_S = 0.05
_UNTOLD = "see the service's log"
_READING: frozenset[JobKind] = frozenset(("labels", "duplicates", "backup"))


class CancelledError(BinocleError):
    """The job was cancelled."""

    code = "cancelled"


@dataclass(eq=False)
class Job:
    """Something that runs, and how far it is.

    Attributes:
        owner: Identity of the key that started it; empty where there are no keys.
        result: What it has found, for those kinds that find something; kept for the last few.
        hidden: Text that error messages must not show, and what they show instead.
    """

    id: str
    kind: JobKind
    collection: str
    source: str
    owner: str = ""
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    done: int = 0
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: ItemError | None = None
    result: object = None
    hidden: tuple[str, str] = ("", "")
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    def out(self) -> JobOut:
        """Return what a client sees."""
        return JobOut(
            id=self.id,
            kind=self.kind,
            collection=self.collection,
            source=self.source,
            state=self.state,
            done=self.done,
            total=self.total,
            counts=dict(self.counts),
            warnings=list(self.warnings),
            error=self.error,
        )

    def update(self, progress: Progress) -> None:
        """Take note of an indexer's progress; stops the run when the job was cancelled."""
        self.counts = asdict(progress.tally)
        self.advance(progress.done, progress.total)

    def advance(self, done: int, total: int) -> None:
        """Take note of progress.

        Raises:
            CancelledError: The job was cancelled.
        """
        self.done, self.total = done, total
        if self.stop.is_set():
            raise CancelledError("cancelled")


Work: TypeAlias = Callable[[Job], None]


class _Lane:
    """Jobs of some kinds: one runs at a time, and those of different keys take turns."""

    def __init__(self, name: str, queue_size: int) -> None:
        self.waiting: FairQueue[Job] = FairQueue(queue_size)
        self.works: dict[Job, Work] = {}
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=name)


class Jobs:
    """The jobs of one service. Thread-safe.

    What only reads waits in a lane of its own, so that readers hold up nobody who writes.
    """

    def __init__(self, queue_size: int, on_use: Callable[[str], None] = lambda _: None) -> None:
        """Set up.

        Args:
            queue_size: Most jobs waiting in a lane; half of them of one API key.
            on_use: Told the collection of each job as it begins and as it ends.
        """
        self._on_use = on_use
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._writing, self._reading = _Lane("job", queue_size), _Lane("reading-job", queue_size)

    def start(
        self,
        kind: JobKind,
        collection: Collection,
        work: Work,
        *,
        source: str = "",
        hidden: tuple[str, str] = ("", ""),
    ) -> Job:
        """Queue a job.

        Args:
            kind: What it does.
            collection: In which one.
            work: Does it, telling the job of progress; its errors become the job's.
            source: What it indexes, for clients.
            hidden: Text that error messages must not show, and what they show instead.

        Raises:
            ServiceError: 503, too many wait, or too many of this key.
        """
        lane, owner = self._lane_of(kind), CALLER.get()
        with self._lock:
            if not lane.waiting.has_room(owner):
                raise ServiceError(503, "overloaded", f"{len(lane.waiting)} jobs wait already")
            ended = [job for job in self._jobs.values() if job.ended]
            for old in ended[:-_KEPT_JOBS]:
                del self._jobs[old.id]
            for old in [job for job in ended if job.result is not None][: 1 - _KEPT_RESULTS]:
                old.result = None
            name = collection.path.name
            job = Job(secrets.token_hex(8), kind, name, source, owner, hidden=hidden)
            self._jobs[job.id] = job
            lane.works[job] = work
            lane.waiting.put(owner, job)
        lane.thread.submit(self._run_next, lane)
        note(job=job.id, kind=kind, source=source or None)
        return job

    def cancel(self, job: Job) -> None:
        """Have a job end; one that waits ends at once."""
        job.stop.set()
        lane = self._lane_of(job.kind)
        with self._lock:
            if lane.waiting.discard(job.owner, job):
                del lane.works[job]
                job.state = "cancelled"

    async def end(self, collection: str, patience_s: float) -> Job | None:
        """Cancel the jobs of a collection and wait until they have ended.

        Args:
            collection: Its name.
            patience_s: How long to wait.

        Returns:
            One that is at work still.
        """
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.collection == collection]
        for job in jobs:
            self.cancel(job)
        until = time.monotonic() + patience_s
        while working := next((job for job in jobs if not job.ended), None):
            if time.monotonic() >= until:
                return working
            await asyncio.sleep(_LOOK_EVERY_S)
        return None

    def _lane_of(self, kind: JobKind) -> _Lane:
        return self._reading if kind in _READING else self._writing

    def _run_next(self, lane: _Lane) -> None:
        with self._lock:
            if not lane.waiting:  # what this was for has been cancelled
                return
            job = lane.waiting.pop()
            work = lane.works.pop(job)
        self._on_use(job.collection)
        _run(job, work)
        self._on_use(job.collection)

    def forget(self, collection: str) -> None:
        """Cancel and forget the jobs of a collection that was removed.

        Another one of the same name has none of them.
        """
        with self._lock:
            forgotten = [one for one in self._jobs.values() if one.collection == collection]
            for job in forgotten:
                del self._jobs[job.id]
        for job in forgotten:
            self.cancel(job)

    def get(self, collection: Collection, job_id: str) -> Job:
        """Return a job of a collection.

        Raises:
            ServiceError: 404, there is none.
        """
        job = self._jobs.get(job_id)
        if job is None or job.collection != collection.path.name:
            raise ServiceError(404, "not-found", f"there is no job {job_id!r}")
        return job

    def result(self, collection: Collection, job_id: str, kind: JobKind) -> object:
        """Return what a job has found.

        Raises:
            ServiceError: 404, there is no such job; 409, it has not found anything (yet); 410, it
                is not kept any more.
        """
        job = self.get(collection, job_id)
        if job.kind != kind:
            raise ServiceError(404, "not-found", f"the job {job_id!r} is not one of {kind}")
        if job.state != "done":
            raise ServiceError(
                409, "not-done", f"the job is {job.state}; its result comes with done"
            )
        if job.result is None:
            detail = f"the results of the last {_KEPT_RESULTS} jobs are kept; start another one"
            raise ServiceError(410, "gone", detail)
        return job.result

    def close(self) -> None:
        """Cancel everything; what is committed stays."""
        with self._lock:
            every = list(self._jobs.values())
        for job in every:
            self.cancel(job)
        for lane in (self._writing, self._reading):
            lane.thread.shutdown(wait=True, cancel_futures=True)


def _run(job: Job, work: Work) -> None:
    if job.stop.is_set():
        job.state = "cancelled"
        return
    job.state = "running"
    try:
        work(job)
        job.state = "done"
    except CancelledError:
        job.state = "cancelled"
    except BinocleError as error:
        _log.error("the job %s of the collection %s failed: %s", job.id, job.collection, error)
        shown = str(error).replace(*job.hidden) if job.hidden[0] else str(error)
        job.error = ItemError(code=error.code, detail=shown if tells(error) else _UNTOLD)
        job.state = "failed"
    except Exception:
        _log.exception("the job %s of the collection %s failed", job.id, job.collection)
        job.error = ItemError(code="internal", detail=_UNTOLD)
        job.state = "failed"

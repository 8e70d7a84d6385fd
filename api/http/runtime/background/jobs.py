"""What takes minutes and runs behind a request: how far it is, and how it ended."""

import asyncio
import logging
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias, TypeVar

from api.http.errors.problems import ServiceError, shown
from api.http.runtime.background.job import CancelledError, Job, now
from api.http.runtime.background.job_store import KEPT_RESULTS, JobFilter, JobStore
from api.http.runtime.fair_queue import CALLER, FairQueue
from api.http.runtime.log_lines import note
from api.http.schemas.background.jobs import JobKind, JobState
from api.http.schemas.common import ItemError
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_KEPT_JOBS = 200
_LOOK_EVERY_S = 0.05
_UNTOLD = "see the service's log"
_READING: frozenset[JobKind] = frozenset(("labels", "duplicates", "backup", "snapshot", "hashes"))


Work: TypeAlias = Callable[[Job], None]


class _Lane:
    """Jobs of some kinds: one runs at a time, and those of different keys take turns."""

    def __init__(self, name: str, queue_size: int) -> None:
        self.waiting: FairQueue[Job] = FairQueue(queue_size)
        self.works: dict[Job, Work] = {}
        self.thread = ThreadPoolExecutor(1, name)


class Jobs:
    """The jobs of one service. Thread-safe.

    What only reads waits in a lane of its own, so that readers hold up nobody who writes. Requests
    go before both: what jobs decode and embed, and other processes of theirs, have a low priority.
    Their own threads have not, as these may hold Python's lock, for which requests would wait.
    """

    def __init__(
        self,
        queue_size: int,
        on_use: Callable[[str], None] = lambda _: None,
        *,
        store: JobStore | None = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up.

        Args:
            queue_size: Most jobs waiting in a lane; half of them of one API key.
            on_use: Told the collection of each job as it begins and as it ends.
            store: Keeps them over restarts, as far as it can be written.
            on_end: Told when one has ended, and that is kept.
        """
        self._on_use, self._on_end, self._store = on_use, on_end, store
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
            for old in [job for job in ended if job.result is not None][: 1 - KEPT_RESULTS]:
                old.result = None
            name = collection.path.name
            job = Job(secrets.token_hex(8), kind, name, source, owner, hidden=hidden)
            job.tell, job.is_there = self._save, partial(_is_there, weakref.ref(collection))
            self._jobs[job.id] = job
            self._kept(lambda store: store.add(job))
            lane.works[job] = work
            lane.waiting.put(owner, job)
        lane.thread.submit(self._run_next, lane)
        note(job=job.id, kind=kind, source=source or None)
        return job

    def cancel(self, job: Job) -> None:
        """Have a job end; one that waits ends at once, one of another service in a few seconds."""
        job.stop.set()
        lane = self._lane_of(job.kind)
        with self._lock:
            is_waiting = lane.waiting.discard(job.owner, job)
            if is_waiting:
                del lane.works[job]
                job.end("cancelled")
        if is_waiting:
            self._save(job)
        elif job.id not in self._jobs and not job.ended:
            self._kept(lambda store: store.cancel(job))

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
        job.begun_at = now()
        job.state = "running"
        self._save(job)
        job.end(_outcome(job, work))
        self._save(job)
        self._on_use(job.collection)

    def _save(self, job: Job) -> None:
        """Keep how far a job is; end it where another service was told to."""
        if self._kept(lambda store: store.save(job)):
            job.stop.set()
        if job.ended:
            self._on_end()

    def _kept(self, work: Callable[[JobStore], _T]) -> _T | None:
        """Do something with the store; what cannot be kept is there until the service ends."""
        try:
            return work(self._store) if self._store is not None else None
        except (StorageError, ValueError) as error:  # the latter of names that are no Unicode
            _log.warning("jobs are not kept: %s", error)
            return None

    def begin(self) -> None:
        """Note that jobs of services that have ended have ended, too."""
        self._kept(JobStore.end_interrupted)
        self._on_end()

    def listed(self, wanted: JobFilter, limit: int) -> tuple[list[Job], int | None]:
        """Return jobs, the latest first, and what ``JobFilter.before`` goes on with."""
        found = self._kept(lambda store: store.listed(wanted, limit + 1))
        if found is None:
            found = self._in_memory(wanted)
        shown = [self._jobs.get(job.id, job) for _, job in found[:limit]]
        return shown, found[limit - 1][0] if len(found) > limit else None

    def _in_memory(self, wanted: JobFilter) -> list[tuple[int, Job]]:
        with self._lock:
            every = list(enumerate(self._jobs.values(), 1))
        return [
            (number, job)
            for number, job in reversed(every)
            if wanted.collections is None or job.collection in wanted.collections
            if job.kind in (wanted.kinds or (job.kind,))
            if job.state in (wanted.states or (job.state,))
            if wanted.before is None or number < wanted.before
        ]

    def forget(self, collection: str) -> None:
        """Cancel and forget the jobs of a collection that was removed with what is kept of them."""
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
        if job is None or not job.is_there():
            job = self._kept(lambda store: store.find(job_id))
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
        found = job.result
        if found is None:
            found = self._kept(lambda store: store.result(job))
        if found is None:
            detail = f"the results of the last {KEPT_RESULTS} jobs are kept; start another one"
            raise ServiceError(410, "gone", detail)
        return found

    def close(self) -> None:
        """Cancel everything; what is committed stays."""
        with self._lock:
            every = list(self._jobs.values())
        for job in every:
            job.is_interrupted = not job.ended and not job.stop.is_set()
            self.cancel(job)
        for lane in (self._writing, self._reading):
            lane.thread.shutdown(wait=True, cancel_futures=True)


def _is_there(collection: weakref.ref[Collection]) -> bool:
    opened = collection()
    return opened is not None and opened.exists()


def _outcome(job: Job, work: Work) -> JobState:
    """Do the work of a job; return how that ended."""
    if job.stop.is_set() or not job.is_there():
        return "cancelled"
    try:
        work(job)
    except CancelledError:
        return "cancelled"
    except BinocleError as error:
        whose = f"the job {job.id} of the collection {job.collection} failed"
        detail = shown(error, whose)
        if detail == str(error):
            _log.error("%s: %s", whose, error)
        detail = detail.replace(*job.hidden) if job.hidden[0] else detail
        job.error = ItemError(code=error.code, detail=detail)
        return "failed"
    except Exception:
        _log.exception("the job %s of the collection %s failed", job.id, job.collection)
        job.error = ItemError(code="internal", detail=_UNTOLD)
        return "failed"
    return "done"

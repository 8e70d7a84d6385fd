"""Jobs as they are kept over restarts: how they ended, and what the last ones have found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from api.http.runtime.background.job import Job, interrupted, now
from api.http.runtime.background.snapshots import SnapshotFile
from api.http.schemas.background.jobs import JobKind, JobOut, JobState
from api.http.schemas.labels import LabelsOut
from api.service_state.state import ServiceState, Statements, is_among
from search.copies.duplicates import Duplicates

KEPT_JOBS, KEPT_RESULTS = 1000, 16
_RESULTS: dict[JobKind, TypeAdapter[Any]] = {
    "duplicates": TypeAdapter(Duplicates),
    "labels": TypeAdapter(LabelsOut),
    "snapshot": TypeAdapter(SnapshotFile),
}


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are listed.

    Attributes:
        collections: Of these only; None for all.
        kinds: Of these only; none for all.
        states: In these only; none for all.
        before: Only those that were started before the one of this number; None for all.
    """

    collections: Sequence[str] | None = None
    kinds: Sequence[JobKind] = ()
    states: Sequence[JobState] = ()
    before: int | None = None


class JobStore:
    """The jobs of a data home. Thread-safe.

    All methods raise ``StorageError`` where the file cannot be used.
    """

    def __init__(
        self,
        state: ServiceState,
        on_end: Callable[[Statements, JobOut], None] = lambda _database, _job: None,
    ) -> None:
        """Set up.

        Args:
            state: Where they are kept.
            on_end: Told of each that ends, in the transaction that notes it.
        """
        self._state, self._on_end = state, on_end

    def add(self, job: Job) -> None:
        """Keep a new job, and let go of the oldest ones that have ended."""
        with self._state.using() as database:
            database.execute(
                "INSERT INTO jobs (id, service, collection, kind, state, owner, document) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job.id, self._state.service, job.collection, job.kind, job.state, job.owner,
                 job.out().model_dump_json()),
            )  # fmt: skip
            database.execute(
                "DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND number <= "
                "(SELECT number FROM jobs WHERE state IN ('done', 'failed', 'cancelled') "
                "ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (KEPT_JOBS,),
            )

    def save(self, job: Job) -> bool:
        """Keep how far a job is, and how it ended; tell whether it is to end.

        What it has found is kept with those of the last few.
        """
        with self._state.using() as database:
            found = database.execute(
                "UPDATE jobs SET state = ?, document = ? WHERE id = ? RETURNING is_cancelled",
                (job.state, job.out().model_dump_json(), job.id),
            ).fetchone()
            if job.ended and found is not None:
                if job.result is not None and job.kind in _RESULTS:
                    self._keep_result(database, job)
                self._on_end(database, job.out())
        return bool(found and found[0])

    def _keep_result(self, database: Statements, job: Job) -> None:
        result = _RESULTS[job.kind].dump_json(job.result)
        database.execute("UPDATE jobs SET result = ? WHERE id = ?", (result, job.id))
        database.execute(
            "UPDATE jobs SET result = NULL WHERE result IS NOT NULL AND kind != 'snapshot' "
            "AND number <= (SELECT number FROM jobs WHERE result IS NOT NULL "
            "AND kind != 'snapshot' ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (KEPT_RESULTS,),
        )

    def find(self, job_id: str) -> Job | None:
        """Return a job as it was kept last; None where there is none."""
        with self._state.using() as database:
            row = database.execute(
                "SELECT owner, document FROM jobs WHERE id = ?", (job_id,)
            ).fetchone()
        return _job_of(*row) if row else None

    def result(self, job: Job) -> object:
        """Return what a job has found; None where that is not kept."""
        with self._state.using() as database:
            row = database.execute("SELECT result FROM jobs WHERE id = ?", (job.id,)).fetchone()
        if row is None or row[0] is None:
            return None
        found: object = _RESULTS[job.kind].validate_json(row[0])
        return found

    def listed(self, wanted: JobFilter, limit: int) -> list[tuple[int, Job]]:
        """Return jobs with their numbers, the latest first."""
        tests, values = ["TRUE"], list[object]()
        for column, chosen in (
            ("collection", wanted.collections),
            ("kind", wanted.kinds or None),
            ("state", wanted.states or None),
        ):
            if chosen is not None:
                tests.append(is_among(column, len(chosen)))
                values.extend(chosen)
        if wanted.before is not None:
            tests.append("number < ?")
            values.append(wanted.before)
        query = f"SELECT number, owner, document FROM jobs WHERE {' AND '.join(tests)} "  # noqa: S608 - constants of this module
        with self._state.using() as database:
            rows = database.execute(
                query + "ORDER BY number DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [(number, _job_of(owner, document)) for number, owner, document in rows]

    def cancel(self, job: Job) -> None:
        """Have a job of another service of this home end; it looks every few seconds."""
        with self._state.using() as database:
            database.execute("UPDATE jobs SET is_cancelled = 1 WHERE id = ?", (job.id,))

    def end_interrupted(self) -> int:
        """Note that jobs of services that have ended have ended, too; return how many."""
        with self._state.using() as database:
            rows = database.execute(
                "SELECT service, owner, document FROM jobs WHERE state IN ('waiting', 'running') "
                "ORDER BY number"
            ).fetchall()
            alive = {one: self._state.is_alive(one) for one in {row[0] for row in rows}}
            lost = list(_lost(rows, alive))
            for job in lost:
                document = job.out()
                database.execute(
                    "UPDATE jobs SET state = ?, document = ? WHERE id = ?",
                    (job.state, document.model_dump_json(), job.id),
                )
                self._on_end(database, document)
        return len(lost)


def _lost(rows: Sequence[tuple[str, str, str]], alive: dict[str, bool]) -> Iterator[Job]:
    for service, owner, document in rows:
        if not alive[service]:
            job = _job_of(owner, document)
            job.state, job.error, job.ended_at = "failed", interrupted(), now()
            yield job


def _job_of(owner: str, document: str) -> Job:
    kept = JobOut.model_validate_json(document)
    return Job(
        id=kept.id,
        kind=kept.kind,
        collection=kept.collection,
        source=kept.source,
        owner=owner,
        state=kept.state,
        done=kept.done,
        total=kept.total,
        counts=kept.counts,
        warnings=tuple(kept.warnings),
        error=kept.error,
        created_at=kept.created_at,
        begun_at=kept.begun_at,
        ended_at=kept.ended_at,
    )

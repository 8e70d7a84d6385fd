"""What is asked of jobs."""

import time
from typing import Unpack

from binocle_client.answers import JobStatus
from binocle_client.connection import Connection
from binocle_client.errors import ClientError
from binocle_client.paths import path_of
from binocle_client.requests import JobBody


class JobCalls:
    """The calls; the rest is in ``Client``."""

    _service: Connection

    def start_job(self, name: str, **body: Unpack[JobBody]) -> JobStatus:
        """Start indexing a source the operator has allowed."""
        path = path_of(name, "jobs")
        return self._service.ask(JobStatus, "POST", path, json=body, repeatable=False)

    def job(self, name: str, job_id: str) -> JobStatus:
        """Tell how far a job is."""
        return self._service.ask(JobStatus, "GET", path_of(name, "jobs", job_id))

    def start_backup(self, name: str) -> JobStatus:
        """Start backing a collection up into the folder the operator has named."""
        return self._service.ask(JobStatus, "POST", path_of(name, "backups"), repeatable=False)

    def cancel_job(self, name: str, job_id: str) -> JobStatus:
        """Cancel a job."""
        return self._service.ask(JobStatus, "DELETE", path_of(name, "jobs", job_id))

    def wait_for_job(self, name: str, job_id: str, *, timeout_s: float = 600) -> JobStatus:
        """Return a job once it has ended, however it did.

        Raises:
            ClientError: ``timeout``, it still runs; also whatever ``job`` raises.
        """
        deadline = time.monotonic() + timeout_s
        while (job := self.job(name, job_id)).state in ("waiting", "running"):
            if time.monotonic() > deadline:
                raise ClientError(0, "timeout", f"the job still runs after {timeout_s:g} s")
            time.sleep(0.1)
        return job

"""What is asked of jobs, and of webhooks that tell when they end."""

import time
from pathlib import Path
from typing import Unpack

from binocle_client.answers import JobListing, JobStatus
from binocle_client.connection import Connection
from binocle_client.errors import ClientError
from binocle_client.paths import path_of, segment
from binocle_client.requests import JobBody, JobsQuery, WebhookBody
from binocle_client.webhooks import (
    DeliveryListing,
    NewWebhook,
    WebhookDelivery,
    WebhookListing,
    WebhookSummary,
)


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

    def jobs(self, **asked: Unpack[JobsQuery]) -> JobListing:
        """List jobs, the latest first, of all collections or one."""
        chosen = {name: value for name, value in asked.items() if value is not None}
        return self._service.ask(JobListing, "GET", "/v1/jobs", params=chosen)

    def start_snapshot(self, name: str) -> JobStatus:
        """Start writing a collection into an archive, to be downloaded."""
        return self._service.ask(JobStatus, "POST", path_of(name, "snapshots"), repeatable=False)

    def save_snapshot(self, name: str, job_id: str, path: str | Path) -> str:
        """Download the archive that a job has written; return its SHA-256, which was checked.

        Raises:
            ClientError: ``damaged``, what came is not what was written; also as for all calls.
        """
        return self._service.save(path_of(name, "snapshots", job_id), Path(path))

    def remove_snapshot(self, name: str, job_id: str) -> None:
        """Remove an archive from the service."""
        self._service.send("DELETE", path_of(name, "snapshots", job_id))

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

    def add_webhook(self, url: str, **body: Unpack[WebhookBody]) -> NewWebhook:
        """Have a receiver told when jobs end; keep the secret that signs its deliveries."""
        given = {"url": url, **body}
        return self._service.ask(NewWebhook, "POST", "/v1/webhooks", json=given, repeatable=False)

    def webhooks(self) -> list[WebhookSummary]:
        """List the webhooks of collections that the key may write to."""
        return self._service.ask(WebhookListing, "GET", "/v1/webhooks").webhooks

    def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook."""
        self._service.send("DELETE", f"/v1/webhooks/{segment(webhook_id)}")

    def test_webhook(self, webhook_id: str) -> WebhookDelivery:
        """Have a test event delivered."""
        path = f"/v1/webhooks/{segment(webhook_id)}/test"
        return self._service.ask(WebhookDelivery, "POST", path, repeatable=False)

    def deliveries(self, webhook_id: str) -> list[WebhookDelivery]:
        """Tell what became of the last events of a webhook, the latest first."""
        path = f"/v1/webhooks/{segment(webhook_id)}/deliveries"
        return self._service.ask(DeliveryListing, "GET", path).deliveries

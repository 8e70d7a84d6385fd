"""What is asked of jobs, and of webhooks that tell when they end."""

from typing import Unpack

from binocle_client.answers import JobListing, JobStatus, SourceListing
from binocle_client.asked import Asked, content, document, nothing
from binocle_client.calls.call import call
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
    """The calls."""

    @call
    def start_job(self, name: str, **body: Unpack[JobBody]) -> Asked[JobStatus]:
        """Start indexing a source the operator has allowed."""
        path = path_of(name, "jobs")
        return document(JobStatus, "POST", path, json=body, repeatable=False)

    @call
    def sources(self) -> Asked[list[str]]:
        """List the folders that the operator allows, by name."""
        return document(SourceListing, "GET", "/v1/sources").then(lambda found: found.sources)

    @call
    def job(self, name: str, job_id: str) -> Asked[JobStatus]:
        """Tell how far a job is."""
        return document(JobStatus, "GET", path_of(name, "jobs", job_id))

    @call
    def start_backup(self, name: str) -> Asked[JobStatus]:
        """Start backing a collection up into the folder the operator has named."""
        return document(JobStatus, "POST", path_of(name, "backups"), repeatable=False)

    @call
    def jobs(self, **asked: Unpack[JobsQuery]) -> Asked[JobListing]:
        """List jobs, the latest first, of all collections or one."""
        chosen = {name: value for name, value in asked.items() if value is not None}
        return document(JobListing, "GET", "/v1/jobs", params=chosen)

    @call
    def start_snapshot(self, name: str) -> Asked[JobStatus]:
        """Start writing a collection into an archive, to be downloaded."""
        return document(JobStatus, "POST", path_of(name, "snapshots"), repeatable=False)

    @call
    def remove_snapshot(self, name: str, job_id: str) -> Asked[None]:
        """Remove an archive from the service."""
        return nothing("DELETE", path_of(name, "snapshots", job_id))

    @call
    def cancel_job(self, name: str, job_id: str) -> Asked[JobStatus]:
        """Cancel a job."""
        return document(JobStatus, "DELETE", path_of(name, "jobs", job_id))

    @call
    def add_webhook(self, url: str, **body: Unpack[WebhookBody]) -> Asked[NewWebhook]:
        """Have a receiver told when jobs end; keep the secret that signs its deliveries."""
        given = {"url": url, **body}
        return document(NewWebhook, "POST", "/v1/webhooks", json=given, repeatable=False)

    @call
    def webhooks(self) -> Asked[list[WebhookSummary]]:
        """List the webhooks of collections that the key may write to."""
        return document(WebhookListing, "GET", "/v1/webhooks").then(lambda found: found.webhooks)

    @call
    def remove_webhook(self, webhook_id: str) -> Asked[None]:
        """Remove a webhook."""
        return nothing("DELETE", f"/v1/webhooks/{segment(webhook_id)}")

    @call
    def test_webhook(self, webhook_id: str) -> Asked[WebhookDelivery]:
        """Have a test event delivered."""
        path = f"/v1/webhooks/{segment(webhook_id)}/test"
        return document(WebhookDelivery, "POST", path, repeatable=False)

    @call
    def deliveries(self, webhook_id: str) -> Asked[list[WebhookDelivery]]:
        """Tell what became of the last events of a webhook, the latest first."""
        path = f"/v1/webhooks/{segment(webhook_id)}/deliveries"
        return document(DeliveryListing, "GET", path).then(lambda found: found.deliveries)


def snapshot_of_job(name: str, job_id: str) -> Asked[bytes]:
    """Ask for the archive that a job has written."""
    return content("GET", path_of(name, "snapshots", job_id))


def events_of_job(name: str, job_id: str) -> Asked[bytes]:
    """Ask to be told how far a job is."""
    return content("GET", path_of(name, "jobs", job_id, "events"))

"""Names as clients see them.

They are without the folders of this machine, for which a client has no use; and a collection that a
key opens by an alias only goes by that.
"""

from pathlib import Path

from api.http.schemas.background.jobs import JobOut
from api.keys.key import Key


def public_uri(uri: str) -> str:
    """Return a uri as clients see it: of a file only its name."""
    return uri.rsplit("/", 1)[-1] if uri.startswith("/") else uri


def public_model(name: str) -> str:
    """Return a model's name as clients see it: of a local folder or file only the last part."""
    folder = Path(name)
    if folder.is_absolute():
        return folder.name
    architecture, slash, pretrained = name.partition("/")
    return f"{architecture}/{Path(pretrained).name}" if slash and "/" in pretrained else name


def public_job(job: JobOut, key: Key | None, name: str) -> JobOut:
    """Return a job as a client sees it.

    Args:
        job: With the collection's own name.
        key: The client's; None where there are no keys.
        name: What the client calls the collection; told where the key is not for the own name.
    """
    if key is None or key.is_for(job.collection):
        return job
    own, told = (f"'{one}'" for one in (job.collection, name))
    error = job.error and job.error.model_copy(
        update={"detail": job.error.detail.replace(own, told)}
    )
    warnings = [one.replace(own, told) for one in job.warnings]
    return job.model_copy(update={"collection": name, "error": error, "warnings": warnings})

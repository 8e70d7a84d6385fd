"""What is asked of pictures that are the same: lookups, and duplicates."""

from collections.abc import Sequence

from binocle_client.answers import JobStatus
from binocle_client.asked import Asked, content, document, nothing
from binocle_client.calls.call import call
from binocle_client.copies import (
    DuplicateClusters,
    HashListAdded,
    HashListInfo,
    HashListInfos,
    LookupOutcome,
    LookupOutcomes,
    LookupReply,
)
from binocle_client.paths import path_of
from binocle_client.pictures import PictureFile, encoded
from binocle_client.transport.streams import LINES, outcomes_of


class CopyCalls:
    """The calls."""

    @call
    def lookup(
        self,
        name: str,
        data: PictureFile,
        *,
        limit: int = 10,
        copies_only: bool = False,
        policy: str | None = None,
    ) -> Asked[LookupReply]:
        """Tell whether a picture, or what it was made from, is in a collection.

        With a policy, such as ``block near-duplicate 0.95, review copy 0.5``, the reply has the
        ``action`` of the first rule that fits.
        """
        body = {"image": encoded(data), **_options(limit, policy, copies_only=copies_only)}
        return document(LookupReply, "POST", path_of(name, "lookup"), json=body)

    @call
    def lookup_many(
        self,
        name: str,
        files: Sequence[PictureFile],
        *,
        limit: int = 10,
        copies_only: bool = False,
        policy: str | None = None,
    ) -> Asked[list[LookupOutcome]]:
        """Look up to 64 pictures up; one that cannot be read has an error for an answer."""
        pictures = [{"image": encoded(one)} for one in files]
        body = {"pictures": pictures, **_options(limit, policy, copies_only=copies_only)}
        return document(LookupOutcomes, "POST", path_of(name, "lookups"), json=body).then(
            lambda found: found.results
        )

    @call
    def look_up_lines(
        self,
        name: str,
        lines: Sequence[str],
        *,
        limit: int = 10,
        copies_only: bool = False,
        policy: str | None = None,
    ) -> Asked[list[LookupOutcome]]:
        """Look pictures up, each given as a line of JSON; ``lookup_each`` takes any number."""
        return Asked(
            "POST",
            path_of(name, "lookups:lines"),
            outcomes_of(LookupOutcome, len(lines), name=None, answer=None, error=None),
            "LookupOutcome",
            repeatable=True,
            options={
                "content": "\n".join(lines),
                "headers": LINES,
                "params": _options(limit, policy, copies_only=copies_only),
            },
        )

    @call
    def overlay(self, name: str, data: PictureFile) -> Asked[bytes]:
        """Return a PNG of a picture beside what it is a copy of, and where the two agree."""
        return content("POST", path_of(name, "lookup", "overlay"), json={"image": encoded(data)})

    @call
    def hash_lists(self, name: str) -> Asked[list[HashListInfo]]:
        """Name the lists of hashes that a collection keeps: its lookups ask them, too."""
        found = document(HashListInfos, "GET", path_of(name, "hash-lists"))
        return found.then(lambda one: one.lists)

    @call
    def put_hash_list(self, name: str, list_name: str, lines: str | bytes) -> Asked[HashListAdded]:
        """Have a collection keep a list: PDQ hashes, a line each, or CSV with a heading."""
        path, headers = path_of(name, "hash-lists", list_name), {"Content-Type": "text/csv"}
        return document(HashListAdded, "PUT", path, content=lines, headers=headers)

    @call
    def hash_list(self, name: str, list_name: str) -> Asked[str]:
        """Return a list that a collection keeps, as CSV with hash and label."""
        return content("GET", path_of(name, "hash-lists", list_name)).then(bytes.decode)

    @call
    def remove_hash_list(self, name: str, list_name: str) -> Asked[None]:
        """Have a collection forget a list."""
        return nothing("DELETE", path_of(name, "hash-lists", list_name))

    @call
    def start_hashes(self, name: str) -> Asked[JobStatus]:
        """Start computing the PDQ hashes of a collection's own pictures."""
        return document(JobStatus, "POST", path_of(name, "hashes"), repeatable=False)

    @call
    def hashes_csv(self, name: str, job_id: str) -> Asked[str]:
        """Return the hashes that a job has computed, as CSV: a list for ``put_hash_list``."""
        return content("GET", path_of(name, "hashes", job_id, "csv")).then(bytes.decode)

    @call
    def start_duplicates(self, name: str) -> Asked[JobStatus]:
        """Start finding the pictures of a collection that are the same."""
        return document(JobStatus, "POST", path_of(name, "duplicates"), repeatable=False)

    @call
    def duplicates(
        self, name: str, job_id: str, *, first: int = 0, limit: int = 100
    ) -> Asked[DuplicateClusters]:
        """Return clusters that a job has found, largest first."""
        path, parameters = path_of(name, "duplicates", job_id), {"first": first, "limit": limit}
        return document(DuplicateClusters, "GET", path, params=parameters)

    @call
    def duplicates_csv(self, name: str, job_id: str) -> Asked[str]:
        """Return a line for each picture of each cluster."""
        return content("GET", path_of(name, "duplicates", job_id, "csv")).then(bytes.decode)

    @call
    def duplicates_report(self, name: str, job_id: str) -> Asked[bytes]:
        """Return a page with thumbnails inside it, to be saved."""
        return content("GET", path_of(name, "duplicates", job_id, "report"))


def _options(limit: int, policy: str | None, *, copies_only: bool) -> dict[str, int | str]:
    """Return the options of a lookup as they are sent; a policy only where there is one."""
    options: dict[str, int | str] = {"limit": limit, "copies_only": copies_only}
    return options if policy is None else {**options, "policy": policy}

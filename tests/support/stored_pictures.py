"""Pictures in a bucket, what is read of them, and what runs over them do."""

import threading

from indexer.sources.base import Source
from tests.support import Bench, picture_bytes


class Reads:
    """What was read of a store: the addresses, and how many at once at most."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._now -= 1


def picture_of(number: int) -> bytes:
    return picture_bytes(number)


def counts(bench: Bench, source: Source) -> tuple[int, ...]:
    tally = bench.index(source).tally
    return tally.added, tally.updated, tally.unchanged, tally.removed, tally.skipped


def texts_of(bench: Bench, record: str) -> list[str]:
    return [one.text for one in bench.collection.record(record).parts if one.text]

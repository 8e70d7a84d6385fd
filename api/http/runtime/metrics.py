"""What Prometheus may know of the service."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The service's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "binocle_requests", "Requests by route, method and status",
            ["route", "method", "status"], registry=self.registry,
        )  # fmt: skip
        self.latency = Histogram(
            "binocle_request_seconds", "Time to answer, by route",
            ["route"], buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "binocle_stage_seconds", "Time of a search's stages: decode, embed, search",
            ["stage"], buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            "binocle_encode_batch_size", "Items embedded together, by kind",
            ["kind"], buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry,
        )  # fmt: skip
        self.queue = Gauge(
            "binocle_encode_queue", "Items waiting to be embedded, by kind",
            ["kind"], registry=self.registry,
        )  # fmt: skip
        self.cache = Counter(
            "binocle_cache", "Look-ups in the caches of thumbnails and query vectors",
            ["cache", "result"], registry=self.registry,
        )  # fmt: skip

    def text(self, records: Mapping[str, int], *, is_whole: bool) -> bytes:
        """Return the figures as Prometheus reads them.

        Args:
            records: How many there are in each collection that is to be named.
            is_whole: Whether those of the whole service are to be told, too.
        """
        sizes = CollectorRegistry()
        gauge = Gauge("binocle_records", "Records by collection", ["collection"], registry=sizes)
        for name, count in records.items():
            gauge.labels(name).set(count)
        return generate_latest(sizes) + (generate_latest(self.registry) if is_whole else b"")


class Stopwatch:
    """Milliseconds by stage of one request."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; the same name adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            self._stages[name] = self._stages.get(name, 0.0) + 1000 * seconds
            self._metrics.stages.labels(name).observe(seconds)

    def result(self) -> dict[str, float]:
        """Return the stages and the total so far, in milliseconds."""
        total = 1000 * (time.perf_counter() - self._started)
        return {name: round(value, 2) for name, value in {**self._stages, "total": total}.items()}

"""What Prometheus may know of the service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
        self.records = Gauge(
            "binocle_records", "Records by collection", ["collection"], registry=self.registry
        )

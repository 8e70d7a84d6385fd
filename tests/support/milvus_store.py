"""Stores in Milvus, a collection there for each folder and kind."""

import hashlib
from functools import partial
from pathlib import Path

from binocle.types import Space
from binocle.vectors.base import OpenStore
from binocle.vectors.engines.engine_store import EngineStore
from experiments.engines.local_milvus import Milvus


def milvus_opener(server: Milvus, *, flat_limit: int = 100_000, scan_limit: int = 100) -> OpenStore:
    """Return what opens stores; all share one collection with marks, which takes long to make."""
    return partial(_opened, server, flat_limit, scan_limit)


def _opened(
    server: Milvus, flat_limit: int, scan_limit: int, place: Path, space: Space,
    *, anew: bool = False,
) -> EngineStore:  # fmt: skip
    from binocle.vectors.engines.milvus.engine import MilvusEngine  # it takes long
    from binocle.vectors.engines.milvus.server import MilvusAddress

    kind = f"{hashlib.sha256(bytes(place.parent)).hexdigest()[:16]}_{place.name}"
    engine = MilvusEngine(
        MilvusAddress.of(server.address), "test", kind, space, flat_limit=flat_limit
    )
    return EngineStore(engine, space, anew=anew, scan_limit=scan_limit)

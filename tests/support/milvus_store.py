"""Stores in Milvus, a collection there for each folder and kind."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

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


@contextmanager
def dropped_rows(server: Milvus) -> Iterator[None]:
    """Drop what is made meanwhile, but for marks: each collection keeps a server busy."""
    from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer  # as above

    def drop(client: Any) -> None:
        for name in set(client.list_collections()) - before:
            if not name.endswith("_marks"):
                client.drop_collection(name)

    connection = MilvusServer(MilvusAddress.of(server.address), "the vectors")
    before = set(connection.run(lambda client: client.list_collections()))
    yield
    connection.run(drop)

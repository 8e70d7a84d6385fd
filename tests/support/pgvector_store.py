"""Stores in PostgreSQL with pgvector, a schema a folder."""

import hashlib
from functools import partial
from pathlib import Path

from binocle.types import Space
from binocle.vectors.base import OpenStore
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.engines.pgvector.engine import PgvectorEngine
from tests.support.postgres_server import PostgresServer


def plain_address(server: PostgresServer) -> str:
    return server.address.replace("+psycopg", "")


def pgvector_opener(
    server: PostgresServer, *, index_from: int = 300, scan_limit: int = 100
) -> OpenStore:
    """Return what opens stores with an index of few vectors, and which use it soon."""
    return partial(_opened, plain_address(server), index_from, scan_limit)


def _opened(
    address: str, index_from: int, scan_limit: int, place: Path, space: Space, *, anew: bool = False
) -> EngineStore:
    schema = f"test_{hashlib.sha256(bytes(place.parent)).hexdigest()[:16]}"
    engine = PgvectorEngine(address, schema, place.name, space, index_from=index_from)
    return EngineStore(engine, space, anew=anew, scan_limit=scan_limit)

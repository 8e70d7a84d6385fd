"""What ``binocle/vectors/location.py`` needs to know of Milvus."""

from binocle.types import Space
from binocle.vectors.engines.base import VectorEngine
from binocle.vectors.engines.milvus.engine import MilvusEngine, discard_vectors
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer


def checked_address(text: str) -> str:
    """Return the address of a server, with its port.

    Raises:
        UsageError: It cannot be understood, or has a user or password.
    """
    return str(MilvusAddress.of(text))


def open_engine(address: str, name: str, kind: str, space: Space) -> VectorEngine:
    """Return the vectors of one kind."""
    return MilvusEngine(MilvusAddress.of(address), name, kind, space)


def prepare(address: str, name: str) -> None:
    """Make sure that a server can keep vectors.

    Raises:
        StorageError: It cannot be reached, or refuses.
    """
    server = MilvusServer(MilvusAddress.of(address), f"the vectors in Milvus ({name!r})")
    server.run(lambda client: client.list_collections())


def discard(address: str, name: str) -> None:
    """Remove a collection's vectors."""
    discard_vectors(MilvusAddress.of(address), name)

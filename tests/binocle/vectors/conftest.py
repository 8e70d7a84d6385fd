"""Each vector store in turn, and servers of Milvus.

These end with the tests of vectors, as one that nobody asks is busy too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from binocle.vectors.base import OpenStore, VectorStore
from experiments.engines.local_milvus import LiteMilvus, Milvus, OldMilvus, milvus_server
from tests.support.milvus_servers import require_servers
from tests.support.milvus_store import dropped_rows
from tests.support.vector_stores import DIMENSION, SERVERS, STORES, toy_space


@pytest.fixture(scope="package")
def old_milvus() -> Iterator[Milvus]:
    """A Milvus 2.3.5."""
    require_servers()
    with milvus_server(OldMilvus) as started:
        yield started


@pytest.fixture(scope="package")
def lite_milvus() -> Iterator[Milvus]:
    """A milvus-lite, which speaks today's API."""
    require_servers()
    with milvus_server(LiteMilvus) as started:
        yield started


@pytest.fixture(params=[*STORES, *(pytest.param(one, marks=pytest.mark.slow) for one in SERVERS)])
def open_store(request: pytest.FixtureRequest) -> Iterator[OpenStore]:
    if request.param in STORES:
        yield STORES[request.param]
    elif request.param == "milvus":
        with dropped_rows(request.getfixturevalue("old_milvus")):
            yield SERVERS[request.param](request)
    else:
        yield SERVERS[request.param](request)


@pytest.fixture
def open_here(open_store: OpenStore, tmp_path: Path) -> Callable[..., VectorStore]:
    """Opens the store in the test's folder: the same one each time."""

    def opened(dimension: int = DIMENSION, *, anew: bool = False) -> VectorStore:
        return open_store(tmp_path / "image", toy_space(dimension), anew=anew)

    return opened


@pytest.fixture
def store(open_here: Callable[..., VectorStore]) -> VectorStore:
    return open_here()

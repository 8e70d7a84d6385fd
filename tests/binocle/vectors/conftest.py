"""Servers of Milvus; they end with the tests of vectors, as one that nobody asks is busy too."""

from collections.abc import Iterator

import pytest

from experiments.engines.local_milvus import LiteMilvus, Milvus, OldMilvus, milvus_server
from tests.support.milvus_servers import require_servers


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

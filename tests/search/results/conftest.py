"""A collection that each test fills anew."""

from collections.abc import Iterator

import pytest

from binocle.collection.collection import Collection


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("facets") / "c", create=True) as opened:
        yield opened

from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from tests.search.relevance.words import SPACE


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    made = Collection(tmp_path / "collection", create=True)
    made.claim_space(SPACE)
    return made

import numpy as np
import pytest

from binocle.collection.collection import Collection
from search.relevance import background_texts
from search.relevance.calibrator import Relevance
from tests.search.relevance.words import WordsEncoder, rows, store


def test_background_texts_are_embedded_once_for_a_collection(collection: Collection) -> None:
    store(collection, rows(100, 1))
    encoder = WordsEncoder()
    query = rows(1, 2)
    first = Relevance(collection, lambda: encoder).score_models("image", ["text"], query)
    again = Relevance(collection, lambda: encoder).score_models("image", ["text"], query)
    assert encoder.asked == background_texts.COUNT
    assert first[0] is not None
    assert first == again


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_or_foreign_background_file_is_made_anew(
    collection: Collection, content: bytes | None
) -> None:
    store(collection, rows(100, 1))
    path = collection.path / "background.npz"
    if content is not None:
        path.write_bytes(content)
    else:
        np.savez(path, rows=rows(512, 3), stamp=np.array(f'[{background_texts.VERSION}, "other"]'))
    encoder = WordsEncoder()
    score_model = Relevance(collection, lambda: encoder).score_models(
        "image", ["text"], rows(1, 2)
    )[0]
    assert encoder.asked == background_texts.COUNT
    assert score_model is not None


def test_preparing_stops_when_told_and_leaves_nothing_half_done(collection: Collection) -> None:
    store(collection, rows(100, 1))
    encoder = WordsEncoder()
    relevance = Relevance(collection, lambda: encoder)
    relevance.prepare(lambda: encoder.asked > 0)
    assert 0 < encoder.asked < background_texts.COUNT
    assert not (collection.path / "background.npz").exists()
    assert relevance.score_models("image", ["text"], rows(1, 2))[0] is not None

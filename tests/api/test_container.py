"""What is kept for a collection goes with it; whose work makes way for whose."""

import gc
import weakref
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.container import Container
from api.http.app import create_app
from api.settings import read_settings
from binocle.collection.beside_searches import AHEAD_NICE, NICE
from binocle.collection.collection import Collection
from binocle.media import sandbox
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from tests.support import picture_bytes


def test_searching_and_labelling_share_one_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path))
    container = Container(read_settings())
    with Collection(tmp_path / "collections" / "shop", create=True) as collection:
        assert container.labeller(collection).relevance is container.searcher(collection).relevance


def test_removed_collection_leaves_nothing_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path))
    Collection(tmp_path / "collections" / "shop", create=True).close()
    app = create_app(Container(read_settings()))
    with TestClient(app, base_url="http://localhost") as client:
        container = app.state.service.container
        searcher = weakref.ref(container.searcher(app.state.service.collection("shop")))
        assert searcher() is not None
        assert client.delete("/v1/collections/shop").status_code == 204
        gc.collect()
        assert searcher() is None


@pytest.mark.parametrize("is_apart", [False, True])
def test_what_an_indexer_decodes_beside_searches_makes_way_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_apart: bool
) -> None:
    decoders = []
    start = sandbox.start_decoder

    def noted_start(nice: int = 0) -> object:
        decoders.append(nice)
        return start(nice)

    monkeypatch.setattr(sandbox, "start_decoder", noted_start)
    container = Container(read_settings(home=tmp_path / "home", model="colour", workers=1))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(picture_bytes(0))
    with container.open_collection("c", create=True) as collection:
        indexer = container.indexer(
            collection,
            None,
            lambda _progress: None,
            embedded_by=container.encoder if is_apart else None,
        )
        indexer.run(open_source(tmp_path / "photos", ColumnRoles()))
    assert decoders == [NICE if is_apart else AHEAD_NICE]

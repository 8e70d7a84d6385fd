"""What is kept for a collection goes with it."""

import gc
import weakref
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.container import Container
from api.http.app import create_app
from api.settings import read_settings
from binocle.collection.collection import Collection


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

"""Collections whose vectors are in Milvus, from the address to the answer."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pymilvus import MilvusClient

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.metadata.filters import Comparison, Filter
from binocle.types import Limits
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer
from binocle.vectors.location import discard_vectors, is_in_engine, read_location
from experiments.engines.local_milvus import Milvus, wait_until_it_answers
from search.query.query import Query, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support import write_photos
from tests.support.changing_collection import WORDS, fill_engine, write_without_server
from tests.support.shop import run_cli

pytestmark = pytest.mark.slow
ENCODER = ColourEncoder()
FILTERS: list[Filter | None] = [
    None,
    Comparison("color", "eq", "blue"),
    Comparison("n", "gte", 30),
    Comparison("id", "prefix", "r1"),
]
QUESTIONS = [
    Query((Term(text=f"{one} and {WORDS[-1]}"),), "any", FILTERS[place % 4], mode="semantic")
    for place, one in enumerate(WORDS)
]


fill = partial(fill_engine, count=300, pushed=200, changed=20)


def answers(collection: Collection) -> list[Answer]:
    searcher = Searcher(collection, lambda: ENCODER, limits=Limits())
    return [searcher.search(query) for query in QUESTIONS]


def test_collection_in_milvus_has_the_hits_of_one_in_files_and_leaves_nothing(
    old_milvus: Milvus, tmp_path: Path
) -> None:
    found: list[list[Answer]] = []
    for name, place in (("files", None), ("engine", old_milvus.address)):
        with Collection(tmp_path / name, create=True, new_vectors=place) as collection:
            fill(collection)
            found.append(answers(collection))
            collection.save_indices()
            found.append(answers(collection))
    for other in found[1:]:
        for query, one, right in zip(QUESTIONS, other, found[0], strict=True):
            assert [(hit.record.id, hit.score) for hit in one.hits] == [
                (hit.record.id, hit.score) for hit in right.hits
            ], query
    server = MilvusServer(MilvusAddress.of(old_milvus.address), "the vectors")
    name = read_location(tmp_path / "engine").name
    discard_vectors(tmp_path / "engine")
    there = server.run(lambda client: client.list_collections())
    assert not [one for one in there if one.startswith(name)]


def test_collections_in_milvus_are_backed_up_put_back_mended_and_embedded_anew(
    lite_milvus: Milvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    folder = home / "collections" / "c"

    def told(at: Path, *arguments: str, code: int = 0) -> str:
        ended, out, err = run_cli(at, *arguments)
        assert ended == code, (arguments, out, err)
        return out

    def found(at: Path) -> list[tuple[str, float]]:
        hits = json.loads(told(at, "search", "red", "-c", "c", "--json"))["hits"]
        return [(hit["id"], hit["score"]) for hit in hits]

    def changed(change: Callable[[MilvusClient, str], object]) -> str:
        """Change what Milvus has of the pictures; return what is told of it, and have it mended."""
        server = MilvusServer(MilvusAddress.of(lite_milvus.address), "the vectors")
        prefix = f"{read_location(folder).name}_image_"
        names = server.run(lambda client: client.list_collections())
        (rows,) = (one for one in names if one.startswith(prefix))
        server.run(lambda client: change(client, rows))
        said = told(home, "doctor", "c", "--quick", code=1)
        told(home, "doctor", "c", "--quick", "--repair", "--yes")
        assert found(home) == before
        return said

    monkeypatch.setenv("BINOCLE_MODEL", "colour")
    monkeypatch.setenv("BINOCLE_VECTORS", lite_milvus.address)
    told(home, "index", str(write_photos(tmp_path / "photos")), "-c", "c")
    before = found(home)
    told(home, "backup", "c", str(tmp_path / "saved.tar.zst"))
    monkeypatch.delenv("BINOCLE_VECTORS")
    told(other, "restore", str(tmp_path / "saved.tar.zst"))
    assert not is_in_engine(other / "collections" / "c")
    assert found(other) == before
    assert "lacks parts: 1: 3" in changed(lambda client, rows: client.delete(rows, ids=[3]))
    assert "not there any more" in changed(lambda client, rows: client.drop_collection(rows))
    told(home, "reembed", "c", "--model", "colour", "--again", "--yes")
    assert is_in_engine(folder)
    assert found(home) == before
    told(home, "remove", "--all", "-c", "c", "--yes")
    server = MilvusServer(MilvusAddress.of(lite_milvus.address), "the vectors")
    assert not [one for one in server.run(lambda client: client.list_collections()) if "_c_" in one]


def test_indexing_goes_on_while_the_server_is_away_and_nothing_is_lost(
    lite_milvus: Milvus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(tmp_path / "c", create=True, new_vectors=lite_milvus.address) as collection:
        fill(collection)
        collection.save_indices()
    lite_milvus.kill()
    try:
        write_without_server(tmp_path / "c", caplog, answers)
    finally:
        lite_milvus.start()
    wait_until_it_answers(lite_milvus)
    with Collection(tmp_path / "c") as collection:
        ids = collection.snapshot().vectors("image").ids()
        assert len(ids) == len(set(ids.tolist())) == 300 - len(range(0, 180, 7)) + 1
        answers(collection)

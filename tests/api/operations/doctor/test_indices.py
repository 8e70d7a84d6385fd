"""Saved indices that are damaged, or of something else, are found."""

from pathlib import Path

import psycopg
import pytest

from api.operations.doctor.examination import Diagnosis, examine_collection
from api.operations.doctor.repair import repair
from binocle.catalog.checks.findings import Finding
from binocle.collection.collection import Collection
from binocle.vectors.location import read_location
from tests.support.changing_collection import ENCODER, record
from tests.support.damages import damages, flipped, is_found, of_checks, vector
from tests.support.pgvector_store import plain_address
from tests.support.postgres_server import PostgresServer


@pytest.mark.parametrize("name", of_checks("index"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


def test_part_left_out_for_its_damaged_vector_is_told_once(folder: Path) -> None:
    vector(flipped)(folder)
    for path in (*folder.glob("*.stamp.json"), *folder.glob("*.faiss")):
        path.unlink()
    with Collection(folder) as collection:
        collection.save_indices()
    assert [one.check for one in damages(folder)] == ["vectors"]


def of_vectors(folder: Path) -> list[Finding]:
    return [one for one in damages(folder) if one.check == "index"]


@pytest.mark.slow
def test_vectors_in_an_engine_are_examined_as_saved_ones_and_made_anew(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    with Collection(folder, create=True, new_vectors=vector_server.address) as collection:
        collection.claim_space(ENCODER.space)
        collection.upsert([record(f"r{n}", n, n=n) for n in range(40)])
        collection.save_indices()
    assert of_vectors(folder) == []
    name = read_location(folder).name
    with psycopg.connect(plain_address(vector_server), autocommit=True) as connection:
        connection.execute(
            f'UPDATE "{name}".image SET row = (SELECT row FROM "{name}".image WHERE id = 1) '
            "WHERE id = 5"
        )
        found, *_ = of_vectors(folder)
        assert "different vectors of parts: 1: 5" in found.message
        connection.execute(f'DELETE FROM "{name}".image WHERE id = 5')
        found, *_ = of_vectors(folder)
        assert "lacks parts: 1: 5" in found.message
    assert found.repair == "indices"
    repair(Diagnosis("c", folder, (found,)), ["indices"])
    assert of_vectors(folder) == []
    with Collection(folder) as collection:
        assert collection.snapshot().vectors("image").description == "exact (pgvector)"
    vector_server.stop()
    try:
        said = [one.message for one in examine_collection(folder) if one.check == "index"]
    finally:
        vector_server.start()
    assert len(said) == 2
    assert all("not examined" in one and "see whether the server runs" in one for one in said)

"""Fingerprints of pictures: which are there, which are missing, and what fills them in."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from binocle.catalog.sqlite import SqliteCatalog
from binocle.types import Fingerprint
from tests.support.catalog_records import image, record, text

FIRST, SECOND = (Fingerprint(bytes([one]) * 32, bytes([one]) * 18) for one in (1, 2))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqliteCatalog]:
    """Parts 1 and 3 are pictures without a fingerprint, part 2 has one, part 4 is a text."""
    with closing(SqliteCatalog(tmp_path / "catalog.sqlite")) as opened:
        known = replace(image("y"), fingerprint=FIRST)
        with opened.writing() as session:
            session.records.upsert([record("a", image("x"), known, image("z"), text("one"))])
        yield opened


def test_pictures_without_one_are_told_and_filled_in(catalog: SqliteCatalog) -> None:
    with catalog.reading() as session:
        assert [one.id for one in session.fingerprints.parts_without(9)] == [1, 3]
        assert [one.id for one in session.fingerprints.parts_without(1)] == [1]
        assert [one.id for one in session.fingerprints.parts_without(9, after=1)] == [3]
        assert session.fingerprints.count_without() == 2
        before = session.fingerprints.times_filled()
    with catalog.writing() as session:
        session.fingerprints.fill({3: SECOND, 99: SECOND})  # 99 was removed meanwhile
    with catalog.reading() as session:
        assert session.fingerprints.count_without() == 1
        assert session.fingerprints.times_filled() == before + 1
        found = session.fingerprints.of_parts([3, 2, 1, 99])
        assert found.part_ids.tolist() == [2, 3]
        assert found.hashes.tobytes() == FIRST.hash + SECOND.hash
        assert found.features == (FIRST.features, SECOND.features)


def test_they_are_read_on_from_a_part(catalog: SqliteCatalog) -> None:
    with catalog.writing() as session:
        session.fingerprints.fill({1: SECOND})
    with catalog.reading() as session:
        assert [one.part_ids.tolist() for one in session.fingerprints.after(0)] == [[1, 2]]
        assert [one.part_ids.tolist() for one in session.fingerprints.after(1)] == [[2]]
        assert list(session.fingerprints.after(2)) == []
        contents = [(1, image("x").sha256), (2, image("y").sha256)]
        assert list(session.fingerprints.contents()) == contents


def test_hashes_come_in_the_order_asked_for(catalog: SqliteCatalog) -> None:
    with catalog.reading() as session:
        hashes, known = session.fingerprints.hashes_of_parts([3, 2, 2])
    assert known.tolist() == [False, True, True]
    assert hashes.tolist() == [[0] * 32, [1] * 32, [1] * 32]
    assert hashes.dtype == np.uint8


def test_pictures_are_described_and_texts_are_none(catalog: SqliteCatalog) -> None:
    with catalog.reading() as session:
        found = session.fingerprints.pictures([1, 4, 99])
    assert list(found) == [1]
    assert found[1].record_id == 1
    assert found[1].sha256 == image("x").sha256
    assert found[1].info == image("x").info


def test_a_fingerprint_goes_with_its_record(catalog: SqliteCatalog) -> None:
    with catalog.writing() as session:
        session.records.remove(["a"])
    with catalog.reading() as session:
        assert list(session.fingerprints.after(0)) == []
        assert session.fingerprints.count_without() == 0

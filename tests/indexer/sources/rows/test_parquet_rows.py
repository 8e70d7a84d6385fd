"""Parquet that stands for more than it has, or cannot be read in places."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from binocle.errors import SourceError
from indexer.sources.rows import long_lines, parquet_rows
from indexer.sources.rows.parquet_rows import read_parquet
from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench
from tests.support.processor_time import seconds


def test_text_that_is_no_unicode_costs_its_row(bench: Bench, tmp_path: Path) -> None:
    raw = pa.array([b"red", b"b\xff\xfe", b"green"])
    texts = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["a", "b", "c"], "text": texts}), path)
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped, bench.ids()) == (2, 1, ["a", "c"])
    assert "a value of the row cannot be read" in bench.skipped()["#2"]


def test_what_a_small_file_stands_for_is_counted_before_it_is_made(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = pa.array(np.zeros(20_000, dtype=np.int32))
    texts = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 100_000]))
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": texts}), path, compression="zstd")
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(parquet_rows, "MAX_TABLE_BYTES", 1_000_000_000)
    with pytest.raises(SourceError, match="unpacks to more bytes than the limit of 1,000,000,000"):
        bench.index(TableSource(path, ColumnRoles()))
    monkeypatch.setattr(long_lines, "MAX_CELLS", 19_999)
    with pytest.raises(SourceError, match="more cells than the limit of 19,999; split it"):
        bench.index(TableSource(path, ColumnRoles()))


def test_different_texts_are_read_once_and_not_for_every_batch(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    texts = [f"a text of some words {number}" for number in range(60_000)]
    pq.write_table(pa.table({"text": [None, *texts], "again": [*texts, None]}), path)
    rows, _, problems = read_parquet(path)
    assert (rows[0], rows[-1]) == (
        {"text": None, "again": texts[0]}, {"text": texts[-1], "again": None},
    )  # fmt: skip
    assert problems == {}
    plain = seconds(lambda: pq.read_table(path).to_pylist())
    assert seconds(lambda: read_parquet(path)) < 18 * plain  # 8; 40 where each batch reads all


def test_times_in_nanoseconds_are_read_in_microseconds(bench: Bench, tmp_path: Path) -> None:
    moment = 1_700_000_000_123_456_789
    types = {
        "at": pa.timestamp("ns"), "utc": pa.timestamp("ns", "UTC"), "hour": pa.time64("ns"),
        "took": pa.duration("ns"),
    }  # fmt: skip
    columns = {name: pa.array([moment % 10**13, None], kind) for name, kind in types.items()}
    columns["nested"] = pa.array([{"at": [moment]}, None], pa.struct({"at": pa.list_(types["at"])}))
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["red", "green"], **columns}), path)
    assert bench.index(TableSource(path, ColumnRoles())).tally.added == 2
    assert bench.skipped() == {}
    metadata = bench.collection.record("a").metadata
    assert metadata["at"] == "1970-01-01T00:00:00.123456"
    assert metadata["utc"] == "1970-01-01T00:00:00.123456+00:00"
    assert metadata["hour"] == "00:00:00.123456"
    assert metadata["nested.at"] == ["2023-11-14T22:13:20.123456"]
    assert bench.collection.record("b").metadata.keys().isdisjoint({"at", "utc", "nested.at"})


def test_maps_are_objects_and_durations_seconds(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "id": ["a"],
        "title": ["red"],
        "attributes": pa.array(
            [[("colour", "red"), ("size", "M")]], pa.map_(pa.string(), pa.string())
        ),
        "length": pa.array([timedelta(minutes=1, milliseconds=500)], pa.duration("ns")),
    }
    pq.write_table(pa.table(columns), path)
    bench.index(TableSource(path, ColumnRoles()))
    assert bench.collection.record("a").metadata == {
        "title": "red",
        "attributes.colour": "red",
        "attributes.size": "M",
        "length": 60.5,
    }

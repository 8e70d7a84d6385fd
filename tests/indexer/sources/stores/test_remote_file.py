"""Archives and tables in a store are indexed where they lie, in ranges, without a copy."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from indexer.sources.base import Source
from indexer.sources.registry import open_source
from indexer.sources.stores.object_store import ObjectStore
from indexer.sources.stores.remote_file import remote_file
from indexer.sources.table import ColumnRoles
from indexer.stored_media import StoredMedia
from tests.support import Bench, picture_bytes
from tests.support.buckets import Buckets


def shard(count: int) -> bytes:
    """Return a tar as img2dataset writes it: a picture, a caption and JSON a sample."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for number in range(count):
            facts = json.dumps({"url": f"https://a.example/{number}.jpg", "status": "success"})
            files = {"jpg": picture_bytes(number), "txt": b"a caption", "json": facts.encode()}
            for suffix, data in files.items():
                member = tarfile.TarInfo(f"{number:09}.{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def zipped(count: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.jpg", picture_bytes(number))
    return packed.getvalue()


def indexed(bench: Bench, source: Source) -> tuple[int, ...]:
    tally = bench.index(source).tally
    return tally.added, tally.updated, tally.unchanged, tally.removed, tally.skipped


def at(store: Buckets, objects: Mapping[str, bytes]) -> str:
    bucket = store.make()
    for key, data in objects.items():
        store.put(bucket, key, data)
    return f"s3://{bucket}"


@pytest.mark.parametrize(("name", "data"), [("x.tar", shard(6)), ("x.zip", zipped(6))])
def test_an_archive_is_read_in_ranges_and_its_members_again_one_by_one(
    bench: Bench, store: Buckets, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    address = f"{at(store, {f'a/{name}': data})}/a/{name}"
    monkeypatch.delattr(ObjectStore, "read")  # nothing is fetched as a whole
    assert indexed(bench, open_source(address, ColumnRoles())) == (6, 0, 0, 0, 0)
    assert indexed(bench, open_source(address, ColumnRoles())) == (0, 0, 6, 0, 0)
    assert bench.rows("select kind, uri from sources") == [("archive", address)]
    media = StoredMedia(bench.collection.path)
    uris = [row[0] for row in bench.rows("select uri from parts where kind = 'image'")]
    assert sorted(map(media.read, uris)) == sorted(picture_bytes(n) for n in range(6))
    assert all(one.startswith(f"{address}!/") for one in uris)
    if name == "x.tar":
        assert bench.rows("select count(*) from parts where text = 'a caption'") == [(6,)]
    bucket = address.split("/")[2]
    store.put(bucket, f"a/{name}", shard(4) if name == "x.tar" else zipped(4))
    changed = indexed(bench, open_source(address, ColumnRoles()))
    assert changed[3] == 2, "what is not in it any more goes"
    store.put(bucket, f"a/{name}", data[: len(data) * 2 // 3])
    cut = indexed(bench, open_source(address, ColumnRoles()))
    assert cut[2] == 4, "what is whole before the cut stays"
    store.remove(bucket)
    assert not remote_file(address).exists()


ROWS = [{"id": f"r{n}", "image": f"pictures/{n}.jpg", "title": f"kite {n}"} for n in range(4)]


def table_bytes(suffix: str) -> bytes:
    if suffix == "parquet":
        packed = io.BytesIO()
        pyarrow.parquet.write_table(pa.Table.from_pylist(ROWS), packed)
        return packed.getvalue()
    if suffix == "jsonl":
        return "\n".join(map(json.dumps, ROWS)).encode()
    return "\n".join(["id,image,title", *(",".join(one.values()) for one in ROWS)]).encode()


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_table_names_pictures_beside_it(bench: Bench, store: Buckets, suffix: str) -> None:
    pictures = {f"t/pictures/{n}.jpg": picture_bytes(n) for n in range(3)}
    place = at(store, {f"t/rows.{suffix}": table_bytes(suffix), **pictures})
    address = f"{place}/t/rows.{suffix}"
    assert indexed(bench, open_source(address, ColumnRoles()))[:4] == (4, 0, 0, 0)
    assert bench.rows("select count(*) from parts where kind = 'image'") == [(3,)]
    media = StoredMedia(bench.collection.path)
    assert media.read(f"{place}/t/pictures/1.jpg") == picture_bytes(1)
    store.put(place.removeprefix("s3://"), "t/pictures/1.jpg", picture_bytes(9))
    store.put(place.removeprefix("s3://"), "t/pictures/3.jpg", picture_bytes(3))
    assert indexed(bench, open_source(address, ColumnRoles()))[:4] == (0, 2, 2, 0)
    assert bench.rows("select count(*) from parts where kind = 'image'") == [(4,)]


def test_pictures_inside_a_table_are_read_from_their_row(bench: Bench, store: Buckets) -> None:
    packed = io.BytesIO()
    rows = [{"id": str(n), "image": {"bytes": picture_bytes(n), "path": None}} for n in range(3)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), packed)
    address = f"{at(store, {'p.parquet': packed.getvalue()})}/p.parquet"
    assert indexed(bench, open_source(address, ColumnRoles()))[0] == 3
    uris = [row[0] for row in bench.rows("select uri from parts")]
    media = StoredMedia(bench.collection.path)
    assert sorted(map(media.read, uris)) == sorted(picture_bytes(n) for n in range(3))


def test_a_table_leads_to_nothing_outside_its_folder(
    bench: Bench, store: Buckets, tmp_path: Path
) -> None:
    secret = at(store, {"a.jpg": picture_bytes(1)})
    other = at(store, {"b.jpg": picture_bytes(2)})
    rows = f"image,title\n{secret}/a.jpg,one\n../b.jpg,two\n{other}/b.jpg,three\n"
    store.put(other.removeprefix("s3://"), "t/t.csv", rows.encode())
    indexed(bench, open_source(f"{other}/t/t.csv", ColumnRoles()))
    (tmp_path / "t.csv").write_text(f"image,title\n{secret}/a.jpg,two\n")
    indexed(bench, open_source(tmp_path / "t.csv", ColumnRoles()))
    assert bench.rows("select count(*) from parts where kind = 'image'") == [(0,)]
    assert any("BINOCLE_FETCH_URLS" in one for one in bench.skipped().values())
    indexed(bench, open_source(tmp_path / "t.csv", ColumnRoles(), fetch=True))
    assert bench.rows("select count(*) from parts where kind = 'image'") == [(1,)]

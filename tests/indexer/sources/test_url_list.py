"""A text file of URLs is a list of pictures, and no text that is searched."""

from pathlib import Path

import pytest

from binocle.errors import NothingIndexedError
from indexer.sources.registry import open_source, source_of
from indexer.sources.table import ColumnRoles
from tests.support import Bench
from tests.support.buckets import Buckets
from tests.support.stored_pictures import counts, picture_of, texts_of

SECRET = "s3cr3t-signature"


@pytest.fixture
def bucket(store: Buckets) -> str:
    name = store.make()
    for number in (1, 3):
        store.put(name, f"shop/bags/{number}.jpg", picture_of(number))
    return name


def urls_in(path: Path, *urls: str) -> Path:
    path.write_text("\n".join(["# pictures", "", *urls]), encoding="utf-8")
    return path


def test_a_list_of_addresses_in_a_store_is_indexed(
    bench: Bench, store: Buckets, bucket: str, tmp_path: Path
) -> None:
    listed = [f"s3://{bucket}/shop/bags/{number}.jpg" for number in (1, 3)]
    path = urls_in(tmp_path / "urls.txt", *listed, f"s3://{bucket}/none.jpg")
    source = open_source(path, ColumnRoles(), fetch=True)
    assert counts(bench, source) == (2, 0, 0, 0, 1)
    assert bench.ids() == [f"urls.txt/{one}" for one in listed]
    assert counts(bench, open_source(path, ColumnRoles(), fetch=True)) == (0, 0, 2, 0, 1)
    store.put(bucket, "lists/urls.txt", f"{listed[0]}\n".encode())
    again = open_source(f"s3://{bucket}/lists/urls.txt", ColumnRoles(), fetch=True)
    assert counts(bench, again)[0] == 1


def test_texts_in_a_store_stay_texts(bench: Bench, store: Buckets, bucket: str) -> None:
    address = f"s3://{bucket}/shop/notes.txt"
    store.put(bucket, "shop/notes.txt", b"a red bag\nhttps://example.org/ has it")
    assert counts(bench, open_source(address, ColumnRoles())) == (2, 0, 0, 0, 0)
    uri = bench.collection.record("notes.txt#1").uri
    assert open_source(address, ColumnRoles()).open(uri) == b"a red bag"
    assert source_of(uri, bench.collection.path).open(uri) == b"a red bag"


def test_urls_that_may_not_be_fetched_are_told_of_without_their_secrets(
    bench: Bench, tmp_path: Path
) -> None:
    path = urls_in(tmp_path / "urls.txt", f"https://me:{SECRET}@h.example/a.jpg?token={SECRET}&w=9")
    with pytest.raises(NothingIndexedError, match="BINOCLE_FETCH_URLS=true") as raised:
        bench.index(open_source(path, ColumnRoles()))
    assert SECRET not in str(raised.value)
    (key,) = bench.skipped()
    assert key == "https://h.example/a.jpg?w=9"
    assert SECRET not in str(bench.rows("select * from items"))


def test_rows_whose_urls_differ_in_what_is_not_stored_are_records_of_their_own(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        "image,title\n"
        f"https://h.example/get?key={SECRET}1,red\nhttps://h.example/get?key={SECRET}2,blue\n"
        f"https://h.example/get?key={SECRET}1,rose\nhttps://h.example/get?design=3,green\n"
    )
    assert counts(bench, open_source(tmp_path / "a.csv", ColumnRoles()))[0] == 3
    name = "a.csv/https://h.example/get"
    assert bench.ids() == [name, f"{name}#2", f"{name}?design=3"]
    assert sorted(texts_of(bench, name)) == ["red", "rose"]
    assert SECRET not in str(bench.rows("select * from items"))


def test_ids_that_look_like_urls_stay_as_they_are_given(bench: Bench, tmp_path: Path) -> None:
    ids = ["https://shop.example/p?token=7#blue", "https://shop.example/p?token=7#red"]
    (tmp_path / "a.csv").write_text(f"id,title\n{ids[0]},a blue bag\n{ids[1]},a red bag\n")
    assert counts(bench, open_source(tmp_path / "a.csv", ColumnRoles()))[0] == 2
    assert bench.ids() == ids

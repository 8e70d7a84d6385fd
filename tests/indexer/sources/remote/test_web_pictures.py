"""A table of URLs is indexed as a guest of the hosts, and what is unchanged is not read again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.sources.registry import open_source, source_of
from indexer.sources.remote import web_pictures
from indexer.sources.table import ColumnRoles
from indexer.stored_media import StoredMedia
from tests.binocle.network.test_polite_fetcher import Web, a_web
from tests.support import Bench, picture_bytes


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with a_web() as web:
        fetcher = web.fetcher()
        monkeypatch.setattr(web_pictures, "fetcher", lambda: fetcher)
        for number in range(5):
            web.pages[f"/{number}.jpg"] = (picture_bytes(number), f"tag-{number}")
        yield web


def write(folder: Path, *urls: str) -> Path:
    rows = [f"{number},{url},kite {number}" for number, url in enumerate(urls)]
    (folder / "urls.csv").write_text("\n".join(["id,URL,TEXT", *rows]))
    return folder / "urls.csv"


ROLES = ColumnRoles(image="URL", text=("TEXT",))


def counts(bench: Bench, table: Path, *, fetch: bool = True) -> tuple[int, ...]:
    tally = bench.index(open_source(table, ROLES, fetch=fetch)).tally
    return tally.added, tally.updated, tally.unchanged, tally.removed, tally.skipped


def pictures(bench: Bench) -> int:
    return int(bench.rows("select count(*) from parts where kind = 'image'")[0][0])


def test_only_what_changed_is_fetched_again(bench: Bench, web: Web, tmp_path: Path) -> None:
    table = write(tmp_path, *(f"{web.url}/{number}.jpg" for number in range(5)))
    assert counts(bench, table) == (5, 0, 0, 0, 0)
    fetched = [one for one in web.asked if one.startswith("GET /") and "robots" not in one]
    assert len(fetched) == 5
    assert counts(bench, table) == (0, 0, 5, 0, 0)
    web.pages["/3.jpg"] = (picture_bytes(9), "tag-9")
    assert counts(bench, table) == (0, 1, 4, 0, 0)
    again = [one for one in web.asked if one.startswith("GET /") and "robots" not in one]
    assert again[5:] == ["GET /3.jpg"]
    assert web.asked.count("GET /robots.txt") == 1
    uris = [row[0] for row in bench.rows("select uri from parts where kind = 'image'")]
    assert all(one.startswith("web+http://127.0.0.1:") for one in uris)
    media = StoredMedia(bench.collection.path)
    wanted = [picture_bytes(one) for one in (0, 1, 2, 9, 4)]
    assert sorted(map(media.read, uris)) == sorted(wanted)


def test_nothing_is_fetched_unless_it_is_allowed(bench: Bench, web: Web, tmp_path: Path) -> None:
    table = write(tmp_path, f"{web.url}/1.jpg")
    counts(bench, table, fetch=False)
    assert (pictures(bench), web.asked) == (0, [])
    assert any("BINOCLE_FETCH_URLS" in one for one in bench.skipped().values())


def test_host_that_is_away_takes_no_picture_from_a_record(
    bench: Bench, web: Web, tmp_path: Path
) -> None:
    table = write(tmp_path, *(f"{web.url}/{number}.jpg" for number in range(3)))
    assert counts(bench, table)[0] == 3
    web.failing["/1.jpg"] = (99, 503)
    web.pages["/2.jpg"] = (b"", "")
    counts(bench, table)
    assert pictures(bench) == 2, "what is gone goes, and what is away stays"
    del web.failing["/1.jpg"]
    web.pages["/1.jpg"] = (picture_bytes(8), "tag-8")
    assert counts(bench, table) == (0, 1, 2, 0, 0)


def test_what_is_stored_of_a_url_has_no_secret(bench: Bench, web: Web, tmp_path: Path) -> None:
    secret = "0123456789abcdef-secret"
    table = write(tmp_path, f"{web.url}/1.jpg?w=200&X-Amz-Signature={secret}")
    assert counts(bench, table)[0] == 1
    bench.collection.close()
    for path in bench.collection.path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    ((uri,),) = bench.rows("select uri from parts where kind = 'image'")
    assert uri == f"web+{web.url}/1.jpg?w=200"
    assert source_of(uri, bench.collection.path).open(uri) == picture_bytes(1)


def test_url_that_is_none_costs_only_itself(bench: Bench, web: Web, tmp_path: Path) -> None:
    strange = ("http://[b/1.jpg", "http://a℀b/1.jpg", "http://h%5Bx/1.jpg")
    assert counts(bench, write(tmp_path, *strange, f"{web.url}/1.jpg"))[0] == 4, "by their texts"
    assert pictures(bench) == 1


def test_private_addresses_are_not_asked(bench: Bench, tmp_path: Path) -> None:
    with a_web() as private:
        private.pages["/1.jpg"] = (picture_bytes(1), "tag")
        counts(bench, write(tmp_path, f"{private.url}/1.jpg", "http://localhost/1.jpg"))
        assert private.asked == []
    assert pictures(bench) == 0

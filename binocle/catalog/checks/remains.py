"""What a removed record may have left in its catalogue: rows, words, and bytes of old pages."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from binocle.catalog.catalog_file import CatalogFile, query_faults
from binocle.catalog.checks.content import has_table
from binocle.catalog.checks.findings import Finding, fact, some
from binocle.catalog.checks.mending import REWRITTEN
from binocle.catalog.dialect import run
from binocle.catalog.location import catalog_path, is_in_postgresql, open_catalog
from binocle.catalog.query_file import QUERY_FILE
from binocle.catalog.tables.session import SqlSession

_CLEAR = "--repair writes the catalogue anew without it"
_AT_ONCE = 16 << 20
_SHORT = 4  # an id of so few bytes is found anywhere by chance
_NAMED = (
    ("the records", "SELECT 1 FROM records WHERE key = ?"),
    ("the ledger, as indexed", "SELECT 1 FROM items WHERE record_key = ?"),
)
_IN_ROWS = (
    "SELECT 1 FROM records WHERE instr(key || char(10) || uri || char(10) || metadata, ?) LIMIT 1",
    "SELECT 1 FROM parts WHERE instr(uri || char(10) || coalesce(text, ''), ?) LIMIT 1",
    "SELECT 1 FROM items WHERE instr(key || char(10) || coalesce(record_key, ''), ?) LIMIT 1",
    "SELECT 1 FROM sources WHERE instr(name || char(10) || uri, ?) LIMIT 1",
    "SELECT 1 FROM attributes WHERE instr(text, ?) LIMIT 1",
    "SELECT 1 FROM vocabulary WHERE instr(word, ?) LIMIT 1",
)
_REMOVALS = (
    "SELECT max(change) FROM removed_parts", "SELECT max(change) FROM removed_records",
)  # fmt: skip
_IN_RULES = "SELECT 1 FROM rules WHERE instr(document || char(10) || note, ?) LIMIT 1"


def check_rows(file: CatalogFile, record_id: str) -> Iterator[Finding]:
    """Find rows that name a record, or that may be of it."""
    for where, query in _NAMED:
        if file.rows(query, record_id):
            message = f"{record_id!r} is still in {where}"
            yield Finding("gone", message, f"binocle remove {record_id}")
    if file.rows("SELECT 1 FROM waiting_labels WHERE key = ?", record_id):
        message = f"labels of {record_id!r} wait for its picture"
        yield Finding("gone", message, "--repair drops them", repair="traces")
    query = (
        "SELECT items.key FROM items JOIN sources ON sources.id = source_id "
        "WHERE code = 'removed' AND (items.key = ?1 OR sources.name || '/' || items.key = ?1)"
    )
    if lines := [row[0] for row in file.rows(query, record_id)]:
        yield fact(
            "gone", f"the ledger keeps the name of its file, {some(lines)}",
            "so that 'binocle index' does not bring it back; remove the source to forget it",
        )  # fmt: skip
    yield from _check_rules(file, record_id)
    file.rows("CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, row)")
    unsaid = "SELECT word FROM vocabulary WHERE word NOT IN (SELECT term FROM temp.said)"
    if words := [row[0] for row in file.rows(unsaid)]:
        message = f"the spelling knows words that no record has any more: {len(words):,}"
        yield Finding("gone", message, "--repair drops them", repair="traces")
    if not file.is_copy and _segments(file) > 1:
        yield fact(
            "gone", "the index of words may hold words of removed records that nobody can search",
            "it drops them as it is written to, and --repair at once", repair="traces",
        )  # fmt: skip


def _check_rules(file: CatalogFile, record_id: str) -> Iterator[Finding]:
    """Find ranking rules that name a record."""
    if not has_table(file, "rules"):
        return
    quoted = json.dumps(record_id, ensure_ascii=False)
    query = "SELECT version FROM rules WHERE instr(document, ?) ORDER BY version"
    if versions := [row[0] for row in file.rows(query, quoted)]:
        named = some(f"version {one}" if one else "the draft" for one in versions)
        yield fact(
            "gone", f"ranking rules name {record_id!r}, {named}",
            "no search shows it; 'binocle rules set' and publish others without it, and the last "
            "100 versions are kept",
        )  # fmt: skip


def check_bytes(file: CatalogFile, record_id: str) -> Iterator[Finding]:
    """Find an id in the bytes of the catalogue's files, and free pages that are not wiped.

    PostgreSQL's are out of reach; they have nothing once its tables were written anew.
    """
    if file.is_copy:
        newest = max(int(file.rows(query)[0][0] or 0) for query in _REMOVALS)
        if newest > int(file.value(REWRITTEN) or -1):
            message = "pages of PostgreSQL may hold what was removed until its vacuum comes there"
            remedy = "--repair writes its tables anew, while which nobody reads them"
            yield fact("gone", message, remedy, repair="traces")
        return
    if wiped := _unwiped(file):
        message = f"{wiped:,} free pages of the catalogue hold what was removed earlier"
        yield Finding("gone", message, _CLEAR, repair="traces")
    name = record_id.encode()
    queries = [*_IN_ROWS, *([_IN_RULES] if has_table(file, "rules") else [])]
    if len(name) <= _SHORT or any(file.rows(query, record_id) for query in queries):
        message = f"the letters of {record_id!r} occur in what is there, so bytes prove nothing"
        yield fact("gone", message)
        return
    for path in (file.path, file.path.with_name(file.path.name + "-wal")):
        if _holds(path, name):
            message = f"{path.name} has {record_id!r} among bytes that are not used any more"
            yield Finding("gone", message, _CLEAR, repair="traces")


def check_queries(folder: Path, record_id: str) -> Iterator[Finding]:
    """Find kept queries that name a record."""
    path = folder / QUERY_FILE
    name = record_id.encode()
    if is_in_postgresql(folder):
        with closing(open_catalog(catalog_path(folder))) as catalog, catalog.reading() as session:
            assert isinstance(session, SqlSession)
            query = "SELECT count(*) FROM turns WHERE strpos(query, ?) > 0"
            if run(session.connection, query, json.dumps(record_id)).scalar_one():
                yield _kept(record_id)
        return
    if not path.exists():
        return
    if faults := query_faults(path):
        message = (
            f"the earlier queries in {QUERY_FILE}, which may name it, are damaged: {faults[0]}"
        )
        yield Finding("gone", message, "--repair removes all of them", repair="queries")
        return
    with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as database:
        quoted = json.dumps(record_id)
        found = database.execute("SELECT count(*) FROM turns WHERE instr(query, ?)", (quoted,))
        count = found.fetchone()[0]
    files = (path, path.with_name(path.name + "-wal"))
    if count or (len(name) > _SHORT and any(_holds(one, name) for one in files)):
        yield _kept(record_id)


def _kept(record_id: str) -> Finding:
    message = f"earlier queries that are kept for some days name {record_id!r}"
    return Finding("gone", message, "--repair removes all of them", repair="queries")


def _segments(file: CatalogFile) -> int:
    """Return how many pieces the index of words is in; of one, nothing removed is left."""
    block: bytes = file.rows("SELECT block FROM words_data WHERE id = 10")[0][0]
    place, numbers = 4, list[int]()
    while len(numbers) < 2:  # the number of levels, then that of pieces, as SQLite writes them
        value = 0
        while True:
            byte = block[place]
            place += 1
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        numbers.append(value)
    return numbers[1]


def _unwiped(file: CatalogFile) -> int:
    """Count the free pages that hold something, of those in the file itself."""
    with file.path.open("rb") as source:
        head = source.read(100)
        size = int.from_bytes(head[16:18], "big")
        size = 65536 if size == 1 else size
        trunk, seen, count = int.from_bytes(head[32:36], "big"), set[int](), 0
        while trunk and trunk not in seen:
            seen.add(trunk)
            source.seek((trunk - 1) * size)
            page = source.read(size)
            number = int.from_bytes(page[4:8], "big")
            for place in range(8, min(8 + 4 * number, len(page) - 3), 4):
                source.seek((int.from_bytes(page[place : place + 4], "big") - 1) * size)
                count += any(source.read(size))
            count += any(page[8 + 4 * number :])
            trunk = int.from_bytes(page[:4], "big")
    return count


def _holds(path: Path, name: bytes) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        tail = b""
        while data := file.read(_AT_ONCE):
            if name in tail + data:
                return True
            tail = data[-len(name) :]
    return False

"""Full-text search in the catalogue: the FTS5 tables and the named questions to them.

Each text of a record is a row of its own, so a phrase never runs from one caption into the next
and a text's length is its own. Everything a ranking needs to know of a row is in its number:

    record id (47 bits) | group (2) | position of the part (7) | number of tokens (7)

so that the rows of a word, which FTS5 gives in one pass, can be scored without another look.
Texts are cut into tokens here (``tokens.py``), not by FTS5, whose tokenizers know no Chinese.

The FTS5 tables keep their tokens beside the index. A contentless table would be smaller, but to
forget a row it must be told the row's old text (the option to do without is of SQLite 3.43), and
tokens of titles are small beside the vectors.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from binocle.catalog.records import batched
from binocle.catalog.tables import tokenizer
from binocle.types import Int64Array, Metadata

VERSION = 3
TITLE, CAPTION, NAME, FIELD = range(4)
GROUPS = 4
NO_PART = 127
BRAND = 126  # the position of the row with the record's brand
RECORD_SHIFT, GROUP_SHIFT, POSITION_SHIFT = 16, 14, 7
LENGTH_MASK = 127
_LAST_PART = 125
_MAX_TOKENS = 1000
_CHUNK = 5000
_FILL_CHUNK = 2500
_MAX_WORD = 32
_TITLES = {
    "title", "name", "headline", "heading", "subject", "productname", "producttitle",
    "productdisplayname", "displayname", "titel", "titre", "titulo", "titolo", "nombre", "nom",
    "标题", "名称", "品名", "商品名", "商品名称", "商品标题", "タイトル", "제목", "상품명",
}  # fmt: skip
_BRANDS = {
    "brand", "brandname", "manufacturer", "maker", "make", "marke", "marque", "marca",
    "品牌", "ブランド", "브랜드",
}  # fmt: skip
_CODES = {
    "model", "modelnumber", "modelno", "sku", "ean", "gtin", "upc", "mpn", "isbn", "asin",
    "code", "partnumber", "articlenumber", "itemnumber", "型号",
}  # fmt: skip
_SILENT = {"format", "createdat", "takenat", "sha256", "md5", "hash"}
_FAINT = {"camera"}  # is searched, but makes no photo a record with texts
_NO_WORDS = re.compile(r"\w+://|[/\\]|\d{4}-\d\d-\d\d(T|$)|[!-~]{65}")
_ROW_MARK = re.compile(r"#(row=|L)\d+$")

_TABLES = (
    # `ascii` leaves everything beyond ASCII alone, which is what tokens.py has cut already
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS words "
        "USING fts5(text, joined, columnsize=0, tokenize='ascii')"
    ),
    (
        "CREATE TABLE IF NOT EXISTS vocabulary "
        "(id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, stem TEXT)"
    ),
    "CREATE INDEX IF NOT EXISTS vocabulary_by_stem ON vocabulary (stem)",
)


def prepare(connection: sa.Connection) -> None:
    """Make the tables where there are none, and fill them where they are behind the records.

    They are behind where an older Binocle, which knows no words, has written to the catalogue.
    """
    begin(connection)
    while fill(connection):
        pass


def begin(connection: sa.Connection) -> None:
    """Make the tables where there are none or where they are behind the records, to be filled."""
    if is_followed(connection):
        return
    known = (_meta(connection, "words") or "").split(":")[0]
    connection.exec_driver_sql("DELETE FROM meta WHERE key = 'has_texts'")
    connection.exec_driver_sql("DROP TABLE IF EXISTS words")
    if known != str(VERSION):  # the vocabulary only grows, and readers remember how far they are
        connection.exec_driver_sql("DROP TABLE IF EXISTS vocabulary")
    for statement in _TABLES:
        connection.exec_driver_sql(statement)
    _note(connection, 0)


def fill(connection: sa.Connection, count: int = _FILL_CHUNK) -> bool:
    """Read in the words of the next records after ``begin``; tell whether there may be more.

    Each call goes on where the last transaction that was committed has ended, in whatever
    process. Records written meanwhile have their words already.
    """
    done = _filled(connection)
    if done is None:
        return False
    query = "SELECT id FROM records WHERE id > ? ORDER BY id LIMIT ?"
    record_ids = list(connection.exec_driver_sql(query, (done, count)).scalars())
    if record_ids:
        span = (record_ids[0] << RECORD_SHIFT, record_ids[-1] + 1 << RECORD_SHIFT)
        rows = connection.exec_driver_sql(
            "SELECT rowid FROM words WHERE rowid >= ? AND rowid < ?", span
        )
        there = {row >> RECORD_SHIFT for row in rows.scalars()}
        _insert(connection, [one for one in record_ids if one not in there])
    _note(connection, record_ids[-1] if len(record_ids) == count else None)
    return len(record_ids) == count


def is_ready(connection: sa.Connection) -> bool:
    """Tell whether the words are in step with the records, all of them."""
    return _meta(connection, "words") == _stamp(connection)


def is_followed(connection: sa.Connection) -> bool:
    """Tell whether the words are in step with those records that were read in so far."""
    return f"{_meta(connection, 'words')}:".startswith(_stamp(connection) + ":")


def state(connection: sa.Connection) -> str:
    """Return what changes whenever the words do."""
    return f"{_stamp(connection)} {_meta(connection, 'words')}"


def filled_share(connection: sa.Connection) -> float:
    """Return how much of the records, 0 to 1, has its words read in."""
    if is_ready(connection):
        return 1.0
    highest = connection.exec_driver_sql("SELECT max(id) FROM records").scalar() or 0
    done = _filled(connection) if is_followed(connection) else 0
    return min(1.0, (done or 0) / highest) if highest else 1.0


def mark(connection: sa.Connection) -> None:
    """Note that the words follow the records as of the transaction's change number."""
    _note(connection, _filled(connection))


def _filled(connection: sa.Connection) -> int | None:
    """Return the last record whose words were read in; None where all were."""
    parts = (_meta(connection, "words") or "").split(":")
    return int(parts[2]) if len(parts) == 3 else None


def _note(connection: sa.Connection, filled: int | None) -> None:
    stamp = _stamp(connection) + ("" if filled is None else f":{filled}")
    updated = connection.exec_driver_sql("UPDATE meta SET value = ? WHERE key = 'words'", (stamp,))
    if not updated.rowcount:
        connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('words', ?)", (stamp,))


def update(connection: sa.Connection, record_ids: Iterable[int]) -> None:
    """Write the words of records anew, from what the catalogue now says of them.

    Args:
        connection: A connection inside the write transaction that changes the records.
        record_ids: Internal ids.
    """
    for chunk in batched(record_ids, _CHUNK):
        remove(connection, chunk)
        _insert(connection, chunk)


def remove(connection: sa.Connection, record_ids: Sequence[int]) -> None:
    """Forget the words of records, given by internal ids."""
    if record_ids:
        connection.exec_driver_sql(
            "DELETE FROM words WHERE rowid BETWEEN ? AND ?",
            [(one << RECORD_SHIFT, (one + 1 << RECORD_SHIFT) - 1) for one in record_ids],
        )


def rows_with(connection: sa.Connection, phrases: Sequence[Sequence[str]]) -> Int64Array:
    """Return the numbers of the rows that have any of several phrases, ascending.

    Args:
        connection: A reading transaction.
        phrases: Each one or more tokens that stand together.
    """
    return _rows(connection, " OR ".join(_quoted(phrase) for phrase in phrases))


def rows_with_beginning(connection: sa.Connection, beginning: str) -> Int64Array:
    """Return the numbers of the rows that have a token with a beginning, ascending."""
    return _rows(connection, _quoted([beginning]) + "*")


def has_texts(connection: sa.Connection) -> bool:
    """Tell whether any record ever had words beyond its file name and its camera."""
    return _meta(connection, "has_texts") is not None


def relatives(connection: sa.Connection, stem: str) -> list[str]:
    """Return the stored words with a stem, in order."""
    query = "SELECT word FROM vocabulary WHERE stem = ? ORDER BY word LIMIT 16"
    return list(connection.exec_driver_sql(query, (stem,)).scalars())


def known(connection: sa.Connection, candidates: Iterable[str]) -> set[str]:
    """Return which words are stored."""
    query = "SELECT word FROM vocabulary, json_each(?) WHERE word = value"
    text = json.dumps(list(candidates))
    return set(connection.exec_driver_sql(query, (text,)).scalars())


def words_after(connection: sa.Connection, number: int) -> tuple[int, list[str]]:
    """Return the words that were first stored after the given number, and the last number.

    The vocabulary only grows; some of its words may be in no record any more.
    """
    query = "SELECT id, word FROM vocabulary WHERE id > ? ORDER BY id"
    found = connection.exec_driver_sql(query, (number,)).all()
    return (found[-1][0] if found else number), [row[1] for row in found]


def part_ids(
    connection: sa.Connection, record_ids: Int64Array, positions: Int64Array
) -> Int64Array:
    """Return the parts at places in their records; the first part where the place is -1.

    Args:
        connection: A reading transaction.
        record_ids: ``(n,)`` int64, internal.
        positions: ``(n,)`` int64, counted from 0, or -1.

    Returns:
        ``(n,)`` int64; -1 where the record is gone.
    """
    found: dict[int, dict[int, int]] = {}
    query = (
        "SELECT record_id, position, parts.id FROM json_each(?) "
        "CROSS JOIN parts ON record_id = value ORDER BY record_id, position"
    )
    for chunk in batched(record_ids.tolist(), _CHUNK):
        rows = connection.exec_driver_sql(query, (json.dumps(chunk),))
        for record_id, position, part_id in rows:
            found.setdefault(record_id, {}).setdefault(position, part_id)
    parts = []
    for record_id, position in zip(record_ids.tolist(), positions.tolist(), strict=True):
        there = found.get(record_id, {})
        parts.append(there.get(position, next(iter(there.values()), -1)))
    return np.array(parts, np.int64)


def _rows(connection: sa.Connection, expression: str) -> Int64Array:
    # one long text is read several times faster than many small rows
    query = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
    listed = connection.exec_driver_sql(query, (expression,)).scalar_one()
    if not listed:
        return np.empty(0, np.int64)
    return np.fromstring(listed, np.int64, sep=",")


def _quoted(phrase: Sequence[str]) -> str:
    """Return a phrase as FTS5 reads it; tokens hold letters and digits only."""
    return '"' + " ".join(phrase).replace('"', '""') + '"'


def _meta(connection: sa.Connection, key: str) -> str | None:
    query = "SELECT value FROM meta WHERE key = ?"
    value: str | None = connection.exec_driver_sql(query, (key,)).scalar()
    return value


def _stamp(connection: sa.Connection) -> str:
    return f"{VERSION}:{_meta(connection, 'change') or 0}"


@dataclass(slots=True)
class _Texts:
    """What a record says, by the row it goes to: group and position."""

    rows: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    has_texts: bool = False

    def add(self, group: int, position: int, text: str) -> None:
        self.rows.setdefault((group, position), []).append(text)


def _insert(connection: sa.Connection, record_ids: Sequence[int]) -> None:
    rows: list[tuple[int, str, str]] = []
    vocabulary: set[str] = set()
    has_any = False
    for record_id, texts in _texts_of(connection, record_ids):
        has_any = has_any or texts.has_texts
        for (group, position), several in texts.rows.items():
            words, joined = tokenizer.tokens_of("\n".join(several), _MAX_TOKENS)
            if not words:
                continue
            place = group << GROUP_SHIFT | position << POSITION_SHIFT
            number = record_id << RECORD_SHIFT | place | min(len(words), LENGTH_MASK)
            rows.append((number, " ".join(words), " ".join(joined)))
            vocabulary.update(words, joined)
    if has_any:
        connection.exec_driver_sql("INSERT OR IGNORE INTO meta VALUES ('has_texts', '1')")
    if rows:
        connection.exec_driver_sql("INSERT INTO words (rowid, text, joined) VALUES (?, ?, ?)", rows)
    plain = sorted(word for word in vocabulary if word.isalpha() and 1 < len(word) <= _MAX_WORD)
    if plain:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO vocabulary (word, stem) VALUES (?, ?)",
            [(word, tokenizer.stem(word)) for word in plain],
        )


def _texts_of(connection: sa.Connection, record_ids: Sequence[int]) -> Iterator[tuple[int, _Texts]]:
    listed = (json.dumps(list(record_ids)),)
    found: dict[int, _Texts] = {}
    said: dict[int, set[str]] = {}
    query = (
        "SELECT record_id, position, role, text FROM json_each(?) "
        "CROSS JOIN parts ON record_id = value WHERE text IS NOT NULL ORDER BY record_id, position"
    )
    for record_id, position, role, text in connection.exec_driver_sql(query, listed):
        group = TITLE if _plain_name(role) in _TITLES else CAPTION
        texts = found.setdefault(record_id, _Texts(has_texts=True))
        texts.add(group, min(position, _LAST_PART), text)
        said.setdefault(record_id, set()).add(text)
    query = (
        "SELECT records.id, records.key, uri, metadata FROM json_each(?) "
        "CROSS JOIN records ON records.id = value"
    )
    for record_id, key, uri, metadata in connection.exec_driver_sql(query, listed):
        texts = found.get(record_id) or _Texts()
        names = dict.fromkeys([_last_component(key), _last_component(_without_row(uri))])
        texts.add(NAME, NO_PART, "\n".join(tokenizer.spell_out(name) for name in names if name))
        _add_fields(texts, json.loads(metadata), said.get(record_id, set()))
        yield record_id, texts


def _add_fields(texts: _Texts, metadata: Metadata, said: set[str]) -> None:
    """Add the metadata that are words: texts and keywords, and numbers where they are codes."""
    for name, value in metadata.items():
        plain = _plain_name(name)
        if plain in _SILENT:
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and not isinstance(one, bool) and plain in _CODES:
                texts.add(FIELD, NO_PART, str(one))
            if not isinstance(one, str) or one in said or _NO_WORDS.match(one):
                continue
            texts.has_texts = texts.has_texts or plain not in _FAINT
            if plain in _TITLES:
                texts.add(TITLE, NO_PART, one)
            elif plain in _BRANDS:
                texts.add(FIELD, BRAND, one)
            else:
                texts.add(FIELD, NO_PART, one)


def is_code(field: str) -> bool:
    """Tell whether a field's name says that its values are codes, which are no amounts."""
    return _plain_name(field) in _CODES


def _plain_name(name: str) -> str:
    return re.sub(r"[\W_]", "", name.rpartition(".")[2].casefold())


def _last_component(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def _without_row(uri: str) -> str:
    """Return a uri, nothing where it is a place in a table or a text, which many records share."""
    return "" if _ROW_MARK.search(uri) else uri

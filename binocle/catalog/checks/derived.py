"""What follows from the records and is kept beside them: typed metadata, and the words."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain

from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks.findings import Finding, some
from binocle.catalog.tables.fields import attribute_values
from binocle.catalog.text_rows import RECORD_SHIFT, VERSION, RecordTexts, text_rows
from binocle.metadata.field_types import POINT, FieldType, mostly_type, seen_in, typed
from binocle.metadata.points import points_of
from binocle.types import Metadata

_BATCH = 2000
_REWRITE = "--repair writes it anew from the records"


def check_metadata(file: CatalogFile) -> Iterator[Finding]:
    """Find values for filters, or points, that are not those of the records."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    schema: dict[str, FieldType] = {}
    for number, name, declared, bits in file.rows("SELECT id, name, declared, seen FROM fields"):
        names[number], seen[name] = name, bits
        kind = declared or mostly_type(bits)
        if kind is not None:
            schema[name] = kind
    wrong: list[str] = []
    unseen: dict[str, int] = defaultdict(int)
    for batch in _records(file):
        there = _values_there(file, names, batch)
        for number, (key, _, metadata) in batch.items():
            values = typed(metadata, schema)
            places = points_of(metadata, schema)
            expected: Counter[tuple[object, ...]] = Counter(attribute_values(values))
            expected.update((name, *place) for name, place in places.items())
            if expected != there[number]:
                wrong.append(key)
            for name, value in values.items():
                unseen[name] |= seen_in(value) & ~seen.get(name, 0)
            for name in places:
                unseen[name] |= POINT & ~seen.get(name, 0)
    strays = "SELECT count(*) FROM attributes WHERE record_id NOT IN (SELECT id FROM records)"
    if wrong or file.rows(strays)[0][0]:
        message = f"values for filters are not those of the records: {some(wrong)}"
        yield Finding("metadata", message, _REWRITE, repair="metadata")
    if fields := [name for name, bits in unseen.items() if bits]:
        message = f"what fields hold is not noted: {some(fields)}"
        yield Finding("metadata", message, _REWRITE, repair="metadata")


def check_words(file: CatalogFile) -> Iterator[Finding]:
    """Find words that are not those of the records, and an index that is not that of the words."""
    if file.value("words") != f"{VERSION}:{file.change()}":
        message = "the words are not in step with the records"
        yield Finding("words", message, _REWRITE, repair="words")
        return
    wrong, tokens, vocabulary = _compared(file)
    known = {row[0] for row in file.rows("SELECT word FROM vocabulary")}
    if lost := sorted(vocabulary - known):
        message = f"words are unknown to the spelling: {some(lost)}"
        yield Finding("words", message, _REWRITE, repair="words")
    if not wrong and _indexed(file) != tokens:
        wrong.append("the index of the words")
    if wrong:
        message = f"the words are not those of the records: {some(wrong)}"
        yield Finding("words", message, _REWRITE, repair="words")


def _compared(file: CatalogFile) -> tuple[list[str], "_Tally", set[str]]:
    """Return records whose words are others, where words should stand, and the vocabulary."""
    wrong: list[str] = []
    tokens = _Tally()
    vocabulary: set[str] = set()
    rows = 0
    for batch in _records(file):
        there = _rows_there(file, batch)
        for number, texts in _texts(file, batch):
            expected = {}
            for row in text_rows(texts)[0]:
                expected[row.number] = (" ".join(row.tokens), " ".join(row.joined))
                vocabulary.update(row.words())
                tokens.add_row(row.number, expected[row.number])
            if expected != there[number]:
                wrong.append(texts.key)
            rows += len(expected)
    if int(file.rows("SELECT count(*) FROM words")[0][0]) != rows:
        wrong.append("rows of no record")
    return wrong, tokens, vocabulary


class _Tally:
    """Which words stand where, as a sum that does not depend on the order they are told in."""

    def __init__(self) -> None:
        self._count = self._sum = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tally) and (self._count, self._sum) == (other._count, other._sum)

    __hash__ = None  # type: ignore[assignment]

    def add(self, place: tuple[str, int, str, int]) -> None:
        self._count += 1
        self._sum = (self._sum + hash(place)) & (1 << 64) - 1

    def add_row(self, number: int, columns: tuple[str, str]) -> None:
        for name, text in zip(("text", "joined"), columns, strict=True):
            for place, token in enumerate(text.split()):
                self.add((token, number, name, place))


def _indexed(file: CatalogFile) -> _Tally:
    """Return what the full-text index has."""
    file.rows("CREATE VIRTUAL TABLE temp.places USING fts5vocab(main, words, instance)")
    tally = _Tally()
    for place in file.iterate("SELECT term, doc, col, offset FROM temp.places"):
        tally.add(place)
    return tally


def _records(file: CatalogFile) -> Iterator[dict[int, tuple[str, str, Metadata]]]:
    """Yield id, uri and metadata of records by internal id; metadata that is damaged is empty."""
    last = -(1 << 62)
    while True:
        query = "SELECT id, key, uri, metadata FROM records WHERE id > ? ORDER BY id LIMIT ?"
        found = file.rows(query, last, _BATCH)
        if not found:
            return
        last = found[-1][0]
        yield {row[0]: (row[1], row[2], _read(row[3])) for row in found}


def _read(text: str) -> Metadata:
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _values_there(
    file: CatalogFile, names: Mapping[int, str], batch: Mapping[int, object]
) -> dict[int, Counter[tuple[object, ...]]]:
    found: dict[int, Counter[tuple[object, ...]]] = defaultdict(Counter)
    span = (min(batch), max(batch))
    values = file.iterate(
        "SELECT record_id, field_id, number, text, listed FROM attributes "
        "WHERE record_id BETWEEN ? AND ?", *span
    )  # fmt: skip
    places = file.iterate(
        "SELECT record_id, field_id, latitude, longitude FROM points "
        "WHERE record_id BETWEEN ? AND ?", *span
    )  # fmt: skip
    for number, field, *value in chain(values, places):
        found[number][names.get(field, ""), *value] += 1
    return found


def _rows_there(
    file: CatalogFile, batch: Mapping[int, object]
) -> dict[int, dict[int, tuple[str, str]]]:
    found: dict[int, dict[int, tuple[str, str]]] = defaultdict(dict)
    span = (min(batch) << RECORD_SHIFT, (max(batch) + 1 << RECORD_SHIFT) - 1)
    query = "SELECT rowid, text, joined FROM words WHERE rowid BETWEEN ? AND ?"
    for row, text, joined in file.iterate(query, *span):
        found[row >> RECORD_SHIFT][row] = (text, joined)
    return found


def _texts(
    file: CatalogFile, batch: Mapping[int, tuple[str, str, Metadata]]
) -> Iterator[tuple[int, RecordTexts]]:
    texts: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    query = (
        "SELECT record_id, position, role, text FROM parts WHERE record_id BETWEEN ? AND ? "
        "AND text IS NOT NULL ORDER BY record_id, position"
    )
    for number, *text in file.iterate(query, min(batch), max(batch)):
        texts[number].append((text[0], text[1], text[2]))
    for number, (key, uri, metadata) in batch.items():
        yield number, RecordTexts(number, key, uri, metadata, texts[number])

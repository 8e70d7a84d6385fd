"""The file of a catalogue as SQLite sees it, its tables, and its counters."""

import json
import zlib
from collections.abc import Iterator

from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks.findings import Finding, Repair, fact, some
from binocle.catalog.damage import REFUSAL
from binocle.catalog.tables.checksums import source_checksum
from binocle.catalog.tables.schema import FORMAT, SOURCE_CHECKSUM, SPACE_CHECKSUM, schema
from binocle.errors import StorageError

RESTORE = "restore the collection from a backup, or remove it and index again"
_FILLED_LATER = {
    "vector_checksums": 2, "likeness_checksums": 3, "info_checksums": 3, "picture_colours": 4,
    "rules": 5, "part_checksums": 6,
}  # fmt: skip
"""Tables that a catalogue of fewer additions may lack: what is found does not depend on them."""
_WORDS = ("words", "vocabulary", "vocabulary_by_stem")
_COUNTERS = (
    ("next_part_id", "SELECT max(id) FROM parts", "parts"),
    ("next_part_id", "SELECT max(part_id) FROM removed_parts", "removed parts"),
    ("next_record_id", "SELECT max(id) FROM records", "records"),
    ("next_record_id", "SELECT max(record_id) FROM removed_records", "removed records"),
)
_NUMBERS = (
    "change", "next_part_id", "next_record_id", "removals_known_after", "schema_changed",
    "likenesses_filled", "has_texts",
)  # fmt: skip
_REMOVED = (
    ("parts", "SELECT count(*) FROM parts JOIN removed_parts ON part_id = id"),
    ("records", "SELECT count(*) FROM records JOIN removed_records ON record_id = records.id"),
)


def check_file(file: CatalogFile) -> Iterator[Finding]:
    """Find what SQLite finds: pages, indices that do not fit their tables, references."""
    for fault in file.faults(thorough=True):
        yield Finding(
            "catalogue-integrity", f"SQLite finds the catalogue damaged: {fault}", RESTORE
        )
    found = file.rows("PRAGMA foreign_key_check")
    for table in sorted({str(row[0]) for row in found}):
        rows = [row[1] for row in found if row[0] == table]
        message = f"rows of the table {table} refer to what is not there: {some(rows)}"
        yield Finding("catalogue-references", message, RESTORE)


def check_format(file: CatalogFile) -> Iterator[Finding]:
    """Find a format that is not this program's; nothing further can be examined then."""
    tables = {str(row[0]) for row in file.rows("SELECT name FROM sqlite_schema")}
    if "meta" not in tables:
        yield Finding("catalogue-format", "the catalogue has no table meta", RESTORE)
        return
    version, additions = file.value("format"), file.value("additions")
    if not (version or "").isdecimal() or not (additions or "0").isdecimal():
        message = f"the catalogue has the format {version!r} and additions {additions!r}"
        yield Finding("catalogue-format", message, RESTORE)
    elif int(version or 0) > FORMAT:
        message = f"the catalogue has format {version}, made by a newer Binocle"
        yield Finding("catalogue-format", message, f"this one reads up to {FORMAT}: upgrade it")
    elif (int(version or 0), int(additions or 0)) < (FORMAT, min(_FILLED_LATER.values()) - 1):
        message = f"the catalogue has the older format {version}.{additions or 0}: not examined"
        remedy = "a search or 'binocle info' brings it up to date; then run this again"
        yield fact("catalogue-format", message, remedy)


def check_schema(file: CatalogFile) -> Iterator[Finding]:
    """Find tables, columns and indices that are missing, and what nobody of us has made."""
    there = {str(row[1]): str(row[0]) for row in file.rows("SELECT type, name FROM sqlite_schema")}
    additions = int(file.value("additions") or 0)
    for table in schema.tables.values():
        if table.name not in there:
            if additions < _FILLED_LATER.get(table.name, 0):
                continue
            yield Finding("catalogue-schema", f"the table {table.name} is missing", RESTORE)
            continue
        columns = {str(row[1]) for row in file.rows(f"PRAGMA table_info({table.name})")}
        if missing := [one.name for one in table.columns if one.name not in columns]:
            message = f"the table {table.name} lacks columns: {', '.join(missing)}"
            yield Finding("catalogue-schema", message, RESTORE)
        for index in table.indexes:
            if index.name not in there:
                yield _missing(f"the index {index.name} of the table {table.name}", "schema")
    yield from (_missing(f"{one}, for words,", "words") for one in _WORDS if one not in there)
    for name, kind in there.items():
        if kind in ("trigger", "view") and name != REFUSAL:  # see ``damage``
            message = f"the catalogue has a {kind} {name}, which Binocle does not make"
            yield Finding("catalogue-schema", message, f"DROP {kind.upper()} {name}")


def _missing(what: str, repair: Repair) -> Finding:
    message = f"{what} is missing"
    return Finding("catalogue-schema", message, "--repair makes it", repair=repair)


def check_counters(file: CatalogFile) -> Iterator[Finding]:
    """Find counters that would give numbers again, and changes that do not add up."""
    for name in _NUMBERS:
        value = file.value(name)
        if value is not None and not value.isdecimal():
            message = f"the counter {name} is {value[:40]!r}, which is no number"
            yield Finding("catalogue-counters", message, RESTORE)
            return
    for counter, query, what in _COUNTERS:
        highest, following = int(file.rows(query)[0][0] or 0), int(file.value(counter) or 1)
        if highest >= following:
            yield Finding(
                "catalogue-counters",
                f"the next number of {what} would be {following}, and {highest} is used", RESTORE,
            )  # fmt: skip
    change = file.change()
    newest = int(file.rows("SELECT max(number) FROM changes")[0][0] or 0)
    latest = int(file.rows("SELECT max(changed) FROM records")[0][0] or 0)
    if newest != change or latest > change:
        message = f"the newest change is {change}, noted is {newest}, records have up to {latest}"
        yield Finding("catalogue-counters", message, RESTORE)
    for what, query in _REMOVED:
        if count := int(file.rows(query)[0][0]):
            message = f"{count:,} {what} are noted as removed and are there"
            yield Finding("catalogue-counters", message, RESTORE)


def check_space(file: CatalogFile) -> Iterator[Finding]:
    """Find vectors whose space is not known."""
    text = file.value("space")
    if text is None:
        if file.rows("SELECT 1 FROM vectors LIMIT 1"):
            yield Finding(
                "catalogue-space", "there are vectors, and of which model is lost", RESTORE
            )
        return
    try:
        space = json.loads(text)
        if not (space["name"] and space["fingerprint"] and int(space["dimension"]) > 0):
            raise ValueError("a value is empty")
    except (ValueError, KeyError, TypeError) as error:
        message = f"what the vectors' model was cannot be read ({error})"
        yield Finding("catalogue-space", message, RESTORE)
        return
    if file.value(SPACE_CHECKSUM) not in (None, str(zlib.crc32(text.encode()))):
        message = f"what the vectors' model was has changed: {text[:200]}"
        yield Finding("catalogue-space", message, RESTORE)


def check_sources(file: CatalogFile) -> Iterator[Finding]:
    """Find sources whose name, place or kind are not what they were."""
    for number, *said in file.rows("SELECT id, name, uri, kind FROM sources"):
        name, uri, kind = map(str, said)
        noted = file.value(f"{SOURCE_CHECKSUM}{number}")
        if noted not in (None, str(source_checksum(name, uri, kind))):
            message = f"the source {name!r} ({kind}, {uri}) is not what it was indexed as"
            yield Finding("sources", message, RESTORE)


def dimension_of(file: CatalogFile) -> int | None:
    """Return the number of components of the vectors; None where it is not known."""
    try:
        return int(json.loads(file.value("space") or "")["dimension"])
    except (ValueError, KeyError, TypeError, StorageError):
        return None

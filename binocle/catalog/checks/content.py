"""Records, parts and their vectors: what each row has to hold."""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks.findings import Finding, fact, some
from binocle.catalog.checks.structure import RESTORE, dimension_of
from binocle.catalog.stored_rules import StoredRules
from binocle.catalog.tables.checksums import part_crc32
from binocle.catalog.tables.picture_checksums import is_whole_fingerprint, is_whole_info
from binocle.media.kinds import KINDS
from binocle.metadata.field_types import FIELD_TYPES
from binocle.types import ImageInfo

UPLOAD_SCHEME = "upload:"
_BATCH = 2000
_UNIT_WITHIN = 1e-2
_AGAIN = "remove the record and store it again, or restore the collection from a backup"
_FACTS_ANEW = "--repair reads the pictures again where they are; else "
_JSON = (
    ("records", "key", "metadata", "object"),
    ("waiting_labels", "key", "value", None),
)


def check_records(file: CatalogFile) -> Iterator[Finding]:
    """Find records without a usable id, and metadata that are no JSON object."""
    for table, name, column, kind in _JSON:
        sound = f"json_valid({column})" + (f" AND json_type({column}) = '{kind}'" if kind else "")
        query = (
            f"SELECT {name} FROM {table} "  # noqa: S608 - constants of this module
            f"WHERE NOT CASE WHEN json_valid({column}) THEN {sound} ELSE 0 END"
        )
        if bad := [row[0] for row in file.rows(query)]:
            yield Finding("records", f"{column} of {table} cannot be read: {some(bad)}", _AGAIN)
    if bad := file.rows("SELECT id FROM records WHERE key = '' OR typeof(key) <> 'text'"):
        yield Finding("records", f"records without an id: {some(row[0] for row in bad)}", RESTORE)
    damaged = [
        row[0]
        for row in file.rows("SELECT key, uri, metadata FROM records")
        if any(_is_garbled(text) for text in row)
    ]
    if damaged:
        yield Finding("records", f"texts of records are no UTF-8: {some(damaged)}", _AGAIN)


def check_parts(file: CatalogFile) -> Iterator[Finding]:
    """Find parts whose content is not what its SHA-256 says, or that lack what their kind has."""
    wrong: dict[str, list[str]] = defaultdict(list)
    wrong_facts: list[str] = []
    places: set[tuple[int, int]] = set()
    query = (
        "SELECT parts.kind, parts.sha256, parts.text, parts.info, parts.uri, parts.record_id, "
        "parts.position, records.key, {} FROM parts LEFT JOIN records ON records.id = record_id"
    )
    if has_table(file, "info_checksums"):
        query = query.format("crc32") + " LEFT JOIN info_checksums ON part_id = parts.id"
    else:
        query = query.format("NULL")
    for kind, sha256, text, info, uri, record_id, position, key, crc32 in file.iterate(query):
        if kind in KINDS and KINDS.of(kind).is_picture and not _is_readable(info, crc32):
            wrong_facts.append(key)
        for problem in _part_problems(kind, sha256, text, uri):
            wrong[problem].append(key)
        if (record_id, position) in places:
            wrong["two parts of a record have one place"].append(key)
        places.add((record_id, position))
    for problem, keys in wrong.items():
        yield Finding("parts", f"{problem}: {some(dict.fromkeys(keys))}", _AGAIN)
    if has_table(file, "picture_colours"):
        query = (
            "SELECT key FROM picture_colours JOIN parts ON parts.id = part_id "
            "JOIN records ON records.id = record_id WHERE lower(colour) NOT GLOB ?"
        )
        if bad := [row[0] for row in file.rows(query, "#" + "[0-9a-f]" * 6)]:
            yield Finding("parts", f"average colours are none: {some(bad)}", _AGAIN)
    if wrong_facts:
        message = f"what pictures say of themselves is damaged: {some(dict.fromkeys(wrong_facts))}"
        yield Finding("parts", message, _FACTS_ANEW + _AGAIN, repair="facts")


def check_places(file: CatalogFile) -> Iterator[Finding]:
    """Find parts that are of another record, kind, role, place, uri or SHA-256 than was stored."""
    if not has_table(file, "part_checksums"):
        return
    query = (
        "SELECT records.key, crc32, record_id, kind, role, position, parts.uri, sha256 FROM parts "
        "JOIN part_checksums ON part_id = parts.id LEFT JOIN records ON records.id = record_id"
    )
    wrong = [row[0] for row in file.iterate(query) if not _is_where_it_was(*row[1:])]
    if wrong:
        message = f"parts are not what their checksums say: {some(dict.fromkeys(wrong))}"
        yield Finding("parts", message, _AGAIN)


def damaged_facts(file: CatalogFile) -> list[tuple[int, str, bytes]]:
    """Return the pictures whose facts are damaged: part, uri, SHA-256."""
    query = "SELECT parts.id, uri, sha256, info, {} FROM parts {} WHERE kind = 'image'"
    if has_table(file, "info_checksums"):
        query = query.format("crc32", "LEFT JOIN info_checksums ON part_id = parts.id")
    else:
        query = query.format("NULL", "")
    return [row[:3] for row in file.iterate(query) if not _is_readable(*row[3:])]


def check_vectors(file: CatalogFile) -> Iterator[Finding]:
    """Find vectors that are missing, of another dimension, not finite, or no unit rows."""
    dimension = dimension_of(file)
    wrong: dict[str, list[str]] = defaultdict(list)
    query = (
        "SELECT records.key, vector, {} FROM parts LEFT JOIN vectors ON part_id = parts.id "
        "LEFT JOIN records ON records.id = record_id"
    )
    if has_table(file, "vector_checksums"):
        query += " LEFT JOIN vector_checksums ON vector_checksums.part_id = parts.id"
        query = query.format("crc32").replace("ON part_id", "ON vectors.part_id")
    else:
        query = query.format("NULL")
    for key, vector, crc32 in file.iterate(query):
        if isinstance(vector, bytes) and crc32 is not None and zlib.crc32(vector) != crc32:
            wrong["vectors are not what their checksums say"].append(key)
        if not isinstance(vector, bytes):
            wrong["parts have no vector"].append(key)
        elif dimension is not None and len(vector) != 4 * dimension:
            wrong[f"vectors have not {dimension} components"].append(key)
        else:
            row = np.frombuffer(vector[: len(vector) // 4 * 4], "<f4").astype(np.float64)
            if not np.isfinite(row).all():
                wrong["vectors hold what is no number"].append(key)
            elif row.any() and abs(float(row @ row) - 1) > 2 * _UNIT_WITHIN:  # of nothing: zeros
                wrong["vectors are no unit rows"].append(key)
    for problem, keys in wrong.items():
        yield Finding("vectors", f"{problem}: {some(dict.fromkeys(keys))}", _AGAIN)


def has_table(file: CatalogFile, name: str) -> bool:
    """Tell whether a catalogue has a table, such as one of checksums that older ones lack."""
    return bool(file.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", name))


def damaged_fingerprints(file: CatalogFile) -> list[int]:
    """Return the parts whose fingerprints have the wrong lengths, or are not what was stored."""
    query = "SELECT likenesses.part_id, hash, features, {} FROM likenesses"
    if has_table(file, "likeness_checksums"):
        query = query.format("crc32") + " LEFT JOIN likeness_checksums USING (part_id)"
    else:
        query = query.format("NULL")
    return [row[0] for row in file.iterate(query) if not is_whole_fingerprint(*row[1:])]


def check_alike(file: CatalogFile) -> Iterator[Finding]:
    """Tell of texts in other scripts than Latin that all have the vector of another such text.

    A model that knows no word of them embeds them so, and finds none of them by its meaning.
    """
    space = file.value("space")
    found = file.rows(
        "SELECT count(*), min(text) FROM parts JOIN vectors ON vectors.part_id = parts.id "
        "WHERE kind = 'text' AND 2 * length(CAST(text AS BLOB)) > 3 * length(text) "
        "GROUP BY substr(vector, 1, 32) HAVING min(text) <> max(text)"
    )
    if space is not None and found:
        name, count = json.loads(space)["name"], sum(row[0] for row in found)
        yield fact(
            "texts",
            f"{name} could not tell {count:,} texts from one another when they were stored, such "
            f"as {max(found)[1][:40]!r}",
            "'binocle reembed COLLECTION --model MODEL', with a model that reads them; with "
            f"--again if {name} reads them by now",
        )


def check_fingerprints(file: CatalogFile) -> Iterator[Finding]:
    """Find fingerprints that are damaged, and pictures that have none."""
    if bad := damaged_fingerprints(file):
        yield Finding(
            "fingerprints", f"fingerprints of parts are damaged: {some(bad)}",
            "--repair removes them, and they are made anew when they are wanted",
            repair="fingerprints",
        )  # fmt: skip
    query = (
        "SELECT count(*) FROM parts LEFT JOIN likenesses ON part_id = parts.id "
        "WHERE kind = 'image' AND part_id IS NULL"
    )
    if count := int(file.rows(query)[0][0]):
        yield fact(
            "fingerprints", f"{count:,} pictures have no fingerprint yet",
            "the next 'binocle index', 'lookup' or 'duplicates' makes them",
        )  # fmt: skip


def check_ledger(file: CatalogFile) -> Iterator[Finding]:
    """Find files that count as indexed and whose records are lost, and runs that did not end."""
    query = (
        "SELECT record_key FROM items LEFT JOIN records ON records.key = record_key "
        "WHERE record_key IS NOT NULL AND fingerprint <> '' AND records.id IS NULL"
    )
    if lost := [row[0] for row in file.rows(query)]:
        yield Finding(
            "ledger", f"files count as indexed and have no record: {some(lost)}",
            "--repair has the next 'binocle index' look at them again", repair="ledger",
        )  # fmt: skip
    query = (
        "SELECT key FROM records WHERE source_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM items "
        "WHERE items.source_id = records.source_id AND record_key = records.key)"
    )
    if stray := [row[0] for row in file.rows(query)]:
        message = f"records have no line in the ledger of their source: {some(stray)}"
        yield Finding("ledger", message, "run 'binocle index' on their source again")
    query = (
        "SELECT uri FROM runs JOIN sources ON sources.id = source_id WHERE finished_at IS NULL "
        "AND runs.id = (SELECT max(id) FROM runs AS later WHERE later.source_id = runs.source_id)"
    )
    if begun := [row[0] for row in file.rows(query)]:
        message = f"runs over sources have not ended: {some(dict.fromkeys(begun))}"
        yield fact("ledger", message, "'binocle index' goes on, unless one is at work just now")


def check_fields(file: CatalogFile) -> Iterator[Finding]:
    """Find fields of types that there are not."""
    for name, declared in file.rows("SELECT name, declared FROM fields"):
        if declared is not None and declared not in FIELD_TYPES:
            yield Finding(
                "fields", f"the field {name} has the type {declared!r}, which there is not",
                f"binocle fields --field {name}:TYPE",
            )  # fmt: skip
    label_fields = file.value("label_fields")
    try:
        if label_fields is not None and not isinstance(json.loads(label_fields), list):
            raise ValueError("no list")
    except ValueError as error:
        yield Finding("fields", f"which fields hold labels cannot be read ({error})", RESTORE)


def check_rules(file: CatalogFile) -> Iterator[Finding]:
    """Find ranking rules that are not what was stored."""
    if not has_table(file, "rules"):
        return
    found = file.rows("SELECT version, document, at, note, sha256 FROM rules ORDER BY version")
    newest = max((row[0] for row in found), default=0)
    for row in found:
        stored = StoredRules(*row)
        if stored.is_whole:
            continue
        what = f"version {stored.version}" if stored.version else "the draft"
        holds = ", which searches go by," if stored.version and stored.version == newest else ""
        yield Finding(
            "rules", f"{what} of the ranking rules{holds} is not what was stored",
            "put them once more with 'binocle rules set' and publish, or 'binocle rules back' to "
            "another version",
        )  # fmt: skip


def _part_problems(kind: str, sha256: object, text: object, uri: str) -> Iterator[str]:
    if kind not in KINDS:
        yield f"parts are of the kind {kind!r}, which there is not"
        return
    if not isinstance(sha256, bytes) or len(sha256) != 32:
        yield "parts have no SHA-256"
        return
    if uri.startswith(UPLOAD_SCHEME) and uri != UPLOAD_SCHEME + sha256.hex():
        yield "uploads have another name than their SHA-256"
    if KINDS.of(kind).is_picture:
        return
    if not isinstance(text, str):
        yield "texts are missing"
    elif hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() != sha256:
        yield "texts are not what their SHA-256 says"


def _is_readable(info: str | None, crc32: int | None) -> bool:
    try:
        ImageInfo(**json.loads(str(info)))
    except (ValueError, TypeError):
        return False
    return is_whole_info(info, crc32)


def _is_where_it_was(crc32: int, *row: Any) -> bool:
    try:
        return part_crc32(*row) == crc32
    except (AttributeError, TypeError, ValueError):  # a column is of another type
        return False


def _is_garbled(text: object) -> bool:
    return isinstance(text, str) and any("\udc80" <= one <= "\udcff" for one in text)

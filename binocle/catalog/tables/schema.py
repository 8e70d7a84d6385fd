"""The tables, their meaning, and the format's version.

Format 2. A vector is stored as ``dimension`` little-endian float32 numbers, a unit row. Ids of
records and parts come from counters in ``meta``, are handed out in commit order and never used
twice, so "everything with a larger part id" is what a reader has not seen yet. ``change``
counts write transactions. What was different in older formats: ``migrations``.
"""

from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import UserDefinedType

_LARGE = 2**63
FORMAT = 2  # what a program must know to read and write a catalogue
SPACE_CHECKSUM, SOURCE_CHECKSUM = "space crc32", "crc32 of source "  # keys of ``meta``
ADDITIONS = 6  # tables that older programs of the same format do without, and may leave behind


_WHOLE = Integer().with_variant(BigInteger(), "postgresql")  # 64 bits


class _Number(UserDefinedType[float]):
    """Whole numbers of 64 bits kept exactly, others as doubles; compared by value."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "NUMERIC"

    def bind_processor(self, dialect: Dialect) -> Callable[[float | None], object] | None:
        return None if dialect.name == "sqlite" else _as_decimal

    def result_processor(
        self, dialect: Dialect, _type: object
    ) -> Callable[[Decimal | None], float | None] | None:
        return None if dialect.name == "sqlite" else plain_number


def _as_decimal(number: float | None) -> Decimal | None:
    """Return a number without the rounding that PostgreSQL does to doubles."""
    if number is None:
        return None
    return Decimal(int(number)) if number == int(number) else Decimal(repr(float(number)))


def plain_number(number: Decimal | float | None) -> float | None:
    """Return a number that was stored as SQLite gives it: an integer where it is one."""
    if not isinstance(number, Decimal):
        return number
    is_whole = abs(number) < _LARGE and number == number.to_integral_value()
    return int(number) if is_whole else float(number)


schema = MetaData()


def _checksums(name: str, of: str) -> Table:
    """Return a table of CRC-32s, by part; what an older program wrote has none."""
    part_id: Column[int] = Column(
        "part_id", ForeignKey(of, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    return Table(name, schema, part_id, Column("crc32", _WHOLE, nullable=False))


meta = Table(
    "meta",
    schema,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

changes = Table(  # a restored backup counts on from an old number, but draws other tokens
    "changes",
    schema,
    Column("number", _WHOLE, primary_key=True, autoincrement=False),
    Column("token", String, nullable=False),
    Column("at", String, nullable=False),
)

sources = Table(
    "sources",
    schema,
    Column("id", _WHOLE, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # prefix of the ids it makes up
    Column("uri", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
)

runs = Table(
    "runs",
    schema,
    Column("id", _WHOLE, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),  # NULL: interrupted, or still going
    Column("counts", Text),  # JSON
)

items = Table(  # the ledger: every file, archive member, row and line has an outcome here
    "items",
    schema,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("record_key", String),  # NULL: skipped
    Column("code", String),  # NULL: indexed
    Column("message", Text),
    Column("run_id", _WHOLE, nullable=False),  # the run that wrote this outcome
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    schema,
    Column("id", _WHOLE, primary_key=True, autoincrement=False),
    Column("key", String, nullable=False, unique=True),  # the id users see
    Column("source_id", ForeignKey("sources.id"), index=True),
    Column("uri", String, nullable=False),
    Column("metadata", Text, nullable=False),  # JSON object
    Column("changed", _WHOLE, nullable=False, server_default="0", index=True),  # by which change
)

parts = Table(
    "parts",
    schema,
    Column("id", _WHOLE, primary_key=True, autoincrement=False),
    Column("record_id", ForeignKey("records.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("role", String, nullable=False),
    Column("position", _WHOLE, nullable=False),
    Column("uri", String, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("text", Text),
    Column("info", Text),  # JSON of ImageInfo
    Index("parts_by_kind", "kind", "id"),
    Index("parts_by_content", "sha256", "kind"),
)

vectors = Table(
    "vectors",
    schema,
    Column("part_id", ForeignKey("parts.id"), primary_key=True, autoincrement=False),
    Column("vector", LargeBinary, nullable=False),
)

vector_checksums = _checksums("vector_checksums", "vectors.part_id")

removed_parts = Table(  # what readers have to forget
    "removed_parts",
    schema,
    Column("part_id", _WHOLE, primary_key=True, autoincrement=False),
    Column("change", _WHOLE, nullable=False, index=True),
)

removed_records = Table(
    "removed_records",
    schema,
    Column("record_id", _WHOLE, primary_key=True, autoincrement=False),
    Column("change", _WHOLE, nullable=False, index=True),
)

fields = Table(
    "fields",
    schema,
    Column("id", _WHOLE, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("declared", String),  # a FieldType; NULL: inferred
    Column("seen", _WHOLE, nullable=False, server_default="0"),  # bits, see metadata.field_types
)

attributes = Table(  # metadata once more as the schema types it, one row a value, for filters
    "attributes",
    schema,
    Column("record_id", ForeignKey("records.id"), nullable=False, index=True),
    Column("field_id", ForeignKey("fields.id"), nullable=False),
    Column("number", _Number),
    Column("text", Text),
    Column("listed", _WHOLE, nullable=False, server_default="0"),  # 1: an element of a list
    Index("attributes_by_number", "field_id", "number", "record_id"),
    Index("attributes_by_text", "field_id", "text", "record_id", "listed"),
)

points = Table(  # places on the globe, one a record and field
    "points",
    schema,
    Column("record_id", ForeignKey("records.id"), primary_key=True, autoincrement=False),
    Column("field_id", ForeignKey("fields.id"), primary_key=True, autoincrement=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Index("points_by_place", "field_id", "latitude", "longitude", "record_id"),
    sqlite_with_rowid=False,
)

picture_fingerprints = Table(
    "likenesses",
    schema,
    Column(
        "part_id",
        ForeignKey("parts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("hash", LargeBinary, nullable=False),
    Column("features", LargeBinary, nullable=False),
)

picture_colours = Table(  # a row where the average colour of a picture is known
    "picture_colours",
    schema,
    Column(
        "part_id",
        ForeignKey("parts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("colour", String, nullable=False),  # as #a0b1c2, sRGB
)

fingerprint_checksums = _checksums("likeness_checksums", "likenesses.part_id")

info_checksums = _checksums("info_checksums", "parts.id")  # of parts.info

part_checksums = _checksums("part_checksums", "parts.id")  # of the other columns but the text

written_labels = Table(  # a row where labelling wrote a value and no source has since
    "written_labels",
    schema,
    Column("record_id", ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("field", String, primary_key=True),
    sqlite_with_rowid=False,
)

waiting_labels = Table(  # labels that lost their picture, until it is indexed again
    "waiting_labels",
    schema,
    Column("id", _WHOLE, primary_key=True),
    Column("key", String, nullable=False),  # of the record that had it
    Column("sha256", LargeBinary, nullable=False, index=True),  # of its first picture
    Column("field", String, nullable=False),
    Column("value", Text, nullable=False),  # JSON
    Column("since", _WHOLE, nullable=False),  # the change that stored that record
)

rules = Table(  # of ranking, in versions; the newest holds
    "rules",
    schema,
    Column("version", _WHOLE, primary_key=True, autoincrement=False),  # 0: a draft
    Column("document", Text, nullable=False),  # JSON
    Column("sha256", String, nullable=False),
    Column("at", String, nullable=False),
    Column("note", Text, nullable=False),
)

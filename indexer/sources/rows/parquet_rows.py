"""The rows of a Parquet file, within limits: a few kilobytes of it may stand for gigabytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from binocle.errors import SourceError
from binocle.types import Skip
from indexer.sources.rows.long_lines import MAX_TABLE_BYTES, check_cells
from indexer.sources.stores.remote_file import RemoteFile

_BATCH_ROWS = 1024  # for each, Arrow makes the dictionaries anew
_ROW_BYTES = 8  # what a value takes at least


def as_arrow_reads(path: Path) -> Any:
    """Return a path as pyarrow reads it: an object in a store by ranges."""
    return path.open("rb") if isinstance(path, RemoteFile) else path


def read_parquet(
    path: Path,
) -> tuple[Sequence[Mapping[str, Any]], Sequence[str], Mapping[int, Skip]]:
    """Read a Parquet file; equal texts of a batch are one in memory, as they are in the file.

    Returns:
        The rows, the columns' names, and what is wrong with some rows, by their places.

    Raises:
        SourceError: It is more than may be held in memory.
        OSError, pyarrow.ArrowException: It cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(as_arrow_reads(path))
    texts = [
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
    ]
    rows: list[Mapping[str, Any]] = []
    problems: dict[int, Skip] = {}
    left = MAX_TABLE_BYTES
    with pyarrow.parquet.ParquetFile(as_arrow_reads(path), read_dictionary=texts) as file:
        check_cells(path, file.metadata.num_rows * len(schema.names))
        groups = [file.metadata.row_group(one) for one in range(file.num_row_groups)]
        declared = sum(group.total_byte_size for group in groups)
        if declared > MAX_TABLE_BYTES:
            raise _too_large(path)
        for batch in file.iter_batches(_BATCH_ROWS):
            left -= sum(_size(column) for column in batch.columns)
            if left < 0:
                raise _too_large(path)
            columns = [_values(column, len(rows), problems) for column in batch.columns]
            rows += [
                dict(zip(schema.names, row, strict=True)) for row in zip(*columns, strict=True)
            ]
    for place in problems:
        rows[place] = {}
    return rows, list(schema.names), problems


def _too_large(path: Path) -> SourceError:
    return SourceError(
        f"{path} unpacks to more bytes than the limit of {MAX_TABLE_BYTES:,}; split it"
    )


def _size(column: Any) -> int:
    """Return how many bytes the values of a column have, equal ones each for itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    counted = column.indices.drop_null().value_counts()
    places, counts = counted.field("values"), counted.field("counts")
    lengths = pc.binary_length(column.dictionary.take(places))
    size = pc.sum(pc.multiply(lengths.cast(pa.int64()), counts)).as_py()
    return int(size or 0) + _ROW_BYTES * len(column)


def _values(column: Any, first: int, problems: dict[int, Skip]) -> list[Any]:
    """Return the values of a column; None for those that cannot be read, which is noted."""
    import pyarrow as pa

    try:
        if pa.types.is_dictionary(column.type):  # it has entries of other rows, too
            places = column.indices.unique().drop_null()
            entries = column.dictionary.take(places).to_pylist()
            different = dict(zip(places.to_pylist(), entries, strict=True))
            return [None if one is None else different[one] for one in column.indices.to_pylist()]
        kind = _coarser(column.type)
        column = column if kind == column.type else column.cast(kind, safe=False)
        is_map = pa.types.is_map(kind)
        return [dict(one) if is_map and one else one for one in column.to_pylist()]
    except (ValueError, OverflowError, ArithmeticError):
        pass
    values: list[Any] = []
    for place, scalar in enumerate(column, first):
        try:
            values.append(scalar.as_py())
        except (ValueError, OverflowError, ArithmeticError) as error:
            values.append(None)
            problems[place] = Skip("unreadable", f"a value of the row cannot be read ({error})")
    return values


def _coarser(kind: Any) -> Any:
    """Return a type of Arrow with microseconds for the nanoseconds that Python has no dates of."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_time64(kind):
        return pa.time64("us")
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if pa.types.is_list(kind):
        return pa.list_(_coarser(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([one.with_type(_coarser(one.type)) for one in kind])
    return kind

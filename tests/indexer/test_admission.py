"""What is too much by itself costs only itself, from whichever source it comes."""

import json
from pathlib import Path

import pytest

from binocle.errors import UsageError
from binocle.metadata import record_limits
from binocle.metadata.field_types import metadata_json
from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench


def test_one_record_of_too_much_costs_only_itself(bench: Bench, tmp_path: Path) -> None:
    rows = [{"id": f"r{number}", "text": f"red {number}", "note": "x"} for number in range(8)]
    rows[1]["note"] = "y" * (record_limits.MAX_TEXT_CHARACTERS + 1)
    rows[2]["n" * (record_limits.MAX_NAME_CHARACTERS + 1)] = "x"
    rows[3] |= {f"field{number}": "x" for number in range(record_limits.MAX_FIELDS)}
    rows[4]["text"] = "z" * (record_limits.MAX_TEXT_CHARACTERS + 1)
    rows[5]["id"] = "i" * 2000
    rows[6] |= {f"note{number}": "y" * 900_000 for number in range(5)}
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    tally = bench.index(TableSource(path, ColumnRoles(id="id", text=("text",)))).tally
    assert (tally.added, tally.skipped) == (2, 6)
    assert bench.ids() == ["r0", "r7"]
    reasons = [row[0] for row in bench.rows("select message from items where code = 'too-large'")]
    assert len(reasons) == 6
    assert all("more than the limit of" in one for one in reasons), reasons
    assert max(map(len, reasons)) < 300


def test_metadata_of_too_much_is_refused_at_every_door() -> None:
    for metadata in ({"a" * 2000: 1}, {"a": "b" * 1_000_001}, {"\ud800": 1}, {"a": ["\udfff"]}):
        with pytest.raises(UsageError, match=r"limit of|half a character"):
            metadata_json(metadata)  # type: ignore[arg-type]

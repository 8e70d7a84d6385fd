"""Columns of numbers and dates with a few values that are none."""

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indexer.sources.table import ColumnRoles, TableSource
from search.query.filter_language import parse_where
from search.query.query import Facet, Sort
from search.results.facets import count_facets, sort_order
from tests.support import Bench

STRAYS = ["Get", "see shop", "12 - 15", "€1.299", "x1"]
MISSING = ["", "nan", "N/A", "-"]


def write_csv(path: Path, values: list[str], name: str = "rating", delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["id", "title", name])
    writer.writerows([f"r{number:04}", f"thing {number}", one] for number, one in enumerate(values))
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def index(bench: Bench, path: Path) -> tuple[str, ...]:
    return bench.index(TableSource(path, ColumnRoles("id", None, ("title",)))).warnings


def stored(bench: Bench, name: str = "rating") -> list[Any]:
    return [bench.collection.record(one).metadata.get(name) for one in bench.ids()]


def cells(number: int) -> list[tuple[str, float | None, Any]]:
    """Return cells, their numbers, and what the record is to show of it."""
    amount = number * 37 % 5000
    return [
        (str(amount), float(amount), amount),
        (f"{amount}.5", amount + 0.5, amount + 0.5),
        (f"₹{amount:,}", float(amount), f"₹{amount:,}"),
        (f"{amount:,}.25", amount + 0.25, f"{amount:,}.25" if amount > 999 else amount + 0.25),
    ]


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**32), st.integers(0, 4))
def test_field_is_a_number_up_to_two_percent_of_strays(
    tmp_path_factory: pytest.TempPathFactory, seed: int, strays: int
) -> None:
    folder = tmp_path_factory.mktemp("strays")
    draw = random.Random(seed)
    count = draw.randint(100, 149)
    rows = [draw.choice(cells(number)) for number in range(count)]
    rows += [(one, None, one) for one in draw.choices(STRAYS, k=strays)]
    rows += [(one, None, None) for one in MISSING]
    draw.shuffle(rows)
    bench = Bench(folder / "collection")
    with bench.collection:
        warnings = index(bench, write_csv(folder / "shop.csv", [row[0] for row in rows]))
        is_number = strays <= 0.02 * (count + strays)
        assert bench.collection.schema()["rating"] == ("number" if is_number else "keyword")
        assert len(warnings) == bool(is_number and strays)
        if not is_number:
            assert stored(bench) == [row[0] or None for row in rows]
            return
        assert not strays or f"{strays} of {count + strays} values are no number" in warnings[0]
        assert stored(bench) == [shown for _, _, shown in rows]
        snapshot = bench.collection.snapshot(fields=["rating"])
        ids = [
            snapshot.mask(parse_where(f"id = r{one:04}")).nonzero()[0][0]
            for one in range(len(rows))
        ]
        order = sort_order(snapshot, np_ids := _array(ids), [Sort("rating", descending=True)])
        numbers = [row[1] for row in rows]
        expected = sorted(
            range(len(rows)), key=lambda at: (numbers[at] is None, -(numbers[at] or 0), ids[at])
        )
        assert order.tolist() == expected
        limit = draw.randint(0, 5000)
        mask = snapshot.mask(parse_where(f"rating < {limit}"))
        passing = [
            one
            for one, number in zip(ids, numbers, strict=True)
            if number is not None and number < limit
        ]
        assert mask.nonzero()[0].tolist() == sorted(passing)
        (facet,) = count_facets(snapshot, [Facet("rating")], np_ids, None)
        assert facet.kind == "numbers"
        assert facet.missing == numbers.count(None)
        assert sum(bucket.count for bucket in facet.buckets) == count


def _array(ids: list[int]) -> Any:
    import numpy as np

    return np.array(ids, np.int64)


def test_dates_may_have_strays_too(bench: Bench, tmp_path: Path) -> None:
    values = [f"2021-03-{day % 28 + 1:02}" for day in range(99)] + ["soon"]
    warnings = index(bench, write_csv(tmp_path / "t.csv", values, "added"))
    assert bench.collection.schema()["added"] == "date"
    assert "1 of 100 values are no date, such as 'soon'" in warnings[0]
    assert stored(bench, "added") == values
    snapshot = bench.collection.snapshot()
    assert snapshot.mask(parse_where("added exists")).sum() == 99
    assert snapshot.mask(parse_where("added in march 2021")).sum() == 99


@pytest.mark.parametrize("name", ["sku", "model number", "EAN", "id2", "title"])
def test_codes_and_texts_are_left_as_they_are(bench: Bench, tmp_path: Path, name: str) -> None:
    values = [str(number) for number in range(150)] + ["A-7"]
    warnings = index(bench, write_csv(tmp_path / "t.csv", values, name))
    expected = "number" if name == "id2" else "keyword"
    if name != "title":
        assert bench.collection.schema()[name] == expected
    assert bool(warnings) == (name == "id2")


def test_declared_type_wins_before_and_after(bench: Bench, tmp_path: Path) -> None:
    values = [f"{number}.50" for number in range(100)] + ["Get"]
    bench.collection.declare({"rating": "keyword"})
    path = write_csv(tmp_path / "t.csv", values)
    assert index(bench, path) == ()
    assert stored(bench) == values
    assert bench.collection.snapshot().mask(parse_where("rating = '7.50'")).sum() == 1
    bench.collection.declare({"rating": None})
    assert len(index(bench, path)) == 1
    assert bench.collection.schema()["rating"] == "number"
    assert bench.collection.snapshot().mask(parse_where("rating < 2")).sum() == 2
    bench.collection.declare({"rating": "keyword"})
    assert bench.collection.snapshot().mask(parse_where("rating = Get")).sum() == 1


def test_catalogue_that_has_the_column_as_strings_is_converted(
    bench: Bench, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "t.csv", ["1,500", "2,500", "soon"])
    index(bench, path)
    assert bench.collection.schema()["rating"] == "keyword"
    assert bench.collection.snapshot().mask(parse_where("rating contains 500")).sum() == 2
    write_csv(path, ["1,500", "2,500", "90"])
    index(bench, path)
    assert bench.collection.schema()["rating"] == "number"
    assert bench.collection.snapshot().mask(parse_where("rating > 1000")).sum() == 2


def test_tables_that_disagree_do_not_change_the_field_back_and_forth(
    bench: Bench, tmp_path: Path
) -> None:
    numbers = write_csv(tmp_path / "a.csv", [str(number) for number in range(100)] + ["Get"])
    words = tmp_path / "b.csv"
    rows = "".join(f"w{number},word {number},good\n" for number in range(20))
    words.write_text(f"id,title,rating\n{rows}", encoding="utf-8")
    kinds = []
    for path in (numbers, words, numbers, words):
        index(bench, path)
        kinds.append(bench.collection.schema()["rating"])
    assert kinds == ["number", "keyword", "keyword", "keyword"]
    snapshot = bench.collection.snapshot()
    assert snapshot.mask(parse_where("rating = good")).sum() == 20
    assert snapshot.mask(parse_where("rating = Get")).sum() == 1
    assert snapshot.mask(parse_where("rating < 50")).sum() == 50


def test_numbers_in_one_table_and_dates_in_another_are_neither(
    bench: Bench, tmp_path: Path
) -> None:
    index(bench, write_csv(tmp_path / "a.csv", [str(number) for number in range(60)] + ["$7"]))
    assert bench.collection.schema()["rating"] == "number"
    days = tmp_path / "b.csv"
    rows = "".join(f"d{day},day {day},2021-03-{day:02}\n" for day in range(1, 29))
    days.write_text(f"id,title,rating\n{rows}", encoding="utf-8")
    index(bench, days)
    assert bench.collection.schema()["rating"] == "keyword"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([*range(100), "unknown"], "number"),
        ([*range(10), "unknown"], "keyword"),
        (["$12.50", "$1,299.00", None], "number"),
        (["1,299", "999"], "number"),
        (["01067", "10115", "80331"], "keyword"),
        ([*range(1000, 1100), "01067"], "keyword"),
        (["1067", "10115"], "keyword"),
        ([*range(99), "7", "n/a", None], "number"),
        ([True, False, True], "boolean"),
        ([["a"], ["b"]], "keywords"),
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_typed_tables_may_have_strays_too(
    bench: Bench, tmp_path: Path, values: list[Any], kind: str, suffix: str
) -> None:
    rows = [
        {"id": f"r{number:04}", "title": f"thing {number}", "rating": one}
        for number, one in enumerate(values)
    ]
    path = tmp_path / f"t{suffix}"
    if suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        if len({type(one) for one in values if one is not None}) > 1:
            pytest.skip("a Parquet column has one type")
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    index(bench, path)
    assert bench.collection.schema()["rating"] == kind
    assert stored(bench) == values


@pytest.mark.parametrize(
    ("values", "delimiter", "kind"),
    [
        (["12,50", "9,90", "1.299,00"], ";", "number"),
        (["12,50", "9,90", "1,299"], ";", "keyword"),  # may be a little more than 1
        (["38,40", "36,38"], ",", "keyword"),  # sizes
        (["12,50 €", "9,90 €"], ",", "number"),
        (["1,299", "12,999"], ",", "number"),
    ],
)
def test_commas_count_as_decimal_ones_only_where_they_can_be_nothing_else(
    bench: Bench, tmp_path: Path, values: list[str], delimiter: str, kind: str
) -> None:
    index(bench, write_csv(tmp_path / "t.csv", values, delimiter=delimiter))
    assert bench.collection.schema()["rating"] == kind
    assert stored(bench) == values


def test_number_of_two_meanings_that_makes_a_column_text_is_told(
    bench: Bench, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "t.csv", ["12,50", "9,90", "1,299"], delimiter=";")
    (told,) = index(bench, path)
    assert "'1,299' may be a little more than 1, or thousands, so the column is text" in told
    assert index(bench, write_csv(path, ["38,40", "1,299"], delimiter=",")) == ()


def test_numbers_beyond_all_limits_stay_as_they_are_written(bench: Bench, tmp_path: Path) -> None:
    long = "1" * 5000
    values = ["1e999", *(f"{number}.5" for number in range(100))]
    index(bench, write_csv(tmp_path / "t.csv", values))
    assert stored(bench)[:2] == ["1e999", 0.5]
    index(bench, write_csv(tmp_path / "t.csv", [long, "2"]))
    assert stored(bench)[:2] == [long, "2"]

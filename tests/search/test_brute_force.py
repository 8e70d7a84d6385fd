"""Answers over random tables equal a slow evaluation that shares no code with Binocle."""

import json
import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from binocle.metadata.filter_parsing import parse_json
from binocle.types import Limits
from indexer.sources.table import ColumnRoles, TableSource
from search.query.filter_language import parse_where
from search.query.query import Facet, Group, Query, Sort
from search.results.answer import Answer, FacetCounts
from search.searcher import Searcher
from tests.support import Bench, brute_force
from tests.support.brute_force import Row, Tree

pytestmark = pytest.mark.slow

SORTS = ("price", "rating", "brand", "tags", "added", "stock", "id", "title")


def index(bench: Bench, folder: Path, rows: list[dict[str, Any]]) -> Searcher:
    path = folder / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    bench.index(TableSource(path, ColumnRoles("id", None, ("title",))))
    return Searcher(bench.collection, lambda: bench.encoder, limits=Limits())


def shown(answer: Answer) -> list[str]:
    return [hit.record.id for hit in answer.hits]


def ids(rows: Sequence[Row]) -> list[str]:
    return [row["id"] for row in rows]


def check_counts(found: FacetCounts, rows: Sequence[Row], name: str, limit: int) -> None:
    if found.kind == "values":
        buckets = [(one.value, one.count) for one in found.buckets]
        assert (buckets, found.others, found.missing) == brute_force.counts(rows, name, limit)
        return
    values = [one for row in rows if (one := brute_force.value_of(row, name)) is not None]
    assert found.missing == len(rows) - len(values)
    assert sum(bucket.count for bucket in found.buckets) == len(values)
    for bucket in found.buckets:
        assert bucket.end is not None
        is_last = bucket is found.buckets[-1] and found.kind == "numbers"
        inside = [one for one in values if bucket.value <= one < bucket.end]
        inside += [one for one in values if is_last and one == bucket.end != bucket.value]
        if bucket.value == bucket.end:
            inside = [one for one in values if one == bucket.value]
        assert bucket.count == len(inside)


@pytest.mark.parametrize("seed", range(6))
def test_answers_are_those_of_brute_force(bench: Bench, tmp_path: Path, seed: int) -> None:
    chance, today = random.Random(seed), date.today()  # noqa: DTZ011 - as filters are read
    rows = brute_force.make_rows(chance, today, 150)
    searcher = index(bench, tmp_path, rows)
    assert [bench.collection.record(row["id"]).metadata.get("price") for row in rows] == [
        row.get("price") for row in rows
    ]
    for _ in range(40):
        tree = brute_force.make_tree(chance, today)
        text = brute_force.as_text(tree)
        passing = [row for row in rows if brute_force.passes(row, tree)]
        where = parse_where(text)
        document = parse_json(brute_force.as_json(tree))
        assert shown(searcher.search(Query((), where=where, limit=200))) == ids(passing), text
        assert shown(searcher.search(Query((), where=document, limit=200))) == ids(passing), text
        check_order(searcher, chance, tree, passing)
        check_facets(searcher, chance, tree, rows)
        check_groups(searcher, chance, tree, passing)


def test_everything_can_be_grouped(bench: Bench, tmp_path: Path) -> None:
    rows = brute_force.make_rows(random.Random(1), date(2024, 5, 6), 60)
    answer = index(bench, tmp_path, rows).search(Query((), group=Group("style", 1), limit=200))
    found = [(hit.record.id, hit.group_size) for hit in answer.hits]
    groups = brute_force.groups(rows, "style")
    assert found == [(group[0]["id"], len(group)) for group in groups]


def check_order(
    searcher: Searcher, chance: random.Random, tree: Tree, passing: Sequence[Row]
) -> None:
    names = chance.sample(SORTS, chance.randint(1, 3))
    sorts = [(name, chance.random() < 0.5) for name in names]
    asked = tuple(Sort(name, descending=descending) for name, descending in sorts)
    where = parse_where(brute_force.as_text(tree))
    answer = searcher.search(Query((), where=where, sort=asked, limit=200))
    assert shown(answer) == ids(brute_force.ordered(passing, sorts)), (sorts, where)
    assert answer.relevant == len(passing)


def check_facets(
    searcher: Searcher, chance: random.Random, tree: Tree, rows: Sequence[Row]
) -> None:
    names = ["brand", "tags", "stock", "style", "price", "rating", "added"]
    facets = [Facet(name, limit=chance.randint(1, 5)) for name in names]
    facets.append(Facet("price", "values", 3))
    where = parse_where(brute_force.as_text(tree))
    answer = searcher.search(Query((), where=where, facets=tuple(facets), limit=1))
    for facet, found in zip(facets, answer.facets, strict=True):
        others = brute_force.without(tree, facet.field)
        counted = [row for row in rows if others is None or brute_force.passes(row, others)]
        check_counts(found, counted, facet.field, facet.limit)


def check_groups(
    searcher: Searcher, chance: random.Random, tree: Tree, passing: Sequence[Row]
) -> None:
    name = chance.choice(["style", "brand", "stock"])
    where = parse_where(brute_force.as_text(tree))
    query = Query((), where=where, sort=(Sort("price"),), group=Group(name, 3), limit=200)
    answer = searcher.search(query)
    found = [
        (hit.record.id, hit.group_size, [one.record.id for one in hit.others])
        for hit in answer.hits
    ]
    sorted_rows = brute_force.ordered(passing, [("price", False)])
    expected = [
        (group[0]["id"], len(group), ids(group[1:3]))
        for group in brute_force.groups(sorted_rows, name)
    ]
    assert found == expected

"""What is typed and what is posted is answered as a slow evaluation of the same filters says."""

import json
import random
from datetime import date
from pathlib import Path

import pytest

from tests.support import brute_force
from tests.support.service import Running
from tests.support.shop import run_cli

pytestmark = pytest.mark.slow

NAME = "outside"


@pytest.mark.parametrize("seed", [11])
def test_command_line_and_http_filter_sort_count_and_group_as_by_hand(
    service: Running, tmp_path: Path, seed: int
) -> None:
    chance, today = random.Random(seed), date.today()  # noqa: DTZ011 - as filters are read
    rows = brute_force.make_rows(chance, today, 150)
    table = tmp_path / "table.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    code, out, err = run_cli(
        service.home, "index", "-c", NAME, "--text-column", "title", "--json", table
    )
    assert code == 0, err
    (run,) = json.loads(out)["runs"]
    (warning,) = run["warnings"]
    assert warning.startswith("price: 2 of ")
    for _ in range(12):
        tree = brute_force.make_tree(chance, today)
        typed = brute_force.as_text(tree)
        passing = [row for row in rows if brute_force.passes(row, tree)]
        ordered = brute_force.ordered(passing, [("brand", True), ("price", False)])
        command = ["search", "-c", NAME, "--json", "--where", typed, "-k", "200"]
        code, out, err = run_cli(
            service.home, *command, "--sort", "-brand", "--sort", "price", "--facet", "tags:3"
        )
        assert code == 0, err
        body = {
            "filter": brute_force.as_json(tree),
            "sort": ["-brand", "price"],
            "facets": ["tags:3"],
            "limit": 200,
        }
        posted = service.http().post(f"/v1/collections/{NAME}/search", json=body)
        assert posted.status_code == 200, posted.text
        others = brute_force.without(tree, "tags")
        counted = [row for row in rows if others is None or brute_force.passes(row, others)]
        buckets, rest, missing = brute_force.counts(counted, "tags", 3)
        for answer in (json.loads(out), posted.json()):
            assert [hit["id"] for hit in answer["hits"]] == [row["id"] for row in ordered], typed
            (facet,) = answer["facets"]
            assert [(one["value"], one["count"]) for one in facet["buckets"]] == buckets
            assert (facet["others"], facet["missing"]) == (rest, missing)
            for hit, row in zip(answer["hits"], ordered, strict=True):
                assert hit["metadata"].get("price") == row.get("price")
        grouped = service.http().post(
            f"/v1/collections/{NAME}/search",
            json={"filter": brute_force.as_json(tree), "group": "style", "limit": 200},
        )
        found = [(hit["id"], hit["group_size"]) for hit in grouped.json()["hits"]]
        by_hand = brute_force.groups(passing, "style")
        assert found == [(group[0]["id"], len(group)) for group in by_hand]

"""Boosts and pins: what moves, what stays, and what pages, counts and relevance say of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from binocle.collection.collection import Collection
from binocle.metadata.filters import Comparison
from binocle.types import Hit, NewPart, NewRecord
from search.query.query import Facet, Group, Query, Sort, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.few_words import ENCODER, searcher_of

TODAY = datetime.now(UTC).date()
COLOURS = ("red", "green", "blue", "yellow")


def product(number: int) -> NewRecord:
    text = f"{COLOURS[number % 4]} car {number}"
    row = ENCODER.encode_texts([text])[0]
    metadata: dict[str, Any] = {
        "colour": COLOURS[number % 4],
        "sales": number,
        "stock": number % 3,
        "made": (TODAY - timedelta(days=10 * number)).isoformat(),
        "line": f"l{number // 8}",
    }
    return NewRecord(
        f"p{number}",
        text,
        metadata,
        (NewPart("text", "title", text, text.encode(), row, text=text),),
    )


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    path = tmp_path_factory.mktemp("rules") / "c"
    with Collection(path, create=True) as opened:
        opened.claim_space(ENCODER.space)
        opened.upsert([product(number) for number in range(40)])
        yield opened


@pytest.fixture(scope="module")
def searcher(collection: Collection) -> Searcher:
    return searcher_of(collection)


def publish(collection: Collection, **rules: Any) -> None:
    with collection.writing() as session:
        session.rules.publish(json.dumps(rules), "", most=9)


def words(text: str = "red car", **options: Any) -> Query:
    return Query((Term(text=text),), **{"limit": 100, **options})


def ids(answer: Answer) -> list[str]:
    return [hit.record.id for hit in answer.hits]


def said(hit: Hit, ranking: str) -> list[tuple[int, float, str, float]]:
    found = [one for one in hit.contributions if one.ranking == ranking]
    return [(one.rank, one.score, one.name, one.factor) for one in found]


def pins(*names: str, **more: Any) -> dict[str, Any]:
    return {"query": "red car", "pin": list(names), **more}


def test_pinned_records_stand_where_they_are_pinned(
    collection: Collection, searcher: Searcher
) -> None:
    publish(collection)
    plain = searcher.search(words())
    pin = [{"id": "p1", "position": 1}, {"id": "p35", "position": 3}]
    publish(collection, curations=[{"query": "Red Cars!", "pin": pin, "hide": [ids(plain)[0]]}])
    found = searcher.search(words())
    left = [one for one in ids(plain)[1:] if one not in ("p1", "p35")]
    assert ids(found) == ["p1", left[0], "p35", *left[1:]]
    assert said(found.hits[0], "pin") == [(ids(plain).index("p1"), 1.0, "", 1.0)]
    assert said(found.hits[1], "pin") == []
    before = {hit.record.id: hit.relevance for hit in plain.hits}
    assert {hit.record.id: hit.relevance for hit in found.hits}.items() <= before.items()


def test_curation_is_for_its_query_alone(collection: Collection, searcher: Searcher) -> None:
    publish(collection)
    plain = {text: ids(searcher.search(words(text))) for text in ("red", "a red car 12", "car")}
    publish(collection, curations=[pins("p1", match="contains")])
    assert ids(searcher.search(words("a red car 12")))[0] == "p1"
    for text in ("red", "car"):
        assert ids(searcher.search(words(text))) == plain[text]
    publish(collection, curations=[pins("p1")])
    assert ids(searcher.search(words("a red car 12"))) == plain["a red car 12"]
    with_picture = Query((Term(text="red car"), Term(record="p2")), limit=3)
    assert "p1" not in ids(searcher.search(with_picture))[:1]


def test_curation_holds_from_a_day_until_another(
    collection: Collection, searcher: Searcher
) -> None:
    days = {name: (TODAY + timedelta(days=n)).isoformat() for name, n in [("-", -1), ("+", 1)]}
    holds = [
        {"from": days["-"]}, {"until": days["+"]}, {"from": TODAY.isoformat()},
        {"until": TODAY.isoformat()}, {"from": days["-"], "until": days["+"]},
    ]  # fmt: skip
    over = [{"from": days["+"]}, {"until": days["-"]}]
    for span in [*holds, *over]:
        publish(collection, curations=[pins("p1", **span)])
        assert (ids(searcher.search(words()))[0] == "p1") == (span in holds), span


def test_pins_that_are_gone_or_filtered_out_are_not_shown(
    collection: Collection, searcher: Searcher
) -> None:
    publish(collection, curations=[pins("p1", "nowhere", "p2")])
    where = Comparison("stock", "eq", 2)
    plain = searcher.search(replace(words(where=where), rules="none"))
    found = searcher.search(words(where=where))
    assert found.relevant == (plain.relevant or 0) + ("p2" not in ids(plain)[: plain.relevant])
    assert ids(found)[2] == "p2"
    assert "p1" not in ids(found)
    assert "nowhere" not in ids(found)


@pytest.mark.parametrize("options", [{}, {"min_relevance": "auto"}, {"diversity": 0.3}])
@pytest.mark.parametrize("boosts", [[], [{"field": "sales", "pivot": 10, "weight": 3}]])
def test_pages_are_the_big_page_and_counts_are_what_pages_show(
    collection: Collection, searcher: Searcher, options: Any, boosts: Any
) -> None:
    curation = {
        "query": "red car", "hide": ["p0", "p4"],
        "pin": [{"id": "p1", "position": 2}, {"id": "p2", "position": 6}],
    }  # fmt: skip
    publish(collection, curations=[curation], boosts=boosts)
    query = words(beyond=False, facets=(Facet("colour"),), **options)
    whole = searcher.search(replace(query, limit=1000))
    for limit in (4, 7):
        pages: list[Hit] = []
        answer = searcher.search(replace(query, limit=limit))
        pages.extend(answer.hits)
        while answer.cursor is not None:
            answer = searcher.search(replace(query, limit=limit, cursor=answer.cursor))
            pages.extend(answer.hits)
        rows = [hit.record.id for hit in pages]
        assert rows == ids(whole)[: len(rows)]
        assert whole.relevant is not None
        assert len(rows) in range(whole.relevant, whole.relevant + limit)
    assert [rows.index(one) + 1 for one in ("p1", "p2")] == [2, 6]
    assert not {"p0", "p4"} & set(rows)
    assert sum(bucket.count for bucket in whole.facets[0].buckets) == whole.relevant


def test_boost_moves_the_order_and_not_the_relevance(
    collection: Collection, searcher: Searcher
) -> None:
    publish(collection)
    plain = searcher.search(words())
    relevant = ids(plain)[: plain.relevant]
    publish(collection, boosts=[{"field": "sales", "pivot": 10, "weight": 10}])
    found = searcher.search(words())
    assert found.relevant == plain.relevant
    assert ids(found)[: found.relevant] != relevant
    assert set(ids(found)[: found.relevant]) == set(relevant), "nothing irrelevant comes before"
    assert {one.record.id: one.relevance for one in found.hits} == {
        one.record.id: one.relevance for one in plain.hits
    }
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    first = found.hits[0]
    sales = float(str(first.record.metadata["sales"]))
    value = sales / (sales + 10)
    assert said(first, "boost") == [
        (ids(plain).index(first.record.id) + 1, value, "sales", 1 + 10 * value)
    ]
    assert sum(one.share for one in first.contributions) == pytest.approx(1.0)


def test_boosts_decide_alone_where_nothing_is_asked(
    collection: Collection, searcher: Searcher
) -> None:
    where = Comparison("colour", "eq", "red")
    boosts: list[dict[str, Any]] = [
        {"field": "made", "half_life_days": 30, "weight": 1},
        {"name": "gone", "where": "stock = 0", "weight": -0.9},
    ]
    publish(collection, boosts=boosts)
    found = searcher.search(Query((), where=where, limit=100))
    stock = [hit.record.metadata["stock"] == 0 for hit in found.hits]
    assert stock == sorted(stock), "what is out of stock comes last"
    made = [str(hit.record.metadata["made"]) for hit in found.hits if hit.record.metadata["stock"]]
    assert made == sorted(made, reverse=True)
    publish(collection, boosts=[{"formula": "saturation(sales, 10) * stock / 2", "weight": 1}])
    found = searcher.search(Query((), where=where, limit=100))
    values = [hit.contributions[0].score if hit.contributions else 0 for hit in found.hits]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.5


def test_kept_listings_take_the_memory_of_what_moved_them(
    collection: Collection, searcher: Searcher
) -> None:
    sizes = []
    for boosts in ([], [{"name": str(one), "where": "stock > 0", "weight": 1} for one in range(9)]):
        publish(collection, boosts=boosts)
        assert searcher.search(words(limit=3)).cursor is not None
        kept = next(reversed(searcher._listings._kept.values()))
        assert kept.size_bytes == kept.listing.size_bytes
        sizes.append(kept.size_bytes)
    assert sizes[1] - sizes[0] >= 9 * 8 * 40


def test_order_by_a_field_ignores_pins_and_boosts_and_not_what_is_hidden(
    collection: Collection, searcher: Searcher
) -> None:
    boosts = [{"field": "sales", "pivot": 10, "weight": 10}]
    publish(collection)
    sort = (Sort("sales"),)
    plain = ids(searcher.search(words(sort=sort)))
    publish(collection, boosts=boosts, curations=[pins("p33", hide=[plain[0]])])
    found = searcher.search(words(sort=sort))
    assert ids(found) == plain[1:]
    assert not any(one.name for hit in found.hits for one in hit.contributions)


def test_positions_of_pins_count_groups_where_hits_are_groups(
    collection: Collection, searcher: Searcher
) -> None:
    publish(collection)
    query = words(group=Group("line"))
    plain = ids(searcher.search(query))
    publish(collection, curations=[{"query": "red car", "pin": [{"id": "p39", "position": 3}]}])
    found = searcher.search(query)
    left = [hit for hit in plain if hit not in ("p36", "p32")]  # of the line of p39
    assert ids(found) == [*left[:2], "p39", *left[2:]]


def test_pins_stand_for_their_groups(collection: Collection, searcher: Searcher) -> None:
    publish(collection)
    query = words(group=Group("line"))
    heads = searcher.search(query).hits
    last = {hit.record.metadata["line"]: hit.record.id for hit in searcher.search(words()).hits}
    pins = [last[hit.record.metadata["line"]] for hit in heads]
    assert not {*pins} & {hit.record.id for hit in heads}
    second = [{"id": pins[0], "position": 2}]
    publish(collection, curations=[{"query": "red car", "pin": second}])
    left = [hit.record.id for hit in heads[1:]]
    assert ids(searcher.search(query)) == [left[0], pins[0], *left[1:]]
    publish(collection, curations=[{"query": "red car", "pin": pins}])
    assert ids(searcher.search(query)) == pins


def test_pin_is_an_answer_where_nothing_fits(collection: Collection, searcher: Searcher) -> None:
    publish(collection)
    assert searcher.search(words("zzxxqq", mode="keyword")).relevant == 0
    publish(collection, curations=[{"query": "ZZXXqq", "pin": ["p3"]}])
    found = searcher.search(words("zzxxqq", mode="keyword"))
    assert (ids(found), found.relevant, found.no_match) == (["p3"], 1, False)


def test_synonyms_are_told_and_for_their_language(
    collection: Collection, searcher: Searcher
) -> None:
    synonyms = [{"words": ["car", "auto"], "language": "de"}, {"words": ["car", "coche"]}]
    publish(collection, synonyms=synonyms)
    found = searcher.search(words("auto 12", mode="keyword"))
    assert ids(found)[0] == "p12"
    assert "auto also as car" in found.looking_for
    assert searcher.search(words("auto", mode="keyword", language="de-AT")).relevant == 40
    assert searcher.search(words("auto", mode="keyword", language="es")).relevant == 0
    assert searcher.search(words("coche", mode="keyword", language="es")).relevant == 40
    found = searcher.search(words("coche", mode="keyword"))
    assert found.looking_for == "coche; coche also as car"

"""Sorting, grouping, cutting and counting the relevant set; words and vectors together."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.collection.snapshot import Ranking, Snapshot
from binocle.encoders.colour import ColourEncoder
from binocle.errors import QueryError
from binocle.metadata.filters import And, Comparison, Not
from binocle.types import Limits, MetadataValue, NewPart, NewRecord
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.query.query import Facet, Group, Mode, Query, Sort, Term, Weights
from search.ranking.ranker import FirstLook
from search.searcher import Searcher

ENCODER = ColourEncoder()
COLOURS = ["red", "green", "blue", "yellow", "pink", "brown"]
THINGS = ["shirt", "shoe", "watch", "bag"]


def row_of(text: str, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(ENCODER.space.dimension)
    row = ENCODER.encode_texts([text])[0] + 0.004 * noise
    return np.asarray(row / np.linalg.norm(row), np.float32)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    with Collection(tmp_path_factory.mktemp("shop") / "c", create=True) as collection:
        collection.claim_space(ENCODER.space)
        records = []
        for n in range(120):
            colour, thing = COLOURS[n % 6], THINGS[(n // 6) % 4]
            title = f"{colour} {thing} ZX-{1000 + n}"
            parts = (
                NewPart("image", "image", f"i{n}", f"i{n}".encode(), row_of(colour, n)),
                NewPart("text", "title", f"t{n}", f"t{n}".encode(), row_of(title, n), text=title),
            )
            metadata: dict[str, MetadataValue] = {
                "price": (n * 37) % 101,
                "color": colour,
                "style": f"s{n % 40}",
            }
            records.append(NewRecord(f"r{n:03}", f"uri{n}", metadata, parts))
        collection.upsert(records)
        yield Searcher(collection, lambda: ENCODER, limits=Limits())


def ids(hits: object) -> list[str]:
    return [hit.record.id for hit in hits]  # type: ignore[attr-defined]


RED = Term(text="something red")


def test_cut_leaves_out_just_what_is_less_relevant(searcher: Searcher) -> None:
    every = searcher.search(Query((RED,), "image", limit=500, mode="semantic"))
    assert [hit.relevance is None for hit in every.hits] == [False] * 120
    for least in (0.1, 0.5, 0.9):
        cut = searcher.search(
            Query((RED,), "image", limit=500, mode="semantic", min_relevance=least)
        )
        wanted = [hit.record.id for hit in every.hits if (hit.relevance or 0) >= least]
        assert ids(cut.hits) == wanted
        assert cut.relevant == len(wanted)
    assert searcher.search(Query((RED,), "image", min_relevance=0.0)).relevant == 120


def test_sort_orders_the_relevant_set_and_nothing_else(searcher: Searcher) -> None:
    asked = Query((RED,), "image", limit=500, mode="semantic", min_relevance="auto")
    relevant = searcher.search(asked)
    assert 0 < len(relevant.hits) < 120
    dearest = Query((RED,), "image", limit=500, mode="semantic", sort=(Sort("price", True),))
    answer = searcher.search(dearest)
    assert sorted(ids(answer.hits)) == sorted(ids(relevant.hits))
    prices = [hit.record.metadata["price"] for hit in answer.hits]
    assert prices == sorted(prices, key=lambda one: -float(str(one)))
    by_relevance = searcher.search(
        Query((RED,), "image", limit=500, mode="semantic", sort=(Sort("relevance"),))
    )
    assert len(by_relevance.hits) == 120


def test_facets_count_the_relevant_set_and_leave_the_hits_alone(searcher: Searcher) -> None:
    asked = Query((RED,), "image", Comparison("price", "lt", 60), mode="semantic", limit=200)
    plain = searcher.search(asked)
    answer = searcher.search(
        Query(asked.terms, "image", asked.where, 200, mode="semantic", facets=(Facet("color"),))
    )
    assert ids(answer.hits) == ids(plain.hits)
    relevant = searcher.search(
        Query(asked.terms, "image", asked.where, 200, mode="semantic", min_relevance="auto")
    )
    assert answer.relevant == relevant.relevant == len(relevant.hits)
    counted = {bucket.value: bucket.count for bucket in answer.facets[0].buckets}
    assert counted == Counter(str(hit.record.metadata["color"]) for hit in relevant.hits)


def test_groups_hold_the_relevant_set(searcher: Searcher) -> None:
    relevant = searcher.search(
        Query((RED,), "image", limit=500, mode="semantic", min_relevance="auto")
    )
    answer = searcher.search(
        Query((RED,), "image", limit=500, mode="semantic", group=Group("style", 3))
    )
    styles = Counter(hit.record.metadata["style"] for hit in relevant.hits)
    assert {hit.group_value: hit.group_size for hit in answer.hits} == styles
    firsts = {hit.record.metadata["style"]: hit.record.id for hit in reversed(relevant.hits)}
    assert {hit.group_value: hit.record.id for hit in answer.hits} == firsts
    for hit in answer.hits:
        assert len(hit.others) == min(3, hit.group_size) - 1


def test_the_very_same_is_certain_unless_something_is_kept_away(searcher: Searcher) -> None:
    same = Term(vector=row_of("red", 0), source="image")
    plain = searcher.search(Query((same,), "image", mode="semantic", limit=1))
    assert (plain.hits[0].record.id, plain.no_match) == ("r000", False)
    assert plain.hits[0].relevance == pytest.approx(0.999)
    away = searcher.search(
        Query((same, Term(text="green", weight=-1)), "image", mode="semantic", limit=1)
    )
    assert away.hits[0].relevance is not None
    assert away.hits[0].relevance < 0.99


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("red watch", {"red watch"}),
        ("shirts", {f"{colour} shirt" for colour in COLOURS}),
        ("a blue bag for the gerenuk", {"blue bag"}),  # what no record has is not missed
    ],
)
def test_relevant_set_lacks_no_word_that_records_have(
    searcher: Searcher, mode: Mode, words: str, wanted: set[str]
) -> None:
    asked = Query((Term(text=words),), limit=200, mode=mode, sort=(Sort("price"),))
    answer = searcher.search(asked)
    titles = [f"{COLOURS[n % 6]} {THINGS[n // 6 % 4]}" for n in range(120)]
    found = Counter(titles[int(one.removeprefix("r"))] for one in ids(answer.hits))
    assert found == Counter(title for title in titles if title in wanted)
    prices = [hit.record.metadata["price"] for hit in answer.hits]
    assert prices == sorted(prices, key=lambda one: float(str(one)))
    facets = searcher.search(replace(asked, sort=(), facets=(Facet("color"),)))
    assert facets.relevant == len(answer.hits)


def test_words_that_none_has_that_passes_are_demanded_of_no_hit_and_no_count(
    searcher: Searcher,
) -> None:
    red, watches = COLOURS.index("red"), THINGS.index("watch")
    styles = tuple(f"s{n % 40}" for n in range(120) if (n % 6, n // 6 % 4) == (red, watches))
    where = And((Comparison("color", "eq", "red"), Not(Comparison("style", "in", styles))))
    asked = Query((Term(text="red watch"),), limit=200, where=where, facets=(Facet("color"),))
    answer = searcher.search(replace(asked, sort=(Sort("price"),)))
    assert answer.hits
    assert answer.relevant == len(answer.hits)
    counts = {bucket.value: bucket.count for bucket in answer.facets[0].buckets}
    assert counts["red"] == answer.relevant
    assert searcher.search(asked).relevant == answer.relevant


def test_model_number_comes_first_in_hybrid_and_says_why(searcher: Searcher) -> None:
    answer = searcher.search(Query((Term(text="zx1047"),), limit=5))
    assert answer.mode == "hybrid"
    first = answer.hits[0]
    assert first.record.id == "r047"
    assert first.contributions[0].ranking == "keyword"
    assert sum(one.share for one in first.contributions) == pytest.approx(1)
    assert not answer.no_match
    assert first.relevance is not None
    assert first.relevance > 0.94


def test_keyword_mode_needs_no_encoder(searcher: Searcher) -> None:
    def nothing() -> ColourEncoder:
        raise AssertionError("the encoder was asked for")

    bare = Searcher(searcher.collection, nothing, limits=Limits())
    answer = bare.search(Query((Term(text="brown bag"),), mode="keyword", limit=3))
    assert (answer.mode, answer.turn is not None) == ("keyword", True)
    assert {str(hit.record.metadata["color"]) for hit in answer.hits} == {"brown"}
    assert all(one.part.kind == "text" for one in answer.hits)
    assert answer.hits[0].contributions[0].words


def test_weights_leave_rankings_out(searcher: Searcher) -> None:
    words = Query((Term(text="brown bag"),), mode="hybrid", weights=Weights(image=0, text=0))
    said = {one.ranking for hit in searcher.search(words).hits for one in hit.contributions}
    assert said == {"keyword"}
    with pytest.raises(QueryError, match="leave out every ranking"):
        searcher.search(Query((RED,), "any", mode="semantic", weights=Weights(0, 0, 1)))


def test_what_nothing_fits_is_said_though_there_are_nearest_ones(searcher: Searcher) -> None:
    far = -ENCODER.encode_texts(["red green blue yellow pink brown"])[0]
    strange = Query((Term(vector=far, source="text"),), "image", limit=5)
    answer = searcher.search(strange)
    assert (answer.no_match, len(answer.hits)) == (True, 5)
    assert not searcher.search(Query((RED,), "image", limit=5)).no_match


def test_browsing_sorts_what_passes_the_filter(searcher: Searcher) -> None:
    answer = searcher.search(
        Query((), where=Comparison("color", "eq", "blue"), sort=(Sort("price"), Sort("id")))
    )
    assert answer.relevant == 20
    assert answer.turn is None
    prices = [float(str(hit.record.metadata["price"])) for hit in answer.hits]
    assert prices == sorted(prices)
    assert all(hit.part.kind == "image" for hit in answer.hits)


def test_doubles_are_collapsed_and_hits_made_to_differ(searcher: Searcher) -> None:
    plain = Query((RED,), "image", limit=500, mode="semantic")
    collapsed = searcher.search(Query((RED,), "image", limit=500, mode="semantic", collapse=True))
    every = ids(searcher.search(plain).hits)
    assert ids(collapsed.hits) == [one for one in every if one in ids(collapsed.hits)]
    assert len(collapsed.hits) < 120
    assert {hit.record.metadata["color"] for hit in collapsed.hits} == set(COLOURS)
    diverse = searcher.search(Query((RED,), "image", limit=6, mode="semantic", diversity=0.8))
    assert len({hit.record.metadata["color"] for hit in diverse.hits}) > 1
    assert diverse.hits[0].record.id == every[0]


def test_batch_answers_as_one_by_one(searcher: Searcher) -> None:
    queries = [
        Query((RED,), "image", limit=7, mode="semantic"),
        Query((Term(text="blue bag"),), limit=4),
        Query((Term(text="blue bag"),), "any", limit=9, mode="semantic"),
        Query((Term(text="green"), Term(text="shirt", weight=-1)), "image", limit=5),
        Query((), where=Comparison("price", "gt", 90), limit=3),
        Query((Term(record="r003"),), "image", limit=5),
        Query((Term(text="pink"),), "image", limit=30, mode="semantic"),
    ]
    for one, answer in zip(queries, searcher.search_many(queries), strict=True):
        alone = searcher.search(one)
        assert ids(alone.hits) == ids(answer.hits)
        assert [hit.score for hit in alone.hits] == [hit.score for hit in answer.hits]
        assert (alone.mode, alone.target, alone.exact) == (answer.mode, answer.target, answer.exact)


def test_words_that_nothing_has_are_no_match(searcher: Searcher) -> None:
    answer = searcher.search(Query((Term(text="zyxwvut"),), mode="keyword"))
    assert (answer.hits, answer.no_match) == ((), True)


def test_model_number_that_nothing_has_is_no_match(searcher: Searcher) -> None:
    assert not searcher.search(Query((Term(text="red 7000"),), "image", mode="hybrid")).no_match
    assert searcher.search(Query((Term(text="red-7000"),), "image", mode="hybrid")).no_match
    assert not searcher.search(Query((Term(text="ZX-1007"),), "image", mode="hybrid")).no_match


def test_misspelt_words_that_are_all_found_decide_the_order(searcher: Searcher) -> None:
    first = searcher.search(Query((Term(text="yelow whatch"),), "image", mode="hybrid")).hits[0]
    assert first.contributions[0].words == ("yellow", "watch")
    assert first.contributions[0].share > 0.9


def test_what_is_only_kept_away_from_has_no_relevance(searcher: Searcher) -> None:
    answer = searcher.search(Query((Term(text="red", weight=-1.0),), "image", mode="semantic"))
    assert not answer.no_match
    assert {hit.relevance for hit in answer.hits} == {None}
    assert answer.unrated == "nothing is looked for, only kept away from"


def test_ties_of_a_sort_go_by_relevance(searcher: Searcher) -> None:
    asked = Query((RED,), "image", limit=20, mode="semantic", min_relevance="auto")
    by_relevance = ids(searcher.search(asked).hits)
    assert ids(searcher.search(replace(asked, sort=(Sort("nobody has it"),))).hits) == by_relevance


@pytest.mark.parametrize("words", ["something red", "zyxwvut", "blue shoe ZX-1002"])
@pytest.mark.parametrize("where", [None, Comparison("price", "lt", 40)])
def test_what_the_first_page_found_is_counted_without_another_look(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch, words: str, where: Comparison | None
) -> None:
    asked = Query((Term(text=words),), where=where)
    sorted_ones = searcher.search(replace(asked, sort=(Sort("price"),), limit=200))
    looks: list[str] = []
    find = Keywords.search

    def looked(self: Keywords, session: CatalogReader, text: str, *rest: Any) -> KeywordRanking:
        looks.append(text)
        return find(self, session, text, *rest)

    monkeypatch.setattr(Snapshot, "above", lambda *_, **__: pytest.fail("looked again"))
    monkeypatch.setattr(Keywords, "search", looked)
    answer = searcher.search(asked)
    assert answer.relevant == sorted_ones.relevant == len(sorted_ones.hits)
    assert len(looks) == 1


def test_of_what_was_found_only_what_is_all_above_a_cosine_is_taken() -> None:
    scores = np.array([0.9, 0.5, 0.4], np.float32)
    found = Ranking(np.array([3, 1, 2]), np.array([30, 10, 20]), scores, exact=True)
    seen = FirstLook(3, {"image": found})
    above = seen.above("image", 0.5)
    assert above is not None
    assert above.record_ids.tolist() == [3, 1]
    assert seen.above("image", 0.3) is None  # there may be more
    assert replace(seen, depth=4).above("image", 0.3) is not None  # there was no more to be found
    assert seen.above("text", 0.5) is None
    assert FirstLook(3, {"image": replace(found, exact=False)}).above("image", 0.5) is None

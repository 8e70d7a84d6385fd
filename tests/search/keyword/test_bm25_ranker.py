"""Words find what has them, in any spelling, and no text is refused."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from binocle.catalog.sqlite import SqliteCatalog
from binocle.collection.collection import Collection
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.query.query import Query, Term
from search.query.warnings import query_doubts
from tests.support.titles import record, store

TITLES = [
    "Sony WH-1000XM4 Wireless Headphones",
    "Sony WH-1000XM5 Headphones",
    "Bose QuietComfort 45 headphones",
    "Case for WH 1000 XM4",
    "红色连衣裙 夏季",
    "Nike 红色运动鞋",
    "蓝色 裙子",
    "Nike Men Blue T-Shirts",
    "Nike Women Red Tshirt",
    "Smart Watch Strap",
    "Apple iPhone 13 (128 GB, Red)",
    "Crème Brûlée torch",
    "A photo of the dog and the ball",
    "赤いワンピース レディース",
    "빨간 원피스",
]


Ask = Callable[..., list[str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCatalog]:
    path = tmp_path_factory.mktemp("shop")
    database = store(path, [record(str(n), title) for n, title in enumerate(TITLES)])
    yield database
    database.close()


def rank(database: SqliteCatalog, text: str, k: int = 10) -> KeywordRanking:
    with database.reading() as session:
        return Keywords().search(session, text, k)


@pytest.fixture
def ask(shop: SqliteCatalog) -> Ask:
    return lambda text, k=10: [TITLES[one - 1] for one in rank(shop, text, k).record_ids]


@pytest.mark.parametrize("typed", ["WH-1000XM4", "wh1000xm4", "wh 1000 xm4", "wh-1000 XM4"])
def test_model_number_is_found_in_any_spelling_and_first(
    ask: Ask, shop: SqliteCatalog, typed: str
) -> None:
    wanted = {"Sony WH-1000XM4 Wireless Headphones", "Case for WH 1000 XM4"}
    assert set(ask(typed)[:2]) == wanted
    assert rank(shop, typed).exact[:2].all()
    assert not rank(shop, typed).exact[2:].any()


def test_another_model_is_not_exact(shop: SqliteCatalog) -> None:
    assert not rank(shop, "sony wh-1000xm6").exact.any()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("红色连衣裙", "红色连衣裙 夏季"),
        ("连衣裙", "红色连衣裙 夏季"),
        ("裙子", "蓝色 裙子"),
        ("nike红色", "Nike 红色运动鞋"),
        ("我想买一件红色的连衣裙给女朋友", "红色连衣裙 夏季"),
        ("运动鞋 nike", "Nike 红色运动鞋"),
        ("ワンピース", "赤いワンピース レディース"),
        ("ﾜﾝﾋﾟｰｽ", "赤いワンピース レディース"),
        ("원피스", "빨간 원피스"),
        ("红裙", "红色连衣裙 夏季"),  # an abbreviation: both characters, apart
        ("蓝色短裙", "蓝色 裙子"),
        ("ｎｉｋｅ鞋", "Nike 红色运动鞋"),
        ("新款运动鞋", "Nike 红色运动鞋"),
        ("紅色運動鞋", "Nike 红色运动鞋"),
    ],
)
def test_scripts_without_spaces_are_found(ask: Ask, typed: str, first: str) -> None:
    assert ask(typed)[0] == first


def test_one_character_finds_every_text_that_has_it(ask: Ask) -> None:
    assert set(ask("裙")) == {"红色连衣裙 夏季", "蓝色 裙子"}
    assert set(ask("鞋")) == {"Nike 红色运动鞋"}


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("headphnes bose", "Bose QuietComfort 45 headphones"),
        ("quietconfort", "Bose QuietComfort 45 headphones"),
        ("smartwatch", "Smart Watch Strap"),
        ("t shirt women", "Nike Women Red Tshirt"),
        ("tshirt men", "Nike Men Blue T-Shirts"),
        ("iphone13", "Apple iPhone 13 (128 GB, Red)"),
        ("iphone 128gb", "Apple iPhone 13 (128 GB, Red)"),
        ("creme brulee", "Crème Brûlée torch"),
        ("CRÈME", "Crème Brûlée torch"),
        ("quietcom", "Bose QuietComfort 45 headphones"),
        ("photo of the dgo", "A photo of the dog and the ball"),
        ("haedphones bsoe", "Bose QuietComfort 45 headphones"),
        ("wirel* sony", "Sony WH-1000XM4 Wireless Headphones"),
        ("what is the photo of a ball", "A photo of the dog and the ball"),
    ],
)
def test_misspelt_joined_cut_and_unfinished_words_are_found(
    ask: Ask, typed: str, first: str
) -> None:
    assert ask(typed)[0] == first


def test_more_words_rank_higher_and_none_is_needed(ask: Ask) -> None:
    found = ask("nike women red zeppelin")
    assert found[0] == "Nike Women Red Tshirt"
    assert set(found) > {"Nike Men Blue T-Shirts", "Apple iPhone 13 (128 GB, Red)"}


def test_quoted_words_stand_together(ask: Ask) -> None:
    assert ask('"watch strap"') == ["Smart Watch Strap"]
    assert ask('"strap watch"') == []
    assert ask('nike "red tshirt"') == ["Nike Women Red Tshirt"]
    assert ask('"连衣裙"') == ["红色连衣裙 夏季"]


def test_minus_leaves_out(ask: Ask) -> None:
    assert set(ask("nike -women -红色")) == {"Nike Men Blue T-Shirts"}
    assert ask("-nike") == []
    assert len(ask("wh-1000xm4")) > 0


def test_words_that_were_found_are_told(shop: SqliteCatalog) -> None:
    ranking = rank(shop, "red nike tshrt zeppelin women")
    assert ranking.find_words(0) == ("red", "nike", "tshirt", "women")
    assert rank(shop, "红色连衣裙").find_words(0) == ("红色连衣裙",)


@given(st.text(max_size=200))
@example('"')
@example('"" OR AND NOT NEAR(a b, 2) ^x {text}: -*')
@example("\x00\ud800 a\u0301 \U0001f600")
@example("x1" * 1000)
@example('a" OR text:"b')
@example("裙" * 2000)
@settings(max_examples=100, deadline=None)
def test_no_text_is_refused(shop: SqliteCatalog, text: str) -> None:
    ranking = rank(shop, text)
    assert len(ranking.record_ids) == min(10, ranking.total)
    assert (ranking.scores > 0).all()


PLAIN = ["red", "blue", "green", "shoe", "dress", "bag", "leather", "summer"]


@pytest.fixture(scope="module")
def random_shop(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SqliteCatalog, list[str]]]:
    chance = random.Random(3)
    titles = [" ".join(chance.choices(PLAIN, k=chance.randint(1, 7))) for _ in range(400)]
    path = tmp_path_factory.mktemp("random")
    database = store(path, [record(str(n), title) for n, title in enumerate(titles)])
    yield database, titles
    database.close()


@given(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4, unique=True), st.integers(1, 500))
@settings(max_examples=60, deadline=None)
def test_ranking_is_bm25_times_the_share_of_words(
    random_shop: tuple[SqliteCatalog, list[str]], asked: list[str], k: int
) -> None:
    database, titles = random_shop
    rarity = {}
    for word in asked:
        count = sum(word in title.split() for title in titles)
        rarity[word] = math.log(1 + (len(titles) - count + 0.5) / (count + 0.5))
    expected = {}
    for number, title in enumerate(titles, 1):
        there = [word for word in asked if word in title.split()]
        if there:
            worth = 2.2 / (1 + 1.2 * (0.5 + 0.5 * len(title.split()) / 10))
            share = sum(rarity[word] for word in there) / sum(rarity.values())
            whole = 1.5 if title == " ".join(asked) else 1.1 if " ".join(asked) in title else 1
            whole = whole if len(asked) > 1 else 1
            expected[number] = sum(rarity[word] for word in there) * worth * share * whole
    ranking = rank(database, " ".join(asked) + " ", k)
    assert ranking.total == len(expected)
    scores = dict(zip(ranking.record_ids.tolist(), ranking.scores.tolist(), strict=True))
    best = sorted(expected.values(), reverse=True)[:k]
    assert sorted(scores.values(), reverse=True) == pytest.approx(best, rel=1e-5)
    assert scores == pytest.approx({one: expected[one] for one in scores}, rel=1e-5)


def test_a_missing_word_counts_most_and_a_beginning_about_pictures_nothing(
    shop: SqliteCatalog,
) -> None:
    assert rank(shop, "sony headphones").coverage == pytest.approx(1.0)
    assert (
        rank(shop, "headphones gerenuk").coverage < rank(shop, "headphones quietcomfort").coverage
    )
    assert rank(shop, "headphones gerenuk").coverage < 0.4
    assert rank(shop, "a photo of headphones").coverage == pytest.approx(1.0)
    assert rank(shop, "a close-up picture of gerenuk").total == 0
    assert rank(shop, "photo").total == 1
    assert rank(shop, "photo of").total == 1


def test_corrected_and_unfinished_words_are_less_sure_the_shorter_they_are(
    shop: SqliteCatalog,
) -> None:
    exact, unfinished, shorter = (
        rank(shop, one).coverage for one in ("quietcomfort", "quietcomfo", "quie")
    )
    assert pytest.approx(exact) == 1.0
    assert shorter < unfinished < exact
    assert rank(shop, "quietcomfrt").coverage > rank(shop, "nikr").coverage > 0


def test_coverage_is_of_the_whole_collection_and_shares_of_each_record(shop: SqliteCatalog) -> None:
    keywords = Keywords()
    with shop.reading() as session:
        every = keywords.search(session, "sony headphones", 50)
        nothing = np.zeros(60, np.bool_)
        none = keywords.search(session, "sony headphones", 50, nothing)
        assert every.has_all
        assert not keywords.search(session, "sony gerenuk", 50).has_all
        assert keywords.search(session, "wh-1000xm4", 50).names
    assert none.total == 0
    assert none.coverage == every.coverage == pytest.approx(every.shares.max())
    assert every.shares.min() < 1.0
    assert not every.names


@given(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_fewer_are_the_first_of_more(
    random_shop: tuple[SqliteCatalog, list[str]], asked: list[str], k: int
) -> None:
    database, _ = random_shop
    text = " ".join(asked)
    few, many = rank(database, text, k), rank(database, text, 400)
    assert few.record_ids.tolist() == many.record_ids[:k].tolist()


@given(st.sets(st.integers(1, 400)), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_filter_leaves_the_order_and_gives_k_while_k_match(
    random_shop: tuple[SqliteCatalog, list[str]], passing: set[int], k: int
) -> None:
    database, _ = random_shop
    allowed = np.zeros(max(passing, default=0) + 1, np.bool_)
    allowed[list(passing)] = True
    every = [one for one in rank(database, "red shoe", 400).record_ids if one in passing]
    with database.reading() as session:
        found = Keywords().search(session, "red shoe", k, allowed)
    assert found.record_ids.tolist() == every[:k]
    assert found.total == len(every)


def test_title_outweighs_caption_and_fields(tmp_path: Path) -> None:
    records = [
        record("field", "a thing", style="vintage"),
        record("caption", "vintage thing", role="caption"),
        record("title", "vintage thing"),
    ]
    database = store(tmp_path, records)
    assert rank(database, "vintage ").record_ids.tolist() == [3, 2, 1]
    database.close()


def test_brand_is_exact_though_many_have_it(tmp_path: Path) -> None:
    records = [record(str(n), f"shoe {n}", brand="Nike" if n % 2 else "Puma") for n in range(100)]
    database = store(tmp_path, records)
    ranking = rank(database, "nike shoe", 100)
    assert ranking.exact.sum() == 50
    assert all(one % 2 == 0 for one in ranking.record_ids[:50].tolist())
    database.close()


def test_position_is_that_of_the_best_part(tmp_path: Path) -> None:
    database = store(
        tmp_path, [record("one", ["a cat", "a dog on grass", "two dogs"], role="caption")]
    )
    with database.reading() as session:
        ranking = Keywords().search(session, "grass ", 1)
        assert ranking.positions.tolist() == [1]
        assert session.parts.at(ranking.record_ids, ranking.positions).tolist() == [2]
    database.close()


def test_keywords_follow_changes(tmp_path: Path) -> None:
    database = store(tmp_path, [record("one", "red kite")])
    keywords = Keywords()

    def found(text: str) -> list[int]:
        with database.reading() as session:
            ranking = keywords.search(session, text, 10)
        return [int(one) for one in ranking.record_ids]

    assert found("kite ") == [1]
    with database.writing() as session:
        session.records.upsert([record("two", "blue kite"), record("one", "balloon")])
    assert found("kite ") == [2]
    assert found("baloon ") == [1]
    with database.writing() as session:
        session.records.remove(["two"])
    assert found("kite ") == []
    database.close()


def test_while_words_are_read_in_answers_say_so_and_grow(tmp_path: Path) -> None:
    query = Query((Term(text="kite"),))
    with Collection(tmp_path / "c", create=True) as kites:
        kites.upsert([record(str(number), f"kite {number}") for number in range(4)])
        keywords = Keywords()
        words = SqliteCatalog(kites.path / "catalog.sqlite")
        with words.writing() as session:
            session.connection.exec_driver_sql("DELETE FROM meta WHERE key = 'words'")
            session.words.begin()
        for share in ("25%", "50%", "75%"):
            with words.writing() as session:
                assert session.words.fill(1)
            [doubt] = query_doubts(kites, query)
            assert f"({share} are there)" in doubt
            assert not query_doubts(kites, replace(query, mode="semantic"))
            with kites.reading() as reader:
                found = keywords.search(reader, "kite", 10)
            assert len(found.record_ids) == int(share[:-1]) // 25
        with words.writing() as session:
            while session.words.fill():
                pass
        words.close()
        assert not query_doubts(kites, query)

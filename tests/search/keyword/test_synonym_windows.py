"""Synonyms find what is called otherwise, in both directions or one, in any script."""

from collections.abc import Callable, Iterator

import pytest

from binocle.catalog.sqlite import SqliteCatalog
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.keyword.query_words import parse
from search.rules.ranking_rules import SynonymTable
from search.rules.rules_document import parse_rules
from tests.support.titles import record, store

TITLES = [
    "Red sofa for three",
    "Red couches",
    "Settee bed, red",
    "Red armchair",
    "红色运动鞋",
    "红色女跑鞋",
    "黑色女靴",
    "Galaxy tablet",
    "iPad",
    "Crisps with paprika",
    "Bag of chips",
]
Found = Callable[..., list[str]]


def table(*synonyms: object) -> SynonymTable:
    return parse_rules({"synonyms": list(synonyms)}).synonyms_for(None)


RULES = table(
    {"words": ["sofa", "couch", "Settee Bed"]},
    {"words": ["运动鞋", "跑鞋"]},
    {"words": ["鞋子", "靴"]},
    {"typed": "Tablets", "words": ["ipad"]},
    {"words": ["bag of chips", "crisps"]},
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCatalog]:
    path = tmp_path_factory.mktemp("shop")
    database = store(path, [record(str(n), title) for n, title in enumerate(TITLES)])
    yield database
    database.close()


def rank(database: SqliteCatalog, text: str, rules: SynonymTable = RULES) -> KeywordRanking:
    with database.reading() as session:
        return Keywords().search(session, text, 20, synonyms=rules)


@pytest.fixture
def titles(shop: SqliteCatalog) -> Found:
    """Return what has all that is demanded, best first."""

    def found(text: str, rules: SynonymTable = RULES) -> list[str]:
        ranking = rank(shop, text, rules)
        return [TITLES[one - 1] for one in ranking.record_ids if ranking.demanded_of[one]]

    return found


@pytest.mark.parametrize("text", ["sofa", "Sofas", "COUCH", "settee bed"])
def test_each_of_several_words_finds_all(titles: Found, text: str) -> None:
    assert set(titles(text)) == set(TITLES[:3])


def test_what_was_typed_comes_before_its_synonyms(titles: Found) -> None:
    assert titles("red couches")[0] == "Red couches"
    assert titles("red sofa")[0] == "Red sofa for three"
    assert "Red armchair" not in titles("red sofa")


def test_one_way_synonyms_go_one_way(titles: Found) -> None:
    assert set(titles("tablet")) == {"Galaxy tablet", "iPad"}
    assert titles("ipad") == ["iPad"]


def test_phrase_with_stop_words_has_synonyms(titles: Found) -> None:
    assert set(titles("a bag of chips")) == {"Crisps with paprika", "Bag of chips"}
    assert set(titles("crisps")) == {"Crisps with paprika", "Bag of chips"}


def test_chinese_phrase_inside_a_run_has_synonyms(titles: Found) -> None:
    assert set(titles("红色运动鞋")) == {"红色运动鞋", "红色女跑鞋"}
    assert set(titles("女跑鞋")) == {"红色女跑鞋"}
    assert titles("黑色鞋子") == ["黑色女靴"]


def test_synonyms_are_told_as_they_stand(shop: SqliteCatalog) -> None:
    ranking = rank(shop, "red sofa")
    told = {TITLES[one - 1]: ranking.find_words(at) for at, one in enumerate(ranking.record_ids)}
    assert told["Red couches"] == ("red", "couches")
    assert told["Settee bed, red"] == ("red", "settee bed")
    ranking = rank(shop, "红色运动鞋")
    told = {TITLES[one - 1]: ranking.find_words(at) for at, one in enumerate(ranking.record_ids)}
    assert told["红色女跑鞋"] == ("红色", "跑鞋")
    assert told["红色运动鞋"] == ("红色运动鞋",)


def test_quoted_words_have_no_synonyms(titles: Found) -> None:
    assert titles('"sofa"') == ["Red sofa for three"]


def test_words_on_two_sides_of_what_is_excluded_are_no_phrase() -> None:
    assert parse("settee bed", RULES).synonyms
    assert not parse("settee -red bed", RULES).synonyms
    assert not parse('settee "x" bed', RULES).synonyms


def test_all_synonyms_count_as_much_as_what_was_typed(shop: SqliteCatalog) -> None:
    assert rank(shop, "settee bed red").coverage == pytest.approx(1.0)
    bare = rank(shop, "loveseat", table())
    assert not len(bare.record_ids)
    known = rank(shop, "loveseat", table({"typed": "loveseat", "words": ["sofa"]}))
    assert known.coverage == pytest.approx(1.0)
    assert known.has_all

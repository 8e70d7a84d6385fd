"""Model numbers win where they are, and those that nobody has mislead nobody."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from binocle.catalog.sqlite import SqliteCatalog
from search.keyword.bm25_ranker import KeywordRanking, Keywords, is_model_number
from search.ranking.match_decision import relevance_of_words
from tests.support.titles import record, store

TITLES = {
    "255": "Crucial BX500 240GB solid state drive",
    "7": "boAt Rockerz 255 Pro neckband",
    "8": "boAt Rockerz 330 neckband",
    "9": "Sony WH-CH510 wireless headphones",
    "10": "Sony MDR-ZX110 wired headphones",
    "11": "Feet mobile tripod stand s-25 portable",
    "12": "Samsung Galaxy A73 Ultra case",
    "13": "Wireless charger 15W for phones",
    "14": "Apple iPhone 14",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCatalog]:
    path: Path = tmp_path_factory.mktemp("models")
    records = [record(key, title, uri=f"/shop/{key}.jpg") for key, title in TITLES.items()]
    fillers = [record(f"f{n}", f"thing number {n} of many") for n in range(200)]
    database = store(path, [*records, *fillers])
    yield database
    database.close()


def rank(database: SqliteCatalog, text: str) -> tuple[list[str], KeywordRanking]:
    with database.reading() as session:
        found = Keywords().search(session, text, 10)
        keys: dict[int, str] = dict(
            session.connection.exec_driver_sql("SELECT id, key FROM records").all()
        )
    return [keys[one] for one in found.record_ids.tolist()], found


def test_number_in_an_id_is_no_model_number_among_other_words(shop: SqliteCatalog) -> None:
    keys, found = rank(shop, "boat rockerz 255")
    assert keys[0] == "7"
    assert found.exact.tolist()[:2] == [True, False]
    assert not found.exact[keys.index("255")]
    keys, found = rank(shop, "255")
    assert {"7", "255"} == set(keys)  # alone it may be the id that is asked for
    assert found.exact.all()


def test_absent_model_number_takes_no_trust_from_the_other_words(shop: SqliteCatalog) -> None:
    keys, found = rank(shop, "sony wh-1000xm4")
    assert keys[:2] == ["9", "10"]
    assert found.lacks_number
    assert found.scores[0] > 0.9 * found.full_score  # all that anybody has of it
    assert found.coverage < 0.75
    assert not found.has_all
    present = rank(shop, "sony wh-ch510")[1]
    assert not present.lacks_number
    assert present.has_all


def test_stray_number_of_a_long_query_is_not_exact(shop: SqliteCatalog) -> None:
    keys, found = rank(shop, "samsung galaxy s25 ultra case")
    assert keys[0] == "12"
    assert not found.exact.any()
    assert rank(shop, "tripod s25")[1].exact[0]


def test_number_is_not_the_beginning_of_another(shop: SqliteCatalog) -> None:
    keys = rank(shop, "iphone 15")[0]
    assert keys[0] == "14"
    assert "13" not in keys
    assert "14" in rank(shop, "ipho")[0]


@pytest.mark.parametrize("text", ["WH-1000XM4", "s25", "BX500", "10k", "ＷＨ１０"])
def test_letters_with_digits_are_a_model_number(text: str) -> None:
    assert is_model_number(text)


@pytest.mark.parametrize("text", ["255", "20th", "1920s", "1ST", "headphones", "4k", "wh 1000"])
def test_others_are_none(text: str) -> None:
    assert not is_model_number(text)


def test_letters_of_an_absent_model_number_belong_to_it(shop: SqliteCatalog) -> None:
    keys, found = rank(shop, "sony wf-1000xm4")
    assert keys[:2] == ["9", "10"] or keys[:2] == ["10", "9"]
    assert found.scores[0] > 0.9 * found.full_score
    assert rank(shop, "sony wf speaker")[1].scores[0] < 0.5 * rank(shop, "sony")[1].scores[0]


def test_decimal_is_no_model_number(tmp_path: Path) -> None:
    titles = ("Laptop sleeve for 14.1 inch", "boAt Airdopes 141 earbuds", "Case 1,299 WH.1000")
    database = store(tmp_path, [record(str(n), title) for n, title in enumerate(titles)])
    assert rank(database, "airdopes 141")[0] == ["1"]
    assert rank(database, "14.1 inch sleeve")[0][0] == "0"
    assert rank(database, "1299")[0] == ["2"]
    assert rank(database, "wh1000")[0] == ["2"]
    database.close()


def test_filter_makes_no_hit_more_relevant(shop: SqliteCatalog) -> None:
    with shop.reading() as session:
        keywords = Keywords()
        every = keywords.search(session, "sony wireless headphones", 10)
        allowed = np.ones(400, np.bool_)
        allowed[every.record_ids[0]] = False
        fewer = keywords.search(session, "sony wireless headphones", 10, allowed)
    assert fewer.best_score == every.best_score > fewer.scores.max()
    chances = dict(zip(every.record_ids.tolist(), relevance_of_words(every).tolist(), strict=True))
    left = dict(zip(fewer.record_ids.tolist(), relevance_of_words(fewer).tolist(), strict=True))
    assert left == {key: pytest.approx(chances[key]) for key in left}

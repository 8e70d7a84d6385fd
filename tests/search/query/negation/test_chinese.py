"""What a Chinese question negates is taken out of it."""

import pytest

from search.query.natural_language import parse_first, parse_turn
from search.query.negation.negated_words import without_negated
from search.query.query import Term


@pytest.mark.parametrize(
    ("asked", "wanted", "unwanted"),
    [
        ("不要红色的裙子", "裙子", ["红色"]),
        ("裙子，不要红色的", "裙子", ["红色"]),
        ("裙子不要红色和蓝色的", "裙子", ["红色", "蓝色"]),
        ("不要红色，不要蓝色的裙子", "裙子", ["红色", "蓝色"]),
        ("裙子，不是红色而是蓝色", "裙子，蓝色", ["红色"]),
        ("除了红色以外的裙子", "裙子", ["红色"]),
        ("除了红色的裙子", "裙子", ["红色"]),
        ("非红色的裙子", "裙子", ["红色"]),
        ("红色没有领子的衬衫", "红色衬衫", ["领子"]),
        ("没有人的海滩", "海滩", ["人"]),
        ("海滩 没有人", "海滩", ["人"]),
        ("海滩上没有戴帽子的人", "海滩上", ["戴帽子的人"]),
        ("一个没戴帽子的男人", "男人", ["帽子"]),
        ("公园里不带狗的人", "公园里人", ["狗"]),
        ("雪地里没穿着上衣的男人", "雪地里男人", ["上衣"]),
        ("没有人在海滩上", "在海滩上", ["人"]),
        ("男人不穿上衣在海滩上。", "男人在海滩上", ["上衣"]),
        ("不要放在桌子上的杯子", "杯子", ["放在桌子上"]),
        ("除红色以外的裙子", "裙子", ["红色"]),
        ("我不要红色的", "", ["红色"]),
        ("沒有狗的照片", "照片", ["狗"]),
    ],
)
def test_what_is_negated_is_kept_away_from(asked: str, wanted: str, unwanted: list[str]) -> None:
    assert without_negated(asked) == (wanted, tuple(unwanted))


@pytest.mark.parametrize(
    "asked",
    [
        "红色的裙子", "有没有红色的裙子", "不锈钢锅", "不粘锅", "没有", "不要", "不要な赤いドレス",
        "除湿机", "拿着除草机的男人", "除夕夜", "无人机", "无线耳机", "非洲大象",
    ],
)  # fmt: skip
def test_what_is_no_negation_stays_as_it_is(asked: str) -> None:
    assert without_negated(asked) == (asked, ())


def test_what_the_collection_says_in_these_characters_stays_as_it_is() -> None:
    assert without_negated("没有人的海滩", "没有人".__eq__) == ("没有人的海滩", ())


def test_first_questions_and_turns_read_it() -> None:
    unwanted = Term(text="红色", weight=-1.0)
    assert parse_first("裙子不要红色", lambda: None).terms == (Term(text="裙子"), unwanted)
    assert parse_turn("不要红色").terms == (unwanted,)

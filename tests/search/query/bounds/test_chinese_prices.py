"""Prices as Chinese texts say them, and numbers that are none."""

import pytest

from search.query.bounds.chinese_prices import chinese_prices
from search.query.natural_language import parse_first, parse_turn
from search.query.query import Sort


@pytest.mark.parametrize(
    ("text", "rest", "bounds"),
    [
        ("1000以下的耳机", "耳机", (("lte", 1000),)),
        ("1000元以内的蓝牙耳机", "蓝牙耳机", (("lte", 1000),)),
        ("耳机，不超过500块", "耳机", (("lte", 500),)),
        ("价格在500到1000之间的手机", "手机", (("gte", 500), ("lte", 1000))),
        ("手机 ¥1,500-2,000", "手机", (("gte", 1500), ("lte", 2000))),
        ("30元以上的红色杯子", "红色杯子", (("gte", 30),)),
        ("一千五百以下的手表", "手表", (("lte", 1500),)),
        ("两万元以上的相机", "相机", (("gte", 20_000),)),
        ("预算2千的平板", "平板", (("lte", 2000),)),
        ("低于200元的鞋，高于100元", "鞋", (("lt", 200), ("gt", 100))),
        ("超过300块钱的包", "包", (("gt", 300),)),
        ("500左右的耳机", "耳机", (("gte", 400), ("lte", 600))),
        ("大约一千块左右的手表", "手表", (("gte", 800), ("lte", 1200))),
        ("小米手机 1000元以上", "小米手机", (("gte", 1000),)),
        (
            "１０００元以下的耳机",
            "耳机",
            (("lte", 1000),),
        ),  # full width, as many input methods write
        ("２千以上的 手机", "手机", (("gte", 2000),)),
    ],
)
def test_bounds_are_read(text: str, rest: str, bounds: tuple[tuple[str, float], ...]) -> None:
    found = chinese_prices(text)
    assert (found.rest, found.bounds) == (rest, bounds)


@pytest.mark.parametrize(
    "text",
    [
        "3岁以下的孩子", "5以上的鞋", "1990到2000的照片", "RTX 3060以上的显卡", "500克以下的相机",
        "20000毫安以上的充电宝", "一张桌子", "便宜的鞋", "100到200页的书",
        "\u201c1000以下\u201d的书",
        "500克左右的相机", "30左右的鞋", "三百六十行", "上千人的广场", "下午三点的海边",
    ],
)  # fmt: skip
def test_other_numbers_are_no_prices(text: str) -> None:
    assert chinese_prices(text).rest == text
    assert chinese_prices(text).bounds == ()


@pytest.mark.parametrize(
    ("text", "rest", "is_down"),
    [
        ("最便宜的智能手表", "智能手表", False),
        ("智能手表，按价格从低到高", "智能手表", False),
        ("最贵的相机", "相机", True),
        ("按价格降序排列的相机", "相机", True),
        ("鞋子 从贵到便宜", "鞋子", True),
    ],
)
def test_orders_are_read(text: str, rest: str, is_down: bool) -> None:
    assert (chinese_prices(text).rest, chinese_prices(text).is_down) == (rest, is_down)


def test_queries_and_turns_are_read_so() -> None:
    read = parse_first("最便宜的耳机，1000元以下，不要红色", lambda: "price_inr")
    assert [(one.text, one.weight) for one in read.terms] == [("耳机", 1), ("红色", -1)]
    assert [(one.field, one.operator, one.value) for one in read.amounts] == [
        ("price_inr", "lte", 1000)
    ]
    assert read.sort == (Sort("price_inr", descending=False),)
    assert parse_first("1000以下的耳机", lambda: None).terms[0].text == "1000以下的耳机"
    assert parse_first("红色 shoes under 60", lambda: "price").amounts[0].value == 60
    assert parse_turn("500元以下", lambda: "price").terms == ()
    assert parse_turn("价格不限", lambda: "price").forgotten == ("price",)


def test_what_the_collection_says_itself_is_no_price_without_a_currency() -> None:
    assert chinese_prices("1000以下的耳机", lambda one: "1000以下" in one).bounds == ()
    assert chinese_prices("1000元以下的耳机", lambda _: True).bounds == (("lte", 1000),)

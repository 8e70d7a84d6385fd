"""What there is, seen near and side by side."""

import numpy as np

from tests.support.agents import Ask, call, pictures_of, refusal_of, text_of
from tests.support.service import Running
from tests.support.shop import COLOURS, NAME, products


def test_collections_are_listed_and_one_tells_its_fields(agents: Running) -> None:
    listed = call(agents.url, "collections", {}).structured_content
    assert [(one["name"], one["records"]) for one in listed["collections"]] == [(NAME, 60)]
    fields = call(agents.url, "collections", {"collection": NAME}).structured_content["fields"]
    known = {one["name"]: one for one in fields}
    assert known["price"]["type"] == "number"
    assert known["price"]["records"] == sum("price" in one for one in products())
    assert "Black" in known["color"]["examples"]


def test_the_only_collection_need_not_be_named_and_a_wrong_name_is_answered(
    agents: Running,
) -> None:
    assert call(agents.url, "count", {}).structured_content["count"] == 60
    assert 'there are: "shop"' in refusal_of(call(agents.url, "count", {"collection": "shpo"}))


def test_one_record_is_seen_whole(ask: Ask) -> None:
    answer = ask("look", ids=["sku-03"])
    (shown,) = answer.structured_content["records"]
    (row,) = [one for one in products() if one["id"] == "sku-03"]
    assert shown["texts"] == {"title": [row["title"]]}
    assert shown["metadata"]["price"] == row["price"]
    (picture,) = pictures_of(answer)
    assert picture.size == (60, 40)


def test_several_records_are_on_one_sheet_in_their_order(ask: Ask) -> None:
    (sheet,) = pictures_of(ask("look", ids=["sku-00", "sku-02"]))
    pixels = np.asarray(sheet.convert("RGB"))
    height, width = pixels.shape[:2]
    for tile, color in enumerate(("Red", "Blue")):
        middle = pixels[height // 2, width // 4 + tile * width // 2 - 15].astype(int)
        assert np.abs(middle - COLOURS[color]).max() < 40, color


def test_an_unknown_id_costs_only_itself(ask: Ask) -> None:
    answer = ask("look", ids=["sku-03", "sku-4"])
    assert [one["id"] for one in answer.structured_content["records"]] == ["sku-03"]
    assert '"sku-40"' in text_of(answer)
    assert "sku-40" in refusal_of(ask("look", ids=["sku-4"]))


def test_records_are_compared_field_by_field(ask: Ask) -> None:
    found = ask("compare", ids=["sku-00", "sku-05", "sku-02"]).structured_content
    assert found["different"]["color"] == ["Red", "Red", "Blue"]
    assert "width" in found["same"]
    likeness = {(one["a"], one["b"]): one["cosine"] for one in found["similarity"]}
    assert likeness[1, 2] > likeness[1, 3], "red is more like red"
    assert "nearest" in refusal_of(ask("compare", ids=["sku-00", "sku-5"]))
    assert "2 different ids" in refusal_of(ask("compare", ids=["sku-00", "sku-00"]))

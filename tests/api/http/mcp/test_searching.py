"""The tools search and count say what the other doors say, briefly, and with one picture."""

import base64
import json

from tests.support.agents import Ask, pictures_of, refusal_of, text_of
from tests.support.shop import Shop, picture_of, products


def test_hits_are_those_of_the_other_doors_and_have_the_numbers_of_the_sheet(
    ask: Ask, shop: Shop
) -> None:
    answer = ask("search", words="red shoes", limit=5)
    hits = answer.structured_content["hits"]
    posted = shop.posted({"query": "red shoes", "limit": 5})
    assert [one["id"] for one in hits] == [one["id"] for one in posted["hits"]]
    assert [one["n"] for one in hits] == [1, 2, 3, 4, 5]
    assert hits[0]["title"] == posted["hits"][0]["texts"]["title"][0]
    assert answer.structured_content["relevant"] == posted["relevant"]
    (sheet,) = pictures_of(answer)
    assert sheet.format == "JPEG"
    assert sheet.size == (3 * 132 + 4, 2 * 132 + 4), "five tiles in two rows"
    told = text_of(answer)
    assert all(json.dumps(one["id"]) in told for one in hits), "who sees no JSON sees the same"


def test_the_next_page_goes_on_counting(ask: Ask) -> None:
    first = ask("search", filter="color = Red", limit=4).structured_content
    assert first["next_offset"] == 4
    second = ask("search", filter="color = Red", limit=4, offset=4).structured_content
    assert [one["n"] for one in second["hits"]] == [5, 6, 7, 8]
    assert not {one["id"] for one in first["hits"]} & {one["id"] for one in second["hits"]}


def test_words_pictures_and_records_are_looked_for_together(ask: Ask) -> None:
    data = base64.b64encode(picture_of(5, "Red")).decode()
    by_picture = ask("search", picture=data, limit=3, pictures=False)
    assert {one["fields"]["color"] for one in by_picture.structured_content["hits"]} == {"Red"}
    assert pictures_of(by_picture) == []
    like = ask("search", like=["sku-00"], unlike=["sku-01"], words="bag", limit=3)
    assert "bag" in like.structured_content["hits"][0]["title"]
    assert "Red" in like.structured_content["hits"][0]["title"]


def test_an_unknown_id_costs_only_itself_and_is_answered_with_near_ones(ask: Ask) -> None:
    answer = ask("search", like=["sku-00", "SKU-31"], limit=3)
    assert len(answer.structured_content["hits"]) == 3
    assert answer.structured_content["notes"] == ['no record "SKU-31"; nearest: "sku-31"']
    assert "sku-31" in refusal_of(ask("search", like=["SKU-31"]))


def test_unknown_fields_and_values_are_answered_with_those_there_are(ask: Ask) -> None:
    assert 'there are: "color"' in refusal_of(ask("search", filter="colour = Red"))
    assert 'there are: "price"' in refusal_of(ask("search", words="red", sort="-prize"))
    assert 'there are: "color"' in refusal_of(ask("count", by=["colour"]))
    answer = ask("search", filter="color = Redd")
    assert answer.structured_content["hits"] == []
    assert 'no record has color = "Redd"; there is "Red"' in text_of(answer)


def test_what_cannot_be_understood_is_named_and_nothing_is_a_path(ask: Ask) -> None:
    assert refusal_of(ask("search", limit=99)) == "limit must be at most 30"
    assert refusal_of(ask("search")).startswith("words: nothing to look for")
    assert "path is not known here" in refusal_of(ask("search", path="/etc/passwd"))
    assert "picture is no base64" in refusal_of(ask("search", picture="/etc/passwd:"))
    assert "unlike needs" in refusal_of(ask("search", unlike=["sku-00"]))
    assert "cannot understand the filter" in refusal_of(ask("search", filter="price <<< 3"))
    assert "sort" in refusal_of(ask("search", words="red", sort="-"))


def test_fields_are_chosen(ask: Ask) -> None:
    answer = ask("search", filter="id = sku-01", fields=["price", "stock"])
    (row,) = [one for one in products() if one["id"] == "sku-01"]
    assert answer.structured_content["hits"][0]["fields"] == {
        "price": row["price"],
        "stock": row["stock"],
    }


def test_counts_are_those_of_the_products(ask: Ask) -> None:
    assert ask("count").structured_content["count"] == 60
    cheap = [one for one in products() if one.get("price", 999) < 100]
    answer = ask("count", filter="price < 100", by=["color"]).structured_content
    assert answer["count"] == len(cheap)
    counted = {one["value"]: one["count"] for one in answer["facets"][0]["buckets"]}
    assert counted == {
        color: sum(one["color"] == color for one in cheap)
        for color in {one["color"] for one in cheap}
    }

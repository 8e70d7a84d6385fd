"""Lookup by a picture, and by a record of the same or another collection."""

import base64

from tests.support.agents import Ask, refusal_of
from tests.support.shop import picture_of


def test_a_picture_is_found(ask: Ask) -> None:
    data = base64.b64encode(picture_of(5, "Red")).decode()
    found = ask("lookup", picture=data).structured_content
    assert (found["verdict"], found["candidates"][0]["id"]) == ("same-file", "sku-05")


def test_a_record_is_not_its_own_copy_but_is_where_it_comes_from_elsewhere(ask: Ask) -> None:
    own = ask("lookup", id="sku-05").structured_content
    assert "sku-05" not in [one["id"] for one in own["candidates"]]


def test_what_is_wrong_is_said(ask: Ask) -> None:
    assert "either picture" in refusal_of(ask("lookup"))
    assert "either picture" in refusal_of(ask("lookup", id="sku-05", picture="aGFsbG8="))
    assert "no picture format" in refusal_of(ask("lookup", picture="aGFsbG8="))
    assert "sku-05" in refusal_of(ask("lookup", id="SKU-05"))
    assert "id_collection" in refusal_of(ask("lookup", id="sku-05", id_collection="shpo"))

"""Lookup by a picture, and by a record of the same or another collection."""

import base64

import numpy as np

from binocle.fingerprints.pdq import pdq_of
from tests.support.agents import Ask, refusal_of, text_of
from tests.support.drawings import drawn, encoded
from tests.support.service import Running
from tests.support.shop import NAME, picture_of


def test_a_picture_is_found(ask: Ask) -> None:
    data = base64.b64encode(picture_of(5, "Red")).decode()
    found = ask("lookup", picture=data).structured_content
    assert (found["verdict"], found["candidates"][0]["id"]) == ("same-file", "sku-05")


def test_a_record_is_not_its_own_copy_but_is_where_it_comes_from_elsewhere(ask: Ask) -> None:
    own = ask("lookup", id="sku-05").structured_content
    assert "sku-05" not in [one["id"] for one in own["candidates"]]


def test_what_a_list_has_near_it_is_told_and_claims_less_than_a_copy(
    ask: Ask, agents: Running
) -> None:
    hashes = [pdq_of(np.asarray(drawn(60))).text, pdq_of(np.asarray(drawn(61))).text]
    lines = "hash,label\n" + "\n".join(f"{one},case {n}" for n, one in enumerate(hashes))
    client = agents.client()
    client.put_hash_list(NAME, "partner", lines)
    try:
        answer = ask("lookup", picture=base64.b64encode(encoded(drawn(60))).decode())
        own = ask("lookup", picture=base64.b64encode(picture_of(5, "Red")).decode())
    finally:
        client.remove_hash_list(NAME, "partner")
    found = answer.structured_content
    assert found["verdict"] == "hash-match"
    assert found["listed"] == [
        {"list": "partner", "label": "case 0", "distance": 0, "confidence": 0.9}
    ]
    assert "nobody has compared the pictures" in text_of(answer)
    assert '"partner" "case 0"' in text_of(answer)
    assert (own.structured_content["verdict"], own.structured_content["listed"]) == (
        "same-file",
        [],
    )


def test_what_is_wrong_is_said(ask: Ask) -> None:
    assert "either picture" in refusal_of(ask("lookup"))
    assert "either picture" in refusal_of(ask("lookup", id="sku-05", picture="aGFsbG8="))
    assert "no picture format" in refusal_of(ask("lookup", picture="aGFsbG8="))
    assert "sku-05" in refusal_of(ask("lookup", id="SKU-05"))
    assert "id_collection" in refusal_of(ask("lookup", id="sku-05", id_collection="shpo"))

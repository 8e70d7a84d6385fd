"""The written answer has what is sent, and nothing else."""

from api.http.mapping.hit_members import ALL, HitMembers, hit_members
from api.http.schemas.answers import HitOut
from binocle.types import Contribution, Hit, Part, Record, StoredPicture

_PICTURE = Part(
    3, "image", "image", "/secret/a.jpg", None, StoredPicture(4, 3, "ab" * 32, "#010203")
)
_TITLE = Part(4, "text", "title", "text:title", "Red bag")
_HIT = Hit(
    record=Record("a/b", "/secret/a.jpg", {"color": "red", "price": 2}, (_PICTURE, _TITLE)),
    part=_TITLE,
    score=0.5,
    similarity=0.25,
    contributions=(Contribution("keyword", 1, 2.0, 1.0, ("red",)),),
)


def test_a_hit_has_all_that_is_written_and_nothing_of_this_machine() -> None:
    sent = hit_members(_HIT, "c", ALL)
    assert sent.keys() == HitOut.model_fields.keys()
    assert HitOut.model_validate(sent).model_dump().keys() == sent.keys()
    assert "secret" not in str(sent)
    assert sent["thumbnail"] == "/v1/collections/c/records/a%2Fb/thumbnail?part=3&v=abababababab"
    assert [one["name"] for one in sent["highlights"]] == ["title", "color"]


def test_what_was_not_chosen_is_not_there() -> None:
    chosen = HitMembers.of(["texts", "metadata.price"])
    assert hit_members(_HIT, "c", chosen) == {
        "id": "a/b", "texts": {"title": ["Red bag"]}, "metadata": {"price": 2}, "others": [],
    }  # fmt: skip

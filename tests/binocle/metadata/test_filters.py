"""What a filter means."""

import pytest

from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import matches
from binocle.types import Metadata

RED_SHOE: Metadata = {
    "color": "Red",
    "price": 49.5,
    "in_stock": True,
    "sizes": [40, 41, "EU 42"],
    "taken_at": "2024-05-01T10:00:00",
    "empty": [],
}


@pytest.mark.parametrize(
    ("document", "passes"),
    [
        ({"color": "Red"}, True),
        ({"color": "red"}, False),
        ({"color": {"ne": "Red"}}, False),
        ({"weight": {"ne": 5}}, True),
        ({"weight": {"lt": 5}}, False),
        ({"weight": {"exists": False}}, True),
        ({"empty": {"exists": True}}, False),
        ({"price": {"gte": 49.5, "lt": 49.6}}, True),
        ({"price": "49.5"}, False),
        ({"price": {"ne": "49.5"}}, True),
        ({"in_stock": 1}, True),
        ({"in_stock": {"gt": False}}, True),
        ({"sizes": 41}, True),
        ({"sizes": {"ne": 41}}, False),
        ({"sizes": {"prefix": "EU"}}, True),
        ({"sizes": {"gt": 41}}, False),
        ({"sizes": ["x", 40]}, True),
        ({"sizes": []}, False),
        ({"taken_at": {"gte": "2024-05", "lt": "2024-06"}}, True),
        ({"id": "shoe"}, True),
        ({"id": {"prefix": "sh"}}, True),
        ({"id": 1}, False),
        ({"uri": {"prefix": "file:"}}, True),
        ({"not": {"color": "Red"}}, False),
        ({"or": []}, False),
        ({"and": []}, True),
    ],
)
def test_filter_means_what_is_documented(document: object, passes: bool) -> None:
    assert matches(parse_json(document), "shoe", "file:///shoe.jpg", RED_SHOE) is passes

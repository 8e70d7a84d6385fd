"""Points: read where they are meant, and how far they are apart."""

from typing import Any

import pytest

from binocle.metadata.points import Point, distance_m, points_of
from binocle.types import Metadata


@pytest.mark.parametrize(
    ("metadata", "schema", "expected"),
    [
        ({"latitude": 48, "longitude": 11.5}, {}, {"location": Point(48, 11.5)}),
        ({"latitude": 48}, {}, {}),
        ({"latitude": 91, "longitude": 0}, {}, {}),
        ({"latitude": "48", "longitude": "11"}, {}, {}),
        ({"spot": "48.1, 11.5"}, {}, {}),
        ({"spot": "48.1, 11.5"}, {"spot": "geo"}, {"spot": Point(48.1, 11.5)}),
        ({"spot": "(48.1;-11.5)"}, {"spot": "geo"}, {"spot": Point(48.1, -11.5)}),
        ({"spot": [48.1, 11]}, {"spot": "geo"}, {"spot": Point(48.1, 11)}),
        ({"spot.lat": 1, "spot.lon": 2}, {"spot": "geo"}, {"spot": Point(1, 2)}),
        ({"spot.latitude": 1, "spot.lng": 2}, {"spot": "geo"}, {"spot": Point(1, 2)}),
        ({"spot": "Munich"}, {"spot": "geo"}, {}),
        ({"spot": [1, 2, 3]}, {"spot": "geo"}, {}),
        ({"location": "Munich", "latitude": 48, "longitude": 11}, {},
         {"location": Point(48, 11)}),
        ({"location": "1, 2", "latitude": 48, "longitude": 11}, {"location": "geo"},
         {"location": Point(1, 2)}),
    ],
)  # fmt: skip
def test_points_are_read_where_they_are_meant(
    metadata: Metadata, schema: Any, expected: dict[str, Point]
) -> None:
    assert points_of(metadata, schema) == expected


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        ((48.8566, 2.3522), (51.5074, -0.1278), 343.6),  # Paris and London
        ((40.6413, -73.7781), (-33.9399, 151.1753), 16_014),  # New York and Sydney
        ((0, 179.9), (0, -179.9), 22.24),  # across the date line
        ((90, 0), (-90, 0), 20_015.1),
        ((10, 20), (10, 20), 0),
    ],
)
def test_distances_are_those_on_the_globe(
    one: tuple[float, float], other: tuple[float, float], kilometres: float
) -> None:
    found = float(distance_m(*one, Point(*other)))
    assert found / 1000 == pytest.approx(kilometres, rel=1e-3, abs=1e-6)

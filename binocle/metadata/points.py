"""Points on the globe that records have.

They are apart from the values of fields: a field may have both (``location`` as a name and as
coordinates).
"""

import re
from typing import Any, NamedTuple, cast

import numpy as np

from binocle.metadata.field_types import Schema, as_number
from binocle.types import Metadata, MetadataValue, Scalar

EARTH_RADIUS_M = 6_371_008.8
_LATITUDES, _LONGITUDES = ("lat", "latitude"), ("lon", "lng", "long", "longitude")
_IMPLICIT_POINT = "location"


class Point(NamedTuple):
    """A place on the globe, in degrees: -90 to 90 north, -180 to 180 east."""

    latitude: float
    longitude: float


def points_of(metadata: Metadata, schema: Schema) -> dict[str, Point]:
    """Return the points of a record by field.

    A field declared ``geo`` is a point when it is a string ``"48.1, 11.5"``, a list of two
    numbers, or two fields such as ``field.lat`` and ``field.lon``. Beyond that ``latitude`` and
    ``longitude`` are the point ``location``.
    """
    found: dict[str, Point] = {}
    for name, kind in schema.items():
        if kind == "geo":
            point = _point_of(metadata.get(name)) or _point_in(metadata, f"{name}.")
            if point is not None:
                found[name] = point
    if _IMPLICIT_POINT not in found and "latitude" in metadata:
        point = make_point(metadata.get("latitude"), metadata.get("longitude"))
        if point is not None:
            found[_IMPLICIT_POINT] = point
    return found


def make_point(latitude: object, longitude: object) -> Point | None:
    """Return a point of two numbers in range; None where they are none."""
    every = (latitude, longitude)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in every):
        return None
    point = Point(float(cast(float, latitude)), float(cast(float, longitude)))
    return point if abs(point.latitude) <= 90 and abs(point.longitude) <= 180 else None


def _point_of(value: MetadataValue | None) -> Point | None:
    if isinstance(value, str):
        parts = [as_number(part) for part in re.split(r"[,;\s]+", value.strip(" ()"))]
        value = cast("list[Scalar]", parts)
    if isinstance(value, list) and len(value) == 2:
        return make_point(value[0], value[1])
    return None


def _point_in(metadata: Metadata, prefix: str) -> Point | None:
    latitude, longitude = (
        next((metadata[prefix + name] for name in names if prefix + name in metadata), None)
        for names in (_LATITUDES, _LONGITUDES)
    )
    return make_point(latitude, longitude)


def distance_m(latitude: Any, longitude: Any, point: Point) -> Any:
    """Return great-circle distances to a point in metres, of numbers or of arrays.

    Source: the haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope
    68 (2), 1984, on a sphere of the Earth's mean radius (IUGG).
    """
    north, east = np.radians(latitude), np.radians(longitude)
    to_north, to_east = np.radians(point.latitude), np.radians(point.longitude)
    half = (
        np.sin((to_north - north) / 2) ** 2
        + np.cos(north) * np.cos(to_north) * np.sin((to_east - east) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, half)))

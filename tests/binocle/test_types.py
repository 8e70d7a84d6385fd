"""What a picture file says becomes metadata, and no part of what the picture is."""

import numpy as np

from binocle.types import ImageInfo, Picture

FULL = ImageInfo(4, 3, 99, "jpeg", "2024-05-01T10:00:00", "Canon", 0.0, -0.5, 0.0)


def test_what_a_file_says_is_metadata_under_the_names_of_filters_and_zero_is_known() -> None:
    assert FULL.as_metadata() == {
        "width": 4, "height": 3, "bytes": 99, "format": "jpeg", "taken_at": "2024-05-01T10:00:00",
        "camera": "Canon", "latitude": 0.0, "longitude": -0.5, "altitude": 0.0,
    }  # fmt: skip
    bare = ImageInfo(4, 3, 99, "png", latitude=0.0)
    assert bare.as_metadata() == {
        "width": 4, "height": 3, "bytes": 99, "format": "png", "latitude": 0.0,
    }  # fmt: skip


def test_pictures_of_the_same_pixels_are_equal_whatever_their_files_say() -> None:
    pixels = np.zeros((3, 4, 3), np.uint8)
    assert Picture(pixels, FULL) == Picture(pixels, ImageInfo(9, 9, 1, "png"))

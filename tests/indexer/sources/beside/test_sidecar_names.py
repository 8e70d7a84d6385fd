"""Which picture a sidecar belongs to."""

import pytest

from indexer.sources.beside.sidecar_names import PictureNames
from tests.support.processor_time import seconds

CUT = "a picture with a name that is so long that it is cut somewhere.jpg"


@pytest.mark.parametrize(
    ("pictures", "sidecar", "owners"),
    [
        (["a.jpg", "b.jpg"], "a.txt", ["a.jpg"]),
        (["a.jpg", "a.png"], "a.jpg.txt", ["a.jpg"]),
        (["a.jpg", "a.png"], "a.txt", ["a.jpg", "a.png"]),
        (["a.jpg", "a.b.jpg"], "a.b.c.txt", ["a.b.jpg"]),
        (["shoe-v1.0.jpg", "shoe-v1.5.jpg"], "shoe-v1.0.txt", ["shoe-v1.0.jpg"]),
        (["shoe-v1.0.jpg", "shoe-v1.5.jpg"], "shoe-v1.7.txt", []),
        (["Dr. Smith.jpg"], "Dr. Jones.txt", []),
        (["at 15.41.14.jpeg", "at 15.58.02.jpeg"],
         "at 15.41.14.jpeg.supplemental-metadata.json", ["at 15.41.14.jpeg"]),
        (["a.jpg", "a(1).jpg"], "a.jpg.supplemental-metadata(1).json", ["a(1).jpg"]),
        (["a.jpg", "a(1).jpg"], "a.jpg(1).json", ["a(1).jpg"]),
        (["a.jpg", "a(1).jpg"], "a.jpg.suppl.json", ["a.jpg"]),
        (["a(1).jpg", "a.jpg"], "a(1).txt", ["a(1).jpg"]),
        (["a.jpg", "a-edited.jpg"], "a.jpg.json", ["a.jpg", "a-edited.jpg"]),
        (["a(1).jpg", "a-edited(1).jpg", "a-edited.jpg"], "a.jpg(1).json",
         ["a(1).jpg", "a-edited(1).jpg"]),
        (["a.jpg", "a-bearbeitet.jpg", "a-已编辑.jpg"], "a.jpg.json",
         ["a.jpg", "a-bearbeitet.jpg", "a-已编辑.jpg"]),
        (["b-edytowane.jpg"], "b.jpg.supplemental-metadata.json", ["b-edytowane.jpg"]),
        (["a.jpg", "a-edited.jpg"], "a.txt", ["a.jpg"]),
        ([CUT[:-4] + "(1).jpg", CUT], CUT[:-2] + ".supplemental-meta(1).json",
         [CUT[:-4] + "(1).jpg"]),
        ([CUT, "other.jpg"], CUT[:46] + ".json", [CUT]),
        (["IMG_1.JPG"], "img_1.xmp", ["IMG_1.JPG"]),
        (["000.left.jpg", "000.right.jpg", "001.left.jpg"], "000.txt",
         ["000.left.jpg", "000.right.jpg"]),
        (["000.image.jpg"], "000.caption.txt", ["000.image.jpg"]),
        (["000.jpg"], "000.cls.txt", ["000.jpg"]),
        (["a.jpg"], "readme.txt", []),
        (["a.jpg"], "ab.txt", []),
    ],
)  # fmt: skip
def test_sidecar_belongs_to_its_longest_prefix(
    pictures: list[str], sidecar: str, owners: list[str]
) -> None:
    assert PictureNames(pictures).owners(sidecar) == owners


def test_title_names_the_picture_of_a_sidecar_whose_name_is_cut() -> None:
    names = PictureNames(["a(b).jpg", "c.jpg"])
    assert names.owners("a_b_.json", "a(b).jpg") == ["a(b).jpg"]


def test_long_names_without_a_picture_are_looked_for_quickly() -> None:
    pictures = PictureNames(f"{one:060}.jpg" for one in range(20_000))
    names = [f"x{one:059}.txt" for one in range(2_000)]
    assert seconds(lambda: [pictures.owners(name) for name in names]) < 2

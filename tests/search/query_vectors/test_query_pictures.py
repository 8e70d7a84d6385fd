"""Pictures of a query, wherever they lie, and their regions."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import QueryError
from binocle.media import images
from binocle.types import ImageSpec, Limits, NewPart, NewRecord, Part
from search.query.query import Query, Region, Term
from search.query_vectors.query_pictures import QueryPictures
from search.searcher import Searcher

SPEC = ImageSpec(32, 32, "squash")
RED, BLUE, GREEN = (205, 25, 30), (35, 70, 180), (35, 140, 50)


def halves(left: tuple[int, int, int], right: tuple[int, int, int], exif: int = 0) -> bytes:
    """Return a picture of two colours, left and right once it is upright."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:, :40], pixels[:, 40:] = left, right
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    tags = Image.Exif()
    if exif:
        tags[0x0112] = exif
        turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
        image = image.transpose(turns[exif])
    image.save(buffer, "JPEG", quality=95, subsampling=0, exif=tags)
    return buffer.getvalue()


@pytest.mark.parametrize("exif", [0, 3, 6])
def test_region_is_cut_out_of_the_upright_picture(exif: int) -> None:
    data = halves(RED, BLUE, exif)
    for box, colour in (((0, 0, 0.45, 1), RED), ((0.55, 0, 1, 1), BLUE)):
        part = images.load_region(data, SPEC, box)
        assert part.pixels.shape == (32, 32, 3)
        assert np.abs(part.pixels.astype(int) - colour).max() < 30
        assert (part.info.width, part.info.height) == (80, 60)


def test_region_of_everything_is_the_picture() -> None:
    rng = np.random.default_rng(1)
    blocks = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    blocks.resize((640, 480), Image.Resampling.BICUBIC).save(buffer, "PNG")
    for mode in ("shortest", "longest", "squash"):
        spec = replace(SPEC, resize_mode=mode)
        whole = images.load(buffer.getvalue(), spec).pixels.astype(int)
        part = images.load_region(buffer.getvalue(), spec, (0, 0, 1, 1)).pixels.astype(int)
        assert np.abs(whole - part).mean() < 3


def test_smallest_region_is_a_pixel() -> None:
    part = images.load_region(halves(RED, BLUE), SPEC, (0.999999, 0.999999, 1, 1))
    assert np.abs(part.pixels.astype(int) - BLUE).max() < 30


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    encoder = ColourEncoder()
    stored = {"red": RED, "blue": BLUE, "green": GREEN}
    files = {name: halves(colour, colour) for name, colour in stored.items()}
    files["both"] = halves(GREEN, RED)
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(encoder.space)
        for name, data in files.items():
            row = encoder.encode_images(images.load(data, encoder.image_spec).pixels[None])[0]
            part = NewPart("image", "image", name, name.encode(), row)
            collection.upsert([NewRecord(name, name, {}, (part,))])

        def read_picture(part: Part) -> bytes:
            return files[part.uri]

        yield Searcher(
            collection,
            lambda: encoder,
            limits=Limits(),
            pictures=QueryPictures(
                collection,
                limits=Limits(),
                read_picture=read_picture,
                fetch=lambda url: files[url.rpartition("/")[2]],
            ),
        )


def best(searcher: Searcher, *terms: Term) -> str:
    return searcher.search(Query(terms, "image", limit=1)).hits[0].record.id


def test_region_of_an_uploaded_a_stored_and_a_fetched_picture_is_looked_for(
    searcher: Searcher, tmp_path: Path
) -> None:
    (tmp_path / "x.jpg").write_bytes(halves(BLUE, RED))
    left, right = Region(0, 0, 0.5, 1), Region(0.5, 0, 0.5, 1)
    assert best(searcher, Term(image=halves(BLUE, RED), region=left)) == "blue"
    assert best(searcher, Term(image=tmp_path / "x.jpg", region=right)) == "red"
    assert best(searcher, Term(record="both", region=left)) == "green"
    assert best(searcher, Term(record="both", region=right)) == "red"
    assert best(searcher, Term(url="https://x/both", region=right)) == "red"
    assert best(searcher, Term(url="https://x/blue")) == "blue"


def test_what_cannot_be_read_here_is_said_so(searcher: Searcher) -> None:
    bare = Searcher(searcher.collection, ColourEncoder, limits=Limits())
    with pytest.raises(QueryError, match="stored pictures cannot be read here"):
        best(bare, Term(record="both", region=Region(0, 0, 1, 1)))
    with pytest.raises(QueryError, match="URLs are not allowed"):
        best(bare, Term(url="https://x/both"))
    with pytest.raises(QueryError, match="the mode 'keyword' looks for words"):
        bare.search(Query((Term(record="both"),), mode="keyword"))

"""Questions that a collection answers for itself, and how well its relevant sets fit them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array, Limits, MetadataValue, NewPart, NewRecord
from experiments.relevance.set_quality import measure, of_photos, of_products
from search.query.query import Sort
from search.searcher import Searcher

ENCODER = ColourEncoder()
COLOURS, ARTICLES, BRANDS = ("Red", "Blue"), ("Shirts", "Bags", "Belts"), ("Nike", "Puma", "Gap")


def row(seed: int) -> Float32Array:
    vector = np.random.default_rng(seed).standard_normal(ENCODER.space.dimension)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("shop") / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        records = []
        for n in range(108):
            colour, article, brand = COLOURS[n % 2], ARTICLES[n // 2 % 3], BRANDS[n // 6 % 3]
            title, path = f"{brand} {colour} {article}", f"Shop - All - {article} - {colour}"
            picture = NewPart("image", "image", f"i{n}", f"i{n}".encode(), row(n))
            text = NewPart("text", "title", f"t{n}", f"t{n}".encode(), row(n), text=title)
            facts: dict[str, MetadataValue] = {"title": title, "path": path, "price": n}
            facts["colour first"] = f"{colour} {brand} {article}"
            records.append(NewRecord(f"r{n}", f"/{n}.jpg", facts, (picture, text)))
        opened.upsert(records)
        yield opened


def test_products_are_asked_for_by_what_they_are_called(collection: Collection) -> None:
    asked = of_products(collection, "title", "path")
    assert {kind: len(every) for kind, every in asked.items()} == {
        "brand for gifts": 3, "colour, other word": 0, "colour and article": 6, "brand": 3,
        "brand and article": 9,
    }  # fmt: skip
    shirts = next(one for one in asked["colour and article"] if one.words == "red shirt")
    assert shirts.right == {f"r{n}" for n in range(108) if n % 2 == 0 and n // 2 % 3 == 0}
    searcher = Searcher(collection, lambda: ENCODER, limits=Limits())
    told = measure(searcher, asked["brand and article"], Sort("price"))
    assert "   9 questions: set F1 1.000, precision 1.000, recall 1.000" in told


def test_a_colour_that_titles_begin_with_is_no_brand(collection: Collection) -> None:
    asked = of_products(collection, "colour first", "path")
    assert asked["brand"] == asked["brand and article"] == []
    assert len(asked["colour and article"]) == 6


def test_photos_are_asked_for_by_what_two_of_their_captions_name(
    collection: Collection, tmp_path: Path
) -> None:
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption"])
        for n in range(108):
            seen = "a kite" if n % 9 == 0 else "a street"
            rows.writerows([f"{n}.jpg", text] for text in (f"{seen} flies", f"{seen} by day", "x"))
    asked = of_photos(collection, tmp_path / "captions.csv")
    (kites,) = (one for one in asked["word"] if one.words == "kite")
    assert kites.right == {f"r{n}" for n in range(0, 108, 9)}
    assert all(len(one.right) == 1 for one in asked["another caption"])

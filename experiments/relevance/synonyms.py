"""What do synonyms find that a shop's titles call otherwise?

    python -m experiments.relevance.synonyms FOLDER

Asks a collection of fashion products, whose descriptions are paths such as "Accessories - Watches",
for what its titles have another word for, with and without a colour: "red timepiece". A hit fits
where a text of it names the category. The rules are put as a draft, which is removed at the end.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.errors import UsageError
from binocle.types import Float32Array, Limits
from search.query.query import Query, Term
from search.query_vectors.query_vector import unit
from search.searcher import Searcher

CALLED: Mapping[str, tuple[str, str]] = {
    "sneakers": ("sports shoes", "Sports Shoes"), "kicks": ("casual shoes", "Casual Shoes"),
    "trainers": ("sports shoes", "Sports Shoes"), "pullover": ("sweater", "Sweaters"),
    "jumper": ("sweater", "Sweaters"), "slacks": ("trousers", "Trousers"),
    "pants": ("trousers", "Trousers"), "timepiece": ("watch", "Watches"),
    "wristwatch": ("watch", "Watches"), "purse": ("handbag", "Handbags"),
    "shades": ("sunglasses", "Sunglasses"), "tee": ("tshirt", "Tshirts"),
    "scent": ("perfume", "Perfume"), "fragrance": ("perfume", "Perfume"),
    "pumps": ("heels", "Heels"), "thongs": ("flip flops", "Flip Flops"),
    "knapsack": ("backpack", "Backpacks"), "rucksack": ("backpack", "Backpacks"),
    "billfold": ("wallet", "Wallets"), "hosiery": ("socks", "Socks"),
}  # fmt: skip
"""What somebody may type, what titles say, and the category."""
_COLOURS = ("", "red", "black")
_FIRST = 10


def share_that_fits(searcher: Searcher, query: Query, category: str) -> float:
    """Return how much of the first ten hits is of a category, 0 to 1; 0 of none."""
    hits = searcher.search(query).hits
    texts = [" ".join(part.text or "" for part in hit.record.parts) for hit in hits]
    return float(np.mean([category.lower() in one.lower() for one in texts])) if texts else 0.0


def questions(typed: str, rows: Mapping[str, Float32Array]) -> Iterator[tuple[str, Query]]:
    """Yield a text as a query by words, and by each of some vectors of it, with what that is."""
    words: dict[str, Any] = {"terms": (Term(text=typed),), "limit": _FIRST, "mode": "keyword"}
    yield "words alone, no synonyms", Query(**words, rules="none")
    yield "words alone", Query(**words, rules="draft")
    for name, row in rows.items():
        terms = (Term(text=typed, embedded=row),)
        pictures = Query(terms, "image", limit=_FIRST, mode="semantic", rules="none")
        yield f"pictures, {name}", pictures
        yield f"words and vectors, {name}", Query(terms, limit=_FIRST, rules="draft")


def measured(searcher: Searcher, encode: Any, *, is_known: bool) -> dict[str, float]:
    """Return the mean share that fits, by what was looked at.

    Args:
        searcher: Of the collection.
        encode: Returns the rows of texts.
        is_known: What titles say is typed, and the other word is the synonym.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for word, (titled, category) in CALLED.items():
        for colour in _COLOURS:
            typed, other = (titled, word) if is_known else (word, titled)
            typed, other = f"{colour} {typed}".strip(), f"{colour} {other}".strip()
            own, rewritten = encode([typed, other])
            rows = {"as typed": own, "rewritten": rewritten, "mean": unit(own + rewritten)}
            for name, query in questions(typed, rows):
                found[name].append(share_that_fits(searcher, query, category))
    return {name: float(np.mean(several)) for name, several in found.items()}


def main() -> None:
    """Measure a collection and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a collection's folder")
    with Collection(parser.parse_args().folder) as collection:
        if collection.space is None:
            raise UsageError("the collection is empty")
        encoder = open_encoder(collection.space.name)
        searcher = Searcher(collection, lambda: encoder, limits=Limits())
        rules = {"synonyms": [{"words": [one, own[0]]} for one, own in CALLED.items()]}
        with collection.writing() as session:
            session.rules.put_draft(json.dumps(rules))
        for is_known in (False, True):
            print("the titles' word is typed" if is_known else "another word is typed")
            for name, share in measured(searcher, encoder.encode_texts, is_known=is_known).items():
                print(f"  {name:30} {share:.3f}", flush=True)
        with collection.writing() as session:
            session.rules.remove_draft()


if __name__ == "__main__":
    main()

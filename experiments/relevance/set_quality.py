"""Is the relevant set of a question that names something what was asked for?

    python -m experiments.relevance.set_quality HOME COLLECTION --sort FIELD

Questions are made from what a collection says of itself: the first words of its titles that several
records begin with (brands), with the articles that these records are, and the values of a path
such as ``Apparel - Topwear - Tshirts - Blue``, last but one (colours) and before (articles).
Where records have captions of which only the first is stored, a table of all of them says which
photos show a thing: those of which two captions name it.
"""

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.types import Limits, Record
from search.query.notation import parse_sort
from search.query.query import Query, Sort, Term
from search.searcher import Searcher

_MANY = 10_000
_LEAST = 5  # right records that a question must have
_ASKED = 60
_OTHERWISE = {  # articles, and words that sellers do not use for them
    "tshirt": "tee",
    "watche": "timepiece",
    "handbag": "purse",
    "casual shoe": "sneakers",
    "sports shoe": "trainers",
    "sunglasse": "shades",
    "wallet": "billfold",
    "trouser": "pants",
    "dresse": "gown",
    "flip flop": "thongs",
    "sweater": "pullover",
    "heel": "pumps",
}
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class NamedSet:
    """What is asked for by a name, and the ids of the records that are right."""

    words: str
    right: frozenset[str]


def of_products(collection: Collection, title: str, path: str | None) -> dict[str, list[NamedSet]]:
    """Return questions to products, by their sort.

    A colour is no brand, though titles begin with it: whoever asks for red shoes may have any red.

    Args:
        collection: Of products.
        title: The field or text of titles.
        path: That of paths; None where there are none.
    """
    titles, paths = _said(collection, title), _said(collection, path) if path else {}
    brands, named, coloured = (defaultdict[str, set[str]](set) for _ in range(3))
    for key, text in titles.items():
        if found := _WORD.match(text):
            brands[found[0].lower()].add(key)
    articles: dict[str, str] = {}
    colours: set[str] = set()
    for key, text in paths.items():
        steps = [one.strip().lower() for one in text.split(" - ")]
        if len(steps) >= 4:
            articles[key] = steps[2].removesuffix("s")
            coloured[f"{steps[3]} {articles[key]}"].add(key)
            colours.update(_tokens(steps[3]))
    for brand in [*brands]:
        if len(brands[brand]) < _LEAST or brand in colours:
            del brands[brand]
            continue
        brands[brand] = {k for k, text in titles.items() if brand in _tokens(text)}
        for key in brands[brand]:
            if key in articles:
                named[f"{brand} {articles[key]}"].add(key)
    gifts = {f"{brand} for gifts": keys for brand, keys in brands.items()}
    reworded = {
        words.replace(article, other): keys
        for words, keys in coloured.items()
        for article, other in _OTHERWISE.items()
        if words.endswith(f" {article}")
    }
    return {
        "brand for gifts": _chosen(gifts),
        "colour, other word": _chosen(reworded),
        "colour and article": _chosen(coloured),
        "brand": _chosen(brands),
        "brand and article": _chosen(named),
    }


def of_photos(collection: Collection, captions: Path) -> dict[str, list[NamedSet]]:
    """Return questions to photos of which the first caption is stored.

    Args:
        collection: Of photos.
        captions: A table ``image,caption`` with several captions of each.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    with captions.open(newline="") as file:
        for row in csv.DictReader(file):
            texts[Path(row["image"]).name].append(row["caption"])
    said = {name: [set(_tokens(one)) for one in several] for name, several in texts.items()}
    names = {one.id: Path(one.uri).name for one in _records(collection)}
    counts: dict[str, set[str]] = defaultdict(set)
    for key, name in names.items():
        for word in set().union(*said[name]):
            if sum(word in one for one in said[name]) >= 2:
                counts[word].add(key)
    nouns = {word: keys for word, keys in counts.items() if len(keys) <= len(names) / 4}
    pairs: dict[str, set[str]] = {}
    common = sorted(nouns, key=lambda word: -len(nouns[word]))[:80]
    for number, one in enumerate(common):
        for other in common[number + 1 :]:
            both = nouns[one] & nouns[other]
            by_chance = len(nouns[one]) * len(nouns[other]) / len(names)
            if len(both) >= max(_LEAST, 2 * by_chance):
                pairs[f"{one} {other}"] = both
    own = {several[-1]: {key} for key, name in names.items() if (several := texts[name])}
    return {
        "word": _chosen(nouns),
        "two words": _chosen(pairs),
        "another caption": _chosen(own, least=1),
    }


def measure(searcher: Searcher, questions: list[NamedSet], sort: Sort | None) -> str:
    """Return figures of a sort of questions, in one line."""
    rows: list[tuple[float, ...]] = []
    for one in questions:
        term = (Term(text=one.words),)
        found = searcher.search(Query(term, limit=_MANY, min_relevance="auto"))
        ids = [hit.record.id for hit in found.hits]
        right = len(one.right.intersection(ids))
        precision, recall = right / max(1, len(ids)), right / len(one.right)
        f1 = 2 * right / (len(ids) + len(one.right))
        best = min(10, len(one.right))
        first = searcher.search(Query(term, limit=10)).hits
        at_10 = sum(hit.record.id in one.right for hit in first) / best
        by_price = at_10
        if sort is not None:
            ordered = searcher.search(Query(term, limit=10, sort=(sort,))).hits
            by_price = sum(hit.record.id in one.right for hit in ordered) / best
        rows.append((f1, precision, recall, at_10, by_price, float(found.no_match)))
    f1, precision, recall, at_10, by_price, denied = np.mean(rows, axis=0)
    return (
        f"{len(rows):4} questions: set F1 {f1:.3f}, precision {precision:.3f}, "
        f"recall {recall:.3f}; "
        f"right of the first ten {at_10:.3f}, sorted {by_price:.3f}; denied {denied:.3f}"
    )


def _records(collection: Collection) -> list[Record]:
    numbers = np.flatnonzero(collection.snapshot().mask(None)).tolist()
    with collection.reading() as session:
        return list(session.records.by_number(numbers).values())


def _said(collection: Collection, name: str) -> dict[str, str]:
    """Return a field or a text of each record that has it, by id."""
    found = {}
    for one in _records(collection):
        value = one.metadata.get(name)
        if isinstance(value, str):
            found[one.id] = value
    return found


def _tokens(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _chosen(right: Mapping[str, set[str]], *, least: int = _LEAST) -> list[NamedSet]:
    every = (NamedSet(words, frozenset(keys)) for words, keys in sorted(right.items()))
    many = [one for one in every if len(one.right) >= least]
    return Random(0).sample(many, min(_ASKED, len(many)))


def add_questions(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where questions come from."""
    parser.add_argument("folder", type=Path, help="of a collection")
    parser.add_argument("--titles", help="the field that holds titles")
    parser.add_argument("--paths", help="a field such as 'Apparel - Topwear - Kurtas - Red'")
    parser.add_argument("--captions", type=Path, help="a table of all captions of photos")


def questions_of(collection: Collection, options: argparse.Namespace) -> dict[str, list[NamedSet]]:
    """Return questions to a collection, by their sort, as the options of a command say."""
    asked: dict[str, list[NamedSet]] = {}
    if options.titles:
        asked |= of_products(collection, options.titles, options.paths)
    if options.captions:
        asked |= of_photos(collection, options.captions)
    return asked


def main() -> None:
    """Print a line for each sort of questions."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.set_quality", description=__doc__
    )
    add_questions(parser)
    parser.add_argument("--sort", help="a field to sort by")
    options = parser.parse_args()
    with Collection(options.folder) as collection:
        space = collection.space
        encoder = open_encoder(space.name if space else "mini")
        searcher = Searcher(collection, lambda: encoder, limits=Limits())
        sort = parse_sort(options.sort) if options.sort else None
        for name, questions in questions_of(collection, options).items():
            if questions:
                print(f"{name:19} {measure(searcher, questions, sort)}", flush=True)


if __name__ == "__main__":
    main()

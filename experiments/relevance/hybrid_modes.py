"""Do words and vectors together find better than either?

    python -m experiments.relevance.hybrid_modes FOLDER

Titles of a collection's records are asked for as people ask: as they are, shuffled, with words left
out, misspelt. And records are asked for with one of their words replaced by that of another
("this, but red"), where a field holds such words in places of their own.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.errors import UsageError
from binocle.types import Limits
from search.query.query import Mode, Query, Term
from search.searcher import Searcher

MODES: tuple[Mode, ...] = ("semantic", "keyword", "hybrid")
_DEPTH = 50
_FIRST = 10
_LEAST = 5  # so many records have what is asked for

Random = np.random.Generator


def shuffled(title: str, random: Random) -> str:
    """Return a title's words in another order."""
    return " ".join(random.permutation(title.split()))


def shortened(title: str, random: Random) -> str:
    """Return a title without two of its words; two are left at least."""
    words = title.split()
    left = np.sort(random.permutation(len(words))[: max(2, len(words) - 2)])
    return " ".join(words[place] for place in left)


def misspelt(title: str, random: Random) -> str:
    """Return a title without one letter inside its longest word."""
    words = title.split()
    place = max(range(len(words)), key=lambda one: len(words[one]))
    word = words[place]
    if len(word) > 2:
        letter = int(random.integers(1, len(word) - 1))
        words[place] = word[:letter] + word[letter + 1 :]
    return " ".join(words)


WAYS: Mapping[str, Callable[[str, Random], str]] = {
    "as it is": lambda title, _random: title,
    "shuffled": shuffled,
    "two words left out": shortened,
    "misspelt": misspelt,
}


def measure_titles(
    searcher: Searcher, titles: Mapping[str, str], count: int, seed: int = 0
) -> dict[str, dict[Mode, float]]:
    """Return the mean reciprocal rank of each mode for each way to ask, 0 to 1.

    A hit is right if its title is the one asked for, whatever the case; beyond 50 hits nothing
    counts.

    Args:
        searcher: Of the collection.
        titles: By record id.
        count: How many records are asked for.
        seed: Chooses these, and how they are asked for.
    """
    folded = {key: " ".join(title.casefold().split()) for key, title in titles.items()}
    found: dict[str, dict[Mode, float]] = {}
    for way, change in WAYS.items():
        random = np.random.default_rng(seed)
        asked = random.permutation(sorted(titles))[:count]
        texts = [change(titles[key], random) for key in asked]
        found[way] = {}
        for mode in MODES:
            ranks = []
            for key, text in zip(asked, texts, strict=True):
                hits = searcher.search(Query((Term(text=text),), limit=_DEPTH, mode=mode)).hits
                right = [folded.get(hit.record.id) == folded[key] for hit in hits]
                ranks.append(1 / (right.index(True) + 1) if any(right) else 0.0)
            found[way][mode] = float(np.mean(ranks))
    return found


def measure_composed(
    searcher: Searcher, kinds: Mapping[str, tuple[str, str]], count: int, seed: int = 0
) -> dict[Mode, float]:
    """Return how many of the first ten hits of "this record, but VALUE" are such, 0 to 1.

    Args:
        searcher: Of the collection.
        kinds: By record id what stays, and what is asked for of another: an article and a colour.
        count: How many questions.
        seed: Chooses them.
    """
    random = np.random.default_rng(seed)
    values: dict[str, list[str]] = defaultdict(list)
    for (same, value), number in sorted(Counter(kinds.values()).items()):
        if number >= _LEAST:
            values[same].append(value)
    asked: list[tuple[str, str, str]] = []
    for key in random.permutation(sorted(kinds)):
        same, own = kinds[key]
        others = [value for value in values[same] if value != own]
        if others and len(asked) < count:
            asked.append((str(key), same, str(random.choice(others))))
    shares: dict[Mode, float] = {}
    for mode in ("semantic", "hybrid"):
        right = []
        for key, same, value in asked:
            terms = (Term(record=key), Term(text=value.lower()))
            hits = searcher.search(Query(terms, limit=_FIRST, mode=mode)).hits
            right.append(np.mean([kinds.get(hit.record.id) == (same, value) for hit in hits]))
        shares[mode] = float(np.mean(right)) if right else 0.0
    return shares


def _values(collection: Collection, field: str) -> dict[str, str]:
    """Return a field's strings by record id."""
    numbers = np.flatnonzero(collection.snapshot().mask(None)).tolist()
    with collection.reading() as session:
        records = session.records.by_number(numbers).values()
    found = {one.id: str(one.metadata[field]) for one in records if one.metadata.get(field)}
    if not found:
        raise UsageError(f"no record of {collection.path.name} has a field {field!r}")
    return found


def _pairs_of(values: Mapping[str, str], places: Sequence[int]) -> dict[str, tuple[str, str]]:
    split = {key: [part.strip() for part in value.split(" - ")] for key, value in values.items()}
    return {
        key: (parts[places[0]], parts[places[1]])
        for key, parts in split.items()
        if len(parts) > max(places)
    }


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.hybrid_modes", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="of a collection, with pictures and titles")
    parser.add_argument("--titles", default="title", help="the field that holds titles")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--kinds", help="a field such as 'Apparel - Topwear - Kurtas - Red'")
    parser.add_argument("--places", type=int, nargs=2, default=(2, 3), help="of article and colour")
    options = parser.parse_args()
    with Collection(options.folder) as collection:
        space = collection.space
        encoder = open_encoder(space.name if space else "mini")
        searcher = Searcher(collection, lambda: encoder, limits=Limits())
        print("| asked for by its title | semantic | keyword | hybrid |\n|---|---|---|---|")
        titles = _values(collection, options.titles)
        for way, figures in measure_titles(searcher, titles, options.count).items():
            print(f"| {way} | " + " | ".join(f"{one:.3f}" for one in figures.values()) + " |")
        if options.kinds:
            kinds = _pairs_of(_values(collection, options.kinds), options.places)
            for mode, share in measure_composed(searcher, kinds, options.count).items():
                print(f"\nthis, but of another kind, {mode}: {share:.1%} of the first ten")


if __name__ == "__main__":
    main()

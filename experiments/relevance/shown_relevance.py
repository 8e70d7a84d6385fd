"""Is a hit's relevance the share of hits like it that are right?

    python -m experiments.relevance.shown_relevance FOLDER --titles FIELD --paths FIELD

Asks what ``set_quality`` asks, and prints for each sort of questions and each fifth of relevance
how many of the first ten hits lie there, their mean relevance, and the share that is right.
"""

import argparse

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.types import Limits
from experiments.relevance.set_quality import NamedSet, add_questions, questions_of
from search.query.query import Query, Term
from search.searcher import Searcher

_FIFTHS = 5


def fifths(searcher: Searcher, questions: list[NamedSet]) -> str:
    """Return the figures of a sort of questions, in one line."""
    shown, right = [], []
    for one in questions:
        for hit in searcher.search(Query((Term(text=one.words),), limit=10)).hits:
            if hit.relevance is not None:
                shown.append(hit.relevance)
                right.append(hit.record.id in one.right)
    relevances, rights = np.array(shown), np.array(right)
    fifth = np.minimum((relevances * _FIFTHS).astype(int), _FIFTHS - 1)
    cells = []
    for number in range(_FIFTHS):
        within = fifth == number
        said = (
            f"{relevances[within].mean():.2f} {rights[within].mean():.2f}" if within.any() else ""
        )
        cells.append(f"{within.sum():5} {said:9}")
    return " |".join(cells)


def main() -> None:
    """Print a line for each sort of questions."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.shown_relevance", description=__doc__
    )
    add_questions(parser)
    options = parser.parse_args()
    with Collection(options.folder) as collection:
        space = collection.space
        encoder = open_encoder(space.name if space else "mini")
        searcher = Searcher(collection, lambda: encoder, limits=Limits())
        for name, questions in questions_of(collection, options).items():
            if questions:
                print(f"{name:19} {fifths(searcher, questions)}", flush=True)


if __name__ == "__main__":
    main()

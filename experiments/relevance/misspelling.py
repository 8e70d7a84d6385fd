"""What misspelt words cost, and what reading them as what was meant gives back.

``python -m experiments.relevance.misspelling captions.csv`` asks for pictures by their texts: as
they are, and with words misspelt at random (a letter left out, added or replaced, or two neighbours
exchanged).
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from binocle.encoders.base import Encoder
from binocle.encoders.registry import open_encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, Int64Array, Limits
from evaluation.embedding import embed_pictures, embed_texts
from evaluation.pairs import read_pairs
from evaluation.retrieval import evaluate_pairs
from indexer.sources.table import ColumnRoles
from search.spelling.spell_correction import Corrector

_LEAST_LETTERS = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Random = np.random.Generator


def misspelt(text: str, words: int, random: Random) -> str:
    """Return a text with one mistake in each of some words of at least three letters."""
    pieces = text.split()
    eligible = [
        place
        for place, word in enumerate(pieces)
        if word.isascii() and word.isalpha() and len(word) >= _LEAST_LETTERS
    ]
    for place in random.permutation(eligible)[:words].tolist():
        pieces[place] = _with_mistake(pieces[place], random)
    return " ".join(pieces)


def _with_mistake(word: str, random: Random) -> str:
    at = int(random.integers(len(word)))
    letter = _LETTERS[int(random.integers(len(_LETTERS)))]
    match int(random.integers(4)):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + letter + word[at:]
        case 2:
            return word[:at] + letter + word[at + 1 :]
        case _:
            at = min(at, len(word) - 2)
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def measure(
    texts: Sequence[str],
    pictures: Float32Array,
    picture_of_text: Int64Array,
    encoder: Encoder,
    *,
    seed: int = 0,
) -> Mapping[int, tuple[float, float, float]]:
    """Measure, for 0, 1 and 2 misspelt words in each text.

    Args:
        texts: What is asked.
        pictures: ``(n, d)`` float32 unit rows.
        picture_of_text: ``(t,)`` int64, which picture each text describes.
        encoder: Of the rows, with a vocabulary.
        seed: Chooses the mistakes.

    Returns:
        By number of words recall@10 of the texts as they are typed, the same as they are read, and
        the share of texts that are read just as they were before the mistakes; each 0 to 1.
    """
    corrector = Corrector(encoder.vocabulary)

    def recall(asked: Sequence[str]) -> float:
        rows = embed_texts(asked, encoder)
        report = evaluate_pairs(pictures, rows, np.arange(len(rows)), picture_of_text, resamples=1)
        return report.text_to_image.estimates["recall@10"].value

    found = {}
    for words in (0, 1, 2):
        random = np.random.default_rng(seed)
        typed = [misspelt(text, words, random) for text in texts]
        read = [corrector.corrected(text, lambda _: set()) for text in typed]
        same = [
            one.casefold().split() == text.casefold().split()
            for one, text in zip(read, texts, strict=True)
        ]
        found[words] = recall(typed), recall(read), float(np.mean(same))
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.misspelling", description=__doc__
    )
    parser.add_argument("table", type=Path, help="pictures and texts, as for 'binocle eval'")
    parser.add_argument("--count", type=int, default=1000, help="how many texts are asked")
    options = parser.parse_args()
    encoder = open_encoder("mini")
    pairs = read_pairs(options.table, ColumnRoles())
    with DecoderPool(2, Limits()) as decoders:
        embedded = embed_pictures(pairs.pictures, encoder, decoders)
    told = [
        (text.text, row)
        for row, place in enumerate(embedded.places)
        for text in pairs.pictures[place].texts
    ]
    chosen = np.random.default_rng(0).permutation(len(told))[: options.count]
    texts, owners = zip(*(told[place] for place in chosen.tolist()), strict=True)
    found = measure(texts, embedded.rows, np.array(owners, np.int64), encoder)
    print("| words misspelt | as typed | as read | read just as meant |\n|---|---|---|---|")
    for words, (typed, read, same) in found.items():
        print(f"| {words} | {typed:.1%} | {read:.1%} | {same:.0%} |")


if __name__ == "__main__":
    main()

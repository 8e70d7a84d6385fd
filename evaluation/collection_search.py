"""How good search in a collection is, for texts whose pictures are known.

The texts are asked of the collection as any query is, with everything in it as distractors.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection, check_space
from binocle.encoders.base import Encoder
from binocle.errors import SourceError
from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, Hit
from evaluation.embedding import embed_texts
from evaluation.metrics import TIE, Float64Array, Ranks
from evaluation.pairs import PairMatches, Pairs, match_texts
from evaluation.results import Section
from evaluation.retrieval import summarise
from indexer.sources.base import Candidate
from search.query.query import Query, Term
from search.results.answer import Answer
from search.searcher import Searcher

DEPTH = 100
_QUERIES_AT_ONCE = 128
_RECORDS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """What asking a collection gave.

    Attributes:
        text_to_image: The figures; ranks beyond ``DEPTH`` are infinite, so MRR and mAP look that
            deep and no deeper.
        pictures: How many of the table's pictures the collection has.
        absent: How many it lacks; they are left out with the texts that are theirs alone.
        exact: Whether all answers were those of an exhaustive scan.
    """

    text_to_image: Section
    pictures: int
    absent: int
    exact: bool


def evaluate_collection(
    collection: Collection,
    searcher: Searcher,
    encoder: Encoder,
    pairs: Pairs,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> CollectionReport:
    """Ask a collection for pictures by the texts of a table.

    A picture of the table is in the collection if a record lies where it lies, has the same
    content, or has the table's cell as its id.

    Args:
        collection: What to ask.
        searcher: Asks it.
        encoder: The collection's own; embeds the texts.
        pairs: Texts and their pictures.
        resamples: Bootstrap draws, at least 1.
        seed: Of the draws.

    Raises:
        SourceError: Fewer than two of the pictures are in the collection.
        SpaceMismatchError: The encoder is not the collection's.
    """
    space, name = collection.space, collection.path.name
    records = _records_of(collection, pairs.pictures)
    known = [one for one, ids in zip(pairs.pictures, records, strict=True) if ids]
    right = [ids for ids in records if ids]
    if space is None or len(set(right)) < 2:
        raise SourceError(
            f"the collection {name!r} has {len(set(right))} of the {len(pairs.pictures)} pictures "
            f"of {pairs.path}; it takes at least 2: is it the right one?"
        )
    check_space(space, encoder.space, name)
    matches = match_texts([[text.text for text in one.texts] for one in known], right)
    found, is_exact = [], True
    answers = _answers(searcher, embed_texts(matches.texts, encoder))
    for answer, wanted in zip(answers, _records_of_texts(matches, right), strict=True):
        found.append(positions_in(answer, wanted))
        is_exact = is_exact and answer.exact
    ranks = Ranks.gather(found).take(matches.pair_text)
    with collection.reading() as session:
        candidates = session.parts.count()[IMAGE]
    figures = summarise(ranks, matches.pair_picture, candidates, resamples=resamples, seed=seed)
    return CollectionReport(figures, len(known), len(records) - len(known), is_exact)


def _records_of_texts(matches: PairMatches, right: Sequence[frozenset[str]]) -> list[set[str]]:
    """Return the records that are right for each text."""
    records_of_picture = list(dict.fromkeys(right))
    found: list[set[str]] = [set() for _ in matches.texts]
    for text, picture in zip(matches.pair_text, matches.pair_picture, strict=True):
        found[text] |= records_of_picture[picture]
    return found


def _answers(searcher: Searcher, rows: Float32Array) -> Iterator[Answer]:
    for start in range(0, len(rows), _QUERIES_AT_ONCE):
        block = rows[start : start + _QUERIES_AT_ONCE]
        yield from searcher.search_many(
            [Query((Term(vector=row),), IMAGE, limit=DEPTH, rules="none") for row in block]
        )


def positions_in(answer: Answer, wanted: set[str]) -> tuple[Float64Array, bool]:
    """Return the positions of records in an answer, infinity for those that are not in it.

    As everywhere, a wrong hit that scores like a right one stands before it; where the equals
    reach the end of a cut answer, more of them may follow, and the right one counts as not found.

    Args:
        answer: Best first.
        wanted: Ids of the right records, at least one.

    Returns:
        ``(len(wanted),)`` float64 positions, ascending, and whether the best is tied.
    """
    hits: Sequence[Hit] = answer.hits
    scores = np.array([hit.similarity for hit in hits])
    is_right = np.array([hit.record.id in wanted for hit in hits], np.bool_)
    positions = np.full(len(wanted), np.inf)
    is_cut = answer.cursor is not None
    tied = False
    for number, score in enumerate(scores[is_right]):
        wrong = int(np.count_nonzero(scores[~is_right] >= score - TIE))
        if number == 0:
            tied = wrong > int(np.count_nonzero(scores[~is_right] > score + TIE))
        if not (is_cut and scores[-1] >= score - TIE):
            positions[number] = wrong + number + 1
    return positions, tied


def _records_of(collection: Collection, pictures: Sequence[Candidate]) -> list[frozenset[str]]:
    """Return the records of the collection that show each picture."""
    by_name: dict[str, set[str]] = {}
    for record_id, names in _names(collection):
        for one in names:
            by_name.setdefault(one, set()).add(record_id)
    return [_named(by_name, picture) for picture in pictures]


def _names(collection: Collection) -> Iterator[tuple[str, list[str]]]:
    """Yield every record with what its picture may be known by."""
    last = 0
    while True:
        with collection.reading() as session:
            records = session.records.after(last, _RECORDS_AT_ONCE, [])
        for number, record in records:
            content = record.metadata.get("sha256")
            yield record.id, [f"id {record.id}", f"at {record.uri}", f"of {content}"]
            last = number
        if len(records) < _RECORDS_AT_ONCE:
            return


def _named(by_name: Mapping[str, set[str]], picture: Candidate) -> frozenset[str]:
    found: set[str] = set()
    found |= by_name.get(f"id {picture.key}", set())
    image = picture.images[0]
    found |= by_name.get(f"at {image.uri}", set())
    try:
        found |= by_name.get(f"of {hashlib.sha256(image.read()).hexdigest()}", set())
    except OSError:  # it may be known by its id all the same
        pass
    return frozenset(found)

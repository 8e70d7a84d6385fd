"""Does relevance tell what a collection has?

    python -m experiments.relevance.answer_detection --data DIR

Asks collections through the searcher, in every mode, for what they have and for what they have not,
and prints how often the best hit of a query with an answer is more relevant than that of one
without (AUC), with 95 % bootstrap intervals, and how often ``no_match`` is said. With ``--fit`` it
prints what logistic regressions make of vectors and words instead, all data sets together and
without each of them (``search.ranking.match_decision``, ``search.relevance.score_model``).

Of each picture the first text is stored; photos are asked for by their last caption, products by
their title without two of its words, all of them by a single word as well.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.encoders.registry import open_encoder
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import BoolArray, ImageInfo, Limits, NewPart, NewRecord, Target
from evaluation.bootstrap import Estimate, interval
from experiments.relevance.fit_evidence import AnswerEvidence, evidence_of, fit_lines
from experiments.relevance.hybrid_modes import shortened
from experiments.relevance.logistic import Float64Array, auc
from experiments.relevance.question_pictures import QuestionPictures, content_words, read_sets
from experiments.relevance.question_sets import FRESH, TOPICS, family, nonsense_words
from search.query.query import Mode, Query, Term
from search.searcher import Searcher

ASKED = ("flickr8k-dev", "fashion", "electronics")
_RESAMPLES = 1000
_AT_ONCE = 50
_LEAST = 20
_INFO = ImageInfo(1, 1, 1, "jpeg")


@dataclass(frozen=True, slots=True)
class Question:
    """A collection, and texts that ask for what it has and for what it has not.

    Attributes:
        name: Of the collection.
        pictures: What is in it.
        answerable: Texts by what they are.
        unanswerable: Texts by what they are.
    """

    name: str
    pictures: QuestionPictures
    answerable: Mapping[str, Sequence[str]]
    unanswerable: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of some queries.

    Attributes:
        relevance: ``(q,)`` float64 of the best hit, 0 where there is none.
        no_match: ``(q,)`` bool.
    """

    relevance: Float64Array
    no_match: BoolArray


Way = tuple[Mode, Target | None]
WAYS: Mapping[str, Way] = {
    "hybrid": ("hybrid", None),
    "semantic": ("semantic", None),
    "semantic, texts": ("semantic", TEXT),
    "keyword": ("keyword", None),
}


def questions(
    sets: Mapping[str, QuestionPictures], count: int, seed: int = 0
) -> Iterator[Question]:
    """Yield what is asked of each set, and of photos without a topic.

    Args:
        sets: From ``read_sets``.
        count: Queries of each sort at most.
        seed: Chooses them.
    """
    random = np.random.default_rng(seed)
    for name in (one for one in ASKED if one in sets):
        own = sets[name]
        absent: dict[str, Sequence[str]] = {}
        for other, pictures in sets.items():
            if family(other) == family(name) or other in FRESH:
                continue
            asked = [pictures.texts[place][1] for place in random.permutation(len(pictures.texts))]
            absent[other] = asked[:count]
            if other == "caltech101":
                absent |= _class_names(own, pictures, asked, count)
        absent["nonsense"] = nonsense_words(random)[:count]
        yield Question(name, own, _answerable(own, count, random), absent)
        if own.has_several_texts:
            yield from _without_topics(name, own, count, random)


def _class_names(
    own: QuestionPictures, others: QuestionPictures, sentences: Sequence[str], count: int
) -> dict[str, Sequence[str]]:
    """Return class names, alone and in sentences; those in no text of a set apart."""
    names = sorted(set(others.labels))
    said = frozenset().union(*own.words)
    unsaid = [one for one in names if not content_words(one) & said]
    in_none = [text for text in sentences if not (content_words(text) - {"photo"}) & said]
    return {
        "class names": names[:count],
        "class names in no text": unsaid[:count],
        "caltech101 in no text": in_none[:count],
    }


def _answerable(
    own: QuestionPictures, count: int, random: np.random.Generator
) -> dict[str, Sequence[str]]:
    """Return texts that ask for pictures of a set: whole ones, and single words of them."""
    whole, single = [], []
    for place in random.permutation(len(own.texts)):
        first, last = own.texts[place]
        whole.append(last if own.has_several_texts else shortened(last, random))
        shared = sorted(content_words(first) & content_words(last))
        if shared:
            single.append(str(random.choice(shared)))
    return {
        "captions" if own.has_several_texts else "shortened titles": whole[:count],
        "single words": single[:count],
    }


def _without_topics(
    name: str, own: QuestionPictures, count: int, random: np.random.Generator
) -> Iterator[Question]:
    for topic, named in TOPICS.items():
        wanted = set(named.split())
        out = np.array([bool(words & wanted) for words in own.words])
        lost = [place for place in np.flatnonzero(out) if own.asked[place] & wanted]
        if len(lost) < _LEAST:
            continue
        left = own.part(np.flatnonzero(~out))
        asked = {"captions": _answerable(left, count, random)["captions"]}
        absent = {topic: [own.texts[place][1] for place in random.permutation(lost)[:count]]}
        yield Question(f"{name} without {topic}", left, asked, absent)


def build(path: Path, pictures: QuestionPictures, encoder: Encoder) -> Collection:
    """Store pictures, each with its first text, in a new collection.

    Args:
        path: Of the folder to make.
        pictures: With texts.
        encoder: What embedded them.
    """
    collection = Collection(path, create=True)
    collection.claim_space(encoder.space)
    records = []
    for place, (text, _) in enumerate(pictures.texts):
        key, row = str(place), pictures.rows[place]
        picture = NewPart(IMAGE, "image", f"{key}.jpg", f"i{key}".encode(), row, info=_INFO)
        said = NewPart(TEXT, "title", key, f"t{key}".encode(), pictures.first[place], text=text)
        records.append(NewRecord(key, f"{key}.jpg", {}, (picture, said)))
    collection.upsert(records)
    return collection


def ask(searcher: Searcher, texts: Sequence[str], way: Way) -> Told:
    """Ask for each of some texts.

    Args:
        searcher: Of the collection.
        texts: Queries.
        way: Mode and target.
    """
    mode, target = way
    relevance, no_match = [], []
    for start in range(0, len(texts), _AT_ONCE):
        asked = [
            Query((Term(text=one),), target, mode=mode) for one in texts[start : start + _AT_ONCE]
        ]
        for answer in searcher.search_many(asked):
            relevance.append(max((hit.relevance or 0.0 for hit in answer.hits), default=0.0))
            no_match.append(answer.no_match)
    return Told(np.array(relevance), np.array(no_match, np.bool_))


def area(asked: Told, absent: Told, seed: int = 0) -> Estimate:
    """Return the AUC of the best hit's relevance, with a bootstrap interval over queries."""
    random = np.random.default_rng(seed)
    high, low = asked.relevance, absent.relevance
    drawn = [
        auc(random.choice(high, len(high)), random.choice(low, len(low))) for _ in range(_RESAMPLES)
    ]
    return interval(auc(high, low), np.array(drawn))


def report(question: Question, searcher: Searcher) -> Iterator[str]:
    """Yield a line of a table for each mode, and what is asked and asked in vain."""
    for mode, way in WAYS.items():
        absent = {name: ask(searcher, texts, way) for name, texts in question.unanswerable.items()}
        for asked, texts in question.answerable.items():
            there = ask(searcher, texts, way)
            for name, told in absent.items():
                if len(told.relevance):
                    found = area(there, told)
                    yield (
                        f"| {question.name} | {mode} | {asked} | {name} | {found.value:.3f} "
                        f"({found.low:.3f} to {found.high:.3f}) | {there.no_match.mean():.2f} "
                        f"| {told.no_match.mean():.2f} |"
                    )


def _evidence(asked: Sequence[Question], encoder: Encoder) -> Iterator[AnswerEvidence]:
    for one in asked:
        with (
            tempfile.TemporaryDirectory() as folder,
            build(Path(folder) / "asked", one.pictures, encoder) as collection,
        ):
            for answerable in (True, False):
                texts = one.answerable if answerable else one.unanswerable
                for every in filter(None, texts.values()):
                    yield evidence_of(
                        one.name.split(" ")[0], collection, encoder, every, answerable=answerable
                    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.answer_detection", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--most", type=int, default=2000, help="pictures of each set")
    parser.add_argument("--count", type=int, default=500, help="queries of each sort")
    parser.add_argument("--fit", action="store_true", help="fit, and measure nothing")
    options = parser.parse_args()
    encoder = open_encoder(options.model)
    sets = read_sets(options.data, encoder, Limits(), most=options.most)
    asked = list(questions(sets, options.count))
    if options.fit:
        print("\n".join(fit_lines(list(_evidence(asked, encoder)))))
        return
    print("| collection | mode | asked | asked in vain | AUC | `no_match`: answerable | "
          "unanswerable |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for one in asked:
        with (
            tempfile.TemporaryDirectory() as folder,
            build(Path(folder) / "asked", one.pictures, encoder) as collection,
        ):
            searcher = Searcher(collection, lambda: encoder, limits=Limits())
            for line in report(one, searcher):
                print(line, flush=True)


if __name__ == "__main__":
    main()

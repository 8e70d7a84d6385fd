"""What vectors and words say together of whether there is an answer: logistic regressions.

Fits the numbers of ``search.ranking.match_decision`` and of ``ScoreModel.told_beside`` in
``search.relevance.score_model``; run by ``python -m experiments.relevance.answer_detection --data
DIR --fit``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import UsageError
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import Float32Array
from evaluation.embedding import embed_texts
from experiments.relevance.logistic import Float64Array, logistic
from experiments.relevance.question_sets import family
from search.keyword.bm25_ranker import Keywords
from search.relevance.calibrator import Relevance

_LEAST_COVERAGE = 0.02
FITS: dict[str, tuple[str, ...]] = {
    "pictures and texts": ("by pictures", "by texts"),
    "vectors and words": ("by vectors", "coverage"),
    "words alone": ("log of coverage", "worth found"),
}


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """What is known of queries of one sort.

    Attributes:
        family: The data set of the collection.
        features: ``(q,)`` float64 each, by name.
        is_answerable: Whether they have an answer.
    """

    family: str
    features: dict[str, Float64Array]
    is_answerable: bool


def evidence_of(
    name: str, collection: Collection, encoder: Encoder, texts: Sequence[str], *, answerable: bool
) -> AnswerEvidence:
    """Return what vectors and words say of texts that ask a collection.

    Args:
        name: Of the collection's set.
        collection: Pictures with texts.
        encoder: Of both.
        texts: Queries, at least one.
        answerable: Whether they have an answer.

    Raises:
        UsageError: The model tells too few words apart.
    """
    relevance, keywords = Relevance(collection, lambda: encoder), Keywords()
    rows = embed_texts(texts, encoder)
    with collection.reading() as session:
        found = [keywords.search(session, text, 1) for text in texts]
    coverage = np.array([one.coverage for one in found])
    worth = np.array([one.coverage * one.worth for one in found])
    features = {
        **_odds_by_vectors(relevance, rows),
        "coverage": coverage,
        "log of coverage": np.log(np.maximum(coverage, _LEAST_COVERAGE)),
        "worth found": worth,
    }
    # Words that are all found are no sure example of a query without an answer.
    kept = np.ones(len(texts), np.bool_) if answerable else coverage < 1.0 - 1e-9
    return AnswerEvidence(
        family(name), {key: one[kept] for key, one in features.items()}, answerable
    )


def _odds_by_vectors(relevance: Relevance, rows: Float32Array) -> dict[str, Float64Array]:
    """Return how likely each query has an answer by pictures, by texts and by both."""
    sources = [TEXT] * len(rows)
    odds = []
    images = relevance.score_models(IMAGE, sources, rows)
    others = relevance.score_models(TEXT, sources, rows)
    for one, other in zip(images, others, strict=True):
        if one is None or other is None:
            raise UsageError("nothing can be fitted: the model tells too few words apart")
        odds.append((one.answer_odds, other.answer_odds, one.told_beside(other).answer_odds))
    by_pictures, by_texts, by_both = np.array(odds).T
    return {"by pictures": by_pictures, "by texts": by_texts, "by vectors": by_both}


def fit(known: Sequence[AnswerEvidence], used: Sequence[str]) -> Float64Array:
    """Return the weights of features and the bias, ``(f + 1,)``.

    Of each data set the answerable and the unanswerable queries count alike.
    """
    rows, wanted, weights = [], [], []
    for one in known:
        alike = [
            other
            for other in known
            if (other.family, other.is_answerable) == (one.family, one.is_answerable)
        ]
        count = sum(len(other.features["coverage"]) for other in alike)
        size = len(one.features["coverage"])
        rows.append(np.column_stack([one.features[name] for name in used]))
        wanted.append(np.full(size, float(one.is_answerable)))
        weights.append(np.full(size, 1000.0 / max(count, 1)))
    return logistic(np.concatenate(rows), np.concatenate(wanted), np.concatenate(weights))


def fit_lines(known: Sequence[AnswerEvidence]) -> Iterable[str]:
    """Yield each fit, over all data sets and without each of them."""
    families = sorted({one.family for one in known})
    for name, used in FITS.items():
        for left_out in (None, *families):
            some = [one for one in known if one.family != left_out]
            if not some:
                continue
            *slopes, bias = fit(some, used)
            said = ", ".join(f"{key} {one:.2f}" for key, one in zip(used, slopes, strict=True))
            which = f"without {left_out}" if left_out else "all"
            yield f"{name}\t{which}\t{said}, bias {bias:.2f}"

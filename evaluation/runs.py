"""From pairs, labels or a collection and the models to an evaluation."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import SourceError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, Skip
from evaluation.collection_search import DEPTH, evaluate_collection
from evaluation.embedding import EmbeddedPictures, OnProgress, embed_pictures, embed_texts
from evaluation.pairs import Pairs, match_texts
from evaluation.results import Evaluation, ModelResult, notes_on
from evaluation.retrieval import evaluate_pairs
from evaluation.zeroshot import LabelledPictures, evaluate_zero_shot
from indexer.sources.base import Candidate
from search.labels.zero_shot import TEMPLATES, embed_labels
from search.searcher import Searcher

TEXT_TO_IMAGE, IMAGE_TO_TEXT = "text → image", "image → text"
LABELLING = "zero-shot"
Facts = dict[str, str | int | float]
Loaders = Mapping[str, Callable[[], Encoder]]


@dataclass(frozen=True, slots=True)
class Run:
    """How to measure.

    Attributes:
        decoders: Where pictures are decoded.
        resamples: Bootstrap draws, at least 1.
        seed: Of the draws.
        on_progress: Told after every picture.
    """

    decoders: DecoderPool
    resamples: int = 1000
    seed: int = 0
    on_progress: OnProgress = lambda _done, _total, _skipped: None


def run_pairs(pairs: Pairs, models: Loaders, run: Run) -> Evaluation:
    """Measure models on pairs, both directions.

    Args:
        pairs: Pictures and their texts.
        models: Names, and what loads each.
        run: How to measure.

    Raises:
        SourceError: Fewer than two different pictures could be read.
        ModelError: A model cannot be had.
    """
    embedded = _RunPictures.embed(pairs.pictures, models, run, str(pairs.path))
    if len(set(embedded.hashes)) < 2:
        raise SourceError(
            f"{pairs.path} has only one picture that can be read; it takes at least 2 different "
            "ones to rank them"
        )
    pictures = [pairs.pictures[place] for place in embedded.places]
    matches = match_texts([[text.text for text in one.texts] for one in pictures], embedded.hashes)
    first_place = {one: row for row, one in reversed(list(enumerate(embedded.hashes)))}
    first_of = np.array([first_place[one] for one in dict.fromkeys(embedded.hashes)], np.int64)
    pair = matches.pair_text, matches.pair_picture
    results = []
    for name, (encoder, rows, picture_seconds) in embedded.models.items():
        started = time.perf_counter()
        text_rows = embed_texts(matches.texts, encoder)
        seconds = picture_seconds + time.perf_counter() - started
        report = evaluate_pairs(
            rows[first_of], text_rows, *pair, resamples=run.resamples, seed=run.seed
        )
        sections = {TEXT_TO_IMAGE: report.text_to_image, IMAGE_TO_TEXT: report.image_to_text}
        results.append(ModelResult(name, encoder.runs_on, sections, seconds))
    facts: Facts = {
        **_facts_of(pairs),
        "pictures": len(first_of),
        "texts": len(matches.texts),
        "pairs": len(matches.pair_text),
        "skipped pictures": len(embedded.skips),
        "incomplete rows": pairs.incomplete,
        "resamples": run.resamples,
        "seed": run.seed,
    }
    return Evaluation("Retrieval", facts, tuple(results), embedded.skips, notes_on(results))


def _facts_of(pairs: Pairs) -> Facts:
    columns = pairs.columns
    texts = ", ".join(columns.text)
    return {"table": str(pairs.path), "image column": str(columns.image), "text columns": texts}


def run_labels(
    labelled: LabelledPictures, models: Loaders, run: Run, templates: Sequence[str] = TEMPLATES
) -> Evaluation:
    """Measure zero-shot labelling.

    Args:
        labelled: Pictures in folders that name what they show.
        models: Names, and what loads each.
        run: How to measure.
        templates: Sentences with ``{}`` where the label goes.

    Raises:
        UsageError: A template has no ``{}``.
        SourceError: No picture could be read.
        ModelError: A model cannot be had.
    """
    embedded = _RunPictures.embed(labelled.pictures, models, run, str(labelled.path))
    labels = labelled.labels[list(embedded.places)]
    results = []
    for name, (encoder, rows, picture_seconds) in embedded.models.items():
        started = time.perf_counter()
        class_rows = embed_labels(labelled.classes, templates, encoder)
        seconds = picture_seconds + time.perf_counter() - started
        report = evaluate_zero_shot(
            rows, class_rows, labels, labelled.classes, resamples=run.resamples, seed=run.seed
        )
        results.append(ModelResult(name, encoder.runs_on, {LABELLING: report}, seconds))
    facts: Facts = {
        "folder": str(labelled.path),
        "pictures": len(labels),
        "labels": len(labelled.classes),
        "templates": " | ".join(templates),
        "skipped pictures": len(embedded.skips),
        "resamples": run.resamples,
        "seed": run.seed,
    }
    return Evaluation(
        "Zero-shot labelling", facts, tuple(results), embedded.skips, notes_on(results)
    )


def run_collection(
    collection: Collection, searcher: Searcher, encoder: Encoder, pairs: Pairs, run: Run
) -> Evaluation:
    """Measure search in a collection by texts whose pictures are known.

    Raises:
        SourceError: Fewer than two of the pictures are in the collection.
        SpaceMismatchError: The encoder is not the collection's.
    """
    started = time.perf_counter()
    report = evaluate_collection(
        collection, searcher, encoder, pairs, resamples=run.resamples, seed=run.seed
    )
    seconds = time.perf_counter() - started
    sections = {TEXT_TO_IMAGE: report.text_to_image}
    results = (ModelResult(encoder.space.name, encoder.runs_on, sections, seconds),)
    facts: Facts = {
        "collection": collection.path.name,
        **_facts_of(pairs),
        "pictures asked for": report.pictures,
        "pictures in the collection": report.text_to_image.candidates,
        "not in the collection": report.absent,
        "incomplete rows": pairs.incomplete,
        "depth": DEPTH,
        "index": "exact" if report.exact else "approximate",
        "resamples": run.resamples,
        "seed": run.seed,
    }
    return Evaluation("Search in a collection", facts, results, (), notes_on(results))


@dataclass(frozen=True, slots=True)
class _RunPictures:
    """Pictures that every model could be given."""

    places: tuple[int, ...]
    hashes: tuple[bytes, ...]
    skips: tuple[tuple[str, Skip], ...]
    models: Mapping[str, tuple[Encoder, Float32Array, float]]

    @classmethod
    def embed(
        cls, candidates: Sequence[Candidate], models: Loaders, run: Run, source: str
    ) -> "_RunPictures":
        found: dict[str, tuple[Encoder, EmbeddedPictures, float]] = {}
        for name, load in models.items():
            encoder = load()
            started = time.perf_counter()
            embedded = embed_pictures(candidates, encoder, run.decoders, run.on_progress)
            found[name] = encoder, embedded, time.perf_counter() - started
        everywhere = set.intersection(*(set(one.places) for _, one, _ in found.values()))
        skips = dict(skip for _, one, _ in found.values() for skip in one.skips)
        if not everywhere:
            uri, skip = next(iter(skips.items()))
            raise SourceError(
                f"none of the {len(skips)} pictures of {source} can be read; the first is {uri}: "
                f"{skip.message}"
            )
        kept = {}
        for name, (encoder, one, seconds) in found.items():
            chosen = [row for row, place in enumerate(one.places) if place in everywhere]
            kept[name] = encoder, one.rows[chosen], seconds
        hash_at = dict(zip(one.places, one.hashes, strict=True))
        places = tuple(sorted(everywhere))
        hashes = tuple(hash_at[place] for place in places)
        return cls(places, hashes, tuple(skips.items()), kept)

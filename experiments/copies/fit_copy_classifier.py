"""Fits what tells copies.

    python -m experiments.copies.fit_copy_classifier FOLDER... --work W --output O.npz

Pictures of the folders are indexed; half of them (``experiments.copies.lookup_quality``) are
changed and looked up, and every stored picture that comes into question is measured: what they were
made from, and, where that is passed over, what is alike and no copy. A gradient-boosted forest is
fitted to tell the ones from the others.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from binocle.collection.collection import Collection
from binocle.fingerprints.copy_classifier import MEASURES, Evidence, Forest
from binocle.fingerprints.geometry import fits
from binocle.fingerprints.mappings import swap_of, whole_mappings
from binocle.fingerprints.overlay import Mapping
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import measured
from binocle.media import images
from binocle.types import Float32Array, Limits
from experiments.copies.lookup_quality import (
    LookupQuestion,
    changed,
    chosen,
    difference,
    indexed,
    jobs_of,
    laid_out,
)
from experiments.copies.transformations import TRANSFORMATIONS
from search.copies.candidates import CopyCandidate, add_votes, by_hash
from search.copies.stored_pictures import working_spec

_SAME_PHOTO = 4.0  # mean difference of two pictures that are one
_AS_GOOD = 0.05  # share by which a mapping may be worse than the best one of a copy
_OTHERS_WEIGHT = 16.0  # naming a wrong picture is worse than missing one
_TREES, _LEAVES, _RATE, _SUBSAMPLE = 300, 20, 0.1, 0.6
# The more of these the less likely is a copy, also where nothing like it was among the samples.
_DIFFERENCES = {
    "other", "most", "nearly_all", "light", "most_with_plain", "nearly_all_with_plain",
}  # fmt: skip
_SAME_CORNERS, _SAME_SHARE, _SAME_CORRELATION = 45, 0.9, 0.94


@dataclass(frozen=True, slots=True)
class Sample:
    """One mapping that was measured.

    Attributes:
        query: The picture that was changed, and how.
        stored: What it was held against.
        is_copy: Whether it was made from that.
        evidence: What was found.
    """

    query: tuple[str, str]
    stored: str
    is_copy: bool
    evidence: Evidence


class Comparer:
    """Measures what a lookup would compare."""

    def __init__(self, collection: Collection) -> None:
        """Open a collection of pictures."""
        self._limits = Limits()
        self._index = collection.fingerprint_follower.index()
        with collection.reading() as session:
            blocks = list(session.fingerprints.after(0))
            part_ids = [int(one) for block in blocks for one in block.part_ids]
            pictures = session.fingerprints.pictures(part_ids)
        self._uris = {part_id: one.part.uri for part_id, one in pictures.items()}
        self.stored = lru_cache(512)(self._stored)

    def samples(
        self, asked: LookupQuestion, name: str, fillers: Sequence[Path]
    ) -> Iterator[Sample]:
        """Yield what one changed picture is compared with.

        Args:
            asked: The picture; where it is not known its own record is passed over.
            name: Of the change.
            fillers: For collages.
        """
        kind = next(one for one in TRANSFORMATIONS if one.name == name)
        data, filler = changed(asked.path, kind, fillers)
        query = self.view(data)
        suspects = by_hash(self._index, query)
        add_votes(suspects, self._index, query)
        if not asked.is_known:
            add_votes(suspects, self._index, query, mirrored=True)
        for suspect in suspects.values():
            uri = self._uris[suspect.part_id]
            is_own = uri == str(asked.path)
            if is_own != asked.is_known and is_own:
                continue
            shown = [asked.path, *([filler] if filler else [])]
            if not is_own and min(difference(one, Path(uri)) for one in shown) < _SAME_PHOTO:
                continue
            for evidence in self._measured(query, suspect, self.stored(uri)):
                if not is_own and _is_the_same_photo(evidence):
                    break
                yield Sample((str(asked.path), name), uri, is_own, evidence)

    def view(self, data: bytes) -> PictureView:
        """Return a picture as lookups compare it."""
        spec = working_spec(images.upright_size(data, self._limits))
        return PictureView(images.load(data, spec, self._limits).pixels)

    def _stored(self, uri: str) -> PictureView:
        return self.view(Path(uri).read_bytes())

    @staticmethod
    def _measured(
        query: PictureView, suspect: CopyCandidate, stored: PictureView
    ) -> Iterator[Evidence]:
        mappings = _corner_mappings(query, stored)
        if suspect.mirrored_votes:
            mappings += _corner_mappings(query, stored, mirrored=True)
        if suspect.bits is not None:
            mappings += whole_mappings(query, stored, suspect.variant, suspect.tile)
        for mapping, inliers in mappings:
            match = measured(query, stored, mapping, inliers)
            if match is not None:
                yield match.evidence


def _corner_mappings(
    query: PictureView, stored: PictureView, *, mirrored: bool = False
) -> list[tuple[Mapping, int]]:
    """Return mappings that matched corners agree on, and how many do: as for ``verify``."""
    view, swap = (query.mirrored, swap_of(query)) if mirrored else (query, np.eye(3))
    return [(one.mapping @ swap, one.inliers) for one in fits(view.features, stored.features)]


def _is_the_same_photo(evidence: Evidence) -> bool:
    """Tell a crop of one photograph that is stored as another picture: it is a copy indeed."""
    agrees = evidence.agreement
    is_scene = not evidence.is_small and not evidence.on_plain_ground
    has_corners = is_scene and evidence.inliers >= _SAME_CORNERS
    return has_corners and agrees.share >= _SAME_SHARE and agrees.correlation >= _SAME_CORRELATION


def table_of(samples: Sequence[Sample]) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """Return ``(n, m)`` float32 measures and ``(n,)`` bool, which are copies.

    Of a copy only mappings that are about as good as the best one count: the others are wrong.
    """
    best: dict[tuple[tuple[str, str], str], float] = {}
    for one in samples:
        key = (one.query, one.stored)
        best[key] = max(best.get(key, 0.0), one.evidence.agreement.share)
    kept = [
        one
        for one in samples
        if not one.is_copy or one.evidence.agreement.share >= best[one.query, one.stored] - _AS_GOOD
    ]
    measures = np.stack([one.evidence.measures() for one in kept])
    return measures, np.array([one.is_copy for one in kept])


def fitted(measures: Float32Array, copies: npt.NDArray[np.bool_], *, seed: int = 0) -> Forest:
    """Fit a forest.

    Args:
        measures: ``(n, 24)`` float32.
        copies: ``(n,)`` bool.
        seed: Which samples each tree sees.
    """
    return boosted(
        measures,
        copies,
        np.where(copies, 1.0, _OTHERS_WEIGHT),
        leaves=_LEAVES,
        trees=_TREES,
        seed=seed,
        learning_rate=_RATE,
        bagging_fraction=_SUBSAMPLE,
        min_data_in_leaf=20,
        min_sum_hessian_in_leaf=3.0,
        monotone_constraints=[-1 if name in _DIFFERENCES else 0 for name in MEASURES],
        monotone_constraints_method="advanced",
    )


def boosted(
    measures: Float32Array,
    answers: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    *,
    leaves: int,
    trees: int,
    seed: int,
    **settings: object,
) -> Forest:
    """Fit a gradient-boosted forest whose sum is the logarithm of the odds.

    Args:
        measures: ``(n, m)`` float32.
        answers: ``(n,)`` bool, which samples are what is looked for.
        weights: ``(n,)`` float64, of the samples.
        leaves: Of a tree, at most.
        trees: How many.
        seed: Which samples and measures each tree sees.
        settings: Further ones, as LightGBM names them.
    """
    import lightgbm

    shared = {
        "objective": "binary",
        "num_leaves": leaves,
        "bagging_freq": 1,
        "lambda_l2": 3.0,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "verbose": -1,
    }
    data = lightgbm.Dataset(measures, answers.astype(np.float32), weight=weights)
    model = lightgbm.train({**shared, **settings}, data, num_boost_round=trees)
    return as_arrays(model.dump_model()["tree_info"], leaves)


def as_arrays(trees: Sequence[dict[str, Any]], leaves: int) -> Forest:
    """Number the nodes of each tree of at most so many leaves, parents before children."""
    nodes = 2 * leaves - 1
    measure = np.full((len(trees), nodes), -1, np.int64)
    limit, value = np.zeros((2, len(trees), nodes), np.float32)
    left, right = np.tile(np.arange(nodes), (2, len(trees), 1))
    for place, tree in enumerate(trees):
        waiting, used = [(0, tree["tree_structure"])], 1
        while waiting:
            node, found = waiting.pop()
            if "leaf_value" in found:
                value[place, node] = found["leaf_value"]
                continue
            measure[place, node], limit[place, node] = found["split_feature"], found["threshold"]
            left[place, node], right[place, node] = used, used + 1
            waiting += [(used, found["left_child"]), (used + 1, found["right_child"])]
            used += 2
    return Forest(measure, limit, left, right, value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, fit and write."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.copies.fit_copy_classifier", description=__doc__
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="keep the collection here")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--known-count", type=int, default=200, help="of each folder")
    parser.add_argument("--forms", type=int, default=15)
    parser.add_argument("--other-count", type=int, default=600, help="passed over, of each folder")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    pictures, _ = laid_out(options.work / "known", options.folders, [], [])
    comparer = Comparer(Collection(indexed(options.work / "collection", options.work / "known")))
    known = chosen(pictures, "tuning", options.known_count)
    first = {one.path for one in known}
    rest = [
        LookupQuestion(one.path, one.domain, is_known=False)
        for one in chosen(pictures, "tuning", options.known_count + options.other_count)
        if one.path not in first
    ]
    fillers = [one.path for one in rest] or [one.path for one in known]
    jobs = jobs_of(known, rest, TRANSFORMATIONS, options.forms)
    samples = [one for job in jobs for one in comparer.samples(*job, fillers)]
    saved(fitted(*table_of(samples)), options.output)


def saved(forest: Forest, path: Path) -> None:
    """Write a forest as the package keeps it."""
    np.savez_compressed(
        path,
        measure=forest.measure.astype(np.int8),
        limit=forest.limit,
        left=forest.left.astype(np.int8),
        right=forest.right.astype(np.int8),
        value=forest.value,
    )


if __name__ == "__main__":
    main()

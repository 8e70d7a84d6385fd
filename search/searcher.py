"""From a query to hits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle import images
from binocle.collection import Collection, Ranking, check_space
from binocle.encoders.base import Encoder, unit_rows
from binocle.errors import CursorError, PictureError, QueryError
from binocle.types import KINDS, Float32Array, Hit, Kind, Limits
from search import cursors, fusion
from search.answer import Answer
from search.query import Query, Target, Term

_FULL_FUSION_PARTS = 10_000
_FUSION_DEPTH = 1_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query, its vector, and where its answer goes on."""

    query: Query
    kinds: tuple[Kind, ...]
    vector: Float32Array
    exclude: frozenset[int]
    position: cursors.Position

    @property
    def end(self) -> int:
        """Return how many hits will have been given with this answer."""
        return self.position.given + self.query.limit

    def is_plain(self, kind: Kind) -> bool:
        """Tell whether nothing but the vector decides, over parts of one kind."""
        limited = self.query.where is not None or self.query.cursor is not None
        return self.kinds == (kind,) and not (limited or self.exclude or self.query.exact)


class _Moment:
    """What queries that are answered together see of a collection; each thing is asked once."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._newest: dict[tuple[Kind, ...], int] = {}

    @cached_property
    def default_target(self) -> Target:
        return "image" if self._collection.count_parts("image") else "text"

    @cached_property
    def fusion_depth(self) -> int:
        """How deep the first band of a fusion is: all of a small collection."""
        total = sum(self._collection.count_parts(kind) for kind in KINDS)
        return max(1, total) if total <= _FULL_FUSION_PARTS else _FUSION_DEPTH

    def newest_part(self, kinds: tuple[Kind, ...]) -> int:
        """Return the largest part id that searches of these kinds can see."""
        if kinds not in self._newest:
            self._newest[kinds] = self._collection.snapshot(kinds)
        return self._newest[kinds]


class Searcher:
    """Answers queries on one collection. Thread-safe."""

    def __init__(
        self, collection: Collection, load_encoder: Callable[[], Encoder], *, limits: Limits
    ) -> None:
        """Set up.

        Args:
            collection: What to search.
            load_encoder: Returns the collection's encoder; called only for a query with a text or
                a picture, each time, so it should keep what it has loaded.
            limits: What a query's picture may cost.
        """
        self._collection = collection
        self._load_encoder = load_encoder
        self._limits = limits

    def search(self, query: Query) -> Answer:
        """Answer a query.

        Raises:
            QueryError: The query does not fit the collection.
            CursorError: The cursor is damaged or of another query.
            PictureError: A picture of the query cannot be read.
            NotFoundError: A record of the query is not there.
            ModelError, SpaceMismatchError: The encoder cannot be had, or does not fit.
        """
        return self.search_many([query])[0]

    def search_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer several queries, those without filter and cursor in one pass over the index.

        Raises:
            BinocleError: As for ``search``; of the first query that has one.
        """
        now = _Moment(self._collection)
        asked = [self._ask(query, now) for query in queries]
        ranked: dict[int, tuple[Ranking, npt.NDArray[np.float64]]] = {}
        for kind in KINDS:
            plain = [number for number, one in enumerate(asked) if one.is_plain(kind)]
            if len(plain) > 1:
                vectors = np.stack([asked[number].vector for number in plain])
                count = max(asked[number].end for number in plain) + 1
                rankings = self._collection.nearest_many(kind, vectors, count)
                for number, ranking in zip(plain, rankings, strict=True):
                    ranked[number] = ranking, ranking.scores.astype(np.float64)
        return self._answers(
            [(one, *(ranked.get(number) or self._rank(one))) for number, one in enumerate(asked)]
        )

    def _ask(self, query: Query, now: "_Moment") -> _Asked:
        earlier = cursors.decode(query.cursor) if query.cursor is not None else None
        target = query.target or (earlier.target if earlier else now.default_target)
        kinds: tuple[Kind, ...] = ("image", "text") if target == "any" else (target,)
        vector, exclude = self._vector(query.terms, target)
        digest = cursors.digest(
            self._collection.path.name,
            vector.tobytes(),
            sorted(exclude),
            target,
            query.where,
            query.exact,
        )
        if earlier is not None and earlier.query != digest:
            raise CursorError("the cursor belongs to another query; start again without one")
        position = earlier or cursors.Position(
            0, now.newest_part(kinds), target, now.fusion_depth if len(kinds) > 1 else 1, digest
        )
        return _Asked(query, kinds, vector, exclude, position)

    def _answers(
        self, ranked: Sequence[tuple[_Asked, Ranking, npt.NDArray[np.float64]]]
    ) -> list[Answer]:
        """Turn rankings into pages of hits, reading all records and parts at once."""
        pages = [slice(asked.position.given, asked.end) for asked, _, _ in ranked]
        shown = [
            (ranking.record_ids[page].tolist(), ranking.part_ids[page].tolist())
            for (_, ranking, _), page in zip(ranked, pages, strict=True)
        ]
        found = iter(
            self._collection.fetch(
                list(chain.from_iterable(record_ids for record_ids, _ in shown)),
                list(chain.from_iterable(part_ids for _, part_ids in shown)),
            )
        )
        answers = []
        for (asked, ranking, scores), page in zip(ranked, pages, strict=True):
            similarities = ranking.scores[page]
            hits = tuple(
                Hit(pair[0], pair[1], float(score), float(similarity))
                for pair, score, similarity in zip(
                    islice(found, len(similarities)), scores[page], similarities, strict=True
                )
                if pair is not None
            )
            cursor = None
            if len(ranking.record_ids) > asked.end:
                cursor = cursors.encode(replace(asked.position, given=asked.end))
            answers.append(Answer(hits, asked.position.target, cursor, ranking.exact))
        return answers

    def _rank(self, asked: "_Asked") -> tuple[Ranking, npt.NDArray[np.float64]]:
        count = asked.end + 1
        depth = count
        if len(asked.kinds) > 1:
            depth = asked.position.depth
            while depth < count:  # the union of both rankings is at least as long as each
                depth *= 2
        rankings = [
            self._collection.nearest(
                kind,
                asked.vector,
                depth,
                where=asked.query.where,
                exclude=asked.exclude,
                up_to_part=asked.position.newest_part,
                exact=asked.query.exact,
            )
            for kind in asked.kinds
        ]
        if len(rankings) == 1:
            return rankings[0], rankings[0].scores.astype(np.float64)
        return fusion.fuse(rankings, asked.position.depth)

    def _vector(self, terms: Sequence[Term], target: Target) -> tuple[Float32Array, frozenset[int]]:
        """Return the query's unit vector and the records that are part of the question."""
        space = self._collection.space
        if space is None:
            raise QueryError(f"the collection {self._collection.path.name!r} is empty")
        total = np.zeros(space.dimension, np.float64)
        exclude: set[int] = set()
        heaviest = max(abs(term.weight) for term in terms)
        for term in terms:
            if term.record is not None:
                number, row = self._record_vector(term.record, target)
                exclude.add(number)
            elif term.vector is not None:
                row = self._checked_vector(term.vector, space.dimension)
            else:
                row = self._encoded(term)
            total += term.weight / heaviest * row.astype(np.float64)
        if np.linalg.norm(total) < 1e-6:
            raise QueryError("the terms cancel each other out; change a weight")
        return _unit(total), frozenset(exclude)

    def _record_vector(self, record_id: str, target: Target) -> tuple[int, Float32Array]:
        """Return the mean of a record's pictures; of its texts where it has none."""
        number, vectors = self._collection.vectors_of(record_id)
        order: tuple[Kind, Kind] = ("text", "image") if target == "text" else ("image", "text")
        rows = vectors["image"] or vectors["text"] if target == "any" else None
        rows = rows or vectors[order[0]] or vectors[order[1]]
        if not rows:
            raise QueryError(f"the record {record_id!r} has nothing embedded")
        return number, _unit(np.mean(rows, axis=0))

    def _checked_vector(self, vector: Float32Array, dimension: int) -> Float32Array:
        row = np.asarray(vector, np.float32)
        if row.shape != (dimension,) or not np.isfinite(row).all() or not row.any():
            raise QueryError(
                f"a vector term is {dimension} finite numbers, not all 0; this one has the shape "
                f"{row.shape}"
            )
        wide = row.astype(np.float64)
        return _unit(wide / np.abs(wide).max())

    def _encoded(self, term: Term) -> Float32Array:
        encoder = self._load_encoder()
        space = self._collection.space
        assert space is not None
        check_space(space, encoder.space, self._collection.path.name)
        if term.text is not None:
            return _unit(encoder.encode_texts([term.text])[0])
        assert term.image is not None
        data = _read(term.image) if isinstance(term.image, Path) else term.image
        try:
            picture = images.load(data, encoder.image_spec, self._limits)
        except PictureError as error:
            name = str(term.image) if isinstance(term.image, Path) else "the query's picture"
            raise type(error)(f"{name}: {error}") from error
        return _unit(encoder.encode_images(picture.pixels[np.newaxis])[0])


def _unit(row: npt.NDArray[np.floating[Any]]) -> Float32Array:
    unit: Float32Array = unit_rows(row[np.newaxis])[0]
    return unit


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise QueryError(f"cannot read the picture {path} ({error.strerror})") from error

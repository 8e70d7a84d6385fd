"""Terms → what they come to: texts, pictures, records and regions are read and embedded."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from binocle.collection.collection import Collection, check_space
from binocle.encoders.base import Encoder
from binocle.errors import NotFoundError, PictureError, QueryError
from binocle.media import images
from binocle.types import Float32Array, ImageSpec, Kind, Limits, Part, Picture
from search.keyword.collection_spelling import Spelling
from search.query.query import Region, Target, Term
from search.query_vectors.query_vector import QueryIntent, TermVector, unit
from search.query_vectors.spell_correction import Corrector


class LoadPicture(Protocol):
    """Decodes a query's picture, or a part of it, within limits."""

    def __call__(self, data: bytes, spec: ImageSpec, region: Region | None) -> Picture:
        """Return the pixels an encoder wants.

        Raises:
            PictureError: It cannot be read.
        """
        ...


class TermReader:
    """Turns terms into vectors. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        load_encoder: Callable[[], Encoder],
        *,
        limits: Limits,
        read_picture: Callable[[Part], bytes] | None = None,
        fetch: Callable[[str], bytes] | None = None,
        load_picture: LoadPicture | None = None,
        spelling: Spelling | None = None,
    ) -> None:
        """Set up; see ``Searcher``."""
        self._collection = collection
        self._load_encoder = load_encoder
        self._read_picture, self._fetch = read_picture, fetch
        self._limits = limits
        self._load_picture = load_picture or self._decode
        self._spelling = spelling or Spelling()
        self._corrector: tuple[str, Corrector] | None = None

    def read(self, terms: Sequence[Term], target: Target, *, embed: bool = True) -> QueryIntent:
        """Embed terms.

        Args:
            terms: At least one.
            target: Which parts are looked at.
            embed: Otherwise only the words of texts count, as where only words are searched.

        Raises:
            QueryError, PictureError, NotFoundError, ModelError, SpaceMismatchError: As for
                ``Searcher.search``.
        """
        space = self._collection.space
        if space is None:
            raise QueryError(f"the collection {self._collection.path.name!r} is empty")
        if not embed:
            return QueryIntent(tuple(terms), (), (), frozenset(), _words(terms))
        exclude: set[int] = set()
        read: list[Term] = []
        unsupported_texts: list[str] = []
        term_vectors: list[TermVector] = []
        rows = self._texts(terms)
        heaviest = max(abs(term.weight) for term in terms)
        for number, term in enumerate(terms):
            source: Kind | None
            if term.record is not None:
                row, source = self._record(term, target, exclude)
                kept = replace(term, embedded=row)
            elif term.vector is not None:
                row, source = self._checked(term.vector, space.dimension), term.source
                kept = replace(term, vector=row)
            elif term.text is not None:
                (row, corrected), source = rows[number], "text"
                kept = replace(term, embedded=row, corrected=corrected)
                if not self._can_read(term.text):
                    read.append(kept)
                    unsupported_texts += [term.text] * (term.weight > 0)
                    continue
            else:
                row, source = self._picture(term), "image"
                kept = Term(vector=row, weight=term.weight, source="image")
            read.append(kept)
            term_vectors.append(TermVector(row, term.weight / heaviest, source))
        return QueryIntent(
            tuple(read),
            tuple(term_vector for term_vector in term_vectors if term_vector.weight > 0),
            tuple(
                replace(term_vector, weight=-term_vector.weight)
                for term_vector in term_vectors
                if term_vector.weight < 0
            ),
            frozenset(exclude),
            _words(terms),
            tuple(unsupported_texts),
        )

    def corrected(self, texts: Sequence[str]) -> list[str]:
        """Return texts as their misspelt words were probably meant, for the encoder.

        Raises:
            ModelError, SpaceMismatchError: As for ``read``.
        """
        encoder = self._encoder()
        if not encoder.vocabulary:
            return list(texts)
        known = self._corrector
        if known is None or known[0] != encoder.space.fingerprint:
            known = self._corrector = encoder.space.fingerprint, Corrector(encoder.vocabulary)
        return [known[1].corrected(text, self._stored, self._stored_near) for text in texts]

    def _can_read(self, text: str) -> bool:
        return text.isascii() or self._encoder().can_read(text)

    def _stored(self, words: list[str]) -> set[str]:
        with self._collection.reading() as session:
            return session.words.known(words)

    def _stored_near(self, word: str) -> dict[int, list[str]]:
        with self._collection.reading() as session:
            return self._spelling.near(session, word)

    def _texts(self, terms: Sequence[Term]) -> dict[int, tuple[Float32Array, str]]:
        """Return the vectors of all texts, embedding together what is not embedded yet.

        Returns:
            By the number of the term, and what was embedded where that is not the text itself.
        """
        texts = {number: term for number, term in enumerate(terms) if term.text is not None}
        missing = {
            number: term.text or "" for number, term in texts.items() if term.embedded is None
        }
        rows: dict[int, tuple[Float32Array, str]] = {}
        if missing:
            corrected = self.corrected(list(missing.values()))
            encoded = self._encoder().encode_texts(corrected)
            for number, row, read in zip(missing, encoded, corrected, strict=True):
                rows[number] = unit(row), "" if read == missing[number] else read
        space = self._collection.space
        assert space is not None
        for number, term in texts.items():
            if term.embedded is not None:
                rows[number] = self._checked(term.embedded, space.dimension), term.corrected
        return rows

    def _record(self, term: Term, target: Target, exclude: set[int]) -> tuple[Float32Array, Kind]:
        """Return the mean of a record's pictures; of its texts where it has none."""
        assert term.record is not None
        try:
            number, vectors = self._collection.vectors_of(term.record)
        except NotFoundError:
            if term.embedded is None:
                raise
            return term.embedded, "text" if target == "text" else "image"  # kept from a turn
        exclude.add(number)
        if term.region is not None:
            return self._region_of(term), "image"
        kinds: tuple[Kind, Kind] = ("text", "image") if target == "text" else ("image", "text")
        for kind in kinds:
            if vectors[kind]:
                return unit(np.mean(vectors[kind], axis=0)), kind
        raise QueryError(f"the record {term.record!r} has nothing embedded")

    def _region_of(self, term: Term) -> Float32Array:
        if term.embedded is not None:
            return term.embedded
        assert term.record is not None
        if self._read_picture is None:
            raise QueryError("stored pictures cannot be read here, so their regions cannot be used")
        parts = self._collection.record(term.record).parts
        pictures = [part for part in parts if part.kind == "image"]
        if not pictures:
            raise QueryError(f"the record {term.record!r} has no picture to take a region of")
        return self._embedded(
            self._read_picture(pictures[0]), term.region, f"the picture of {term.record!r}"
        )

    def _picture(self, term: Term) -> Float32Array:
        space = self._collection.space
        assert space is not None
        if term.embedded is not None:
            return self._checked(term.embedded, space.dimension)
        if term.url is not None:
            if self._fetch is None:
                raise QueryError("URLs are not allowed in queries here; upload the picture instead")
            return self._embedded(self._fetch(term.url), term.region, "the picture of the URL")
        assert term.image is not None
        if isinstance(term.image, Path):
            return self._embedded(_read(term.image), term.region, str(term.image))
        return self._embedded(term.image, term.region, "the query's picture")

    def _embedded(self, data: bytes, region: Region | None, name: str) -> Float32Array:
        encoder = self._encoder()
        try:
            picture = self._load_picture(data, encoder.image_spec, region)
        except PictureError as error:
            raise type(error)(f"{name}: {error}") from error
        return unit(encoder.encode_images(picture.pixels[np.newaxis])[0])

    def _decode(self, data: bytes, spec: ImageSpec, region: Region | None) -> Picture:
        if region is None:
            return images.load(data, spec, self._limits)
        return images.load_region(data, spec, box(region), self._limits)

    def _encoder(self) -> Encoder:
        encoder = self._load_encoder()
        space = self._collection.space
        assert space is not None
        check_space(space, encoder.space, self._collection.path.name)
        return encoder

    def _checked(self, vector: Float32Array, dimension: int) -> Float32Array:
        row = np.asarray(vector, np.float32)
        if row.shape != (dimension,) or not np.isfinite(row).all() or not row.any():
            raise QueryError(
                f"a vector term is {dimension} finite numbers, not all 0; this one has the shape "
                f"{row.shape}"
            )
        wide = row.astype(np.float64)
        return unit(wide / np.abs(wide).max())


def box(region: Region) -> tuple[float, float, float, float]:
    """Return a region as ``images.load_region`` takes it: left, top, right and bottom."""
    return region.x, region.y, region.x + region.width, region.y + region.height


def _words(terms: Sequence[Term]) -> str:
    words = [term.text.strip() for term in terms if term.text is not None and term.weight > 0]
    if not words:
        return ""
    away = [term.text.strip() for term in terms if term.text is not None and term.weight < 0]
    return " ".join([*words, *(f"-{text}" for text in away if text.isalnum())])


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise QueryError(f"cannot read the picture {path} ({error.strerror})") from error

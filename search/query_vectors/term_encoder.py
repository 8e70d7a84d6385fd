"""Terms → vectors: the one place where the texts and pictures of queries are embedded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from binocle.catalog.tokenizer import tokens_of
from binocle.collection.collection import Collection, check_space
from binocle.encoders.base import Encoder
from binocle.errors import BinocleError, NotFoundError, QueryError
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import Float32Array, Kind, PixelArray, Target
from search.query.query import Query, Term
from search.query_vectors.query_pictures import QueryPictures
from search.query_vectors.query_vector import QueryIntent, TermVector, unit
from search.query_vectors.readable_text import readable_part
from search.query_vectors.worded_texts import worded_rows
from search.spelling.collection_spelling import Spelling
from search.spelling.spell_correction import Corrector

Wordings: TypeAlias = Callable[[Sequence[tuple[Query, str]]], Sequence[Sequence[str]]]
Stage: TypeAlias = Callable[[str], AbstractContextManager[None]]


class TermEncoder:
    """Turns terms into vectors. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        load_encoder: Callable[[], Encoder],
        pictures: QueryPictures,
        spelling: Spelling | None = None,
        find_wordings: Wordings = lambda texts: [()] * len(texts),
    ) -> None:
        """Set up.

        Args:
            collection: What is searched.
            load_encoder: As for ``Searcher``.
            pictures: Reads those of terms.
            spelling: Of the collection's words.
            find_wordings: Returns what each text of a query means as well: it is embedded as the
                mean of all of these.
        """
        self._collection = collection
        self._load_encoder = load_encoder
        self._pictures = pictures
        self._spelling = spelling or Spelling()
        self._find_wordings = find_wordings
        self._corrector: tuple[str, Corrector] | None = None

    def embed(
        self,
        queries: Sequence[Query | BinocleError],
        stage: Stage = lambda _: nullcontext(),
    ) -> list[Query | BinocleError]:
        """Embed what terms bring: all texts in one call to the encoder, all pictures in another.

        Texts of queries that search by words alone need no vector, and get none; pictures do, as
        a later query may refine these.

        Args:
            queries: What is not embedded yet will be; errors are passed on.
            stage: Begins what is timed as ``decode`` and ``embed``; not where nothing is missing.

        Returns:
            For each the query with ``Term.embedded``, or why one of its terms cannot be embedded;
            ``BinocleError.term`` says which.
        """
        missing = {
            (number, place): term
            for number, query in enumerate(queries)
            if isinstance(query, Query)
            for place, term in enumerate(query.terms)
            if term.is_unembedded and (query.mode != "keyword" or term.text is None)
        }
        if not missing or self._collection.space is None:  # of an empty one ``intent`` tells
            return list(queries)
        pictures = {key: term for key, term in missing.items() if term.text is None}
        texts = {key: term for key, term in missing.items() if term.text is not None}
        done: dict[tuple[int, int], Term | BinocleError] = {}
        try:
            encoder = self._encoder()
            with stage("decode"):
                loaded = (
                    self._pictures.load([*pictures.values()], encoder.image_spec)
                    if pictures
                    else []
                )
            with stage("embed"):
                done |= zip(pictures, _of_pictures(pictures.values(), loaded, encoder), strict=True)
                asked = [one for number, _ in texts if isinstance(one := queries[number], Query)]
                read = self._of_texts(list(texts.values()), asked, encoder)
                done |= zip(texts, read, strict=True)
        except BinocleError as error:
            numbers = {number for number, _ in missing}
            return [error if number in numbers else one for number, one in enumerate(queries)]
        return [_completed(query, number, done) for number, query in enumerate(queries)]

    def intent(self, query: Query, target: Target) -> QueryIntent:
        """Return what a query's terms come to; where only words are searched, their words alone.

        Args:
            query: Has terms, which ``embed`` has embedded.
            target: Which parts are looked at.

        Raises:
            QueryError, NotFoundError, ModelError, SpaceMismatchError: As for ``Searcher.search``.
        """
        if self._collection.space is None:
            raise QueryError(f"the collection {self._collection.path.name!r} is empty")
        words = _words(query.terms)
        if query.mode == "keyword":
            return QueryIntent(tuple(map(self._kept, query.terms)), (), (), frozenset(), words)
        exclude: set[int] = set()
        read: list[Term] = []
        wanted: list[TermVector] = []
        unwanted: list[TermVector] = []
        unsupported_texts: list[str] = []
        heaviest = max(abs(term.weight) for term in query.terms)
        for term in query.terms:
            kept, row, source = self._row(term, target, exclude)
            read.append(kept)
            if term.text is not None and not self._readable(term.text):
                unsupported_texts += [term.text] * (term.weight > 0)
                continue
            vector = TermVector(row, abs(term.weight) / heaviest, source)
            (wanted if term.weight > 0 else unwanted).append(vector)
        return QueryIntent(
            tuple(read),
            tuple(wanted),
            tuple(unwanted),
            frozenset(exclude),
            words,
            tuple(unsupported_texts),
        )

    def _of_texts(
        self, terms: Sequence[Term], queries: Sequence[Query], encoder: Encoder
    ) -> list[Term]:
        """Return texts with what they were embedded as, misspelt words as they were meant.

        What the encoder cannot read is of another language, and no misspelt English.
        """
        if not terms:
            return []
        texts = [term.text or "" for term in terms]
        parts = [self._readable(text) for text in texts]
        meant = self._corrected(parts, encoder) if encoder.vocabulary else parts
        read = [one or text for text, one in zip(texts, meant, strict=True)]
        rows = worded_rows(encoder, read, self._wordings(queries, terms, read))
        each = zip(terms, texts, parts, meant, rows, strict=True)
        return [
            replace(
                term,
                embedded=row,
                corrected="" if one == text else one,
                is_unread=part != text,
            )
            for term, text, part, one, row in each
        ]

    def _wordings(
        self, queries: Sequence[Query], terms: Sequence[Term], texts: Sequence[str]
    ) -> list[list[str]]:
        """Return what texts mean as well, as far as the model can read it."""
        found = self._find_wordings(list(zip(queries, texts, strict=True)))
        return [
            [one for one in several if term.weight > 0 and self._readable(one) == one]
            for term, several in zip(terms, found, strict=True)
        ]

    def _corrected(self, texts: Sequence[str], encoder: Encoder) -> list[str]:
        known = self._corrector
        if known is None or known[0] != encoder.space.fingerprint:
            known = self._corrector = encoder.space.fingerprint, Corrector(encoder.vocabulary)
        about = (self._stored, self._stored_near, self._count)
        return [known[1].corrected(text, *about) for text in texts]

    def _stored(self, words: list[str]) -> set[str]:
        with self._collection.reading() as session:
            known = session.words.known(words)
            return {word for word in known if not self._spelling.is_cut(session, word)}

    def _stored_near(self, word: str) -> dict[int, list[str]]:
        with self._collection.reading() as session:
            return self._spelling.near(session, word)

    def _count(self, word: str) -> int:
        with self._collection.reading() as session:
            return len(session.words.rows_with([[word]]))

    def _row(
        self, term: Term, target: Target, exclude: set[int]
    ) -> tuple[Term, Float32Array, Kind | None]:
        """Return a term as it is kept, its vector, and what that was embedded from."""
        if term.record is not None:
            row, source = self._row_of_record(term, target, exclude)
            return replace(term, embedded=row), row, source
        if term.vector is not None:
            row = self._checked(term.vector)
            return replace(term, vector=row), row, term.source
        assert term.embedded is not None
        row = self._checked(term.embedded)
        if term.text is not None:
            return replace(term, embedded=row), row, TEXT
        return self._kept(term), row, IMAGE

    def _kept(self, term: Term) -> Term:
        """Return a term as queries are kept: of a picture, its vector."""
        if term.embedded is None or term.text is not None or term.record is not None:
            return term
        row = self._checked(term.embedded)
        return Term(vector=row, weight=term.weight, source=IMAGE)

    def _row_of_record(
        self, term: Term, target: Target, exclude: set[int]
    ) -> tuple[Float32Array, Kind]:
        """Return the mean of a record's pictures; of its texts where it has none."""
        assert term.record is not None
        try:
            number, vectors = self._collection.vectors_of(term.record)
        except NotFoundError:
            if term.embedded is None:
                raise
            return term.embedded, TEXT if target == TEXT else IMAGE  # kept from a turn
        exclude.add(number)
        if term.region is not None:
            assert term.embedded is not None
            return term.embedded, IMAGE
        kinds = sorted(KINDS, key=lambda kind: kind != target)
        for kind in kinds:
            if vectors[kind]:
                return unit(np.mean(vectors[kind], axis=0)), kind
        raise QueryError(f"the record {term.record!r} has nothing embedded")

    def _checked(self, vector: Float32Array) -> Float32Array:
        space, row = self._collection.space, np.asarray(vector, np.float32)
        assert space is not None
        if row.shape != (space.dimension,) or not np.isfinite(row).all() or not row.any():
            raise QueryError(
                f"a vector term is {space.dimension} finite numbers, not all 0; this one has the "
                f"shape {row.shape}"
            )
        wide = row.astype(np.float64)
        return unit(wide / np.abs(wide).max())

    def _readable(self, text: str) -> str:
        return readable_part(text, self._encoder().can_read, self._has_word)

    def _has_word(self, word: str) -> bool:
        tokens = tokens_of(word, 2)[0]
        return len(tokens) == 1 and bool(self._stored(list(tokens)))

    def _encoder(self) -> Encoder:
        encoder, space = self._load_encoder(), self._collection.space
        assert space is not None
        check_space(space, encoder.space, self._collection.path.name)
        return encoder


def _of_pictures(
    terms: Iterable[Term], loaded: Sequence[PixelArray | BinocleError], encoder: Encoder
) -> list[Term | BinocleError]:
    """Return pictures with what they were embedded as, or why they cannot be."""
    pixels = [one for one in loaded if not isinstance(one, BinocleError)]
    rows = iter(encoder.encode_images(np.stack(pixels)) if pixels else ())
    return [
        one if isinstance(one, BinocleError) else replace(term, embedded=next(rows))
        for term, one in zip(terms, loaded, strict=True)
    ]


def _completed(
    query: Query | BinocleError, number: int, done: Mapping[tuple[int, int], Term | BinocleError]
) -> Query | BinocleError:
    """Return a query with its terms embedded, or the error of the first that cannot be."""
    if isinstance(query, BinocleError):
        return query
    terms = []
    for place, term in enumerate(query.terms):
        known = done.get((number, place), term)
        if isinstance(known, BinocleError):
            known.term = place
            return known
        terms.append(known)
    return replace(query, terms=tuple(terms))


def _words(terms: Sequence[Term]) -> str:
    words = [term.text.strip() for term in terms if term.text is not None and term.weight > 0]
    if not words:
        return ""
    away = [term.text.strip() for term in terms if term.text is not None and term.weight < 0]
    named = [" ".join(text.replace('"', " ").split()) for text in away]
    return " ".join([*words, *(f'-"{text}"' if " " in text else f"-{text}" for text in named)])

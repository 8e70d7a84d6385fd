"""The one way into a collection, for runs and uploads alike: from read pictures to stored records.

A content is decoded and embedded only where neither the collection nor this run has it; it becomes
a part of its record, and the record is written together with what follows from it. ``Embedder``
does the first half, ``write_records`` the second, inside one transaction.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from binocle.batches import batched
from binocle.catalog.base import CatalogWriter
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.metadata.markup import without_markup
from binocle.types import Kind, MetadataValue, NewPart, NewRecord, Skip
from indexer.media_reader import MediaReader, Prepared, PreparedImage
from indexer.sources.base import Candidate, ImageRef

_MAX_ITEMS = 2000
_MAX_TEXTS = 1024
_LOST = Skip("unreadable-file", "its content was removed while it was indexed; run again")


@dataclass(slots=True)
class Tally:
    """What a run did, counted in records; ``taken_over`` ones had been another source's."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    removed: int = 0
    taken_over: int = 0
    images_embedded: int = 0
    texts_embedded: int = 0
    reused: int = 0

    @property
    def changes(self) -> int:
        """How many records are not what they were."""
        return self.added + self.updated + self.removed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate.

    Attributes:
        candidate: What it was.
        record: The record; None where nothing of it can be used.
        skips: Why the candidate cannot be used, or which of its pictures cannot.
    """

    candidate: Candidate
    record: NewRecord | None
    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What other machines have done of a source.

    Attributes:
        read_before: Returns what was found of a picture; None where nobody has looked at it.
        part_of: Returns a content that was embedded, by its kind and SHA-256; None for none.
    """

    read_before: Callable[[ImageRef], PreparedImage | None]
    part_of: Callable[[Kind, bytes], NewPart | None]


NOWHERE = Elsewhere(lambda _image: None, lambda _kind, _sha256: None)


class Embedder:
    """Makes records; embeds what neither the collection nor this run has embedded before."""

    def __init__(
        self,
        collection: Collection | None,
        encoder: Encoder,
        reader: MediaReader,
        tally: Tally,
        *,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        """Set up.

        Args:
            collection: Whose contents are known; None where nothing is.
            encoder: Embeds; its space is the collection's.
            reader: Reads once more what was known when it was read, and is gone now.
            tally: Told how many contents were embedded and reused.
            elsewhere: What need not be embedded, as another machine has.
        """
        self._collection = collection
        self._encoder = encoder
        self._reader = reader
        self._tally = tally
        self._elsewhere = elsewhere
        self._recent: dict[tuple[Kind, bytes], NewPart] = {}  # perhaps not yet committed

    def embed(self, chunk: Sequence[Prepared]) -> list[Outcome]:
        """Return what becomes of candidates whose pictures have been read, in their order."""
        pictures: dict[bytes, PreparedImage] = {}
        texts: dict[bytes, str] = {}
        for prepared in chunk:
            for image in prepared.images:
                if image.skip is None and (image.picture or image.sha256 not in pictures):
                    pictures[image.sha256] = image
            texts.update((_sha256(one.text), one.text) for one in prepared.candidate.texts)
        parts = self._known(IMAGE, pictures) | self._known(TEXT, texts)
        self._tally.reused += len(parts)
        parts |= self._from_elsewhere(IMAGE, pictures, parts)
        parts |= self._from_elsewhere(TEXT, texts, parts)
        new_pictures = [one for key, one in pictures.items() if (IMAGE, key) not in parts]
        new_texts = {key: one for key, one in texts.items() if (TEXT, key) not in parts}
        for part in (*self._embed_images(new_pictures), *self._embed_texts(new_texts)):
            parts[part.kind, part.sha256] = part
        self._recent = dict([*self._recent.items(), *parts.items()][-_MAX_ITEMS:])
        return [_outcome(one, parts) for one in chunk]

    def _known(self, kind: Kind, contents: Iterable[bytes]) -> dict[tuple[Kind, bytes], NewPart]:
        keys = [(kind, one) for one in contents]
        found = {key: self._recent[key] for key in keys if key in self._recent}
        if self._collection is None:
            return found
        if wanted := [sha256 for _, sha256 in keys if (kind, sha256) not in found]:
            with self._collection.reading() as session:
                stored = session.parts.known_contents(kind, wanted)
            found.update(((kind, sha256), part) for sha256, part in stored.items())
        return found

    def _from_elsewhere(
        self, kind: Kind, contents: Iterable[bytes], known: Mapping[tuple[Kind, bytes], NewPart]
    ) -> dict[tuple[Kind, bytes], NewPart]:
        wanted = [one for one in contents if (kind, one) not in known]
        found = {
            (kind, one): part
            for one in wanted
            if (part := self._elsewhere.part_of(kind, one)) is not None
        }
        if KINDS.of(kind).is_picture:
            self._tally.images_embedded += len(found)
        else:
            self._tally.texts_embedded += len(found)
        return found

    def _embed_images(self, images: Sequence[PreparedImage]) -> Iterator[NewPart]:
        lost = tuple(one.source for one in images if one.picture is None)
        usable = [one for one in images if one.picture is not None]
        if lost:
            again = self._reader.read(Candidate("", "", "", "", images=lost), again=True)
            usable += [one for one in again.images if one.picture is not None]
        for batch in batched(usable, self._encoder.batch_size):
            pictures = [one.picture for one in batch if one.picture is not None]
            rows = self._encoder.encode_images(np.stack([one.pixels for one in pictures]))
            for image, picture, row in zip(batch, pictures, rows, strict=True):
                yield NewPart(
                    IMAGE,
                    image.source.role,
                    image.source.uri,
                    image.sha256,
                    row,
                    info=picture.info,
                    fingerprint=picture.fingerprint,
                    colour=picture.colour,
                )
        self._tally.images_embedded += len(usable)

    def _embed_texts(self, texts: dict[bytes, str]) -> Iterator[NewPart]:
        if texts:
            rows = self._encoder.encode_texts([*map(without_markup, texts.values())])
            for (sha256, text), row in zip(texts.items(), rows, strict=True):
                yield NewPart(TEXT, "", "", sha256, row, text=text)
        self._tally.texts_embedded += len(texts)


def chunks(
    prepared: Iterable[Prepared], *, batch_size: Callable[[], int], known: set[bytes]
) -> Iterator[list[Prepared]]:
    """Yield candidates in chunks that fill one image batch.

    So what is embedded together depends only on the order of the candidates and on what the
    collection knows. A run that was interrupted after any chunk therefore goes on with the same
    batches an undisturbed run would have made, and ends with the same vectors to the bit.

    Args:
        prepared: In the order of the source.
        batch_size: Returns how many new pictures fill a chunk. It is asked once the first candidate
            is there, so that pictures are decoded while an encoder loads what embeds them.
        known: SHA-256 of the pictures that are not new; those of each chunk are added.
    """
    chunk: list[Prepared] = []
    new: set[bytes] = set()
    size, texts = 0, 0
    for one in prepared:
        size = size or batch_size()
        chunk.append(one)
        texts += len(one.candidate.texts)
        new.update(image.sha256 for image in one.images if image.picture is not None)
        new -= known
        if len(new) >= size or texts >= _MAX_TEXTS or len(chunk) >= _MAX_ITEMS:
            known |= new
            yield chunk
            chunk, new, texts = [], set(), 0
    if chunk:
        yield chunk


def write_records(
    session: CatalogWriter,
    records: Sequence[NewRecord],
    *,
    gone: Sequence[str] = (),
    source_id: int | None = None,
) -> int:
    """Store records, and remove others; labels are set aside for ``labels.give_back``.

    Args:
        session: The transaction.
        records: What to store, replacing what has the same id.
        gone: Ids of what to remove, as far as it belongs to this source.
        source_id: Whom the records belong to; None for nobody.

    Returns:
        How many belonged to somebody else before.
    """
    if gone:
        session.labels.set_aside(gone, source_id=source_id)
        session.records.remove(gone, source_id=source_id)
    session.labels.set_aside([one.id for one in records])
    return session.records.upsert(records, source_id=source_id)


def _outcome(prepared: Prepared, known: dict[tuple[Kind, bytes], NewPart]) -> Outcome:
    """Put a record together; the source's metadata goes before what the first picture says."""
    candidate = prepared.candidate
    parts: list[NewPart] = []
    skips: list[Skip] = []
    for image in prepared.images:
        part = known.get((IMAGE, image.sha256)) if image.skip is None else None
        if part is None:
            skips.append(image.skip or _LOST)
        else:
            parts.append(replace(part, role=image.source.role, uri=image.source.uri))
    metadata: dict[str, MetadataValue] = dict(candidate.metadata)
    if parts and parts[0].info is not None:
        for name, value in parts[0].info.as_metadata().items():
            metadata.setdefault(name, value)
        metadata.setdefault("sha256", parts[0].sha256.hex())
    for name, value in candidate.otherwise.items():
        metadata.setdefault(name, value)
    for text in candidate.texts:
        part = known[TEXT, _sha256(text.text)]
        parts.append(replace(part, role=text.role, uri=text.uri, text=text.text))
    if not parts:
        return Outcome(candidate, None, (candidate.skip or skips[0],))
    record = NewRecord(candidate.record_id, candidate.uri, metadata, tuple(parts))
    return Outcome(candidate, record, tuple(skips))


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()

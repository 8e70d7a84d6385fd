"""From prepared candidates to stored records, a chunk at a time.

A chunk is closed when it fills one image batch, so what is embedded together depends only on
the order of the candidates and on what the collection knows. A run that was interrupted after
any chunk therefore goes on with the same batches an undisturbed run would have made, and ends
with the same vectors to the bit.
"""

import hashlib
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from binocle.catalog.types import Content, Item
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.types import Float32Array, ImageInfo, MetadataValue, NewPart, NewRecord, Skip
from indexer.media_reader import Prepared, PreparedImage, Preparer
from indexer.sources.base import Candidate, TextRef

_MAX_ITEMS = 2000
_MAX_TEXTS = 1024
_RETRIED = frozenset({"missing", "unreadable-file", "timeout", "decoder-crash"})
_QUEUED_CHUNKS = 2


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


@dataclass(slots=True)
class _Stored:
    records: list[NewRecord] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class ChunkWriter:
    """Commits chunks in a thread of its own, in order, off the encoder's way."""

    def __init__(self, collection: Collection, source_id: int, run_id: int, tally: Tally) -> None:
        self._collection = collection
        self._tally = tally
        self._source_id = source_id
        self._run_id = run_id
        self._queue: queue.Queue[_Stored | None] = queue.Queue(_QUEUED_CHUNKS)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def put(self, chunk: _Stored) -> None:
        """Hand over a chunk; waits while two are waiting. Raises what an earlier one raised."""
        self._raise()
        self._queue.put(chunk)

    def close(self) -> None:
        """Wait until everything handed over is committed. Raises what went wrong."""
        self._queue.put(None)
        self._thread.join()
        self._raise()

    def _work(self) -> None:
        while (chunk := self._queue.get()) is not None:
            if self._error is not None:
                continue  # later chunks must not be committed without this one
            try:
                self._commit(chunk)
            except BaseException as error:
                self._error = error

    def _commit(self, chunk: _Stored) -> None:
        with self._collection.writing() as session:
            session.moved_labels.set_aside(chunk.gone, source_id=self._source_id)
            session.moved_labels.set_aside([one.id for one in chunk.records])
            session.records.remove(chunk.gone, source_id=self._source_id)
            taken = session.records.upsert(chunk.records, source_id=self._source_id)
            session.sources.put_items(self._source_id, self._run_id, chunk.items)
        self._tally.taken_over += taken

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


class Embedder:
    """Gathers prepared candidates into chunks, embeds them, hands them to the writer."""

    def __init__(
        self,
        collection: Collection,
        encoder: Encoder,
        writer: ChunkWriter,
        tally: Tally,
        preparer: Preparer,
        known_images: set[bytes],
        ledger: dict[str, Item],
        limits_mark: str,
    ) -> None:
        self._collection = collection
        self._encoder = encoder
        self._writer = writer
        self._tally = tally
        self._preparer = preparer
        self._known_images = known_images
        self._ledger = ledger
        self._limits_mark = limits_mark
        self._recent: dict[bytes, Content] = {}  # embedded in this run, perhaps not yet committed
        self._waiting: list[Prepared] = []
        self._new_images: dict[bytes, PreparedImage] = {}
        self._texts = 0

    def add(self, prepared: Prepared) -> None:
        """Take one candidate; embeds and hands over a chunk when it is full."""
        self._waiting.append(prepared)
        self._texts += len(prepared.candidate.texts)
        for image in prepared.images:
            if image.picture is not None and image.sha256 not in self._known_images:
                self._new_images.setdefault(image.sha256, image)
        full = len(self._new_images) >= self._encoder.batch_size
        if full or self._texts >= _MAX_TEXTS or len(self._waiting) >= _MAX_ITEMS:
            self.flush()

    def flush(self) -> None:
        """Embed and hand over what has been gathered."""
        if not self._waiting:
            return
        images = self._image_contents()
        texts = self._text_vectors()
        chunk = _Stored()
        for prepared in self._waiting:
            self._store(prepared, images, texts, chunk)
        self._writer.put(chunk)
        self._known_images.update(self._new_images)
        self._waiting, self._new_images, self._texts = [], {}, 0

    def _image_contents(self) -> dict[bytes, Content]:
        """Embed the new pictures and look up the known ones."""
        usable = [one for prepared in self._waiting for one in prepared.images if not one.skip]
        contents = self._embed(list(self._new_images.values()))
        wanted = {one.sha256: one for one in usable if one.sha256 not in contents}
        found = {sha256: self._recent[sha256] for sha256 in wanted if sha256 in self._recent}
        with self._collection.reading() as session:
            found.update(session.parts.known_contents("image", wanted.keys() - found.keys()))
        self._tally.reused += len(found)
        contents |= self._embed_again([wanted[one] for one in wanted.keys() - found.keys()])
        self._tally.images_embedded += len(contents)
        kept = dict(list(self._recent.items())[-_MAX_ITEMS:])
        self._recent = {**kept, **found, **contents}
        return contents | found

    def _embed_again(self, images: Sequence[PreparedImage]) -> dict[bytes, Content]:
        """Embed contents that were known when they were read, and whose last part is gone now."""
        again = [self._preparer.prepare_image(one.source, again=True) for one in images]
        return self._embed([one for one in again if one.picture is not None])

    def _embed(self, images: Sequence[PreparedImage]) -> dict[bytes, Content]:
        contents: dict[bytes, Content] = {}
        size = self._encoder.batch_size
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            pictures = [one.picture for one in batch if one.picture is not None]
            rows = self._encoder.encode_images(np.stack([one.pixels for one in pictures]))
            for image, picture, row in zip(batch, pictures, rows, strict=True):
                contents[image.sha256] = Content(row, picture.info, picture.fingerprint)
        return contents

    def _text_vectors(self) -> dict[str, Float32Array]:
        """Embed the chunk's texts, but for those the collection knows."""
        texts = list(
            dict.fromkeys(one.text for prep in self._waiting for one in prep.candidate.texts)
        )
        if not texts:
            return {}
        hashes = {text: _sha256(text) for text in texts}
        with self._collection.reading() as session:
            known = session.parts.known_contents("text", hashes.values())
        vectors = {text: known[hashes[text]].vector for text in texts if hashes[text] in known}
        self._tally.reused += len(vectors)
        new = [text for text in texts if text not in vectors]
        self._tally.texts_embedded += len(new)
        return vectors | dict(zip(new, self._encoder.encode_texts(new), strict=True))

    def _store(
        self,
        prepared: Prepared,
        images: dict[bytes, Content],
        texts: dict[str, Float32Array],
        chunk: _Stored,
    ) -> None:
        candidate = prepared.candidate
        before = self._ledger.get(candidate.key)
        usable = [one for one in prepared.images if one.skip is None and one.sha256 in images]
        parts = [_image_part(one, images[one.sha256]) for one in usable]
        parts += [_text_part(one, texts[one.text]) for one in candidate.texts]
        skips = [one.skip or _LOST for one in prepared.images if one not in usable]
        if not parts:
            self._tally.skipped += 1
            skip = candidate.skip or skips[0]
            chunk.items.append(self._skipped(candidate.key, candidate.fingerprint, skip))
            if before and before.record_id:
                chunk.gone.append(before.record_id)
            return
        metadata = _metadata(candidate, [images[one.sha256].info for one in usable], parts)
        chunk.records.append(NewRecord(candidate.record_id, candidate.uri, metadata, tuple(parts)))
        # A product whose picture is broken is indexed by its texts; the picture gets a line.
        for number, skip in enumerate(skips):
            self._tally.skipped += 1
            key = picture_key(candidate.key, number)
            chunk.items.append(self._skipped(key, candidate.fingerprint, skip))
        fingerprint = candidate.fingerprint
        if any(skip.code in _RETRIED for skip in skips):
            fingerprint = ""
        chunk.items.append(Item(candidate.key, fingerprint, candidate.record_id, None, None))
        if before and before.record_id:
            self._tally.updated += 1
            if before.record_id != candidate.record_id:
                chunk.gone.append(before.record_id)
        else:
            self._tally.added += 1

    def _skipped(self, key: str, fingerprint: str, skip: Skip) -> Item:
        mark = skip_fingerprint(skip.code, fingerprint, self._limits_mark)
        return Item(key, mark, None, skip.code, skip.message)


_LOST = Skip("unreadable-file", "its content was removed while it was indexed; run again")


def picture_key(key: str, number: int) -> str:
    """Return the ledger key of a record's broken picture."""
    return f"{key}#picture-{number + 1}"


def skip_fingerprint(code: str | None, fingerprint: str, limits_mark: str) -> str:
    """Return what tells that a skipped item need not be tried again.

    What may pass by itself is always tried again; what was too large, when a limit changes.
    """
    if code in _RETRIED:
        return ""
    return f"{fingerprint}|{limits_mark}" if code == "too-large" else fingerprint


def _image_part(image: PreparedImage, content: Content) -> NewPart:
    source = image.source
    return NewPart(
        "image",
        source.role,
        source.uri,
        image.sha256,
        content.vector,
        info=content.info,
        fingerprint=content.fingerprint,
    )


def _text_part(text: TextRef, vector: Float32Array) -> NewPart:
    return NewPart("text", text.role, text.uri, _sha256(text.text), vector, text=text.text)


def _metadata(
    candidate: Candidate, infos: Sequence[ImageInfo | None], parts: Sequence[NewPart]
) -> dict[str, MetadataValue]:
    """Join what the source knows with what the first picture says; the source goes first."""
    metadata: dict[str, MetadataValue] = dict(candidate.metadata)
    if infos and infos[0] is not None:
        for name, value in infos[0].as_metadata().items():
            metadata.setdefault(name, value)
        metadata.setdefault("sha256", parts[0].sha256.hex())
    return metadata


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()

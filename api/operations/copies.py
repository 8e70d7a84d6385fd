"""Reverse lookup and duplicates, put together for both doors."""

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from PIL import Image

from api.container import Container
from api.operations.hash_lists.kept_lists import lists_of
from binocle.collection.collection import Collection
from binocle.errors import PictureError
from binocle.fingerprints.pdq import hashed_spec, pdq_of
from binocle.media import images
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, ImageSpec, Limits, Part, PixelArray
from indexer.fingerprint_backfill import complete_fingerprints
from search.copies.duplicates import DuplicateFinder, Duplicates
from search.copies.hash_lists.hash_list import HashList, nearest_listed
from search.copies.lookup import Lookup
from search.copies.lookup_candidates import LookupAnswer, LookupCandidate
from search.copies.match_picture import match_picture
from search.copies.stored_pictures import Decode, exact_spec
from search.copies.verdicts import COPIES

_SHOWN_SIDE = 640  # pixels
_MOMENTS = (0.25, 0.5, 0.75, 1.0)  # of an animation, after its first picture


class FrameLookup:
    """Looks pictures up; of an animation, until a copy is found, pictures from all over it."""

    def __init__(
        self, finder: Lookup, decode: Decode, limits: Limits, lists: Sequence[HashList] = ()
    ) -> None:
        """Set up.

        Args:
            finder: Looks one picture up.
            decode: Decodes a picture of an animation.
            limits: What a picture may cost.
            lists: Of hashes, which are asked, too.
        """
        self._finder, self._decode, self._limits = finder, decode, limits
        self._lists = lists

    def find(self, data: bytes, *, limit: int = 10) -> LookupAnswer:
        """Look a picture up; see ``Lookup.find``.

        Returns:
            What is known of the first picture of an animation that is a copy; where none is, of
            its first one.
        """
        first = self._looked_up(data, limit)
        if _is_known(first) or not images.is_animated(data, self._limits):
            return first
        for moment in _MOMENTS:
            try:
                frame = self._frame(data, moment)
            except PictureError:  # it ends too early
                return first
            found = self._looked_up(frame, limit)
            if _is_known(found):
                return replace(found, moment=moment)
        return first

    def _looked_up(self, data: bytes, limit: int) -> LookupAnswer:
        answer = self._finder.find(data, limit=limit)
        if not self._lists:
            return answer
        spec = hashed_spec(images.upright_size(data, self._limits))
        own = pdq_of(self._decode(data, spec).pixels)
        return answer.with_listed(nearest_listed(self._lists, own, limit))

    def _frame(self, data: bytes, moment: float) -> bytes:
        spec = replace(exact_spec(images.upright_size(data, self._limits)), moment=moment)
        return _png_of(self._decode(data, spec).pixels)


def open_lookup(
    container: Container,
    collection: Collection,
    *,
    decode: Decode | None = None,
    with_similar: bool = True,
    lists: Sequence[HashList] = (),
) -> FrameLookup:
    """Return what looks pictures up in a collection, animations frame by frame.

    Args:
        container: Has the encoder and the limits.
        collection: Where to look.
        decode: Decodes pictures; by default in this process.
        with_similar: Also name what is similar, with the collection's own model.
        lists: Of hashes, which are asked beside those that the collection keeps.
    """
    limits = container.settings.limits
    decoding = decode or (lambda data, spec: images.load(data, spec, limits))

    def embed(data: bytes) -> Float32Array:
        encoder = container.encoder_of(collection)
        pixels = decoding(data, encoder.image_spec).pixels
        row: Float32Array = encoder.encode_images(pixels[None])[0]
        return row

    finder = Lookup(
        collection,
        _reader(container, collection),
        embed=embed if with_similar and collection.space is not None else None,
        decode=decoding,
        limits=limits,
        workers=container.settings.workers,
    )
    return FrameLookup(finder, decoding, limits, (*lists, *lists_of(collection)))


def fill_in_fingerprints(
    container: Container,
    collection: Collection,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Compute what reverse lookup needs of pictures indexed before there was any.

    Args:
        container: Has the limits.
        collection: Whose pictures.
        on_progress: Told how many pictures have been tried.
    """
    with collection.reading() as session:
        if not session.fingerprints.parts_without(1):
            return
    with container.decoders() as decoders:
        complete_fingerprints(collection, _reader(container, collection), decoders, on_progress)


def find_duplicates(
    container: Container,
    collection: Collection,
    decoders: DecoderPool,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Duplicates:
    """Return the duplicates in a collection, fingerprints that are missing filled in first.

    Args:
        container: Has the limits.
        collection: Whose pictures.
        decoders: Where they are decoded.
        on_progress: Told how many steps of how many are done, as for ``DuplicateFinder``; 0 of 0
            while fingerprints are filled in.
    """
    fill_in_fingerprints(container, collection, lambda _done: on_progress(0, 0))
    finder = DuplicateFinder(
        collection,
        _reader(container, collection),
        decoders.decode,
        workers=container.settings.workers,
        on_progress=on_progress,
    )
    return finder.find()


def match_png(
    container: Container,
    collection: Collection,
    data: bytes,
    candidate: LookupCandidate,
    decode: Decode | None = None,
) -> bytes:
    """Return a PNG that shows why a picture is said to match, see ``match_picture``.

    Args:
        container: Has the limits.
        collection: Where the candidate is from.
        data: The picture that was looked up.
        candidate: What it was held against.
        decode: Decodes pictures; by default in this process.

    Raises:
        PictureError: One of the two cannot be read.
        NotFoundError: The stored one is not where it was.
    """
    limits = container.settings.limits
    decoding = decode or (lambda data, spec: images.load(data, spec, limits))

    def pixels(data: bytes) -> PixelArray:
        width, height = images.upright_size(data, limits)
        ratio = min(1.0, _SHOWN_SIDE / max(width, height))
        size = max(1, round(width * ratio)), max(1, round(height * ratio))
        return decoding(data, ImageSpec(*size, "squash")).pixels

    stored = _reader(container, collection)(candidate.part)
    shown = match_picture(pixels(data), pixels(stored), candidate.judgement)
    return _png_of(shown)


def _png_of(pixels: PixelArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def answer_as_json(answer: LookupAnswer) -> dict[str, object]:
    """Return an answer as the JSON object both doors give, but for its uris."""
    return {
        "verdict": answer.verdict,
        "candidates": [
            {
                "id": one.record.id,
                "uri": one.record.uri,
                "part": {"id": one.part.id, "role": one.part.role, "uri": one.part.uri},
                **asdict(one.judgement),
                "similarity": one.similarity,
                "hash_distance": one.hash_distance,
                "metadata": dict(one.record.metadata),
            }
            for one in answer.candidates
        ],
        "verified": answer.verified,
        "unprepared": answer.unprepared,
        "unreadable": answer.unreadable,
        "took_ms": answer.took_ms,
        "moment": answer.moment,
        "listed": [
            {
                "list": one.list_name,
                "label": one.label,
                "hash": one.hash,
                "distance": one.distance,
                "confidence": one.judgement.confidence,
            }
            for one in answer.listed
        ],
    }


def _is_known(answer: LookupAnswer) -> bool:
    return answer.verdict in COPIES or bool(answer.listed)


def _reader(container: Container, collection: Collection) -> Callable[[Part], bytes]:
    media = container.media(collection)
    return lambda part: media.read(part.uri)

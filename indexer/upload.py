"""The records of one request into a collection, by the steps a run takes."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from binocle.catalog.base import CatalogWriter
from binocle.catalog.types import Item
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import IMAGE
from binocle.types import Skip
from indexer import kept_uploads
from indexer.media_reader import MediaReader, Prepared
from indexer.records import Embedder, Outcome, Tally, write_records
from indexer.sources.base import Candidate
from indexer.sources.uploads import SCHEME

_NO_RUN = 0


def store_upload(
    collection: Collection,
    candidates: Sequence[Candidate],
    encoder: Encoder,
    decoders: DecoderPool,
    check: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Store records with what they were brought, replacing those of the same id.

    A record is stored whole or not at all: one with a picture that cannot be used fails, and does
    its neighbours no harm. What failed gets a line in the ledger, which goes when a record of that
    id is stored.

    Args:
        collection: Where to.
        candidates: Of two with one id the later one counts; see ``indexer.sources.uploads``.
        encoder: Embeds what the collection does not know.
        decoders: Decode it.
        check: Called while pictures are decoded; what it raises ends that, and nothing is stored.

    Returns:
        What became of each, in their order; what is told as a record is on disk.

    Raises:
        SpaceMismatchError: The collection's vectors are of another model.
        StorageError: Nothing was stored.
    """
    outcomes = prepared_upload(collection, candidates, encoder, decoders, check)
    _write(collection, outcomes)
    return outcomes


def prepared_upload(
    collection: Collection,
    candidates: Sequence[Candidate],
    encoder: Encoder,
    decoders: DecoderPool,
    check: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Return what becomes of candidates, embedded, and not written yet; as ``store_upload``."""
    collection.claim_space(encoder.space)
    with collection.reading() as session:
        hashes = [image.sha256 for one in candidates for image in one.images]
        known = session.parts.uris_of_images(hashes)
    spec = replace(encoder.image_spec, fingerprint=True)
    reader = MediaReader(decoders, spec, is_known=known.__contains__)
    prepared: list[Prepared] = []
    for one in reader.run(candidates):
        check()
        prepared.append(one)
    whole = [one for one in prepared if _failure(one) is None]
    embedded = iter(Embedder(collection, encoder, reader, Tally()).embed(whole))
    outcomes: list[Outcome] = []
    for one in prepared:
        failure = _failure(one)
        outcome = Outcome(one.candidate, None, (failure,)) if failure else next(embedded)
        outcomes.append(replace(outcome, record=None) if outcome.skips else outcome)
    return outcomes


def _failure(prepared: Prepared) -> Skip | None:
    """Return why a record cannot be stored whole; None where it can."""
    skips = [prepared.candidate.skip, *(image.skip for image in prepared.images)]
    return next((one for one in skips if one is not None), None)


def _write(collection: Collection, outcomes: Sequence[Outcome]) -> None:
    stored = [one for one in outcomes if one.record is not None]
    records = [one.record for one in stored if one.record is not None]
    pictures = [image for one in stored for image in one.candidate.images]
    with kept_uploads.storing(collection, [one.id for one in records], pictures) as session:
        write_records(session, records)
        first = {one.parts[0].sha256 for one in records if one.parts[0].kind == IMAGE}
        session.labels.give_back(list(first))
        _note_failures(session, outcomes)


def _note_failures(session: CatalogWriter, outcomes: Sequence[Outcome]) -> None:
    """Write into the ledger what failed; the source for it is made with its first line."""
    skips = {one.candidate.key: one.skips[0] if one.skips else None for one in outcomes}
    lines = [Item(key, "", None, one.code, one.message) for key, one in skips.items() if one]
    source = next((one for one in session.sources.all() if one.uri == SCHEME), None)
    if source is None and lines:
        source = session.sources.add("uploads", SCHEME, "upload")
    if source is not None:
        session.sources.remove_items(source.id, list(skips))
        session.sources.put_items(source.id, _NO_RUN, lines)

"""Changing a part of a stored record: what is not named stays, and is not embedded again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import BusyError, NotFoundError, PictureError, UsageError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import IMAGE
from binocle.types import MetadataValue, Part, Record
from indexer import kept_uploads
from indexer.records import Outcome, write_records
from indexer.sources.base import Candidate, ImageRef, TextRef
from indexer.sources.uploads import SCHEME, uploaded_text
from indexer.stored_media import StoredMedia
from indexer.upload import prepared_upload

_ATTEMPTS = 5
_Part = TypeVar("_Part", ImageRef, TextRef)
_PICTURE_KINDS: tuple[type[PictureError], ...] = (PictureError, *PictureError.__subclasses__())
_PICTURE_ERRORS = {one.code: one for one in _PICTURE_KINDS}


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What of a record is to be something else.

    Attributes:
        metadata: Fields, None removing one.
        texts: By role, all that the record has in it; nothing removes them.
        images: Likewise; see ``uploaded_image``.
    """

    metadata: Mapping[str, MetadataValue | None] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, tuple[ImageRef, ...]] = field(default_factory=dict)


def change_record(
    collection: Collection,
    record_id: str,
    change: RecordChange,
    *,
    encoder: Callable[[], Encoder],
    decoders: DecoderPool,
    media: StoredMedia,
    check: Callable[[Record], None] = lambda _: None,
) -> Record:
    """Change a record, whole or not at all, as it is when it is written.

    A record whose texts or pictures are changed belongs to no source any more, as one that is
    stored does.

    Args:
        collection: Whose.
        record_id: Which.
        change: What.
        encoder: Returns the collection's; called where texts or pictures change.
        decoders: Decode new pictures.
        media: Reads the pictures that stay, where their vectors are damaged.
        check: Raises where the record is not as it was expected to be.

    Returns:
        The record as it is then.

    Raises:
        NotFoundError: There is no such record.
        UsageError: A value cannot be stored, or nothing would be left.
        PictureError: A picture cannot be used.
        BusyError: Others changed it again and again meanwhile.
    """
    if not change.texts and not change.images:
        with collection.writing() as session:
            check(record_in(session, record_id))
            session.records.patch({record_id: change.metadata})
        return collection.record(record_id)
    for _ in range(_ATTEMPTS):
        before = collection.record(record_id)
        check(before)
        candidate = _candidate(collection, before, change, media)
        (outcome,) = prepared_upload(collection, [candidate], encoder(), decoders)
        if _is_written(collection, before, outcome):
            return collection.record(record_id)
    raise BusyError(f"the record {record_id!r} is changed by others all the time; try again")


def record_in(session: CatalogReader, record_id: str) -> Record:
    """Return a record with its parts, as a session sees it.

    Raises:
        NotFoundError: There is none of this id.
    """
    number = session.records.number_of(record_id)
    if number is None:
        raise NotFoundError(f"there is no record {record_id!r}")
    bare = session.records.by_number([number])[number]
    return replace(bare, parts=session.parts.of_records([number]).get(number, ()))


def _is_written(collection: Collection, before: Record, outcome: Outcome) -> bool:
    """Write what has become of a record, unless it is another one by now; tell which."""
    if outcome.record is None or outcome.skips:
        skip = outcome.skips[0]
        raise _PICTURE_ERRORS.get(skip.code, UsageError)(skip.message)
    new = [one for one in outcome.candidate.images if one.uri.startswith(SCHEME)]
    with kept_uploads.storing(collection, [before.id], new) as session:
        if record_in(session, before.id) != before:
            return False
        write_records(session, [outcome.record])
        first = outcome.record.parts[0]
        session.labels.give_back([first.sha256] if first.kind == IMAGE else [])
    return True


def _candidate(
    collection: Collection, before: Record, change: RecordChange, media: StoredMedia
) -> Candidate:
    """Return a record as it shall be, for the write path."""
    images = _changed(
        {part.role: [] for part in before.parts if part.kind == IMAGE},
        [(part.role, _stored_image(part, media)) for part in before.parts if part.kind == IMAGE],
        change.images,
    )
    texts = _changed(
        {part.role: [] for part in before.parts if part.text is not None},
        [(one.role, TextRef(one.role, one.uri, one.text)) for one in before.parts if one.text],
        {
            role: tuple(uploaded_text(role, text) for text in own)
            for role, own in change.texts.items()
        },
    )
    if not images and not texts:
        raise UsageError("a record needs a picture or a text; nothing would be left")
    metadata = dict(before.metadata)
    if change.images:
        metadata = _without_facts(collection, before, metadata)
    changed = {**metadata, **change.metadata}
    known = {name: value for name, value in changed.items() if value is not None}
    return Candidate(before.id, "", before.id, before.uri, known, tuple(images), tuple(texts))


def _changed(
    by_role: dict[str, list[_Part]],
    there: list[tuple[str, _Part]],
    change: Mapping[str, tuple[_Part, ...]],
) -> list[_Part]:
    """Return parts in the order of their roles, those of some roles replaced."""
    for role, part in there:
        by_role[role].append(part)
    for role, own in change.items():
        by_role[role] = list(own)
    return [part for own in by_role.values() for part in own]


def _stored_image(part: Part, media: StoredMedia) -> ImageRef:
    sha256 = bytes.fromhex(part.picture.sha256) if part.picture else b""
    return ImageRef(part.role, part.uri, partial(media.read, part.uri), sha256=sha256)


def _without_facts(
    collection: Collection, before: Record, metadata: dict[str, MetadataValue]
) -> dict[str, MetadataValue]:
    """Return metadata without what the first picture said of itself: another may be the first."""
    first = next((one.picture for one in before.parts if one.picture is not None), None)
    if first is None:
        return metadata
    sha256 = bytes.fromhex(first.sha256)
    with collection.reading() as session:
        known = session.parts.known_contents(IMAGE, [sha256]).get(sha256)
    facts = known.info.as_metadata() if known is not None and known.info is not None else {}
    facts["sha256"] = first.sha256
    return {name: value for name, value in metadata.items() if facts.get(name) != value}

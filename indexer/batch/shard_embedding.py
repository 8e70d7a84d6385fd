"""One shard: its pictures read, decoded and embedded, and what became of them written."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from binocle.encoders.base import Encoder
from binocle.errors import SourceError, SpaceMismatchError, StorageError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import IMAGE
from binocle.types import Kind
from indexer.batch.batch_job import BatchJob
from indexer.batch.planned_items import OpenUri, candidates_of
from indexer.batch.shard_file import ShardRow, write_shard
from indexer.media_reader import MediaReader, Prepared
from indexer.records import Embedder, Outcome, Tally, chunks


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What was done of a shard.

    Attributes:
        shard: Its number.
        embedded: How many different pictures and texts were embedded.
        skipped: How many pictures or items cannot be used.
        problem: Why it has no result; empty where it has one.
    """

    shard: int
    embedded: int
    skipped: int
    problem: str = ""


class ShardEmbedder:
    """Embeds shards of a job, one after another, with one encoder."""

    def __init__(
        self, job: BatchJob, encoder: Encoder, decoders: DecoderPool, open_uri: OpenUri
    ) -> None:
        """Set up.

        Args:
            job: What is to be embedded.
            encoder: Of the job's space.
            decoders: Where pictures are decoded.
            open_uri: Returns the picture of a uri; see ``Source.open``.

        Raises:
            SpaceMismatchError: The encoder is another than the job was planned for.
        """
        if job.space.fingerprint != encoder.space.fingerprint:
            raise SpaceMismatchError(
                f"{job.folder} was planned with another {job.model} than this machine has; "
                "install the same version of the model everywhere"
            )
        self._job, self._encoder = job, encoder
        self._decoders, self._open_uri = decoders, open_uri

    def embed(self, shard: int) -> ShardReport:
        """Embed a shard; its result is there whole afterwards, whoever else embeds it, too.

        Raises:
            SourceError: Its items cannot be read.
            StorageError: Its result cannot be written.
        """
        try:
            items = candidates_of(self._job.items_of(shard), self._open_uri)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"shard {shard} of {self._job.folder} is damaged") from error
        spec = replace(self._encoder.image_spec, fingerprint=True)
        reader = MediaReader(self._decoders, spec)
        tally = Tally()
        embedder = Embedder(None, self._encoder, reader, tally)
        rows: list[ShardRow] = []
        seen: set[tuple[Kind, bytes]] = set()
        size = self._encoder.batch_size
        with closing(reader.run(items)) as prepared:
            for chunk in chunks(prepared, batch_size=lambda: size, known=set()):
                rows += _rows(chunk, embedder.embed(chunk), seen)
        path = self._job.result_of(shard)
        try:
            write_shard(path, rows, self._job.space)
        except OSError as error:
            raise StorageError(f"cannot write {path} ({error.strerror or error})") from error
        skipped = sum(one.skip is not None for one in rows)
        return ShardReport(shard, tally.images_embedded + tally.texts_embedded, skipped)


def _rows(
    chunk: Sequence[Prepared], outcomes: Sequence[Outcome], seen: set[tuple[Kind, bytes]]
) -> Iterator[ShardRow]:
    """Yield what became of each picture and text; a content comes with its first row."""
    for prepared, outcome in zip(chunk, outcomes, strict=True):
        record_id = prepared.candidate.record_id
        parts = outcome.record.parts if outcome.record else ()
        new = {key: one for one in parts if (key := (one.kind, one.sha256)) not in seen}
        seen.update(new)
        for image in prepared.images:
            part = None if image.skip else new.pop((IMAGE, image.sha256), None)
            uri = image.source.uri
            yield ShardRow(record_id, uri, IMAGE, image.sha256, part, image.skip)
        for part in new.values():
            yield ShardRow(record_id, part.uri, part.kind, part.sha256, part)

"""A planned source whose contents are embedded already: what an importer indexes."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from binocle.errors import SourceError
from binocle.metadata.field_types import Reading
from binocle.types import Kind, NewPart, Skip
from indexer.batch.batch_job import BatchJob
from indexer.batch.planned_items import candidates_of
from indexer.batch.shard_file import ShardContents, read_shard
from indexer.media_reader import PreparedImage
from indexer.sources.base import Candidate, ImageRef, Source

_HELD_ITEMS = 8192  # of shards behind the one that is read, whose items may still be on their way


class PlannedSource(Source):
    """The items of a job, in their order; it never tells that something is gone."""

    def __init__(self, job: BatchJob, source: Source) -> None:
        """Set up.

        Args:
            job: Its shards have results.
            source: What was planned.
        """
        self.kind, self.path = source.kind, source.path
        self._job, self._source = job, source
        self._held: deque[tuple[int, ShardContents]] = deque()

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the candidates of all shards; see ``Source.scan``."""
        if name != self._job.name:
            raise SourceError(
                f"{self._job.folder} was planned for a collection in which {self.uri} is called "
                f"{self._job.name!r}, here it is {name!r}; plan it for this one"
            )
        for shard in range(len(self._job.shards)):
            items = candidates_of(self._job.items_of(shard), self._source.open)
            contents = read_shard(self._job.result_of(shard), self._job.space)
            self._held.append((len(items), contents))
            while sum(count for count, _ in self._held) - self._held[0][0] > _HELD_ITEMS:
                self._held.popleft()
            yield from items

    def count(self) -> int:
        """Return how many candidates were planned."""
        return self._job.items

    def open(self, uri: str) -> bytes:
        """Return a picture of the source again; see ``Source.open``."""
        return self._source.open(uri)

    def covers(self, _key: str, /) -> bool:
        """Return False: what has gone is seen by the next run over the source itself."""
        return False

    def readings(self, declared: Callable[[], Collection[str]]) -> Mapping[str, Reading]:
        """Return what the source says of its columns; see ``Source.readings``."""
        return self._source.readings(declared)

    def warnings(self) -> Sequence[str]:
        """Return what a person should know of the source."""
        return self._source.warnings()

    @property
    def uri(self) -> str:
        """The source's."""
        return self._source.uri

    def within(self, kind: str, uri: str) -> "Source | None":
        """Return this for the source it was planned from; see ``Source.within``."""
        is_known = uri == self.uri and self._source.within(kind, uri) is not None
        return self if is_known else None

    def read_before(self, image: ImageRef) -> PreparedImage | None:
        """Return what another machine found of a picture; None where none has looked at it."""
        for _, contents in tuple(self._held):
            found = contents.pictures.get(image.uri)
            if isinstance(found, Skip):
                return PreparedImage(image, skip=found)
            if found is not None:
                return PreparedImage(image, found)
        return None

    def part_of(self, kind: Kind, sha256: bytes) -> NewPart | None:
        """Return a content that another machine has embedded; None where none has."""
        for _, contents in tuple(self._held):
            if (part := contents.parts.get((kind, sha256))) is not None:
                return part
        return None

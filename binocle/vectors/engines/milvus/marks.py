"""Watermarks of a collection's vectors in Milvus: a small collection beside those with rows.

A mark is written last, so what it says is there. It also names the collection with the rows: of
those that are made anew, or with another index, that is another one, and who looks into the one
before goes on doing so until it is removed.
"""

from dataclasses import asdict, dataclass

from pymilvus import DataType, MilvusClient, MilvusException

from binocle.vectors.base import Watermark
from binocle.vectors.engines.milvus.server import MilvusServer

_WITHIN_S = 60.0
_FIELDS = (
    ("kind", DataType.VARCHAR), ("space", DataType.VARCHAR), ("token", DataType.VARCHAR),
    ("rows", DataType.VARCHAR), ("index", DataType.VARCHAR), ("has_token", DataType.BOOL),
    ("generation", DataType.INT64), ("change", DataType.INT64), ("last_id", DataType.INT64),
    ("seen", DataType.INT64), ("written", DataType.INT64),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """What a push has finished.

    Attributes:
        kind: Of parts.
        space: The fingerprint of the vectors' space.
        token: That of the watermark; empty where it has none.
        rows: The collection that has the rows.
        index: Its index.
        has_token: Whether there is a token.
        generation: How often the rows were made anew.
        change: The watermark's.
        last_id: The watermark's.
        seen: When the server had taken in the last of it, by its clock.
        written: When, in seconds since 1970.
    """

    kind: str
    space: str
    token: str
    rows: str
    index: str
    has_token: bool
    generation: int
    change: int
    last_id: int
    seen: int
    written: int

    @property
    def key(self) -> str:
        """Names it; later ones of a kind have larger names."""
        return f"{self.kind}/{self.generation:09d}/{self.change:019d}"

    @property
    def watermark(self) -> Watermark:
        """What the store over the engine calls it."""
        return Watermark(self.change, self.last_id, self.token if self.has_token else None)


class MilvusMarks:
    """The marks of all kinds of one collection."""

    def __init__(self, server: MilvusServer, name: str) -> None:
        """Set up; nothing is asked yet.

        Args:
            server: Has them.
            name: The collection's name there.
        """
        self._server, self._name = server, f"{name}_marks"

    def of(self, kind: str) -> list[Mark]:
        """Return all that are kept of a kind, oldest first, as of now."""

        def work(client: MilvusClient) -> list[Mark]:
            if not client.has_collection(self._name, timeout=_WITHIN_S):
                return []
            fields = [name for name, _ in _FIELDS]
            found = client.query(
                self._name, filter=f'kind == "{kind}"', output_fields=fields,
                consistency_level="Strong", timeout=_WITHIN_S,
            )  # fmt: skip
            marks = [Mark(**{name: one[name] for name in fields}) for one in found]
            return sorted(marks, key=lambda mark: mark.key)

        return self._server.run(work, self._make)

    def write(self, mark: Mark) -> None:
        """Keep a mark."""

        def work(client: MilvusClient) -> None:
            if not client.has_collection(self._name, timeout=_WITHIN_S):
                self._make(client)
            row = {"number": mark.key, "nowhere": [0.0, 0.0], **asdict(mark)}
            client.upsert(self._name, [row], timeout=_WITHIN_S)

        self._server.run(work, self._make)

    def remove(self, marks: list[Mark]) -> None:
        """Keep some no longer."""
        keys = [mark.key for mark in marks]
        if keys:
            self._server.run(lambda client: client.delete(self._name, ids=keys, timeout=_WITHIN_S))

    def _make(self, client: MilvusClient) -> None:
        """Make what is missing of the collection, and load it."""
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("number", DataType.VARCHAR, is_primary=True, max_length=128)
        schema.add_field("nowhere", DataType.FLOAT_VECTOR, dim=2)  # a server of 2.3 insists on one
        for name, form in _FIELDS:
            length = {"max_length": 512} if form is DataType.VARCHAR else {}
            schema.add_field(name, form, **length)
        try:
            client.create_collection(self._name, schema=schema, timeout=_WITHIN_S)
        except MilvusException:  # it was there: of another process, or of one that was killed
            if not client.has_collection(self._name, timeout=_WITHIN_S):
                raise
        if not client.list_indexes(self._name, timeout=_WITHIN_S):
            index = MilvusClient.prepare_index_params()
            index.add_index("nowhere", index_type="FLAT", metric_type="IP", params={})
            client.create_index(self._name, index, timeout=_WITHIN_S)
        client.load_collection(self._name, timeout=_WITHIN_S)

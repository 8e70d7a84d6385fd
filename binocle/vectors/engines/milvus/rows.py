"""One collection of Milvus with rows: what is written to it, and what it is asked.

Ids ascend in the order of commits, so what was born until a watermark is what has an id up to the
last one of that watermark; when a row died is a number beside it. Neither is ever read of a push
that was not finished.

Reading waits for a moment of the server's clock: that of the last write of a push, which its
watermark has. So all of the push is seen, also through another process, and what is older is not
waited for: with the level Strong a server of 2.3 makes each search wait a fifth of a second.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
from pymilvus import DataType, MilvusClient
from pymilvus.client.ts_utils import get_collection_ts

from binocle.types import Float32Array, Int64Array
from binocle.vectors.base import products, top_k
from binocle.vectors.engines.base import NO_IDS, EngineAnswer
from binocle.vectors.engines.milvus.server import MilvusServer

_log = logging.getLogger(__name__)
FLAT, LISTS = "FLAT", "IVF_FLAT"
NEVER = 2**62  # when what is alive has died
MOST_FOUND = 16_384  # Milvus's limit of one search
MOST_IDS = 10_000  # in one condition: it is parsed as text
_CLUSTERS, _LOOKED_INTO = 1024, 128  # lists of a segment, and how many of them a search looks into
_UNINDEXED_ROWS = 1024  # segments of fewer rows have no index, and are scanned
_WRITTEN_BYTES, _READ_BYTES = 4_000_000, 16_000_000  # at once
_WIDTH = 65_536  # ids that are asked for at once
_INDEX_WITHIN_S, _LOOK_EVERY_S = 1800.0, 0.5
_ANSWER_WITHIN_S, _WRITE_WITHIN_S = 30.0, 120.0


@dataclass(frozen=True, slots=True)
class MilvusRows:
    """A collection of Milvus.

    Attributes:
        server: Has it.
        name: Its name there.
        dimension: Components of a row.
        index: ``FLAT``, which scans, or ``IVF_FLAT``.
        seen: The moment of the server's clock that reading waits for; 0 for that of the question.
    """

    server: MilvusServer
    name: str
    dimension: int
    index: str
    seen: int = 0

    def make(self) -> None:
        """Make it, with its index, and load it."""

        def work(client: MilvusClient) -> None:
            schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("row", DataType.FLOAT_VECTOR, dim=self.dimension)
            schema.add_field("died", DataType.INT64)
            client.create_collection(self.name, schema=schema, timeout=_WRITE_WITHIN_S)
            index = MilvusClient.prepare_index_params()
            params = {"nlist": _CLUSTERS} if self.index == LISTS else {}
            index.add_index("row", index_type=self.index, metric_type="IP", params=params)
            client.create_index(self.name, index, timeout=_WRITE_WITHIN_S)
            client.load_collection(self.name, timeout=_WRITE_WITHIN_S)

        self.server.run(work)

    def put(self, ids: Int64Array, rows: Float32Array, died: Int64Array) -> None:
        """Write rows, in place of those with the same ids.

        Args:
            ids: ``(n,)`` int64.
            rows: ``(n, d)`` float32 unit rows.
            died: ``(n,)`` int64; ``NEVER`` for what is alive.
        """
        step = max(1, _WRITTEN_BYTES // (4 * self.dimension + 32))
        for start in range(0, len(ids), step):
            some = slice(start, start + step)
            columns = zip(ids[some].tolist(), rows[some], died[some].tolist(), strict=True)
            data = [{"id": one, "row": row, "died": death} for one, row, death in columns]
            self._run("upsert", data=data, timeout=_WRITE_WITHIN_S)

    def remove(self, ids: Int64Array) -> None:
        """Remove rows for good."""
        for some in _parts(ids, MOST_IDS):
            self._run("delete", ids=some.tolist(), timeout=_WRITE_WITHIN_S)

    def written(self) -> int:
        """Return the moment of the last write of this process; 0 where the server tells none."""
        address = self.server.address
        return get_collection_ts(self.name, address.endpoint, address.database) or 0

    def count(self, condition: str) -> int:
        """Return how many rows meet a condition."""
        return int(self._query(condition, ["count(*)"])[0]["count(*)"])

    def few_ids(self, condition: str) -> Int64Array:
        """Return the ids that meet a condition, ascending; asked for at once."""
        found = self._query(condition, ["id"])
        return np.array(sorted(one["id"] for one in found), np.int64)

    def ids(self, condition: str, last_id: int) -> Int64Array:
        """Return the ids up to one that meet a condition, ascending."""
        found = [self.few_ids(f"{condition} and {span}") for span in _spans(last_id, _WIDTH)]
        return np.concatenate([NO_IDS, *found])

    def rows(self, ids: Int64Array, condition: str = "") -> tuple[Int64Array, Float32Array]:
        """Return those of some ids that are there, and meet a condition, with their rows."""
        found_ids, found_rows = [NO_IDS], [np.empty((0, self.dimension), np.float32)]
        for some in _parts(ids, min(MOST_IDS, self._rows_at_once)):
            tests = f"id in {some.tolist()}{' and ' if condition else ''}{condition}"
            found = self._query(tests, ["id", "row"])
            found_ids.append(np.array([one["id"] for one in found], np.int64))
            found_rows.append(_matrix([one["row"] for one in found], self.dimension))
        return np.concatenate(found_ids), np.concatenate(found_rows)

    def copy_to(self, other: "MilvusRows", last_id: int) -> None:
        """Write all rows to another collection, also those that died and may be looked for."""
        for span in _spans(last_id, self._rows_at_once):
            found = self._query(span, ["id", "row", "died"])
            other.put(
                np.array([one["id"] for one in found], np.int64),
                _matrix([one["row"] for one in found], self.dimension),
                np.array([one["died"] for one in found], np.int64),
            )

    def nearest(self, query: Float32Array, k: int, condition: str, *, last_id: int) -> EngineAnswer:
        """Return the nearest rows that meet a condition, best first; the index may pass over some.

        Args:
            query: ``(d,)`` float32 unit row.
            k: How many; with an index at most ``MOST_FOUND`` come back.
            condition: What they meet.
            last_id: The largest id there is.
        """
        if k <= MOST_FOUND or self.index != FLAT:
            return self._searched(query, min(k, MOST_FOUND), condition)
        spans = _spans(last_id, MOST_FOUND)
        return _best(
            (self._searched(query, MOST_FOUND, f"{condition} and {one}") for one in spans), k
        )

    def scanned(self, query: Float32Array, k: int, condition: str, *, last_id: int) -> EngineAnswer:
        """Return the nearest rows that meet a condition; all are fetched, and scanned here.

        A server looks through its own index even where it is told to look into all of it, and does
        not find everything.
        """
        spans = _spans(last_id, self._rows_at_once)
        return _best((self._measured(query, f"{condition} and {one}") for one in spans), k)

    def scanned_few(self, query: Float32Array, ids: Int64Array, condition: str) -> EngineAnswer:
        """Return those of some rows that meet a condition, fetched and scanned here, best first."""
        found, rows = self.rows(ids, condition)
        return _best(
            [EngineAnswer(found, products(query[np.newaxis], rows)[0], exact=True)], len(ids)
        )

    def settle(self, *, much: bool) -> None:
        """Have a server put in order what was written, and wait until an index has it.

        What is not in order yet is scanned ten times as slowly. Until an index has it, a
        server looks into a small index of its own instead, which finds a half. Where nothing gets
        on for half an hour, it is left to it.

        Args:
            much: Whether much was written.
        """
        if self.index == FLAT and not much:
            return
        self._flush()
        waiting_since, before = time.monotonic(), None
        while not self._is_settled():
            now = self._run("describe_index", index_name="row").get("indexed_rows")
            if now != before:
                waiting_since, before = time.monotonic(), now
            if time.monotonic() - waiting_since > _INDEX_WITHIN_S:
                _log.warning(
                    "%s have no index after %.0f s, and little is found; see the log of Milvus",
                    self.server.called, _INDEX_WITHIN_S,
                )  # fmt: skip
                return
            time.sleep(_LOOK_EVERY_S)

    def _flush(self) -> None:
        self._run("flush", timeout=_INDEX_WITHIN_S)

    def drop(self) -> None:
        """Remove it."""
        self._run("drop_collection", timeout=_WRITE_WITHIN_S)

    @property
    def _rows_at_once(self) -> int:
        return max(1, _READ_BYTES // (4 * self.dimension))

    def _is_settled(self) -> bool:
        """Tell whether whatever is not scanned has its index."""
        if self.index == FLAT:
            return True
        segments = self.server.run(self._segments)
        if segments is None:
            return True
        kept, loaded = segments
        indexed = {
            one.segment_id for one in loaded if one.index_name or one.num_rows < _UNINDEXED_ROWS
        }
        needed = {one.segment_id for one in kept if one.num_rows}
        return needed | {one.segment_id for one in loaded} <= indexed

    def _segments(self, client: MilvusClient) -> tuple[list[Any], list[Any]] | None:
        """Return those on disk and those that are searched; None where a server tells none."""
        try:
            return (
                client.list_persistent_segments(self.name, timeout=_ANSWER_WITHIN_S),
                client.list_loaded_segments(self.name, timeout=_ANSWER_WITHIN_S),
            )
        except grpc.RpcError as error:  # milvus-lite, which makes indices at once
            if getattr(error, "code", lambda: None)() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            return None

    def _searched(self, query: Float32Array, k: int, condition: str) -> EngineAnswer:
        params = {"nprobe": _LOOKED_INTO} if self.index == LISTS else {}
        (found,) = self._run(
            "search", data=[query], anns_field="row", limit=k, filter=condition,
            output_fields=["id"], search_params={"metric_type": "IP", "params": params},
            timeout=_ANSWER_WITHIN_S, **self._reading(),
        )  # fmt: skip
        ids = np.array([one["id"] for one in found], np.int64)
        scores = np.array([one["distance"] for one in found], np.float32)
        order = np.lexsort((ids, -scores))
        return EngineAnswer(ids[order], scores[order], exact=self.index == FLAT)

    def _measured(self, query: Float32Array, condition: str) -> EngineAnswer:
        found = self._query(condition, ["id", "row"])
        rows = _matrix([one["row"] for one in found], self.dimension)
        ids = np.array([one["id"] for one in found], np.int64)
        return EngineAnswer(ids, products(query[np.newaxis], rows)[0], exact=True)

    def _query(self, condition: str, fields: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._run(
            "query", filter=condition, output_fields=fields, timeout=_ANSWER_WITHIN_S,
            **self._reading(),
        )  # fmt: skip
        return found

    def _reading(self) -> dict[str, Any]:
        if not self.seen:
            return {"consistency_level": "Strong"}
        return {"consistency_level": "Customized", "guarantee_timestamp": self.seen}

    def _run(self, method: str, **options: Any) -> Any:
        """Call a method of the client; load the collection where the server has let go of it."""
        return self.server.run(
            lambda client: getattr(client, method)(self.name, **options),
            lambda client: client.load_collection(self.name, timeout=_WRITE_WITHIN_S),
        )


def _best(answers: Iterable[EngineAnswer], k: int) -> EngineAnswer:
    """Return the best of several exact answers."""
    scores, ids = np.empty(0, np.float32), NO_IDS
    for one in answers:
        scores, ids = top_k(np.concatenate([scores, one.scores]), np.concatenate([ids, one.ids]), k)
    return EngineAnswer(ids, scores, exact=True)


def _matrix(rows: list[Any], dimension: int) -> Float32Array:
    return np.array(rows, np.float32).reshape(len(rows), dimension)


def _parts(ids: Int64Array, size: int) -> Iterator[Int64Array]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _spans(last_id: int, width: int) -> Iterator[str]:
    for start in range(0, last_id + 1, width):
        yield f"id >= {start} and id < {min(start + width, last_id + 1)}"

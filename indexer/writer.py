"""Committing a run's records in a thread of its own, off the encoder's way."""

import queue
import threading
from collections.abc import Sequence

from binocle.collection.collection import Collection
from indexer.ledger import Ledger
from indexer.records import Outcome, write_records
from indexer.tally import Tally

_QUEUED_CHUNKS = 2


class ChunkWriter:
    """Commits chunks in order, each in one transaction."""

    def __init__(self, collection: Collection, ledger: Ledger, run_id: int, tally: Tally) -> None:
        """Start the thread.

        Args:
            collection: Where to.
            ledger: Of the source; what became of each candidate is written into it.
            run_id: The number of the run.
            tally: Told what became of the candidates.
        """
        self._collection = collection
        self._ledger = ledger
        self._run_id = run_id
        self._tally = tally
        self._queue: queue.Queue[Sequence[Outcome] | None] = queue.Queue(_QUEUED_CHUNKS)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def put(self, chunk: Sequence[Outcome]) -> None:
        """Count and hand over a chunk; waits while two wait. Raises what an earlier one raised."""
        if self._error is not None:
            raise self._error
        for outcome in chunk:
            self._ledger.count(outcome, self._tally)
        self._queue.put(chunk)

    def close(self) -> None:
        """Wait until everything handed over is committed. Raises what went wrong."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (chunk := self._queue.get()) is not None:
            if self._error is not None:
                continue  # later chunks must not be committed without this one
            try:
                self._commit(chunk)
            except BaseException as error:
                self._error = error

    def _commit(self, chunk: Sequence[Outcome]) -> None:
        source_id = self._ledger.source_id
        records = [one.record for one in chunk if one.record is not None]
        lines = [line for one in chunk for line in self._ledger.lines(one)]
        gone = [key for one in chunk if (key := self._ledger.replaced(one)) is not None]
        with self._collection.writing() as session:
            taken = write_records(session, records, gone=gone, source_id=source_id)
            session.sources.put_items(source_id, self._run_id, lines)
        self._tally.taken_over += taken

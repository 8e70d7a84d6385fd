"""The vectors of the background texts in a collection's space, which take a model to make."""

import json
import logging
import threading
from collections.abc import Callable

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import QueryError
from binocle.files import replacing
from binocle.types import Float32Array
from search.relevance import background_texts

_log = logging.getLogger(__name__)
_FILE = "background.npz"
_TEXTS_AT_ONCE = 64


class BackgroundVectors:
    """Embeds the background texts once for a collection, and keeps them beside its catalogue.

    Thread-safe: whoever comes while another thread embeds waits, and finds it done.
    """

    def __init__(self, collection: Collection, load_encoder: Callable[[], Encoder]) -> None:
        """Set up; nothing is embedded yet.

        Args:
            collection: In whose space they are embedded.
            load_encoder: Returns its encoder; called only where no file has the vectors.
        """
        self._collection, self._load_encoder = collection, load_encoder
        self._known: tuple[str, Float32Array] | None = None
        self._lock = threading.Lock()

    def rows(self) -> Float32Array:
        """Return the vectors, embedding the texts where no file has them.

        Returns:
            ``(b, d)`` float32 unit rows.

        Raises:
            QueryError: The collection is empty.
            ModelError: They cannot be embedded.
        """
        rows = self.prepare()
        assert rows is not None
        return rows

    def prepare(self, is_stopped: Callable[[], bool] = lambda: False) -> Float32Array | None:
        """Return the same as ``rows``; None where somebody stopped the embedding.

        Args:
            is_stopped: Asked between steps of some milliseconds.
        """
        space = self._collection.space
        if space is None:
            raise QueryError(f"the collection {self._collection.path.name!r} is empty")
        with self._lock:
            if self._known is None or self._known[0] != space.fingerprint:
                rows = self._saved(space.fingerprint)
                if rows is None:
                    rows = self._embedded(is_stopped)
                    if rows is None:
                        return None
                    self._save(space.fingerprint, rows)
                self._known = space.fingerprint, rows
            return self._known[1]

    def _embedded(self, is_stopped: Callable[[], bool]) -> Float32Array | None:
        encoder = self._load_encoder()
        texts, parts = background_texts.background_texts(), []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            if is_stopped():
                return None
            parts.append(encoder.encode_texts(texts[start : start + _TEXTS_AT_ONCE]))
        return np.concatenate(parts)

    def _saved(self, fingerprint: str) -> Float32Array | None:
        try:
            with np.load(self._collection.path / _FILE, allow_pickle=False) as saved:
                if json.loads(str(saved["stamp"])) == [background_texts.VERSION, fingerprint]:
                    rows = np.asarray(saved["rows"], np.float32)
                    return rows if rows.ndim == 2 and np.isfinite(rows).all() else None
        except FileNotFoundError:
            return None
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
            _log.warning("ignoring %s of %s: %s", _FILE, self._collection.path.name, error)
        return None

    def _save(self, fingerprint: str, rows: Float32Array) -> None:
        """Keep the vectors; they can be made again, so a failure is only logged."""
        path = self._collection.path / _FILE
        stamp = json.dumps([background_texts.VERSION, fingerprint])
        try:
            with replacing(path, durable=False) as file:
                np.savez(file, rows=rows, stamp=np.array(stamp))
        except OSError as error:
            _log.warning("could not save %s: %s", path, error)

"""Indexing a few pictures in batches of one, and what is called for it."""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from unittest import mock

from api.container import Container
from binocle.encoders.base import Encoder
from binocle.media import decoder_pool
from experiments.walks.calls import Calls, CallsElsewhere
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles


class OneByOne:
    """An encoder whose batches have one picture."""

    batch_size = 1

    def __init__(self, inner: Encoder) -> None:
        self.space, self.image_spec, self.runs_on = inner.space, inner.image_spec, inner.runs_on
        self.vocabulary, self.can_read = inner.vocabulary, inner.can_read
        self.encode_images, self.encode_texts = inner.encode_images, inner.encode_texts


def indexed(calls: Calls, container: Container, name: str, pictures: list[Path]) -> Counter[str]:
    """Index pictures into a new collection; return what was called how often."""
    with tempfile.TemporaryDirectory() as folder:
        told = CallsElsewhere()
        for path in pictures:
            shutil.copy(path, folder)

        def start() -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                [sys.executable, "-m", "experiments.walks.decoder"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told.end,
            )  # fmt: skip

        with (
            container.open_collection(name, create=True) as collection,
            mock.patch.object(decoder_pool, "start_decoder", start),
        ):
            indexer = container.indexer(collection, None, lambda _progress: None)
            source = open_source(Path(folder), ColumnRoles())
            with calls.counted() as found:
                indexer.run(source)
        found.update(told.lines())
        return found

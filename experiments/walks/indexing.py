"""Indexing a few pictures in batches of one, and what is called for it."""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from api.container import Container
from api.settings import Settings
from binocle.encoders.base import Encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits
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


def indexed(
    calls: Calls, settings: Settings, encoder: Encoder, name: str, pictures: list[Path]
) -> Counter[str]:
    """Index pictures into a new collection; return what was called how often."""
    told = CallsElsewhere()

    def open_decoders(workers: int, limits: Limits) -> DecoderPool:
        begun = subprocess.Popen(
            [sys.executable, "-m", "experiments.walks.decoder"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told.end,
        )  # fmt: skip
        return DecoderPool(workers, limits, begun=[begun])

    container = Container(
        settings, open_decoders=open_decoders, loaded={encoder.space.name: OneByOne(encoder)}
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        container.open_collection(name, create=True) as collection,
    ):
        for path in pictures:
            shutil.copy(path, folder)
        indexer = container.indexer(collection, encoder.space.name, lambda _progress: None)
        source = open_source(Path(folder), ColumnRoles())
        with calls.counted() as found:
            indexer.run(source)
    found.update(told.lines())
    return found

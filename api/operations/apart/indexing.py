"""Sources indexed by a process of its own; what this one has loaded embeds them."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from api.container import Container
from api.operations.apart.asker import Asker
from api.operations.apart.process import do_apart
from api.settings import Settings
from binocle.collection.beside_searches import NICE, lower_priority
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.encoders.encoder_in_thread import EncoderInThread
from binocle.types import Float32Array, ImageSpec, PixelArray, Space
from indexer.indexer import Progress, Report
from indexer.records import Tally
from indexer.sources.base import Source


def index_apart(
    container: Container,
    collection: Collection,
    model: str | None,
    opens: Callable[[], Source],
    on_progress: Callable[[Progress], None],
) -> Report:
    """Return what ``Indexer.run`` does, done by a process that asks this one to embed.

    So a model is loaded once, and pictures are embedded by a thread of low priority. The indices
    are saved by this process, which has them.

    Args:
        container: Of this process.
        collection: Where to.
        model: As for ``Container.indexer``.
        opens: Returns what to bring in; pickled.
        on_progress: Told several times a second, of nothing at first, while the source is counted.
            What it raises ends the process; what was committed stays.

    Raises:
        BinocleError: As for ``Indexer.run``.
        RuntimeError: The process ended without an answer.
    """
    encoders: dict[str, Encoder] = {}

    def described(name: str) -> tuple[Space, ImageSpec, str]:
        own = encoders[name] = EncoderInThread(container.encoder(name), lower_priority)
        return own.space, own.image_spec, own.runs_on

    def told(progress: Progress | None) -> None:
        on_progress(progress or Progress(0, 0, Tally()))

    report: Report = do_apart(
        _index, container.settings, collection.path.name, model, opens,
        told=told,
        answering={
            "described": described,
            "batch_size": lambda name: encoders[name].batch_size,
            "vocabulary": lambda name: encoders[name].vocabulary,
            "can_read": lambda name, text: encoders[name].can_read(text),
            "encode_images": lambda name, pixels: encoders[name].encode_images(pixels),
            "encode_texts": lambda name, texts: encoders[name].encode_texts(texts),
        },
    )  # fmt: skip
    if report.tally.changes:
        collection.save_indices()
    return report


def _index(
    asker: Asker, settings: Settings, name: str, model: str | None, opens: Callable[[], Source]
) -> Report:
    os.nice(max(0, NICE - os.nice(0)))  # whoever searches meanwhile goes first
    container = Container(settings)
    with container.open_collection(name) as collection:
        indexer = container.indexer(
            collection, model, asker.tell, embedded_by=partial(EncoderElsewhere, asker)
        )
        return indexer.run(opens())


class EncoderElsewhere:
    """Has the parent encode."""

    def __init__(self, asker: Asker, name: str) -> None:
        """Have it loaded there.

        Args:
            asker: Asks the parent.
            name: Of the model.

        Raises:
            ModelError: It cannot be loaded.
        """
        self._ask = partial(_asked, asker, name)
        self.space, self.image_spec, self.runs_on = asker.ask("described", name)

    @property
    def batch_size(self) -> int:
        """As for ``Encoder``."""
        size: int = self._ask("batch_size")
        return size

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """As for ``Encoder``."""
        words: tuple[str, ...] = self._ask("vocabulary")
        return words

    def can_read(self, text: str) -> bool:
        """As for ``Encoder``."""
        return bool(self._ask("can_read", text))

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """As for ``Encoder``."""
        rows: Float32Array = self._ask("encode_images", pixels_nhwc)
        return rows

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """As for ``Encoder``."""
        rows: Float32Array = self._ask("encode_texts", list(texts))
        return rows


def _asked(asker: Asker, name: str, what: str, *arguments: object) -> Any:
    return asker.ask(what, name, *arguments)

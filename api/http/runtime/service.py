"""What the routes share: opened collections, encoders with their queues, decoders, metrics."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from cachetools import LRUCache

from api.container import Container
from api.http.errors.problems import ServiceError, overloaded
from api.http.runtime.batcher import Batcher
from api.http.runtime.metrics import Metrics
from api.keys import KeyRing
from binocle.collection.collection import Collection, check_space
from binocle.encoders.base import Encoder
from binocle.errors import BinocleError, NotFoundError, PictureError
from binocle.media.decoder_pool import Box, DecoderPool
from binocle.types import Float32Array, ImageSpec, Picture, PixelArray
from indexer import kept_uploads
from search.query.query import Query
from search.results.answer import Answer

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_CACHED_QUERIES = 1024


class Stopwatch:
    """Milliseconds by stage of one request."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._started = time.perf_counter()
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Any:  # an iterator of None
        """Time a stage; the same name adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            self.stages[name] = self.stages.get(name, 0.0) + 1000 * seconds
            self._metrics.stages.labels(name).observe(seconds)

    def result(self) -> dict[str, float]:
        """Return the stages and the total so far, in milliseconds."""
        total = 1000 * (time.perf_counter() - self._started)
        return {name: round(value, 2) for name, value in {**self.stages, "total": total}.items()}


class EncoderQueue:
    """One encoder, a thread for it, and a queue for each kind."""

    def __init__(
        self,
        encoder: Encoder,
        metrics: Metrics,
        gate: asyncio.Semaphore,
        max_batch: int,
        queue: int,
    ) -> None:
        self.encoder = encoder
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._cache: LRUCache[str, Float32Array] = LRUCache(_CACHED_QUERIES)
        self._texts: Batcher[str, Float32Array] = Batcher(
            lambda texts: list(encoder.encode_texts(texts)),
            self._thread,
            max_batch=max_batch,
            queue_size=queue,
            gate=gate,
            on_batch=metrics.batches.labels("text").observe,
        )
        self._images: Batcher[PixelArray, Float32Array] = Batcher(
            lambda pixels: list(encoder.encode_images(np.stack(pixels))),
            self._thread,
            max_batch=max_batch,
            queue_size=queue,
            gate=gate,
            on_batch=metrics.batches.labels("image").observe,
        )

    async def texts(self, texts: Sequence[str]) -> list[Float32Array]:
        """Embed texts; those asked for lately come from a cache."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._cache]
        known = {text: self._cache[text] for text in texts if text in self._cache}
        self._metrics.cache.labels("query", "hit").inc(len(texts) - len(missing))
        self._metrics.cache.labels("query", "miss").inc(len(missing))
        self._metrics.queue.labels("text").set(self._texts.waiting)
        if missing:
            known |= dict(zip(missing, await self._texts.submit(missing), strict=True))
            self._cache.update((text, known[text]) for text in missing)
        return [known[text] for text in texts]

    async def images(self, pixels: Sequence[PixelArray]) -> list[Float32Array]:
        """Embed pictures."""
        self._metrics.queue.labels("image").set(self._images.waiting)
        return await self._images.submit(pixels) if pixels else []

    async def close(self) -> None:
        """Stop the queues and the thread."""
        await asyncio.gather(self._texts.close(), self._images.close())
        self._thread.shutdown(wait=False, cancel_futures=True)


class BoundedThreadPool(Generic[_T]):
    """Threads for blocking work, and a limit to what waits for them."""

    def __init__(self, name: str, threads: int, queue_size: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threads + queue_size
        self._taken = 0

    async def run(self, work: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
        """Run a function in a thread.

        Raises:
            ServiceError: 503, too much waits already.
        """
        if self._taken >= self._room:
            raise overloaded()
        self._taken += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, partial(work, *arguments, **options))
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Let running work finish; drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)


class Service:
    """Everything one running service owns; closed by the application's lifespan."""

    def __init__(self, container: Container) -> None:
        settings = container.settings
        self.container = container
        self.settings = settings
        self.keys = KeyRing(settings.home / "keys.json")
        self.metrics = Metrics()
        self.decoders = DecoderPool(settings.workers, settings.limits)
        self.decoding: BoundedThreadPool[Any] = BoundedThreadPool(
            "decode", settings.workers, settings.queue_size
        )
        self.searching: BoundedThreadPool[Any] = BoundedThreadPool(
            "search", settings.workers, settings.queue_size
        )
        self._gate = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        self._search_threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="search")
        self.searches: Batcher[tuple[Collection, Query], Answer | BinocleError] = Batcher(
            self._search_all,
            self._search_threads,
            max_batch=settings.encode_batch,
            queue_size=settings.queue_size,
            gate=self._gate,
            on_batch=self.metrics.batches.labels("search").observe,
        )
        self.fetching: BoundedThreadPool[bytes] = BoundedThreadPool(
            "fetch", settings.workers, settings.queue_size
        )
        self.storing: BoundedThreadPool[Any] = BoundedThreadPool("store", 2, settings.queue_size)
        self.uploading: BoundedThreadPool[Any] = BoundedThreadPool(
            "upload", max(4, settings.workers), settings.queue_size
        )
        self._warming = ThreadPoolExecutor(1, thread_name_prefix="warm")
        self._is_closing = threading.Event()
        self.ready = False
        self._collections: dict[str, Collection] = {}
        self._desks: dict[str, EncoderQueue] = {}
        self._lock = threading.Lock()

    def collection(self, name: str) -> Collection:
        """Return an open collection.

        Raises:
            NotFoundError, UsageError: As for ``Container.open_collection``.
        """
        with self._lock:
            opened = self._collections.get(name)
            if opened is not None and not opened.exists():
                self._collections.pop(name).close()
                opened = None
            if opened is None:
                try:
                    opened = self.container.open_collection(name)
                except NotFoundError as error:  # its message names folders of this machine
                    raise NotFoundError(f"there is no collection {name!r}") from error
                self._collections[name] = opened
            return opened

    async def opened(self, name: str) -> Collection:
        """Return what ``collection`` returns; one that must be opened first, from a thread.

        Raises:
            NotFoundError, UsageError: As for ``Container.open_collection``.
            ServiceError: 503, too much waits already.
        """
        known = self._collections.get(name)
        if known is not None and known.exists():
            return known
        found: Collection = await self.storing.run(self.collection, name)
        return found

    def forget(self, name: str) -> None:
        """Close a collection that is about to be removed."""
        with self._lock:
            opened = self._collections.pop(name, None)
        if opened is not None:
            self.container.forget(opened)
            opened.close()

    def _search_all(self, asked: Sequence[tuple[Collection, Query]]) -> list[Answer | BinocleError]:
        """Answer queries that came in together; one that cannot be answered spoils no other."""
        answers: dict[int, Answer | BinocleError] = {}
        for collection in {id(one): one for one, _ in asked}.values():
            numbers = [number for number, (one, _) in enumerate(asked) if one is collection]
            searcher = self.container.searcher(collection)
            try:
                found = searcher.search_many([asked[number][1] for number in numbers])
                answers.update(zip(numbers, found, strict=True))
            except BinocleError:
                for number in numbers:
                    try:
                        answers[number] = searcher.search(asked[number][1])
                    except BinocleError as error:
                        answers[number] = error
        return [answers[number] for number in range(len(asked))]

    async def encoder_queue(self, model: str) -> EncoderQueue:
        """Return a model's encoder, loading it the first time."""
        encoder_queue = self._desks.get(model)
        if encoder_queue is None:
            encoder = await self.storing.run(self.container.encoder, model)
            encoder_queue = self._desks.get(model)
            if encoder_queue is None:
                settings = self.settings
                encoder_queue = EncoderQueue(
                    encoder,
                    self.metrics,
                    self._gate,
                    settings.encode_batch,
                    settings.queue_size,
                )
                self._desks[model] = encoder_queue
        return encoder_queue

    async def encoder_queue_of(self, collection: Collection) -> EncoderQueue:
        """Return the encoder of a collection; of the default model while it is empty."""
        space = collection.space
        encoder_queue = await self.encoder_queue(
            space.name if space else self.container.default_model
        )
        if space is not None:
            check_space(space, encoder_queue.encoder.space, collection.path.name)
        return encoder_queue

    async def decode_all(
        self, pictures: Sequence[bytes], spec: ImageSpec, boxes: Sequence[Box | None] = ()
    ) -> list[Picture | PictureError]:
        """Decode the pictures of one request, no more at once than there are decoders.

        Args:
            pictures: Encoded.
            spec: The pixels wanted.
            boxes: For each picture the part wanted, None for all; none for all of all.

        Raises:
            ServiceError: 503, too much waits already.
        """
        gate = asyncio.Semaphore(self.settings.workers)

        async def decode(data: bytes, box: Box | None) -> Picture | PictureError:
            async with gate:
                try:
                    picture: Picture = await self.decoding.run(
                        self.decoders.decode, data, spec, box
                    )
                except PictureError as error:
                    return error
                return picture

        return list(await asyncio.gather(*map(decode, pictures, boxes or [None] * len(pictures))))

    def models(self) -> dict[str, str]:
        """Return the models clients may name, by public name: the default, the collections'."""
        names = {self.container.default_model, *self._desks}
        for name in self.container.collection_names():
            space = self.collection(name).space
            if space is not None:
                names.add(space.name)
        return {public_model(name): name for name in sorted(names)}

    def model_named(self, name: str) -> str:
        """Return the model a client names.

        Raises:
            ServiceError: 404, it is not one of ``models``.
        """
        models = self.models()
        if name not in models:
            known = ", ".join(models)
            raise ServiceError(
                404, "unknown-model", f"no model {name!r} here; there are: {known}", field="model"
            )
        return models[name]

    def loaded_models(self) -> list[str]:
        """Return the models in memory."""
        return sorted(map(public_model, self._desks))

    def warm(self, collection: Collection) -> None:
        """Do what the first query to a collection would wait for, in a thread of its own."""
        if not self._is_closing.is_set():
            self._warming.submit(self._warm, collection)

    def _warm(self, collection: Collection) -> None:
        try:
            if not self._is_closing.is_set() and collection.exists():
                self.container.searcher(collection).prepare(self._is_closing.is_set)
        except BinocleError as error:  # it was removed meanwhile, or queries say what is wrong
            _log.warning("the collection %s is not warm: %s", collection.path.name, error)
        except Exception:
            _log.exception("the collection %s is not warm", collection.path.name)

    async def start(self) -> None:
        """Open and tidy every collection and load its model, so that the first request is quick."""
        for name in self.container.collection_names():
            try:
                collection = self.collection(name)
                await self.storing.run(kept_uploads.sweep, collection)
                if collection.space is not None:
                    await self.encoder_queue_of(collection)
                    self.warm(collection)
            except BinocleError as error:  # the other collections can still be searched
                _log.warning("the collection %s is not ready: %s", name, error)
        self.ready = True

    async def close(self) -> None:
        """Finish what runs, then close everything."""
        self.ready = False
        self._is_closing.set()
        self._warming.shutdown(wait=True, cancel_futures=True)
        await asyncio.to_thread(self.uploading.close)  # what runs there waits for encoders
        work: list[Awaitable[None]] = [
            encoder_queue.close() for encoder_queue in self._desks.values()
        ]
        work.append(self.searches.close())
        await asyncio.gather(*work)
        for pool in (self.fetching, self.searching, self.storing, self.decoding):
            pool.close()
        self._search_threads.shutdown(wait=True, cancel_futures=True)
        self.decoders.close()
        for collection in self._collections.values():
            collection.close()


def usable(picture: Picture | PictureError) -> Picture:
    """Return a decoded picture; raises what its decoding raised."""
    if isinstance(picture, PictureError):
        raise picture
    return picture


def public_model(name: str) -> str:
    """Return a model's name as clients see it: of a local folder or file only the last part."""
    folder = Path(name)
    if folder.is_absolute():
        return folder.name
    architecture, slash, pretrained = name.partition("/")
    return f"{architecture}/{Path(pretrained).name}" if slash and "/" in pretrained else name

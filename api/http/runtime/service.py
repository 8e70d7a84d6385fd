"""What the routes share: opened collections, encoders with their queues, decoders, metrics."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Event, Lock
from typing import Any, TypeVar

import numpy as np

from api.container import Container, QueryEmbedding
from api.http.errors.problems import ServiceError
from api.http.mapping.public_names import public_model
from api.http.runtime.earlier_answers import EarlierAnswers
from api.http.runtime.metrics import Metrics
from api.http.runtime.request_rates import RequestRates
from api.http.runtime.search_queue import SearchQueue
from api.http.runtime.thread_pool import BoundedThreadPool, each_while_wanted
from api.http.runtime.upkeep import RemovalTraces, Upkeep
from api.http.runtime.work_queues import Batcher, EncoderQueue
from api.keys.key import Key
from api.keys.key_ring import KeyRing
from api.keys.key_uses import KeyUses
from api.keys.sessions import Sessions
from binocle.collection.collection import Collection, check_space
from binocle.errors import BinocleError, NotFoundError
from binocle.files import remove_abandoned
from binocle.types import ImageSpec, Picture, PixelArray
from indexer import kept_uploads
from search.query.query import Region

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_U = TypeVar("_U")
_IDLE_S = 300.0
_MAX_AWAKE = 64  # collections with open files, some of them several connections


class Service:
    """Everything one running service owns; closed by the application's lifespan."""

    def __init__(self, container: Container) -> None:
        self.container, self.settings = container, container.settings
        settings, home = self.settings, self.settings.home
        self.keys, self.key_uses = KeyRing(home / "keys.json"), KeyUses(home / "key-uses.json")
        self.metrics, self.sessions, self.rates = Metrics(), Sessions(home), RequestRates()
        workers, waiting, self._owned = settings.workers, settings.queue_size, ExitStack()
        self.decoders = self._owned.enter_context(container.decoders())
        self.decoding = BoundedThreadPool[Any]("decode", workers, waiting)
        self.searching = BoundedThreadPool[Any]("search", workers, waiting)
        self.fetching = BoundedThreadPool[Any]("fetch", workers, waiting)
        self._gate = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        self._query_pictures = ThreadPoolExecutor(settings.workers, thread_name_prefix="picture")
        self._answering = ThreadPoolExecutor(1, thread_name_prefix="answer")
        self.earlier = EarlierAnswers(container, self.opened)
        container.query_embedding = QueryEmbedding(self.encoder, self._load_picture, self._each)
        self.searches = SearchQueue(
            container.searcher,
            self.fetching,
            partial(
                Batcher,
                executor=self._answering,
                max_batch=settings.encode_batch,
                queue_size=settings.queue_size,
                gate=self._gate,
                on_batch=self.metrics.batches.labels("search").observe,
            ),
            began_in=self.earlier.began_in,
            note_query=container.note_query if settings.log_queries else None,
        )
        self.storing = BoundedThreadPool[Any]("store", 2, waiting)
        self.uploading = BoundedThreadPool[Any]("upload", max(4, workers), waiting)
        self.noting = ThreadPoolExecutor(1, thread_name_prefix="note")  # what no answer waits for
        self._warming = ThreadPoolExecutor(1, thread_name_prefix="warm")
        self.ready, self._is_closing = False, Event()
        self._collections: dict[str, Collection] = {}
        self._used_at: dict[str, float] = {}  # of collections that requests or jobs were about
        self._encoders: dict[str, EncoderQueue] = {}
        self._lock, self._loading, self.removal_traces = Lock(), Lock(), RemovalTraces()
        self._upkeep = Upkeep([self._save_key_uses, self._clear_traces, self.rest_idle])
        self._loop: asyncio.AbstractEventLoop | None = None

    def collection(self, name: str) -> Collection:
        """Return an open collection; its files rest again soon, unless its use is noted.

        Raises:
            NotFoundError, UsageError: As for ``Container.open_collection``.
        """
        own = self.container.aliases.resolve(name)
        with self._lock:
            opened = self._collections.get(own)
            if opened is not None and not opened.exists():
                self._collections.pop(own).close(wait=False)
                opened = None
            if opened is None:
                try:
                    opened = self.container.open_collection(own)
                except NotFoundError as error:  # its message names folders of this machine
                    raise NotFoundError(f"there is no collection {name!r}") from error
                self._collections[own] = opened
            return opened

    def note_use(self, name: str) -> None:
        """Have the files of a collection stay open for a while."""
        self._used_at[name] = time.monotonic()

    async def opened(self, name: str) -> Collection:
        """Return what ``collection`` returns, to be used; what must be opened first, from a thread.

        Raises:
            NotFoundError, UsageError: As for ``Container.open_collection``.
            ServiceError: 503, too much waits already.
        """
        found = self._collections.get(self.container.aliases.resolve(name))
        if found is None or not found.exists():
            found = await self.storing.run(self.collection, name)
        self.note_use(found.path.name)
        return found

    def forget(self, name: str) -> None:
        """Close a collection that is about to be removed."""
        with self._lock:
            opened = self._collections.pop(name, None)
        if opened is not None:
            self.container.forget(opened)
            opened.close(wait=False)

    def encoder(self, model: str) -> EncoderQueue:
        """Return a model's encoder, loading it the first time; for threads."""
        with self._loading:
            if model not in self._encoders:
                assert self._loop is not None
                self._encoders[model] = EncoderQueue(
                    self.container.encoder(model),
                    self.metrics,
                    self._loop,
                    self._gate,
                    max_batch=self.settings.encode_batch,
                )
            return self._encoders[model]

    def encoder_of(self, collection: Collection) -> EncoderQueue:
        """Return the encoder of a collection; of the default model while it is empty.

        Raises:
            ModelError: It cannot be had.
            SpaceMismatchError: It does not fit the collection's vectors.
        """
        space = collection.space
        encoder = self.encoder(space.name if space else self.container.default_model)
        if space is not None:
            check_space(space, encoder.space, collection.path.name)
        return encoder

    def pixels(self, pictures: Sequence[bytes], spec: ImageSpec) -> PixelArray:
        """Return decoded pictures, ``(n, height, width, 3)``, for threads.

        Raises:
            PictureError: One of them cannot be read.
        """
        decoded = self._each(partial(self.decoders.decode, spec=spec), pictures)
        return np.stack([one.pixels for one in decoded])

    def _load_picture(self, data: bytes, spec: ImageSpec, region: Region | None) -> Picture:
        return self.decoders.decode(data, spec, region.box if region else None)

    def _each(self, work: Callable[[_T], _U], several: Iterable[_T]) -> Iterator[_U]:
        return each_while_wanted(self._query_pictures.map(work, several))

    def names_for(self, key: Key | None) -> list[str]:
        """Return the names of the collections a key may read, sorted.

        An alias is among them where the key is for it, and not for what it stands for.
        """
        names, aliases = self.container.collection_names(), self.container.aliases.known()
        own = {name for name in names if key is None or key.allows("read", name)}
        named = {
            one.name
            for one in aliases.values()
            if one.collection in set(names) - own
            and key is not None
            and key.allows("read", one.name)
        }
        return sorted(own | named)

    def models(self, key: Key | None) -> dict[str, str]:
        """Return the models a client may name, by public name: the default, its collections'."""
        names = {self.container.default_model}
        if key is None or key.collections is None:
            names |= self._encoders.keys()
        for name in self.names_for(key):
            space = self.collection(name).space
            if space is not None:
                names.add(space.name)
        return {public_model(name): name for name in sorted(names)}

    def model_named(self, name: str, key: Key | None) -> str:
        """Return the model a client names.

        Raises:
            ServiceError: 404, it is not one of ``models``.
        """
        models = self.models(key)
        if name not in models:
            known = ", ".join(models)
            raise ServiceError(
                404, "unknown-model", f"no model {name!r} here; there are: {known}", field="model"
            )
        return models[name]

    def loaded_models(self, key: Key | None) -> list[str]:
        """Return those of a client's models that are in memory."""
        loaded = set(map(public_model, self._encoders))
        return sorted(loaded & self.models(key).keys())

    def warm(self, collection: Collection) -> None:
        """Do what the first query to a collection would wait for, in a thread of its own."""
        if not self._is_closing.is_set():
            self._warming.submit(self._warm, collection)

    def _warm(self, collection: Collection) -> None:
        try:
            if not self._is_closing.is_set() and collection.exists():
                self.container.searcher(collection).prepare(self._is_closing.is_set)
                _ = self.encoder_of(collection).batch_size  # loads what embeds pictures
                self.rest_idle()
        except BinocleError as error:  # it was removed meanwhile, or queries say what is wrong
            _log.warning("the collection %s is not warm: %s", collection.path.name, error)
        except Exception:
            _log.exception("the collection %s is not warm", collection.path.name)

    async def start(self) -> None:
        """Open and tidy every collection and load its model, so that the first request is quick."""
        self._loop = asyncio.get_running_loop()
        for name in self.container.collection_names():
            try:
                collection = await self.opened(name)
                await self.storing.run(kept_uploads.sweep, collection)
                await self.storing.run(remove_abandoned, collection.path)
                if collection.space is not None:
                    await self.storing.run(self.encoder_of, collection)
                    self.warm(collection)
            except BinocleError as error:  # the other collections can still be searched
                _log.warning("the collection %s is not ready: %s", name, error)
        await self.storing.run(remove_abandoned, self.settings.home, deep=False)
        self._upkeep.start()
        self.ready = True

    def rest_idle(self) -> None:
        """Close the files of collections that nobody has asked for a while, or that are too many.

        What is in memory stays there.
        """
        with self._lock:
            used_at = dict(self._used_at)
            since = time.monotonic() - _IDLE_S
            latest = sorted(used_at, key=used_at.__getitem__, reverse=True)[:_MAX_AWAKE]
            awake = {name for name in latest if used_at[name] >= since}
            for name in used_at.keys() - awake:
                self._used_at.pop(name, None)
            for name in self._collections.keys() - awake:
                self._collections[name].rest()

    def _save_key_uses(self) -> None:
        if self.keys.is_closed():
            self.key_uses.save(self.keys.all())

    def _clear_traces(self) -> None:
        with self._lock:
            opened, awake = list(self._collections.values()), set(self._used_at)
        self.removal_traces.clear(opened, awake, is_last=self._is_closing.is_set())

    async def close(self) -> None:
        """Finish what runs, then close everything."""
        self.ready = False
        self._is_closing.set()
        await self._upkeep.close()
        for threads in (self._warming, self.noting):
            threads.shutdown(wait=True, cancel_futures=True)
        for pool in (self.uploading, self.fetching):  # what runs there waits for encoders
            await asyncio.to_thread(pool.close)
        encoders = [one.close() for one in self._encoders.values()]
        await asyncio.gather(self.searches.close(), *encoders)
        for pool in (self.searching, self.storing, self.decoding):
            pool.close()
        for threads in (self._query_pictures, self._answering):
            threads.shutdown(wait=True, cancel_futures=True)
        self._owned.close()
        for collection in self._collections.values():
            collection.close(wait=False)

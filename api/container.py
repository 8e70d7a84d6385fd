"""Putting the rooms together: the one place that knows who needs whom."""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from api.aliases import Aliases
from api.saved_searches import SavedSearches
from api.settings import COLLECTION_NAME, Settings
from binocle.catalog.location import catalog_path
from binocle.collection.beside_searches import AHEAD_NICE, NICE
from binocle.collection.collection import Collection, check_space
from binocle.collection.lineage import check_present
from binocle.encoders.base import Encoder
from binocle.encoders.names import canonical_name
from binocle.encoders.registry import open_encoder
from binocle.errors import NotFoundError, UsageError
from search.query_vectors.query_pictures import Each, LoadPicture, QueryPictures
from search.searcher import Searcher

if TYPE_CHECKING:  # what most commands do without
    from binocle.media.decoder_pool import DecoderPool
    from binocle.network.url_fetcher import Fetcher
    from indexer.indexer import Indexer, OpenDecoders, Progress
    from indexer.stored_media import StoredMedia
    from search.keyword.suggestions import Suggester
    from search.labels.labeller import Labeller


@dataclass(frozen=True, slots=True)
class QueryEmbedding:
    """How searchers embed what queries bring, where a door has its own way.

    Attributes:
        encoder: Returns what embeds queries with a model.
        load_picture: Decodes a picture.
        each: Loads several pictures.
    """

    encoder: Callable[[str], Encoder]
    load_picture: LoadPicture | None = None
    each: Each = map


class Container:
    """Opens collections and encoders by name, and keeps encoders once loaded."""

    def __init__(
        self,
        settings: Settings,
        *,
        open_decoders: "OpenDecoders | None" = None,
        loaded: Mapping[str, Encoder] | None = None,
    ) -> None:
        """Set up.

        Args:
            settings: What was chosen.
            open_decoders: Gives whoever decodes its decoders, from how many and their limits; None
                for a pool of processes.
            loaded: Encoders by name that somebody has loaded for any device and precision.
        """
        self.settings = settings
        self.aliases = Aliases(settings.home)
        self.saved_searches = SavedSearches(settings.home)
        self._open_decoders = open_decoders
        is_any = (settings.device, settings.precision) == ("auto", "auto")
        self._encoders = dict(loaded or {}) if is_any else {}
        self._suggesters: dict[Path, Suggester] = {}
        self._searchers: dict[Path, Searcher] = {}
        self._media: dict[Path, StoredMedia] = {}
        self._loading, self._sharing = threading.Lock(), threading.Lock()
        self.query_embedding = QueryEmbedding(self.encoder)

    def collection_path(self, name: str) -> Path:
        """Return a collection's folder, by its name or by an alias.

        Raises:
            UsageError: The name could lead out of the data home, or is a collection's and an
                alias's.
        """
        return self.own_path(self.aliases.resolve(name))

    def own_path(self, name: str) -> Path:
        """Return a collection's folder by its own name.

        Raises:
            UsageError: The name could lead out of the data home.
        """
        if not re.fullmatch(COLLECTION_NAME, name):
            raise UsageError(
                f"{name!r} cannot name a collection; use 1 to 64 letters, digits, dots, dashes and "
                "underscores, a letter or digit first"
            )
        return self.settings.home / "collections" / name

    def collection_names(self) -> list[str]:
        """Return the names of all collections, sorted."""
        folder = self.settings.home / "collections"
        return sorted(path.name for path in folder.glob("*") if catalog_path(path).is_file())

    def open_collection(self, name: str, *, create: bool = False) -> Collection:
        """Open a collection by name.

        Raises:
            NotFoundError: There is none, and it was not to be made.
            StorageError: It is damaged.
        """
        path = self.collection_path(name)
        check_present(catalog_path(path))
        if not catalog_path(path).is_file():
            if path.name != name:
                raise NotFoundError(
                    f"the alias {name!r} stands for {path.name!r}, which is not there; switch it "
                    f"to another collection with 'binocle aliases set {name} COLLECTION'"
                )
            if not create:
                raise self.no_collection(name)
        chosen = self.settings
        return Collection(
            path, create=create, new_catalog=chosen.catalog, new_vectors=chosen.vectors
        )

    def began_in(self, name: str, earlier: str | None) -> str:
        """Return the collection that has handed out a cursor or a turn.

        Args:
            name: What it is asked with; returned where no other collection has. An alias stands
                for another one than when it began, where it was switched since.
            earlier: The cursor or the turn; None for none.
        """
        alias = self.aliases.known().get(name)
        for one in (alias.collection, *alias.before) if alias and earlier else ():
            if one in self.collection_names():
                with self.open_collection(one) as opened:
                    if self.searcher(opened).gave(earlier or ""):
                        return one
        return name

    def no_collection(self, name: str) -> NotFoundError:
        """Return the error that says which collections there are instead."""
        others = ", ".join([*self.collection_names(), *self.aliases.known()])
        remedy = f"there are: {others}" if others else "'binocle index FOLDER' makes the first"
        return NotFoundError(f"there is no collection {name!r} in {self.settings.home}; {remedy}")

    @property
    def default_model(self) -> str:
        """The model of a collection for which none is chosen."""
        return canonical_name(self.settings.model)

    def encoder(self, model: str) -> Encoder:
        """Return a model's encoder, loading it the first time."""
        with self._loading:
            if model not in self._encoders:
                cache = self.settings.model_cache
                self._encoders[model] = open_encoder(
                    model,
                    device=self.settings.device,
                    precision=self.settings.precision,
                    cache_dir=str(cache) if cache else None,
                )
            return self._encoders[model]

    def decoders(self, *, beside_searches: bool = False) -> AbstractContextManager["DecoderPool"]:
        """Return decoders as the settings have them, for whoever enters the context."""
        opens = self._opens_decoders(NICE if beside_searches else 0)
        return opens(self.settings.workers, self.settings.limits)

    def _opens_decoders(self, nice: int = 0) -> "OpenDecoders":
        from binocle.media.decoder_pool import DecoderPool

        return self._open_decoders or partial(DecoderPool, nice=nice)

    @cached_property
    def fetcher(self) -> "Fetcher":
        """Fetches the pictures of URLs in queries, where that is allowed."""
        from binocle.network.url_fetcher import Fetcher

        return Fetcher(allow=self.settings.fetch_urls)

    def fetch(self, url: str) -> bytes:
        """Return the picture at a URL.

        Raises:
            UrlError: URLs are not allowed here, or this one cannot be fetched.
        """
        return self.fetcher.fetch(url)

    def encoder_of(self, collection: Collection) -> Encoder:
        """Return the encoder of a collection's own model; the default one's while it is empty.

        Raises:
            ModelError: It cannot be had.
            SpaceMismatchError: It does not fit the vectors of the collection.
        """
        space = collection.space
        encoder = self.encoder(space.name if space else self.default_model)
        if space is not None:
            check_space(space, encoder.space, collection.path.name)
        return encoder

    def searcher(self, collection: Collection) -> Searcher:
        """Return a searcher that encodes with the collection's own model; one a collection."""
        embedding = self.query_embedding

        def load_query_encoder() -> Encoder:
            space = collection.space
            return embedding.encoder(space.name if space else self.default_model)

        with self._sharing:
            known = self._searchers.get(collection.path)
            if known is not None and known.collection is collection:
                return known
            self._searchers[collection.path] = Searcher(
                collection,
                lambda: self.encoder_of(collection),
                limits=self.settings.limits,
                pictures=QueryPictures(
                    collection,
                    limits=self.settings.limits,
                    read_picture=lambda part: self.media(collection).read(part.uri),
                    fetch=self.fetch,
                    load_picture=embedding.load_picture,
                    each=embedding.each,
                ),
                load_query_encoder=load_query_encoder,
            )
            return self._searchers[collection.path]

    def suggester(self, collection: Collection) -> "Suggester":
        """Return what suggests from a collection while somebody types; one a collection."""
        from search.keyword.suggestions import Suggester

        with self._sharing:
            known = self._suggesters.get(collection.path)
            if known is None or known.collection is not collection:
                known = self._suggesters[collection.path] = Suggester(collection)
            return known

    def note_query(self, collection: Collection, query: str, relevant: int) -> None:
        """Keep a query that had an answer, to be suggested; see ``Suggester.note``."""
        self.suggester(collection).note(query, relevant)

    def media(self, collection: Collection) -> "StoredMedia":
        """Return what reads the pictures of a collection again; one a collection."""
        from indexer.stored_media import StoredMedia

        made = StoredMedia(collection.path, max_derived_bytes=self.settings.max_derived_bytes)
        return self._media.setdefault(collection.path, made)

    def forget(self, collection: Collection) -> None:
        """Let go of what is kept for a collection that is about to be removed."""
        with self._sharing:
            self._searchers.pop(collection.path, None)
            self._suggesters.pop(collection.path, None)
            self._media.pop(collection.path, None)

    def labeller(self, collection: Collection) -> "Labeller":
        """Return what labels with the collection's own model, calibrated as its searcher is."""
        from search.labels.labeller import Labeller

        relevance = self.searcher(collection).relevance
        return Labeller(collection, lambda: self.encoder_of(collection), relevance)

    def indexer(
        self,
        collection: Collection,
        model: str | None,
        on_progress: Callable[["Progress"], None],
        *,
        embedded_by: Callable[[str], Encoder] | None = None,
    ) -> "Indexer":
        """Return an indexer that embeds with a model, by default the collection's own.

        With ``embedded_by``, a process whose searches go first embeds and keeps the indices.

        Raises:
            SpaceMismatchError: The collection was embedded with another model.
        """
        from indexer.indexer import Indexer

        space, encoder = collection.space, embedded_by or self.encoder
        model = canonical_name(model) if model else None
        if space and model and model != space.name:  # perhaps another name of the same weights
            check_space(space, encoder(model).space, collection.path.name)
        load = partial(encoder, model or (space.name if space else self.default_model))
        return Indexer(
            collection,
            load,
            limits=self.settings.limits,
            workers=self.settings.workers,
            open_decoders=self._opens_decoders(NICE if embedded_by else AHEAD_NICE),
            leaves_indices=embedded_by is not None,
            on_progress=on_progress,
        )

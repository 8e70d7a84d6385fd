"""Terms → pixels: a query's pictures, wherever they lie, decoded and cut to their regions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from binocle.collection.collection import Collection
from binocle.errors import BinocleError, NotFoundError, PictureError, QueryError
from binocle.files import read_regular
from binocle.media.kinds import IMAGE
from binocle.types import ImageSpec, Limits, Part, Picture, PixelArray
from search.query.query import Region, Term


class LoadPicture(Protocol):
    """Decodes a query's picture, or a part of it, within limits."""

    def __call__(self, data: bytes, spec: ImageSpec, region: Region | None) -> Picture:
        """Return the pixels an encoder wants.

        Raises:
            PictureError: It cannot be read.
        """
        ...


class Each(Protocol):
    """Does something for each of several, at once or one after another, as ``map`` does."""

    def __call__(
        self, work: Callable[[Term], PixelArray | BinocleError], several: Iterable[Term], /
    ) -> Iterable[PixelArray | BinocleError]:
        """Return the results in order."""
        ...


class QueryPictures:
    """Reads and decodes the pictures of terms. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        *,
        limits: Limits,
        read_picture: Callable[[Part], bytes] | None = None,
        fetch: Callable[[str], bytes] | None = None,
        load_picture: LoadPicture | None = None,
        each: Each = map,
    ) -> None:
        """Set up.

        Args:
            collection: What is searched.
            limits: What a picture may cost.
            read_picture: Returns the bytes of a stored picture, for regions of records. None
                where they cannot be had.
            fetch: Returns the bytes at a URL, see ``Fetcher.fetch``. None where URLs are not
                allowed.
            load_picture: Decodes a picture; None to do it in this process.
            each: Loads several pictures.
        """
        self._collection, self._limits = collection, limits
        self._read_picture, self._fetch = read_picture, fetch
        self._load_picture, self._each = load_picture or self._decode, each

    def load(self, terms: Sequence[Term], spec: ImageSpec) -> list[PixelArray | BinocleError]:
        """Return the pixels of each term's picture, ``(height, width, 3)``, or why there are none.

        Args:
            terms: Each a picture, a URL, or a region of a record.
            spec: What the encoder wants.
        """

        def attempt(term: Term) -> PixelArray | BinocleError:
            try:
                return self._pixels(term, spec)
            except BinocleError as error:
                return error

        return list(self._each(attempt, terms))

    def _pixels(self, term: Term, spec: ImageSpec) -> PixelArray:
        data, name = self._read(term)
        try:
            return self._load_picture(data, spec, term.region).pixels
        except PictureError as error:
            raise type(error)(f"{name}: {error}") from error

    def _read(self, term: Term) -> tuple[bytes, str]:
        """Return a term's encoded picture, and what to call it."""
        if term.record is not None:
            return self._stored(term.record), f"the picture of {term.record!r}"
        if term.url is not None:
            if self._fetch is None:
                raise QueryError("URLs are not allowed in queries here; upload the picture instead")
            return self._fetch(term.url), "the picture of the URL"
        assert term.image is not None
        if isinstance(term.image, bytes):
            return term.image, "the query's picture"
        try:
            path = Path(term.image).expanduser()
            return read_regular(path, self._limits.max_bytes), str(term.image)
        except OSError as error:
            raise QueryError(f"cannot read the picture {term.image} ({error.strerror})") from error

    def _stored(self, record: str) -> bytes:
        if self._read_picture is None:
            raise QueryError("stored pictures cannot be read here, so their regions cannot be used")
        try:
            parts = self._collection.record(record).parts
        except NotFoundError:
            parts = ()
        pictures = [part for part in parts if part.kind == IMAGE]
        if not pictures:
            raise NotFoundError(f"there is no record {record!r} with a picture")
        return self._read_picture(pictures[0])

    def _decode(self, data: bytes, spec: ImageSpec, region: Region | None) -> Picture:
        from binocle.media import images

        if region is None:
            return images.load(data, spec, self._limits)
        return images.load_region(data, spec, region.box, self._limits)

"""Reading, hashing and decoding candidates in worker threads, order kept, memory bounded."""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from binocle.errors import PictureError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Picture, Skip
from indexer.sources.base import Candidate, ImageRef

_LEAST_LOOK_AHEAD, _MOST_LOOK_AHEAD = 128, 1024  # a network takes seconds to load meanwhile
_LOOK_AHEAD_PIXELS = 64 * 1024 * 1024  # bytes of decoded pictures
_LOOK_AHEAD_BYTES = 256 * 1024 * 1024  # of encoded pictures; those of a compressed tar are held


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A picture on its way in.

    Attributes:
        source: Where it came from.
        sha256: Of its bytes.
        picture: Its pixels; None where the content is known or it was skipped.
        skip: Why it cannot be used.
    """

    source: ImageRef
    sha256: bytes = b""
    picture: Picture | None = None
    skip: Skip | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A candidate whose pictures have been read."""

    candidate: Candidate
    images: tuple[PreparedImage, ...] = ()


ReadBefore: TypeAlias = Callable[[ImageRef], PreparedImage | None]


class MediaReader:
    """Reads the pictures of candidates ahead of the encoder."""

    def __init__(
        self,
        decoders: DecoderPool,
        spec: ImageSpec,
        *,
        is_known: Callable[[bytes], bool] = lambda _sha256: False,
        read_before: ReadBefore = lambda _image: None,
        look_ahead: int | None = None,
    ) -> None:
        """Set up.

        Args:
            decoders: Where pictures are decoded.
            spec: The pixels wanted.
            is_known: Tells whether a content, by its SHA-256, need not be decoded.
            read_before: Returns what was found of a picture elsewhere; None where it is to be read.
            look_ahead: How many candidates may be prepared but not yet taken; else as many as a
                bounded amount of memory holds of such pixels.
        """
        self._decoders = decoders
        self._spec = spec
        self._is_known = is_known
        self._read_before = read_before
        held = _LOOK_AHEAD_PIXELS // (3 * spec.width * spec.height)
        held = min(max(held, _LEAST_LOOK_AHEAD), _MOST_LOOK_AHEAD)
        self._look_ahead = look_ahead or 2 * decoders.workers + held

    def run(self, candidates: Iterable[Candidate]) -> Generator[Prepared, None, None]:
        """Yield the candidates prepared, in their order."""
        waiting: deque[tuple[int, Future[Prepared]]] = deque()
        held_bytes = 0
        executor = ThreadPoolExecutor(self._decoders.workers, thread_name_prefix="decode")
        try:
            for candidate in candidates:
                size = sum(image.size_bytes for image in candidate.images)
                waiting.append((size, executor.submit(self.read, candidate)))
                held_bytes += size
                while len(waiting) > self._look_ahead or held_bytes > _LOOK_AHEAD_BYTES:
                    size, future = waiting.popleft()
                    held_bytes -= size
                    yield future.result()
            while waiting:
                yield waiting.popleft()[1].result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def read(self, candidate: Candidate, *, again: bool = False) -> Prepared:
        """Read, hash and decode one candidate's pictures; known contents only ``again``."""
        images = (self._read(image, again=again) for image in candidate.images)
        return Prepared(candidate, tuple(images))

    def _read(self, image: ImageRef, *, again: bool) -> PreparedImage:
        if not again and (found := self._read_before(image)) is not None:
            return found
        limit = self._decoders.limits.max_bytes
        if image.size_bytes > limit:
            reason = f"{image.size_bytes:,} bytes are more than the limit of {limit:,}"
            return PreparedImage(image, skip=Skip("too-large", reason))
        if image.sha256 and not again and self._is_known(image.sha256):
            return PreparedImage(image, image.sha256)
        try:
            data = image.read()
        except MemoryError:
            return PreparedImage(image, skip=Skip("too-large", "it does not fit in memory"))
        except OSError as error:
            code = "missing" if isinstance(error, FileNotFoundError) else "unreadable-file"
            reason = f"the file cannot be read ({error.strerror or error})"
            return PreparedImage(image, skip=Skip(code, reason))
        sha256 = image.sha256 or hashlib.sha256(data).digest()
        if not again and self._is_known(sha256):
            return PreparedImage(image, sha256)
        try:
            return PreparedImage(image, sha256, self._decoders.decode(data, self._spec))
        except PictureError as error:
            return PreparedImage(image, sha256, skip=Skip(error.code, str(error)))

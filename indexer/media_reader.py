"""Reading, hashing and decoding candidates in worker threads, order kept, memory bounded."""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from binocle.errors import PictureError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Picture, Skip
from indexer.sources.base import Candidate, ImageRef


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
    sha256: bytes
    picture: Picture | None = None
    skip: Skip | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A candidate whose pictures have been read."""

    candidate: Candidate
    images: tuple[PreparedImage, ...] = ()


class Preparer:
    """Prepares candidates ahead of the encoder."""

    def __init__(
        self,
        decoders: DecoderPool,
        spec: Callable[[], ImageSpec],
        is_known: Callable[[bytes], bool],
        *,
        look_ahead: int,
    ) -> None:
        """Set up.

        Args:
            decoders: Where pictures are decoded.
            spec: Returns the pixels wanted; called once there is something to decode.
            is_known: Tells whether a content need not be decoded.
            look_ahead: How many candidates may be prepared but not yet taken.
        """
        self._decoders = decoders
        self._spec = spec
        self._is_known = is_known
        self._look_ahead = look_ahead

    def run(self, candidates: Iterable[Candidate]) -> Generator[Prepared, None, None]:
        """Yield the candidates prepared, in their order."""
        waiting: deque[Future[Prepared]] = deque()
        executor = ThreadPoolExecutor(self._decoders.workers, thread_name_prefix="decode")
        try:
            for candidate in candidates:
                waiting.append(executor.submit(self.prepare, candidate))
                if len(waiting) > self._look_ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def prepare(self, candidate: Candidate) -> Prepared:
        """Read, hash and decode one candidate's pictures."""
        if candidate.skip is not None:
            return Prepared(candidate)
        return Prepared(candidate, tuple(self.prepare_image(one) for one in candidate.images))

    def prepare_image(self, image: ImageRef, *, again: bool = False) -> PreparedImage:
        """Read, hash and decode one picture; a known content is decoded only ``again``."""
        limit = self._decoders.limits.max_bytes
        if image.size_bytes > limit:
            reason = f"{image.size_bytes:,} bytes are more than the limit of {limit:,}"
            return PreparedImage(image, b"", skip=Skip("too-large", reason))
        try:
            data = image.read()
        except MemoryError:
            return PreparedImage(image, b"", skip=Skip("too-large", "it does not fit in memory"))
        except OSError as error:
            code = "missing" if isinstance(error, FileNotFoundError) else "unreadable-file"
            reason = error.strerror or str(error)
            return PreparedImage(image, b"", skip=Skip(code, f"the file cannot be read ({reason})"))
        sha256 = hashlib.sha256(data).digest()
        if not again and self._is_known(sha256):
            return PreparedImage(image, sha256)
        try:
            return PreparedImage(image, sha256, self._decoders.decode(data, self._spec()))
        except PictureError as error:
            return PreparedImage(image, sha256, skip=Skip(error.code, str(error)))

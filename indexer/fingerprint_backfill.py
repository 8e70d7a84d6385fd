"""Filling in the likenesses of pictures that were indexed before there were any."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Fingerprint, ImageSpec, Part

_BLOCK = 256
_SPEC = ImageSpec(128, 128, fingerprint=True)
_log = logging.getLogger(__name__)


def complete_fingerprints(
    collection: Collection,
    read_picture: Callable[[Part], bytes],
    decoders: DecoderPool,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """Compute and store what is missing; return how many pictures were filled in.

    A picture whose file cannot be read any more stays without, and is tried again next time.

    Args:
        collection: Whose pictures.
        read_picture: Returns the file of a part; may raise OSError or BinocleError.
        decoders: Where they are decoded.
        on_progress: Told how many pictures have been tried.
    """

    def compute(part: Part) -> Fingerprint | None:
        try:
            return decoders.decode(read_picture(part), _SPEC).fingerprint
        except (OSError, BinocleError) as error:
            _log.info("no likeness of %s: %s", part.uri, error)
            return None

    tried = filled = 0
    with ThreadPoolExecutor(decoders.workers, "likeness") as threads:
        for block in _missing(collection):
            computed = threads.map(compute, block)
            found = {
                part.id: one for part, one in zip(block, computed, strict=True) if one is not None
            }
            if found:
                with collection.writing() as session:
                    session.fingerprints.fill(found)
            tried += len(block)
            filled += len(found)
            on_progress(tried)
    return filled


def _missing(collection: Collection) -> Iterator[list[Part]]:
    after = 0
    while True:
        with collection.reading() as session:
            block = session.fingerprints.parts_without(_BLOCK, after)
        if not block:
            return
        yield block
        after = block[-1].id

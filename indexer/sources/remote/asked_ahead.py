"""Candidates whose pictures are elsewhere: asked for several at a time, and read ahead."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from indexer.sources.base import Candidate
from indexer.sources.remote.early_reads import EarlyReads

_Item = TypeVar("_Item")
_AT_ONCE, _ASKED = 16, 64


def asked_ahead(
    items: Iterable[_Item],
    make: Callable[[_Item], Candidate],
    knows: Callable[[str, str], bool],
) -> Generator[Candidate, None, None]:
    """Yield what is made of each of some items, in their order.

    Args:
        items: What candidates are made of.
        make: Makes one, and asks for its pictures' versions; thread-safe.
        knows: Tells by key and fingerprint what the collection has, so that it is not read.
    """
    reads, waiting = EarlyReads(_AT_ONCE), iter(items)
    askers = ThreadPoolExecutor(_AT_ONCE, "binocle-ask")
    try:
        while some := list(islice(waiting, _ASKED)):
            for one in askers.map(make, some):
                yield one if knows(one.key, one.fingerprint) else _begun(one, reads)
    except BaseException:
        reads.end()
        raise
    finally:
        askers.shutdown(wait=False, cancel_futures=True)  # who is interrupted waits for no host


def _begun(candidate: Candidate, reads: EarlyReads) -> Candidate:
    images = (
        image if image.is_absent else replace(image, read=reads.planned(image.read))
        for image in candidate.images
    )
    return replace(candidate, images=tuple(images))

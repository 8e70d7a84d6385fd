"""Which words are English: hardly misspelt ones, whether a model knows them or not."""

import gzip
import json
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_FEW = 32  # words that are sooner looked for in the list as it is written than in a set of it


def known_english(words: Iterable[str]) -> set[str]:
    """Return which of some lower-case words are English, by a list of 160,000.

    The first call takes about a hundredth of a second; with many words, a tenth.
    """
    asked = set(words)
    if len(asked) > _FEW:
        return asked & _english_words()
    return {one for one in asked if _is_listed(one.encode("utf-8", "surrogatepass"))}


def _is_listed(word: bytes) -> bool:
    """Look a word up in the list as it is written, which is sorted: a line for each."""
    written = _word_list()

    def word_at(place: int) -> bytes:
        start = written.rfind(b"\n", 0, place) + len(b'\n"')
        return written[start : written.find(b'": ', start)]

    place = bisect_left(range(1, len(written)), word, key=word_at)
    return place + 1 < len(written) and word_at(place + 1) == word


@cache
def _word_list() -> bytes:
    """Return the list that pyspellchecker has, as it is written: an object of words."""
    packed = files("spellchecker").joinpath("resources", "en.json.gz").read_bytes()
    return gzip.decompress(packed)


@cache
def _english_words() -> frozenset[str]:
    return frozenset(json.loads(_word_list()))

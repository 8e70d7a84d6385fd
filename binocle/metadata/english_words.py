"""Which words are English: hardly misspelt ones, whether a model knows them or not."""

import gzip
import json
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
    return {one for one in asked if f'"{one}":'.encode() in _word_list()}


@cache
def _word_list() -> bytes:
    """Return the list that pyspellchecker has, as it is written: an object of words."""
    packed = files("spellchecker").joinpath("resources", "en.json.gz").read_bytes()
    return gzip.decompress(packed)


@cache
def _english_words() -> frozenset[str]:
    return frozenset(json.loads(_word_list()))

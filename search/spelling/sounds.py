"""Words that sound alike: what people write who know a word by ear.

A simplification in the manner of Metaphone (Philips, "Hanging on the Metaphone", Computer
Language 7, 1990): letters that are said alike become one, vowels within a word count nothing.
"""

import re
from functools import lru_cache

_LETTERS = (
    (re.compile("ph"), "f"), (re.compile("ck|q|c(?![eiyh])"), "k"), (re.compile("c(?=[eiy])"), "s"),
    (re.compile("g(?=[eiy])"), "j"), (re.compile("x"), "ks"), (re.compile("z"), "s"),
    (re.compile("(?<=^)kn|(?<=^)gn"), "n"), (re.compile("(?<=^)wr"), "r"),
    (re.compile("(?<=[a-z])h(?![aeiou])|(?<=w)h"), ""), (re.compile(r"([a-z])\1+"), r"\1"),
)  # fmt: skip
_VOWELS = re.compile("(?<=.)[aeiouy]")
_KEPT = 50_000
_LEAST_SOUNDS = 3


@lru_cache(_KEPT)
def _spelt_by_ear(word: str) -> str:
    for pattern, letter in _LETTERS:
        word = pattern.sub(letter, word)
    return word


def sound_of(word: str) -> str:
    """Return how a lower-case English word sounds, without its vowels but a first one."""
    return _VOWELS.sub("", _spelt_by_ear(word))


def sound_alike(word: str, other: str) -> bool:
    """Tell whether two words sound alike, such as sandles and sandals, or fone and phone.

    Of two consonants the vowels between them count as well: "boot" is no "bite".
    """
    if _spelt_by_ear(word) == _spelt_by_ear(other):
        return True
    sound = sound_of(word)
    return len(sound) >= _LEAST_SOUNDS and sound == sound_of(other)

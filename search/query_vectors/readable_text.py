"""What of a text a model can read: of "ニコン camera" a model of English reads "camera"."""

import re
import unicodedata
from collections.abc import Callable

_WORD = re.compile(r"[^\W\d_]{3,}")


def readable_part(
    text: str, can_read: Callable[[str], bool], has_word: Callable[[str], bool] = lambda _: False
) -> str:
    """Return what of a text a model can read.

    Words in scripts that the model does not read are left out where others are left. Of a text in
    Latin letters no word is: which language it is in shows only as a whole. One word in Latin
    letters that the collection has is a name, and names are of no language.

    Args:
        text: What was asked.
        can_read: See ``Encoder``.
        has_word: Tells whether the collection has a word.

    Returns:
        The text itself where all of it can be read; empty where nothing can.
    """
    if not any(map(str.isalpha, text)) or can_read(text):
        return text
    words = text.split()
    if len(words) == 1 and _is_latin(text) and has_word(text):
        return text
    kept = [one for one in words if _is_latin(one) or can_read(one)]
    part = " ".join(kept)
    is_part = 0 < len(kept) < len(words) and _WORD.search(part) is not None
    return part if is_part and can_read(part) else ""


def _is_latin(word: str) -> bool:
    return all(
        unicodedata.name(letter, "").startswith("LATIN") for letter in word if letter.isalpha()
    )

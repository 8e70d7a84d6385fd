"""Taking words out of a text that was looked for, and putting others in their place."""

import re
from unicodedata import normalize

from binocle.metadata.filters import fold

# Chinese, Japanese and Korean are written without spaces, so each character counts as a word.
_UNSPACED = "[\u2e80-\U0010ffff]"
_WORD = re.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})\w)+(?:['’-](?:(?!{_UNSPACED})\w)+)*")
_LINKS = frozenset(["and", "or", "but"])
_ARTICLES = frozenset(["a", "an", "the", "any", "some", "this", "that", "these", "those"])
_PLACES = frozenset(["at", "behind", "beside", "in", "into", "near", "on", "onto", "over", "under"])
_PREPOSITIONS = _PLACES | frozenset(["by", "for", "from", "of", "to", "with"])
_SMALL = _LINKS | _ARTICLES | _PREPOSITIONS


def without_words(text: str, words: str) -> str | None:
    """Return a text without some of its words, and without what led to them.

    Articles and prepositions are passed over when the words are sought, and those before the
    words go too where nothing follows that they belong to.

    Args:
        text: Such as ``red shoes on the beach``.
        words: Such as ``the beach``; whole words in their order, whatever the case.

    Returns:
        Such as ``red shoes``; empty where nothing with a meaning is left; None where the text
        does not have the words.
    """
    text, words = normalize("NFC", text), normalize("NFC", words)
    found = [(fold(one[0]), one.span()) for one in _WORD.finditer(text)]
    sought = [word for word in map(fold, _WORD.findall(words)) if word not in _SMALL]
    telling = [place for place, (word, _) in enumerate(found) if word not in _SMALL]
    runs = _runs([found[place][0] for place in telling], sought)
    if not runs:
        return None
    kept = text
    for start, end in reversed(runs):
        first, last = telling[start], telling[end - 1]
        stranded = _SMALL if _ends_phrase(found, last) else _LINKS
        while first and found[first - 1][0] in stranded:
            first -= 1
        kept = f"{kept[: found[first][1][0]]}{kept[found[last][1][1] :]}"
    kept = re.sub(r"\s+(?=[,;.])", "", " ".join(kept.split())).strip(" ,;")
    kept = re.sub(rf"^(?:(?:{'|'.join(_LINKS)})\b[\s,]*)+", "", kept, flags=re.IGNORECASE)
    left = [word for word in map(fold, _WORD.findall(kept)) if word not in _SMALL]
    return kept if left else ""


def with_words_swapped(text: str, old: str, new: str) -> str | None:
    """Return a text with other words in the place of some; None where it does not have them.

    Args:
        text: Such as ``red shoes``.
        old: Such as ``Red``; whole words, whatever the case.
        new: What to write there, as it stands.
    """
    first, last = old.strip()[0], old.strip()[-1]
    before = "" if re.match(_UNSPACED, first) else r"(?<!\w)"
    after = "" if re.match(_UNSPACED, last) else r"(?!\w)"
    text = normalize("NFC", text)
    words = r"\s+".join(map(re.escape, normalize("NFC", old).split()))
    swapped, count = re.subn(
        f"{before}{words}{after}", lambda _: new.strip(), text, flags=re.IGNORECASE
    )
    return swapped if count else None


def _runs(words: list[str], sought: list[str]) -> list[tuple[int, int]]:
    """Return where some words stand among others: first place, and the place behind the last."""
    runs: list[tuple[int, int]] = []
    size = len(sought)
    place = 0
    while sought and place + size <= len(words):
        if words[place : place + size] == sought:
            runs.append((place, place + size))
            place += size
        else:
            place += 1
    return runs


def _ends_phrase(found: list[tuple[str, tuple[int, int]]], last: int) -> bool:
    """Tell whether no telling word follows, to which articles and prepositions would belong."""
    return last + 1 == len(found) or found[last + 1][0] in _SMALL

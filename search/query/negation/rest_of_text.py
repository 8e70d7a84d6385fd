"""What is left of a text when what it negates was taken out."""

import re
from collections.abc import Sequence

from search.query.negation.grammars import ENGLISH, GERMAN

_KINDS = re.compile(
    r"(?:^|\s)(?:(?:in|of|from|by)\s+)?(?:any|all|every)\s+(?:other\s+)?"
    r"(?:colou?r|brand|size|kind|type|style|shade|material|maker?)s?$",
    re.IGNORECASE,
)
_ALL = re.compile(r"(?:any|all|every)(?:thing|one|body)?\s*(?:of\s+)?(?:the\s+)?", re.IGNORECASE)
_NOTHING_ELSE = re.compile(
    r"(?:(?:the|those|these|that|ones?|some|something|things?|items?|stuff|please|alles|etwas)\s*)+",
    re.IGNORECASE,
)


def rest_of(kept: Sequence[str], *, is_every: bool) -> str:
    """Return what is left as a text, without what led to what was taken out of it.

    Args:
        kept: Its words and marks.
        is_every: Whether one of them was "any", "all" or the like: "shirts in any colour but red".
    """
    text = re.sub(r"\s*([,;])(?:\s*[,;])*", r"\1", " ".join(kept))
    if is_every:
        text = _ALL.sub("", _KINDS.sub("", text.strip(" ,;")), count=1)
    prepositions = "|".join(ENGLISH.prepositions | GERMAN.prepositions)
    text = re.sub(rf"(?:(?:^|[\s,;]+)(?:{prepositions}))+$", "", text.strip(" ,;"))
    return "" if _NOTHING_ELSE.fullmatch(text.strip(" ,;")) else text.strip(" ,;")


def less_of(unwanted: str, rest: str) -> str:
    """Return what is negated without the words at its end that are looked for as well."""
    wanted = {folded(one) for one in rest.split()}
    words = unwanted.split()
    while len(words) > 1 and folded(words[-1]) in wanted:
        words.pop()
    return " ".join(words)


def folded(piece: str) -> str:
    """Return a word in lower case, without marks at its ends."""
    return piece.casefold().replace("\u2019", "'").strip(".!?()")

"""What a question says is not to be there: "shirts but not red" is shirts, and to keep red away.

A model reads "not red" as red, and words alone find what is red, so what English and German words
negate is taken out of the text, and Chinese ones by ``chinese``. It goes on up to the next
preposition, comma or clause: "man without a shirt playing guitar for kids" is "man playing guitar
for kids". What is done is negated with its place: "not looking at the camera". What the collection
itself says in just these words ("no show socks", "without hood") stays as it stands, as do
compounds ("non-stick"), signs ("no parking sign") and set phrases ("why not").
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from binocle.metadata.english_words import known_english
from search.query.negation.chinese import HAS_CHINESE, without_negated_chinese
from search.query.negation.grammars import (
    ALWAYS_KEPT,
    BUT,
    COLOURS,
    COMPOUNDS,
    ENGLISH,
    EVERY,
    GERMAN,
    GRAMMARS,
    SIGNS,
    Grammar,
    begins_clause,
    is_act,
)
from search.query.negation.rest_of_text import folded, less_of, rest_of

_PIECE = re.compile(r'-?"(?:[^"]*")?(?:-[^\s",;]+)?|[^\s",;]+|[,;]')  # 27"-monitor has no minus
_MINUS = re.compile(r"""[-\u2212](?:"(?P<quoted>[^"]*[^\W\d_][^"]*)"|(?P<word>[^\W\d_][\w'-]+))""")
_NON = re.compile(r"(?:non|not)[-\u2010-\u2012](?P<word>[^\W\d_][\w-]*)")
_OWN_NAME = 3  # words with a capital: "No Time to Die"
_LINKING = ("and", "or", "und", "oder")
_LEADING = ("wearing", "having")  # "wearing no shirt"
_BUTS = ("but", "aber", "sondern")
_MOST = 16


@dataclass(slots=True)
class _Scan:
    pieces: list[str]
    plain: list[str]  # the same, folded, without marks at the end
    kept: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    is_every: bool = False
    is_the: bool = False  # one thing that everybody knows: "the kitchen sink"

    def line(self, at: int, count: int = 4) -> str:
        return " ".join(self.plain[at : at + count])

    def word(self, at: int) -> str:
        return self.plain[at] if 0 <= at < len(self.plain) else ""


def without_negated(
    text: str, has_phrase: Callable[[str], bool] = lambda _: False
) -> tuple[str, tuple[str, ...]]:
    """Return what a text looks for, and what it says is not to be there.

    Args:
        text: What was asked, such as ``shirts but not red``; what stands in quotes is not read,
            but for ``-"two words"``.
        has_phrase: Tells whether the collection has some words in one piece; what it has in just
            these words is looked for as it stands.

    Returns:
        Such as ``shirts`` and ``("red",)``. The text as it came, and nothing, where nothing is
        negated; an empty text where nothing else is said.
    """
    if HAS_CHINESE.search(text):
        return without_negated_chinese(text, has_phrase)
    pieces = _PIECE.findall(text)
    scan = _Scan(pieces, [folded(one) for one in pieces])
    at = len(pieces) if _is_own_name(scan) else 0
    while at < len(pieces):
        end = _read(scan, at, has_phrase) if len(scan.unwanted) < _MOST else at
        if end == at:
            scan.kept.append(pieces[at])
            scan.is_every |= scan.plain[at] in EVERY
            end = at + 1
        at = end
    if not scan.unwanted:
        return text, ()
    rest = rest_of(scan.kept, is_every=scan.is_every)
    unwanted = [less_of(one, rest) for one in scan.unwanted]
    if not rest:
        rest, unwanted = _with_head(scan, unwanted)
    return rest, tuple(dict.fromkeys(unwanted))


def _is_own_name(scan: _Scan) -> bool:
    """Tell whether a text begins with a title: capitals, but for small words within."""
    if scan.word(0) not in ENGLISH.weak or "".join(scan.pieces).isupper():
        return False
    small = [one for one in scan.pieces if one[0].islower()]
    has_small = any(ENGLISH.is_passed_over(one) or one == "to" for one in small)
    return has_small and sum(one[0].isupper() for one in scan.pieces) >= _OWN_NAME


def _read(scan: _Scan, at: int, has_phrase: Callable[[str], bool]) -> int:
    """Read what is negated from a place on; return the place behind it, the same for nothing."""
    minus = _MINUS.fullmatch(scan.pieces[at].rstrip(".!?"))
    if minus and scan.word(at - 1) not in _LINKING:  # "Brille und -weste"
        scan.unwanted.append((minus["quoted"] or minus["word"]).strip())
        return at + 1
    if non := _NON.fullmatch(scan.plain[at]):
        return _read_non(scan, at, non["word"], at + 1, has_phrase)
    if scan.plain[at] == "non" and at + 1 < len(scan.plain):
        return _read_non(scan, at, scan.plain[at + 1], at + 2, has_phrase)
    line = scan.line(at)
    for grammar in GRAMMARS:
        but = BUT.match(line) if scan.is_every and grammar is ENGLISH else None
        core = grammar.core.match(line) or but
        if core is not None and '"' not in core[0]:
            return _read_core(scan, at, core[0], grammar, has_phrase)
    return at


def _read_core(
    scan: _Scan, at: int, core: str, grammar: Grammar, has_phrase: Callable[[str], bool]
) -> int:
    start = at + len(core.split())
    if not _may_be_negated(scan, at, start, core, grammar):
        return at
    while start < len(scan.plain) and grammar.is_passed_over(scan.plain[start]):
        scan.is_the |= scan.plain[start] == "the"
        start += 1
    end = _end(scan, start, grammar)
    what = _items(scan.pieces[start:end], grammar)
    is_own = start < len(scan.plain) and _is_kept(scan.plain[start], core, grammar)
    if not what or is_own or any(map(has_phrase, _ways_to_say(core, scan.plain[at:end], what[0]))):
        return at
    while scan.kept and (folded(scan.kept[-1]) in grammar.leads or scan.kept[-1] in _LEADING):
        scan.kept.pop()
    scan.unwanted.extend(what)
    while scan.word(end) in grammar.prepositions and scan.word(end + 1) in grammar.pronouns:
        end += 2
    end += _is_put_on(scan, end)
    end += scan.word(end) == "," and scan.word(end + 1) in _BUTS
    is_linked = scan.word(end) in (*_BUTS, "and", "und")
    return end + (is_linked or scan.word(end) in grammar.trail)


def _is_put_on(scan: _Scan, at: int) -> bool:
    """Tell whether "on" belongs to what is negated: "without a shirt on is climbing"."""
    follows = scan.word(at + 1)
    ends = not follows or follows in ENGLISH.ends | ENGLISH.links or is_act(follows)
    return scan.word(at) == "on" and ends


def _ways_to_say(core: str, words: Sequence[str], what: str) -> set[str]:
    """Return what a text of the collection may say that means what it says: "without hood"."""
    return {" ".join(words), f"{core} {what}", f"{core} {what.split(maxsplit=1)[0]}"}


def _read_non(scan: _Scan, at: int, word: str, end: int, has_phrase: Callable[[str], bool]) -> int:
    """Read "non-red", which negates one word, unless it is a word of its own."""
    is_own = known_english([f"non{word}"]) or has_phrase(f"non {word}")
    if not word.isalpha() or is_own:
        return at
    scan.unwanted.append(word)
    return end


def _may_be_negated(scan: _Scan, at: int, start: int, core: str, grammar: Grammar) -> bool:
    """Tell whether what negates is about what follows: not of "no. 5", "no, red", "why not"."""
    follows = scan.word(start)
    if not follows[:1].isalnum() and follows[:1] not in ("", ",", ";", "'", '"'):  # "no :- 5"
        return False
    if not follows:
        return False
    is_amount = core in grammar.weak or core == "minus"
    if is_amount and (follows[0].isdigit() or scan.pieces[at].endswith(".")):
        return False
    is_before = scan.word(at - 1) in grammar.before
    if is_before and core in (*grammar.weak, "ohne", "avoid", "except", "except for"):
        return False
    if _is_either(scan, at) or (core in grammar.weak and follows in (",", ";")):
        return False
    is_named = core == "no" and (
        _is_sign(scan, start)
        or (not at and _is_forbidden(scan, start))
        or (follows in COMPOUNDS and _is_thing(scan.word(start + 1), grammar))
    )
    return not is_named and not _is_kept(follows, core, grammar)


def _is_either(scan: _Scan, at: int) -> bool:
    """Tell whether a text takes both: "with or without mic", "to be or not to be"."""
    before = scan.word(at - 1)
    is_both = before in ("and", "und") and scan.word(at - 2) in ("with", "mit")
    return is_both or (before in ("or", "oder") and not scan.unwanted)


def _is_kept(word: str, core: str, grammar: Grammar) -> bool:
    """Tell whether a word behind what negates is part of a set phrase."""
    may_be = core in grammar.weak or core.startswith(("is", "are", "was", "were", "free"))
    return word in ALWAYS_KEPT or (may_be and word in grammar.kept)


def _is_thing(word: str, grammar: Grammar) -> bool:
    return bool(word) and word not in grammar.links | grammar.ends | grammar.prepositions


def _is_sign(scan: _Scan, start: int) -> bool:
    """Tell whether a text names a sign: "a no parking sign"."""
    return any(scan.word(place) in SIGNS for place in range(start + 1, start + 3))


def _is_forbidden(scan: _Scan, start: int) -> bool:
    """Tell whether a text says no more than what a sign does: "no trespassing"."""
    return start + 1 == len(scan.plain) and is_act(scan.plain[start])


def _end(scan: _Scan, start: int, grammar: Grammar) -> int:
    """Return the place behind what is negated from a place on."""
    at = start
    while at < len(scan.plain):
        word = scan.plain[at]
        if word in grammar.ends:
            break
        if word in grammar.prepositions and not _is_place_of_act(scan, start, at, grammar):
            break
        if at > start and word in grammar.links and not _goes_on(scan, at, grammar):
            break
        if word not in grammar.links and at > start and grammar.core.match(scan.line(at)):
            break
        if at > start and (scan.pieces[at][0] in "([" or _begins_other(scan, at, grammar)):
            break
        at += 1
    return at


def _is_place_of_act(scan: _Scan, start: int, at: int, grammar: Grammar) -> bool:
    """Tell whether a preposition belongs to what is not done: "looking at the camera"."""
    if grammar is not ENGLISH or at == start or not is_act(scan.plain[start]):
        return False
    return all(one.endswith("ly") for one in scan.plain[start + 1 : at])


def _begins_other(scan: _Scan, at: int, grammar: Grammar) -> bool:
    """Tell whether a word begins what is said of something else than what is negated."""
    if grammar is GERMAN:  # nouns have capitals: "ohne Leine läuft am Strand"
        is_noun = scan.pieces[at - 1][0].isupper()
        is_other = scan.pieces[at][0].islower() and scan.plain[at] not in grammar.links
        return (is_noun and is_other) or scan.plain[at] in grammar.trail
    if not begins_clause(scan.plain[at], scan.word(at + 1)):
        return False
    behind = scan.word(at + 2)
    return scan.word(at + 1) not in grammar.prepositions or (
        bool(behind) and behind not in grammar.pronouns
    )


def _goes_on(scan: _Scan, at: int, grammar: Grammar) -> bool:
    """Tell whether a list goes on behind a link: a comma's only with "or" further on."""
    follows = scan.word(at + 1)
    if not follows or follows in grammar.prepositions or grammar.core.match(scan.line(at + 1)):
        return False
    if scan.plain[at] != ",":
        return True
    rest = scan.plain[at + 1 :]
    links = [place for place, one in enumerate(rest) if one in grammar.links - {",", "/"}]
    stops = [place for place, one in enumerate(rest) if one in grammar.prepositions or one in _BUTS]
    return bool(links) and (not stops or links[0] < stops[0])


def _items(pieces: Sequence[str], grammar: Grammar) -> list[str]:
    """Return what is negated, one by one, without articles."""
    found: list[list[str]] = [[]]
    for piece in pieces:
        word = folded(piece)
        if word in grammar.links:
            found.append([])
        elif found[-1] or word not in grammar.articles:
            is_part = word not in grammar.trail or not found[-1]
            found[-1].append(piece.strip(".!?()\"'") if is_part else "")
    return [what for one in found if (what := " ".join(filter(None, one)).strip())]


def _with_head(scan: _Scan, unwanted: list[str]) -> tuple[str, list[str]]:
    """Return what a text of nothing else looks for: "not red shirts" are shirts.

    So are "anything but red shirts"; "everything but the kitchen sink" looks for nothing.
    """
    *before, last = unwanted
    words = last.split()
    may_have = scan.plain[0] in (ENGLISH.weak | GERMAN.weak) or scan.is_every
    has_head = folded(words[-1]) not in COLOURS and not any(map(_is_place, words))
    if not may_have or scan.is_the or len(words) < 2 or not has_head:
        return "", unwanted
    return words[-1], [*before, " ".join(words[:-1])]


def _is_place(word: str) -> bool:
    return folded(word) in ENGLISH.prepositions

"""What a question says is not to be there: "shirts but not red" is shirts, and to keep red away.

A model reads "not red" as red, and words alone find what is red, so what English words negate is
taken out of the text. It goes on up to the next preposition, "but" or comma: "shoes without laces
for men" is "shoes for men". What the collection itself says in just these words ("no show socks",
"without hood") stays as it stands, as do compounds that are words of their own ("non-stick").
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from search.spelling.near_words import known_english


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PIECE = re.compile(r'-?"[^"]*"|[^\s",;]+|[,;]|"')
_MINUS = re.compile(r"""[-\u2212](?:"(?P<quoted>[^"]*[^\W\d_][^"]*)"|(?P<word>[^\W\d_][\w'-]+))""")
_NON = re.compile(r"(?:non|not)[-\u2010-\u2012](?P<word>[^\W\d_][\w-]*)")
_DO = r"(?:do|does|did|should|must|may|can|could|would)(?: not|n'?t)"
_CORE = re.compile(
    rf"(?:without|with no|w/o|excluding|excepting|except(?: for)?|lacking|minus|other than"
    rf"|apart from|aside from|rather than|instead of|free (?:of|from)"
    rf"|{_DO} (?:want|like|need|show(?: me)?|include|have|contain|wear|be)"
    rf"|(?:is|are|was|were)n'?t|(?:is|are|was|were) not|not including|(?:but|and) (?:nothing|none)"
    rf"|avoid(?:ing)?|not|no|neither|never)(?= |$)"
)
_BUT = re.compile(r"(?:but|except(?: for)?|besides|save)(?= |$)")
_EVERY = frozenset(["any", "all", "every", "anything", "everything", "anyone", "everyone"])
_WEAK = frozenset(["no", "not", "never", "neither", "non"])  # may belong to what they stand before
# What "not" and "no" say of amounts and degrees.
_OTHER = _set(
    "over under more less above below fewer greater cheaper only just too so very quite sure "
    "matter longer later much many as than"
)
_LEADS = _set("and but that which who whose i we please is are be they it also ones")
_ARTICLES = frozenset(["a", "an", "the", "any", "some", "of"])
_PREPOSITIONS = _set(
    "with for under over below above between at on near in from by to into onto behind beside "
    "inside outside during through around against among within upto"
)
_FILLERS = _ARTICLES | _PREPOSITIONS | _set("wearing having containing including showing me")
_LINKS = frozenset(["or", "nor", "and", ",", "/"])
_TRAIL = frozenset(["one", "ones", "please", "thanks", "either", "though"])
_KINDS = re.compile(
    r"(?:^|\s)(?:(?:in|of|from|by)\s+)?(?:any|all|every)\s+(?:other\s+)?"
    r"(?:colou?r|brand|size|kind|type|style|shade|material|maker?)s?$",
    re.IGNORECASE,
)
_ALL = re.compile(r"(?:any|all|every)(?:thing|one|body)?\s*(?:of\s+)?(?:the\s+)?", re.IGNORECASE)
_MOST = 16


@dataclass(slots=True)
class _Scan:
    pieces: list[str]
    plain: list[str]  # the same, folded, without marks at the end
    kept: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    is_every: bool = False

    def line(self, at: int, count: int = 4) -> str:
        return " ".join(self.plain[at : at + count])


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
    pieces = _PIECE.findall(text)
    scan = _Scan(pieces, [_folded(one) for one in pieces])
    at = 0
    while at < len(pieces):
        end = _read(scan, at, has_phrase) if len(scan.unwanted) < _MOST else at
        if end == at:
            scan.kept.append(pieces[at])
            scan.is_every |= scan.plain[at] in _EVERY
            end = at + 1
        at = end
    if not scan.unwanted:
        return text, ()
    rest = _joined(scan)
    unwanted = [_less_of(one, rest) for one in scan.unwanted]
    if not rest:
        rest, unwanted = _with_head(scan, unwanted)
    return rest, tuple(dict.fromkeys(unwanted))


def _read(scan: _Scan, at: int, has_phrase: Callable[[str], bool]) -> int:
    """Read what is negated from a place on; return the place behind it, the same for nothing."""
    if minus := _MINUS.fullmatch(scan.pieces[at].rstrip(".!?")):
        scan.unwanted.append((minus["quoted"] or minus["word"]).strip())
        return at + 1
    if non := _NON.fullmatch(scan.plain[at]):
        return _read_non(scan, at, non["word"], at + 1, has_phrase)
    if scan.plain[at] == "non" and at + 1 < len(scan.plain):
        return _read_non(scan, at, scan.plain[at + 1], at + 2, has_phrase)
    line = scan.line(at)
    core = _CORE.match(line) or (_BUT.match(line) if scan.is_every else None)
    if core is None or '"' in core[0]:
        return at
    start = at + len(core[0].split())
    if start < len(scan.plain) and core[0] in _WEAK and not _may_be_negated(scan, at, start):
        return at
    while start < len(scan.plain) and scan.plain[start] in _FILLERS:
        start += 1
    if scan.line(start, 1) == "one":  # "no one is there", "all but one": no word to avoid
        return at
    end = _end(scan, start)
    what = _items(scan.pieces[start:end])
    if not what or any(map(has_phrase, _ways_to_say(core[0], scan.plain[at:end], what[0]))):
        return at
    while scan.kept and _folded(scan.kept[-1]) in _LEADS:
        scan.kept.pop()
    scan.unwanted.extend(what)
    is_linked = end < len(scan.plain) and scan.plain[end] in ("and", "but")
    return end + is_linked


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


def _may_be_negated(scan: _Scan, at: int, start: int) -> bool:
    """Tell whether "no" or "not" is about what follows: not of "no. 5", "no, red", "not over 6"."""
    follows = scan.plain[start]
    is_number = follows[:1].isdigit() or scan.pieces[at].endswith(".")
    return not is_number and follows not in _OTHER and follows not in (",", ";")


def _end(scan: _Scan, start: int) -> int:
    """Return the place behind what is negated from a place on."""
    at = start
    while at < len(scan.plain):
        word = scan.plain[at]
        if word in _PREPOSITIONS or word in ("but", ";", "that", "which", "who"):
            break
        if at > start and word in _LINKS and not _goes_on(scan, at):
            break
        if word not in _LINKS and at > start and _CORE.match(scan.line(at)):
            break
        at += 1
    return at


def _goes_on(scan: _Scan, at: int) -> bool:
    """Tell whether a list goes on behind a link: a comma's only with "or" further on."""
    follows = scan.plain[at + 1] if at + 1 < len(scan.plain) else ""
    if not follows or follows in _PREPOSITIONS or _CORE.match(scan.line(at + 1)):
        return False
    if scan.plain[at] != ",":
        return True
    rest = scan.plain[at + 1 :]
    links = [place for place, one in enumerate(rest) if one in ("or", "nor", "and")]
    stops = [place for place, one in enumerate(rest) if one in _PREPOSITIONS or one == "but"]
    return bool(links) and (not stops or links[0] < stops[0])


def _items(pieces: Sequence[str]) -> list[str]:
    """Return what is negated, one by one, without articles."""
    found: list[list[str]] = [[]]
    for piece in pieces:
        word = _folded(piece)
        if word in _LINKS:
            found.append([])
        elif found[-1] or word not in _ARTICLES:
            found[-1].append(piece.strip(".!?()\"'") if word not in _TRAIL or not found[-1] else "")
    return [what for one in found if (what := " ".join(filter(None, one)).strip())]


def _less_of(unwanted: str, rest: str) -> str:
    """Return what is negated without the words at its end that are looked for as well."""
    wanted = {_folded(one) for one in rest.split()}
    words = unwanted.split()
    while len(words) > 1 and _folded(words[-1]) in wanted:
        words.pop()
    return " ".join(words)


def _with_head(scan: _Scan, unwanted: list[str]) -> tuple[str, list[str]]:
    """Return what "not red shirts" looks for, if nothing else is said: shirts that are not red."""
    *before, last = unwanted
    words = last.split()
    if scan.plain[0] not in _WEAK or len(words) < 2:
        return "", unwanted
    return words[-1], [*before, " ".join(words[:-1])]


def _folded(piece: str) -> str:
    return piece.casefold().replace("\u2019", "'").strip(".!?()")


def _joined(scan: _Scan) -> str:
    """Return what is left as a text, without what led to what was taken out of it."""
    text = re.sub(r"\s*([,;])(?:\s*[,;])*", r"\1", " ".join(scan.kept))
    if scan.is_every:
        text = _ALL.sub("", _KINDS.sub("", text.strip(" ,;")), count=1)
    text = re.sub(rf"(?:(?:^|[\s,;]+)(?:{'|'.join(_PREPOSITIONS)}))+$", "", text.strip(" ,;"))
    return text.strip(" ,;")

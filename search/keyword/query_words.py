"""What somebody typed → words, phrases and exclusions. No text is refused."""

import re
from dataclasses import dataclass, replace

from binocle.catalog import tokenizer
from search.keyword.synonym_windows import SynonymWindow, TypedUnits
from search.rules.ranking_rules import NO_SYNONYMS, SynonymTable

MAX_CHARACTERS = 2000
MAX_WORDS = 64
_JOINED_WORDS = 4
_MAX_WINDOWS = 40
_MAX_CUTS = 4
_CODE_LETTERS = 3
_PIECE = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"') | {"\u2212": "-"})
_EDGES = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")
_SUFFIX = re.compile("(?<=n)['\u2019]t$|['\u2019](?:s|m|d|re|ll|ve)$")
_MEDIA = {  # "a photo of a dog" asks for a dog: few texts say that what they describe is a photo
    "photo", "photos", "photograph", "photographs", "picture", "pictures", "pic", "pics",
    "image", "images", "snapshot", "snapshots", "closeup", "close", "up",
}  # fmt: skip
_STOP_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "has", "have", "if",
    "in", "into", "is", "it", "its", "my", "no", "not", "of", "on", "or", "our", "that", "the",
    "their", "there", "these", "this", "those", "to", "was", "we", "were", "what", "when",
    "where", "which", "who", "will", "with", "you", "your", "i", "me", "show", "find", "want",
    "looking", "need", "some", "any", "please", "can", "dont", "doesnt", "didnt", "isnt", "arent",
    "wasnt", "cant", "wont", "wouldnt", "shouldnt", "couldnt", "havent", "hasnt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query.

    Attributes:
        token: As it is stored.
        paired: A pair of characters, or a single one, of a script without spaces.
        is_beginning: Longer words count as well: it ends in ``*``, or is a lone character of such
            a script.
        may_go_on: It is the last one typed, so it may be unfinished.
        run: Words of the same number stand next to each other without a space.
        ends_run: It is the last pair of characters of a run.
        ways: Other ways to write it, each of tokens that stand together.
    """

    token: str
    paired: bool = False
    is_beginning: bool = False
    may_go_on: bool = False
    run: int = 0
    ends_run: bool = False
    ways: tuple[tuple[str, ...], ...] = ()

    @property
    def has_digits(self) -> bool:
        """Tell whether it has a digit, as model numbers have."""
        return any(one.isdigit() for one in self.token)


@dataclass(frozen=True, slots=True)
class Window:
    """Another way to write some neighbouring words: joined, or cut elsewhere.

    Attributes:
        first: Place of the first word it stands for.
        end: Place behind the last.
        phrases: The other ways, each of tokens that stand together.
    """

    first: int
    end: int
    phrases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class QueryWords:
    """A query's words.

    Attributes:
        words: All optional, in order; stop words and a beginning such as "a photo of" only where
            there are no others.
        required: Phrases that must be there; their words are among ``words`` too.
        excluded: Phrases that must not.
        windows: Other ways to write neighbouring words.
        whole: Every token in order, stop words too, as a text that says just this is stored.
        synonyms: What rules say may stand in the place of neighbouring words.
    """

    words: tuple[Word, ...]
    required: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...]
    windows: tuple[Window, ...]
    whole: tuple[str, ...]
    synonyms: tuple[SynonymWindow, ...] = ()


def parse(text: str, synonyms: SynonymTable = NO_SYNONYMS) -> QueryWords:
    """Read a query. What stands in quotes is meant as it is written, and has no synonyms."""
    words: list[Word] = []
    units = TypedUnits()
    required: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []
    shortened = text[:MAX_CHARACTERS].translate(_QUOTES)
    whole: list[str] = []
    run = 0
    for piece in _PIECE.finditer(shortened):
        quoted, plain = piece["quoted"], piece["plain"]
        folded = tokenizer.fold(quoted if plain is None else plain)
        found = tokenizer.runs(folded)
        phrase = tuple(token for one in found for token in _phrase_tokens(one))
        if not phrase:
            continue
        if piece["minus"] or quoted is not None:
            (excluded if piece["minus"] else required).append(phrase)
            units.interrupt()
        if piece["minus"]:
            continue
        for one in found:
            whole.extend(one.tokens)
            run += 1
            star = quoted is None and folded[one.end : one.end + 1] == "*"
            made = _words_of_run(one, run, folded, star=star)
            if quoted is None and synonyms.by_unit:
                units.add(one, [word.token for word in made], first=len(words), number=run)
            words.extend(made)
    kept = _without_stop_words(words, required)[:MAX_WORDS]
    places = _places(words, kept)
    if bool(shortened) and shortened[-1].isalnum() and len(text) <= MAX_CHARACTERS:
        _leave_open(words, kept)
    return QueryWords(
        tuple(kept),
        tuple(required[:MAX_WORDS]),
        tuple(excluded[:MAX_WORDS]),
        _windows(kept),
        tuple(whole) if len(whole) <= MAX_WORDS else (),
        tuple(units.windows(synonyms, places)),
    )


def _leave_open(words: list[Word], kept: list[Word]) -> None:
    """Note that the last word may be unfinished, where it is one that counts."""
    if kept and words and kept[-1] is words[-1] and not kept[-1].paired:
        kept[-1] = replace(kept[-1], may_go_on=True)


def _places(words: list[Word], kept: list[Word]) -> dict[int, int]:
    """Return where words that count stand among these, by their places among all words."""
    numbers = {id(word): number for number, word in enumerate(words)}
    return {numbers[id(word)]: place for place, word in enumerate(kept)}


def _words_of_run(run: tokenizer.TokenRun, number: int, folded: str, *, star: bool) -> list[Word]:
    suffix = _SUFFIX.search(folded[run.start : run.end])
    if suffix is None or star:
        return _words_of(run, number, star=star)
    return _shortened_words(run, number, suffix[0])


def _phrase_tokens(run: tokenizer.TokenRun) -> tuple[str, ...]:
    """Return what of a run to look for: not the last character of pairs, which pairs have."""
    return run.tokens[:-1] if run.paired and len(run.tokens) > 1 else run.tokens


def _words_of(run: tokenizer.TokenRun, number: int, *, star: bool) -> list[Word]:
    found = _phrase_tokens(run)
    lone = run.paired and len(run.tokens) == 1
    last = len(found) - 1
    return [
        Word(
            token,
            run.paired,
            lone or (star and place == last),
            run=number,
            ends_run=run.paired and place == last,
        )
        for place, token in enumerate(found)
    ]


def _shortened_words(run: tokenizer.TokenRun, number: int, suffix: str) -> list[Word]:
    """Return the words of "don't" and "men's", whose ends are no words: not the letters t and s."""
    *first, _ = run.tokens
    joined = "".join(run.tokens)
    if suffix[1:] == "t":
        return [Word(joined, run=number, ways=(run.tokens,))]
    ways = ((joined,),) if len(first) == 1 else ()
    return [
        *(Word(token, run=number) for token in first[:-1]),
        Word(first[-1], run=number, ways=ways),
    ]


def _without_stop_words(words: list[Word], required: list[tuple[str, ...]]) -> list[Word]:
    quoted = {token for phrase in required for token in phrase}
    said_of_medium = _medium_end(words)
    kept = [
        word
        for place, word in enumerate(words)
        if word.token in quoted
        or word.is_beginning
        or (word.token not in _STOP_WORDS and place >= said_of_medium)
    ]
    return kept or words


def _medium_end(words: list[Word]) -> int:
    """Return how many words say that a picture is looked for: 3 of "a photo of"; 0 for none."""
    end, has_medium = 0, False
    for place, written in enumerate(word.token for word in words):
        if written not in _MEDIA and written not in _STOP_WORDS:
            break
        has_medium |= written in _MEDIA
        if written == "of" and has_medium:
            end = place + 1
    return end


def _windows(words: list[Word]) -> tuple[Window, ...]:
    found = [Window(at, at + 1, word.ways) for at, word in enumerate(words) if word.ways]
    for first in range(len(words)):
        for end in range(first + 1, min(first + _JOINED_WORDS, len(words)) + 1):
            inside = words[first:end]
            if len(found) >= _MAX_WINDOWS or any(word.paired for word in inside):
                break
            phrases = _other_ways([word.token for word in inside])
            if phrases:
                found.append(Window(first, end, phrases))
    return tuple(found)


def _other_ways(written: list[str]) -> tuple[tuple[str, ...], ...]:
    """Return other ways to write words; of words without digits only two are joined."""
    joined = "".join(written)
    has_digits = any(one.isdigit() for one in joined)
    if len(joined) > tokenizer.MAX_TOKEN or (not has_digits and len(written) != 2):
        return ()
    if len(written) > 2 and any(one.isalpha() and len(one) > _CODE_LETTERS for one in written):
        return ()  # no part of a model number
    if not has_digits:
        return ((joined,),)
    cuts = {found.start() for found in _EDGES.finditer(joined)}
    at = 0
    for token in written[:-1]:
        at += len(token)
        cuts.add(at)
    if joined.isdigit():  # 14.1 is no 141
        return ()
    if len(cuts) > _MAX_CUTS:
        return () if len(written) == 1 else ((joined,),)
    ways = {_cut(joined, sorted(cuts), chosen) for chosen in range(1 << len(cuts))}
    return tuple(sorted(ways - {tuple(written)}))


def _cut(joined: str, cuts: list[int], chosen: int) -> tuple[str, ...]:
    places = [cut for number, cut in enumerate(cuts) if chosen >> number & 1]
    return tuple(
        joined[start:end] for start, end in zip([0, *places], [*places, len(joined)], strict=True)
    )

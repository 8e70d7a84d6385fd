"""Text → tokens, the same for what is stored and what is asked.

Words are folded (case, width, accents, traditional characters as simplified ones). Scripts without
spaces between words (Chinese, Japanese, Thai, …) and Korean, whose endings stick to its words,
become overlapping pairs of characters and the run's last character alone: ``红色裙`` is
``红色 色裙 裙``, so every character begins some token, and a single one is looked up as a
beginning. Pairs rather than trigrams because most Chinese words have two characters. Source: Nie,
Gao, Zhang and Zhou, "On the Use of Words and N-grams for Chinese Information Retrieval", IRAL 2000.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from binocle.metadata.visible_text import visible

MAX_TOKEN = 64
_MAX_JOINED = 4
_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3041-\u3096"
    "\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # vowel signs are no letters to Python
_WORD = rf"(?:(?![{_PAIRED}])[^\W_]|[{_INDIC}])+"
_CONNECTOR = "[-'.,/+&_\u2019\u2010-\u2015]"
_RUN = re.compile(rf"[{_PAIRED}]+|{_WORD}(?:{_CONNECTOR}{_WORD})*")
_SIMPLE_RUN = re.compile(r"[0-9a-z]+(?:[-'.,/+&_][0-9a-z]+)*")
_SIMPLE_OTHERS = re.compile(r"[^0-9a-z]+")
_CONNECTORS = re.compile(_CONNECTOR)
_DECIMAL = re.compile(r"(?<![^\W\d_])\d+\.\d")  # 14.1 is no 141
_IS_PAIRED = re.compile(f"[{_PAIRED}]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


@dataclass(frozen=True, slots=True)
class TokenRun:
    """Tokens that stand together without a space.

    Attributes:
        tokens: In order: ``wh 1000xm4`` for ``WH-1000XM4``; pairs of characters where ``paired``.
        joined: All of them as one, ``wh1000xm4``; empty where there is one, or too many, or where
            they are a decimal number.
        paired: Whether the tokens are pairs of characters.
        start: Where the run begins in the folded text.
        end: Where it ends.
    """

    tokens: tuple[str, ...]
    joined: str
    paired: bool
    start: int
    end: int


def fold(text: str) -> str:
    """Return a text without differences of case, width and accents, and what nobody sees.

    Characters stay as many: a traditional one becomes its simplified one, whatever stands beside.
    """
    if text.isascii():
        return text.lower()
    stripped = _MARKS.sub("", unicodedata.normalize("NFKD", visible(text)))
    folded = unicodedata.normalize("NFC", stripped.casefold())
    return folded.translate(_simplified()) if _HAN.search(folded) else folded


@cache
def _simplified() -> dict[int, str]:
    from opencc import OpenCC  # 40 ms, for those who write Chinese

    every = [*map(chr, range(0x3400, 0x4DC0)), *map(chr, range(0x4E00, 0xA000))]
    simple = dict(zip(every, OpenCC("t2s").convert("\n".join(every)).split("\n"), strict=True))
    return {ord(one): simple.get(other, other) for one, other in simple.items() if other != one}


def runs(folded: str) -> list[TokenRun]:
    """Cut a folded text into runs of tokens."""
    pattern = _SIMPLE_RUN if folded.isascii() else _RUN
    return [_run(found.group(), found.span()) for found in pattern.finditer(folded)]


def letters_of(folded: str) -> str:
    """Return the characters of all tokens of a folded text, in order and each once."""
    if folded.isascii():
        return _SIMPLE_OTHERS.sub("", folded)
    return _CONNECTORS.sub("", "".join(_RUN.findall(folded)))


def tokens_of(text: str, most: int) -> tuple[list[str], list[str]]:
    """Return the tokens of a text, at most ``most``, and the joined forms among them."""
    folded = fold(text)
    pattern = _SIMPLE_RUN if folded.isascii() else _RUN
    tokens: list[str] = []
    joined: list[str] = []
    for found in pattern.findall(folded):
        if found.isascii() and found.isalnum():
            tokens.append(found[:MAX_TOKEN])
            continue
        run = _run(found, (0, 0))
        tokens.extend(run.tokens)
        if run.joined:
            joined.append(run.joined)
        if len(tokens) >= most:
            break
    return tokens[:most], joined


def spell_out(name: str) -> str:
    """Return a file's name or an id as words: ``IMG_0412-BlueShirt.jpg`` is ``IMG 0412-Blue …``."""
    return _HUMPS.sub(" ", _SUFFIX.sub("", name)).replace("_", " ")


def stem(word: str) -> str:
    """Return an English word without its plural.

    Source: Harman, "How Effective Is Suffixing?", JASIS 42 (1991), the S stemmer.
    """
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _run(run: str, span: tuple[int, int]) -> TokenRun:
    return _pairs(run, span) if _IS_PAIRED.match(run) else _words(run, span)


def _words(run: str, span: tuple[int, int]) -> TokenRun:
    if run.isalnum():
        return TokenRun((run[:MAX_TOKEN],), "", False, *span)
    words = tuple(word[:MAX_TOKEN] for word in _CONNECTORS.split(run))
    is_one = 1 < len(words) <= _MAX_JOINED and not _DECIMAL.search(run)
    joined = "".join(words) if is_one else ""
    return TokenRun(words, joined if len(joined) <= MAX_TOKEN else "", False, *span)


def _pairs(run: str, span: tuple[int, int]) -> TokenRun:
    pairs = [run[at : at + 2] for at in range(len(run))]
    return TokenRun(tuple(pairs), "", True, *span)

"""Everyday words in English, Chinese and German, and phrases made of them.

Captions are whole sentences about photos. What people type is short, and says things that no
caption says; these words, written for this project, carry that across languages: the English
phrase has a row already, and the others learn it.
"""

import random
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_GENDERS = {"r": ("ein", "er"), "e": ("eine", "e"), "s": ("ein", "es"), "p": ("", "e")}
_UNBENT = {"rosa", "lila", "orange", "beige"}
_MASS = {"food", "nature", "event"}
_COUNTERS = {"animal": "一只", "person": "一个", "clothing": "一件", "thing": "一个"}


@dataclass(frozen=True, slots=True)
class LexiconWord:
    """An everyday word.

    Attributes:
        kind: ``colour``, ``person``, ``verb``, ``place``, ``animal`` and so on.
        english: The English word.
        chinese: Its Chinese words, the usual one first.
        german: Its German one, without article.
        gender: ``r``, ``e``, ``s`` or ``p`` for der, die, das, plural; empty where it is no noun.
    """

    kind: str
    english: str
    chinese: tuple[str, ...]
    german: str
    gender: str = ""


@dataclass(frozen=True, slots=True)
class SaidThrice:
    """One thing said in three languages."""

    english: str
    chinese: str
    german: str


def read_words() -> list[LexiconWord]:
    """Read the words that lie beside this module."""
    words, kind = [], ""
    for line in (_FOLDER / "lexicon.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            english, chinese, german = line.split("|")
            gender, _, noun = german.partition(" ")
            is_noun = kind not in {"colour", "adjective", "verb", "place"}
            if not is_noun:
                gender, noun = "", german
            words.append(LexiconWord(kind, english, tuple(chinese.split(",")), noun, gender))
    return words


def traditional() -> dict[str, str]:
    """Return the traditional character of each simplified one that has another."""
    pairs = (_FOLDER / "traditional.txt").read_text("utf-8").split()
    found: dict[str, str] = {}
    for pair in pairs:
        old, new = pair[0], pair[1]
        if old != new:
            found.setdefault(new, old)
    return found


def phrases(count: int, seed: int) -> list[SaidThrice]:
    """Return every word alone and with an article, then ``count`` phrases of several words."""
    rng = random.Random(seed)
    words = read_words()
    by_kind: dict[str, list[LexiconWord]] = {}
    for word in words:
        by_kind.setdefault(word.kind, []).append(word)
    made = [SaidThrice(one.english, said, one.german) for one in words for said in one.chinese]
    nouns = [word for word in words if word.gender]
    made += [_framed(word, "a photo of", rng) for word in nouns]
    for _ in range(count):
        kind = rng.random()
        if kind < 0.4:
            made.append(_coloured(rng, by_kind))
        elif kind < 0.85:
            made.append(_scene(rng, by_kind))
        else:
            one, other = rng.choice(nouns), rng.choice(nouns)
            made.append(_together(one, other))
    return made


def _framed(word: LexiconWord, frame: str, rng: random.Random) -> SaidThrice:
    chinese = f"一张{rng.choice(word.chinese)}的照片"
    return SaidThrice(f"{frame} {_with_article(word)}", chinese, f"Foto von {word.german}")


def _coloured(rng: random.Random, by_kind: dict[str, list[LexiconWord]]) -> SaidThrice:
    noun = rng.choice([*by_kind["clothing"] * 2, *by_kind["thing"], *by_kind["animal"]])
    colour = rng.choice(by_kind["colour"] if rng.random() < 0.75 else by_kind["adjective"])
    said = rng.choice(colour.chinese)
    link = "的" if rng.random() < 0.5 or len(said) > 2 else ""
    german = f"{bent(colour.german, noun)} {noun.german}"
    return SaidThrice(
        f"{colour.english} {noun.english}", f"{said}{link}{rng.choice(noun.chinese)}", german
    )


def _scene(rng: random.Random, by_kind: dict[str, list[LexiconWord]]) -> SaidThrice:
    people = [one for one in by_kind["person"] if one.gender != "p"]  # verbs are singular
    who = rng.choice([*people * 2, *by_kind["animal"]])
    does, where = rng.choice(by_kind["verb"]), rng.choice(by_kind["place"])
    if who.kind == "animal":
        does = rng.choice(by_kind["verb"][:8])
    act = rng.choice(does.chinese)
    chinese = rng.choice(who.chinese)
    if not chinese.startswith(("一", "两")) and rng.random() < 0.5:
        chinese = _COUNTERS[who.kind] + chinese
    article, german = _GENDERS[who.gender][0], does.german.split(" ", 1)
    if rng.random() < 0.6:
        chinese += rng.choice(where.chinese) + act.removeprefix("在")
        said = [article, who.german, german[0], where.german, *german[1:]]
        english = f"{_with_article(who)} {does.english} {where.english}"
    else:
        chinese += act
        said = [article, who.german, *german]
        english = f"{_with_article(who)} {does.english}"
    return SaidThrice(english, chinese, " ".join(" ".join(said).split()))


def _together(one: LexiconWord, other: LexiconWord) -> SaidThrice:
    return SaidThrice(
        f"{one.english} and {other.english}",
        f"{one.chinese[0]}和{other.chinese[0]}",
        f"{one.german} und {other.german}",
    )


def _with_article(word: LexiconWord) -> str:
    if word.gender == "p" or word.kind in _MASS or word.english.split()[0] in {"two", "people"}:
        return word.english
    return f"{'an' if word.english[0] in 'aeiou' else 'a'} {word.english}"


def bent(adjective: str, noun: LexiconWord) -> str:
    """Return a German adjective as it stands before a noun without an article."""
    if adjective in _UNBENT:
        return adjective
    ending = _GENDERS[noun.gender][1]
    stem = "hoh" if adjective == "hoch" else adjective.removesuffix("e")
    return stem + ending

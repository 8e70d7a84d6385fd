"""The records that have each word of a query, in any of the ways it may be written."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from binocle.catalog import text_rows, tokenizer
from binocle.catalog.base import CatalogReader
from binocle.metadata.english_words import known_english
from binocle.types import Int64Array
from search.keyword.postings import PostingReader, Postings, WordMatches, WordWay, join_ways
from search.keyword.query_matches import QueryMatches
from search.keyword.query_words import QueryWords, Window, Word
from search.query.negation.grammars import COLOURS
from search.rules.phrase_units import phrase_tokens
from search.spelling.collection_spelling import SELDOM, Spelling

_RELATIVE = 0.9
_UNFINISHED = 0.6
_SYNONYM = 0.95  # what was typed comes first of what is the same otherwise
_MISSPELT = {1: 0.6, 2: 0.4}
_SURE_OF_MISSPELT = {1: 0.85, 2: 0.7}  # that it is what was meant by what is no English word
_LESS_SURE = 0.2  # for short words
_APART = 0.4
_SHORT = 5  # letters; a correction of so short a word is often another word
_LEAST_BEGINNING = 2
_LEAST_NUMBER = 3  # digits of a number that may go on: the 15 of "iphone 15" is no 15W
_RARELY = 20_000  # a word in one of so many records, or in two of twice as many, may be misspelt
_SELDOM_A_BRAND = 100  # records, or a tenth of them: what more have is looked up no further
_MOST_MISSPELT = 8  # of a query's words are corrected


class WordMatcher:
    """Finds the records with words, as of one change of a collection. Thread-safe."""

    def __init__(self, state: str = "", records: int = 0, spelling: Spelling | None = None) -> None:
        """Set up.

        Args:
            state: Of the words that what is kept belongs to, see ``FullTextReader``.
            records: How many records there are.
            spelling: The vocabulary, which outlives changes.
        """
        self.records = records
        self._state = state
        self._spelling = spelling or Spelling()
        self._postings = PostingReader()

    def at(self, session: CatalogReader) -> "WordMatcher":
        """Return this one if it belongs to the session's state, else a fresh one."""
        state = session.words.state()
        if state == self._state:
            return self
        return WordMatcher(state, session.records.count(), self._spelling)

    def match(self, session: CatalogReader, wording: QueryWords) -> QueryMatches:
        """Return what the records have of a query.

        A number among other words that a record has in its file name or id only, as ``255.jpg``
        has, is seldom what was meant: it counts, but not strictly.
        """
        words = self._words(session, wording)
        if not any(len(word.record_ids) for word in words):
            return QueryMatches()
        whole, alone = _whole(session, wording)
        return QueryMatches(
            tuple(words),
            whole,
            alone,
            required=self._with_each(session, wording.required),
            excluded=self._with_each(session, wording.excluded),
            asked=wording.words,
        )

    def _with_each(
        self, session: CatalogReader, phrases: Sequence[tuple[str, ...]]
    ) -> tuple[Int64Array, ...]:
        return tuple(self._postings.phrases(session, [one]).record_ids for one in phrases)

    def _words(self, session: CatalogReader, wording: QueryWords) -> list[WordMatches]:
        """Return the records with each word, in the query's order; one said again counts once."""
        windows = [*self._windows(session, wording), *self._synonyms(session, wording)]
        numbers = {word.run for word in wording.words if _is_code(word)}
        found: dict[tuple[str, bool, bool], WordMatches] = {}
        for place, word in enumerate(wording.words):
            key = (word.token, word.is_beginning, word.may_go_on)
            if key in found:
                continue
            ways = [way for window, way in windows if window.first <= place < window.end]
            is_number = word.token.isdigit() and len(wording.words) > 1
            own = self._own(session, wording.words, place)
            before = _before(wording.words, place)
            matches = self._word(session, place, word, ways, own, before, names_count=not is_number)
            found[key] = replace(matches, is_of_number=word.run in numbers)
        return list(found.values())

    def _own(self, session: CatalogReader, words: Sequence[Word], place: int) -> Postings:
        """Return the records with a word as it was typed; of a colour beside other words, as one.

        Whoever asks for red shoes asks for none that is only made by Red Tape.
        """
        token = words[place].token
        if token not in COLOURS or len(words) < 2:
            return self._postings.word(session, token, _before(words, place))
        following = words[place + 1].token if place + 1 < len(words) else ""
        return self._postings.colour(session, token, following)

    def _word(
        self,
        session: CatalogReader,
        place: int,
        word: Word,
        ways: list[WordWay],
        own: Postings,
        before: str,
        *,
        names_count: bool,
    ) -> WordMatches:
        typed = not word.is_beginning
        is_cut = typed and self._is_cut(session, word, len(own.record_ids))
        if is_cut:
            weight, sure = _MISSPELT[1], _SURE_OF_MISSPELT[1]
            ways = [*ways, WordWay(own, weight, word.token, is_strict=False, sureness=sure)]
        elif typed:
            itself = WordWay(own, 1.0, word.token, is_strict=True, names_count=names_count)
            ways = [itself, *ways]
            ways += self._relatives(session, word, before)
        least = _LEAST_NUMBER if word.token.isdigit() else _LEAST_BEGINNING
        if word.is_beginning or (word.may_go_on and len(word.token) >= least):
            weight = _UNFINISHED if typed else 1.0
            longer = self._postings.beginning(session, word.token)
            sure = _sureness(weight, word.token) if typed else 1.0
            ways.append(WordWay(longer, weight, word.token, is_strict=False, sureness=sure))
        known = 0 if is_cut else sum(len(way.matches.record_ids) for way in ways)
        if typed and place < _MOST_MISSPELT and known <= min(2, self.records // _RARELY):
            ways += self._nearly(session, word)
        found = [way for way in ways if len(way.matches.record_ids)]
        opens = self._opens(session, word, len(own.record_ids)) if typed else 0
        return join_ways(place, found, typed=typed, is_code=_is_code(word), opens=opens)

    def _opens(self, session: CatalogReader, word: Word, count: int) -> int:
        """Return how many titles begin with a word; of one that many records have none is read."""
        if word.paired or not 0 < count <= max(_SELDOM_A_BRAND, self.records // 10):
            return 0
        return len(self._postings.openings(session, word.token).record_ids)

    def _is_cut(self, session: CatalogReader, word: Word, count: int) -> bool:
        """Tell whether all that has a word has only what is left of a longer one."""
        return 0 < count <= SELDOM and self._spelling.is_cut(session, word.token)

    def _relatives(self, session: CatalogReader, word: Word, before: str) -> list[WordWay]:
        if word.paired or not word.token.isalpha():
            return []
        found = session.words.relatives(tokenizer.stem(word.token))
        return [
            WordWay(
                self._postings.word(session, one, before),
                _RELATIVE,
                one,
                is_strict=False,
                sureness=_RELATIVE,
            )
            for one in found
            if one != word.token
        ]

    def _nearly(self, session: CatalogReader, word: Word) -> list[WordWay]:
        """Return what an unknown word may mean: two words written as one, or a misspelling."""
        token = word.token
        if word.paired:
            return self._apart(session, word)
        if not token.isalpha():
            return []
        cuts = [(token[:at], token[at:]) for at in range(3, len(token) - 2)]
        known = session.words.known([half for cut in cuts for half in cut])
        cuts = [cut for cut in cuts if known.issuperset(cut)]
        ways = [
            WordWay(self._postings.phrases(session, [cut]), 1.0, " ".join(cut), is_strict=True)
            for cut in cuts
        ]
        if any(len(way.matches.record_ids) for way in ways):
            return ways
        near_by = self._spelling.near(session, token)
        is_english = bool(near_by) and bool(known_english([token]))
        return [
            WordWay(
                self._postings.phrases(session, [(near,)]),
                _MISSPELT[distance],
                near,
                is_strict=False,
                sureness=(
                    _sureness(_MISSPELT[distance], token)
                    if is_english
                    else _SURE_OF_MISSPELT[distance] - _LESS_SURE * (len(token) < _SHORT)
                ),
            )
            for distance, several in near_by.items()
            for near in several
        ]

    def _apart(self, session: CatalogReader, word: Word) -> list[WordWay]:
        """Return where both characters of an unknown pair stand: 红裙 is a 红色连衣裙.

        Of a run's last pair the last character counts alone where both are nowhere: what is
        looked for stands at the end, such as the shoe of 红色鞋.
        """
        if len(set(word.token)) != 2:
            return []
        first, second = (self._postings.beginning(session, one) for one in word.token)
        both = first.both(second)
        if not len(both.record_ids) and word.ends_run:
            return [WordWay(second, _APART, word.token[1], is_strict=False, sureness=_APART)]
        return [WordWay(both, _APART, word.token, is_strict=False, sureness=_APART)]

    def _windows(self, session: CatalogReader, wording: QueryWords) -> list[tuple[Window, WordWay]]:
        """Return what is found of the other ways to write neighbouring words."""
        plain = [one.phrases[0][0] for one in wording.windows if one.phrases[0][0].isalpha()]
        known = session.words.known(plain) if plain else set()
        found = []
        for window in wording.windows:
            if len(window.phrases) == 1 and len(window.phrases[0]) == 1:
                joined = window.phrases[0][0]
                if joined.isalpha() and joined not in known:
                    continue
            matches = self._postings.phrases(session, window.phrases)
            if len(matches.record_ids):
                inside = wording.words[window.first : window.end]
                label = " ".join(word.token for word in inside)
                code = any(word.has_digits for word in inside)
                found.append((window, WordWay(matches, 1.0, label, is_strict=True, is_code=code)))
        return found

    def _synonyms(
        self, session: CatalogReader, wording: QueryWords
    ) -> list[tuple[Window, WordWay]]:
        """Return what is found of what rules say may stand in the place of words."""
        found = []
        for window in wording.synonyms:
            place = Window(window.first, window.end, ())
            ways = dict.fromkeys(way for one in window.others for way in _forms(session, one))
            for tokens, label in ways:
                if len(tokens) == 1 and len(label) == 1:  # of a script in pairs
                    matches = self._postings.beginning(session, label)
                else:
                    matches = self._postings.phrases(session, [tokens])
                if window.beside:
                    matches = matches.both(self._postings.beginning(session, window.beside))
                if len(matches.record_ids):
                    found.append((place, WordWay(matches, _SYNONYM, label, is_strict=True)))
        return found


def _forms(session: CatalogReader, synonym: str) -> list[tuple[tuple[str, ...], str]]:
    """Return a synonym as tokens and as it is shown, and so with its last word's other forms."""
    *first, last = phrase_tokens(synonym)
    if not last.isalpha() or not last.isascii():
        return [((*first, last), " ".join(tokenizer.fold(synonym).split()))]
    forms = dict.fromkeys([last, *session.words.relatives(tokenizer.stem(last))])
    return [((*first, form), " ".join([*first, form])) for form in forms]


def _whole(session: CatalogReader, wording: QueryWords) -> tuple[Int64Array, Int64Array]:
    """Return the records with all that was typed in one piece, and those that say just that."""
    if len(wording.whole) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows = session.words.rows_with([wording.whole])
    groups = rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1)
    is_text = (groups == text_rows.TITLE) | (groups == text_rows.CAPTION)
    is_all = is_text & ((rows & text_rows.LENGTH_MASK) == len(wording.whole))
    owners = rows >> text_rows.RECORD_SHIFT
    return np.unique(owners), np.unique(owners[is_all])


def _before(words: Sequence[Word], place: int) -> str:
    """Return the word that was typed before another; nothing where it is the first."""
    return words[place - 1].token if place else ""


def _is_code(word: Word) -> bool:
    """Tell whether a word is like a model number, or part of one."""
    return word.has_digits and len(word.token) > 2


def _sureness(weight: float, token: str) -> float:
    """Return how sure a corrected or unfinished word is what was meant: longer ones are more."""
    return min(_RELATIVE, weight * weight * len(token) / _SHORT)

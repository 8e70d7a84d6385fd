"""Where the words of a query are a phrase that rules have synonyms for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from binocle.catalog import tokenizer
from search.rules.phrase_units import units_of_run
from search.rules.ranking_rules import SynonymTable


@dataclass(frozen=True, slots=True)
class SynonymWindow:
    """Some neighbouring words of a query, and what else to look for in their place.

    Attributes:
        first: Place of the first word it stands for.
        end: Place behind the last.
        typed: What they say, as the rules write it.
        others: Other ways to say it.
        beside: A character that must be there too: of a pair that is half inside the phrase.
    """

    first: int
    end: int
    typed: str
    others: tuple[str, ...]
    beside: str = ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of a query, and which of its words have it, from the first to the last."""

    text: str
    first: int
    last: int
    pairs: int = 0  # the number of its run, where that is cut into pairs


_BREAK = _Unit("", -1, -1)  # no phrase has it


@dataclass(slots=True)
class TypedUnits:
    """The units of a query, in order; see ``search.rules.phrase_units``.

    A character of a script in pairs is in two pairs. Those half inside a phrase, as ``女跑`` is of
    ``女跑鞋`` for ``跑鞋``, are there where a synonym is and their other character, wherever.
    """

    units: list[_Unit] = field(default_factory=list)

    def add(
        self, run: tokenizer.TokenRun, words: Sequence[str], *, first: int, number: int
    ) -> None:
        """Add a run.

        Args:
            run: The run.
            words: The tokens of the query's words that were made of it.
            first: The place of the first of these among all words.
            number: Of the run, from 1.
        """
        last = len(words) - 1
        if run.paired:
            for place, text in enumerate(units_of_run(run)):
                begin, end = max(place - 1, 0), min(place, last)
                self.units.append(_Unit(text, first + begin, first + end, number))
            return
        for place, word in enumerate(words):
            self.units.append(_Unit(tokenizer.stem(word), first + place, first + place))

    def interrupt(self) -> None:
        """Note that what follows is no part of the same phrase."""
        self.units.append(_BREAK)

    def windows(self, synonyms: SynonymTable, places: Mapping[int, int]) -> Iterable[SynonymWindow]:
        """Yield the phrases that have synonyms.

        Args:
            synonyms: What there are.
            places: Where words that count stand among these, by their place among all words.
        """
        said = [one.text for one in self.units]
        for start, unit in enumerate(said):
            for units, typed, others in synonyms.by_unit.get(unit, ()):
                end = start + len(units)
                if tuple(said[start:end]) != units:
                    continue
                for first, last, beside in self._words(start, end):
                    kept = [places[one] for one in range(first, last + 1) if one in places]
                    if kept:
                        yield SynonymWindow(kept[0], kept[-1] + 1, typed, others, beside)

    def _words(self, start: int, end: int) -> Iterable[tuple[int, int, str]]:
        """Yield which words say some units: from, to, and what else a pair among them says."""
        first, last = self.units[start].first, self.units[end - 1].last
        before, after = self._beside(start, start - 1), self._beside(end - 1, end)
        if before:
            yield first, first, before
        if after:
            yield last, last, after
        inside = first + bool(before), last - bool(after)
        if inside[0] <= inside[1]:
            yield *inside, ""

    def _beside(self, inside: int, other: int) -> str:
        """Return a character that shares a pair with another one; nothing where none does."""
        if not 0 <= other < len(self.units) or not self.units[inside].pairs:
            return ""
        beside = self.units[other]
        return beside.text if beside.pairs == self.units[inside].pairs else ""

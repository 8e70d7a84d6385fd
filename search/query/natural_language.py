"""What somebody means by a few plain words after a first answer.

People narrow a search as they speak: "without people", "but at night", "blue instead of red".
A handful of English patterns tell what is to be added, kept away or replaced; whatever none of
them fits is added as it stands. This is a convenience for doors where only words come in; a
dialogue system that knows better uses ``Refinement`` itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from binocle.metadata.filters import And, Comparison, Filter
from binocle.metadata.visible_text import visible
from search.query.bounds.date_phrases import date_wish, forgets_date
from search.query.bounds.price_phrases import PriceWish, only_price, price_wish
from search.query.negation.negated_words import without_negated
from search.query.query import Sort, Term
from search.query.stored_words import NOTHING_STORED, StoredWords

_LEAD = re.compile(
    r"^(?:(?:and|but|please|ok|okay|now|then|also|just|only|show(?: me)?|make (?:it|them)"
    r"|i want|i'd like|it should be|they should be|should be|rather)\b[\s,]*)+",
    re.IGNORECASE,
)
_MANNERS = re.compile(r"[\s,]+(?:please|thanks|thank you|instead)$", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:any|some|the|a|an|with|having)\s+", re.IGNORECASE)
_AWAY = re.compile(
    r"^(?:without|with no|no more|no|not|isn't|aren't|nothing|never|except(?: for)?|excluding"
    r"|other than|anything but|don't show(?: me)?|do not show(?: me)?|less)\b\s*(?P<what>.+)$",
    re.IGNORECASE,
)
_REMOVE = re.compile(
    r"^(?:forget(?: about)?|drop|remove|never mind|nevermind|ignore)\b\s*(?P<what>.+)$",
    re.IGNORECASE,
)
_INSTEAD = (
    re.compile(r"^instead of (?P<old>[^,]+),\s*(?P<new>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<new>.+?)[,\s]+instead of (?P<old>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<new>.+?)[,\s]+rather than (?P<old>.+)$", re.IGNORECASE),
    re.compile(r"^replace (?P<old>.+?) (?:with|by) (?P<new>.+)$", re.IGNORECASE),
    re.compile(r"^not (?P<old>.+?),? but (?P<new>.+)$", re.IGNORECASE),
)
_SPLIT = re.compile(
    r"[,;.]\s+|\s+(?:and|but)\s+(?=(?:without|with no|no|not|only|except)\b)", re.IGNORECASE
)
_LIST = re.compile(r"\s*,\s*|\s+(?:or|nor|and)\s+(?:no\s+|without\s+)?", re.IGNORECASE)

_FORGET = re.compile(  # the price matters no more
    r"(?:(?:forget(?: about)?|drop|remove|ignore|never ?mind|clear|lift|no|any|whatever|at any)\s+"
    r"(?:the |my |any |all )?(?:prices?|budget|costs?)"
    r"(?:[ -](?:limits?|filters?|range|caps?|bounds?))?"
    r"|(?:the )?(?:price|cost|budget|money)s?\s+(?:does not|doesn'?t|don'?t|do not) matter"
    r"|(?:the )?(?:price|cost|budget|money) is (?:no object|irrelevant|not important)"
    r"|不[限管论看](?:价格|价钱|预算)|(?:价格|价钱|预算)(?:不限|不重要|无所谓|随意))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What plain words ask for; its parts go into a ``Query`` and its ``Refinement``.

    Attributes:
        terms: What to add; negative ones are kept away from.
        remove: Earlier texts to drop.
        swap: Earlier words, and what comes in their place.
        amounts: What the price, and the time of a photo, have to be; all of them.
        sort: By what to order hits.
        forgotten: Fields that earlier bounds and orders are of, which go.
    """

    terms: tuple[Term, ...] = ()
    remove: tuple[str, ...] = ()
    swap: tuple[tuple[str, str], ...] = ()
    amounts: tuple[Comparison, ...] = ()
    sort: tuple[Sort, ...] = ()
    forgotten: tuple[str, ...] = ()

    @property
    def where(self) -> Filter | None:
        """What the price and the time have to be, as a filter."""
        if len(self.amounts) < 2:
            return self.amounts[0] if self.amounts else None
        return And(self.amounts)


@dataclass
class _Reading:
    terms: list[Term] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    swap: list[tuple[str, str]] = field(default_factory=list)
    amounts: list[Comparison] = field(default_factory=list)
    sort: list[Sort] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    find_price: Callable[[], str | None] = lambda: None
    stored: StoredWords = NOTHING_STORED

    def phrase(self) -> Phrase:
        return Phrase(
            tuple(self.terms),
            tuple(self.remove),
            tuple(self.swap),
            tuple(self.amounts),
            tuple(self.sort),
            tuple(self.forgotten),
        )


def parse_turn(
    text: str,
    find_price: Callable[[], str | None] = lambda: None,
    stored: StoredWords = NOTHING_STORED,
) -> Phrase:
    """Read a refining phrase.

    Args:
        text: What was said, such as ``only at night, without people``.
        find_price: Names the field of prices, which ``under 60`` is then about; None for none.
            Asked only where an amount is said.
        stored: What the collection says itself in just these words is looked for as it stands.

    Returns:
        At least one of its parts is not empty, unless the text is blank.
    """
    found = _Reading(find_price=find_price, stored=stored)
    whole = re.sub(r"(?i)\brs\.\s*(?=\d)", "Rs ", " ".join(visible(text).split()).rstrip(".!?"))
    if not _read_swap(whole, found):
        for clause in _SPLIT.split(whole):
            _read(clause, found)
    phrase = found.phrase()
    return Phrase((Term(text=whole),)) if whole and phrase == Phrase() else phrase


def parse_first(
    text: str, find_price: Callable[[], str | None], stored: StoredWords = NOTHING_STORED
) -> Phrase:
    """Read a first question: what is not to be there, and what it says of price and time.

    Args:
        text: What was asked, such as ``headphones under 1000 but not red``; a last word in quotes
            is no price.
        find_price: As for ``parse_turn``.
        stored: Likewise.
    """
    text = visible(text)
    if not text.strip() or stored.is_title(text):
        return Phrase((Term(text=text),))
    rest, unwanted = without_negated(text, stored.has_phrase)
    dated = date_wish(rest, stored)
    wish = price_wish(dated.rest, find_price, stored) if dated.rest else PriceWish("")
    amounts = (*wish.amounts, *((dated.when,) if dated.when else ()))
    if not (amounts or wish.sort or unwanted):
        return Phrase((Term(text=text),))
    wanted = [Term(text=wish.rest)] if wish.rest else []
    return Phrase((*wanted, *map(_away, unwanted)), amounts=amounts, sort=wish.sort)


def _away(text: str) -> Term:
    return Term(text=text, weight=-1.0)


def _read(clause: str, found: _Reading) -> None:
    if _read_swap(clause, found):
        return
    bare = _MANNERS.sub("", _LEAD.sub("", clause).strip(" ,"))
    if not bare or _read_price(bare, found):
        return
    dated = date_wish(bare, found.stored)
    found.amounts += [dated.when] if dated.when else []
    if not dated.rest:
        return
    wish = price_wish(dated.rest, found.find_price, found.stored)
    bare = wish.rest
    found.amounts += wish.amounts
    found.sort += wish.sort
    if not bare:
        return
    if away := _AWAY.match(bare):
        for one in _LIST.split(away["what"]):
            if what := _plain(one):
                found.terms.append(_away(what))
    elif removed := _REMOVE.match(bare):
        found.remove.append(_plain(removed["what"]))
    else:
        what, unwanted = without_negated(bare, found.stored.has_phrase)
        found.terms += [Term(text=what)] if what else []
        found.terms += map(_away, unwanted)


def forgets_price(text: str) -> bool:
    """Tell whether a text says that the price matters no more."""
    return _FORGET.fullmatch(text) is not None


def _read_price(bare: str, found: _Reading) -> bool:
    """Read a text that is about nothing but the price, or says that the time does not matter."""
    if forgets_date(bare) and (field := found.stored.date_field()) is not None:
        found.forgotten.append(field)
        return True
    if forgets_price(bare) and (price := found.find_price()) is not None:
        found.forgotten.append(price)
        return True
    wish = only_price(bare, found.find_price)
    if wish is None:
        return False
    found.terms += [Term(text=wish.rest)] if wish.rest else []
    found.amounts += wish.amounts
    found.sort += wish.sort
    return True


def _read_swap(clause: str, found: _Reading) -> bool:
    bare = _LEAD.sub("", clause).strip(" ,")
    for pattern in _INSTEAD:
        if match := pattern.match(bare):
            old, new = _plain(match["old"]), _plain(match["new"])
            if old and new:
                found.swap.append((old, new))
                return True
    return False


def _plain(words: str) -> str:
    """Return words without the articles before and the marks around them."""
    return _ARTICLE.sub("", words.strip(" ,.!?\"'")).strip()

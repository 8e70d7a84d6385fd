"""What somebody means by a few plain words after a first answer.

People narrow a search as they speak: "without people", "but at night", "blue instead of red".
A handful of English patterns tell what is to be added, kept away or replaced; whatever none of
them fits is added as it stands. This is a convenience for doors where only words come in; a
dialogue system that knows better uses ``Refinement`` itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from binocle.metadata.filters import And, Comparison, Filter, Operator
from binocle.metadata.visible_text import visible
from search.query.negation import without_negated
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
_NUMBER = (
    r"(?:[$€£¥₹]|rs\.?)?\s*(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,12}(?:\.\d+)?)(?![\d,.]*\d)\s*"
    r"(?:[$€£¥₹]|dollars?\b|euros?\b|pounds?\b|rupees?\b|rs\b\.?|bucks\b|usd\b|eur\b|gbp\b|inr\b)?"
)
_BOUND = (
    r"(?:(?P<lte>(?:no|not) (?:more than|over|above)|at most|up to|max(?:imum)?(?: of)?)"
    r"|(?P<gte>(?:no|not) (?:less than|under|below)|at least|min(?:imum)?(?: of)?)"
    r"|(?P<lt>under|below|(?:less|cheaper) than)"
    r"|(?P<gt>over|above|more than)"
    rf"|(?:between|from)\s+(?P<first>{_NUMBER})\s+(?:and|to))\s+(?P<number>{_NUMBER})"
)
_AMOUNT = re.compile(_BOUND, re.IGNORECASE)
# What a text may end with: a bound, and how it is led to and followed.
_AT_END = re.compile(
    r"(?:^|(?<=[\s,]))(?:(?:that |which )?"
    r"(?:costs?|costing|priced(?: at)?|with a price(?: of)?|for)\s+)?"
    rf"{_BOUND}(?:[\s,]+please)?[.!?]*$",
    re.IGNORECASE,
)
_LONGEST_BOUND = 100  # characters; beyond, a text is searched for none
_MOST_BOUNDS = 4
_LOOSE = re.compile(r"\b(?:at (?:most|least)|up to|max(?:imum)?|min(?:imum)?)\b", re.IGNORECASE)
_CURRENCY = re.compile(
    r"[$€£¥₹]|\b(?:rs|dollars?|euros?|pounds?|rupees?|bucks|usd|eur|gbp|inr)\b", re.IGNORECASE
)
_NO_PRICE = re.compile(  # what an amount behind it is about, if not a price
    r"(?:\b(?:kids?|child|children|boys?|girls?|babies|baby|toddlers?|teens?|adults?|men|women|man"
    r"|woman|people|persons?|those|anyone|aged?|ages|years?|old|sizes?|with|inch(?:es)?))$",
    re.IGNORECASE,
)
_CHEAPEST = re.compile(
    r"(?:the )?(?:cheapest|lowest price)(?: (?:ones? )?first)?|sort(?:ed)? by price", re.IGNORECASE
)
_DEAREST = re.compile(
    r"(?:the )?(?:most expensive|dearest|highest price)(?: (?:ones? )?first)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What plain words ask for; its parts go into a ``Query`` and its ``Refinement``.

    Attributes:
        terms: What to add; negative ones are kept away from.
        remove: Earlier texts to drop.
        swap: Earlier words, and what comes in their place.
        amounts: What the price has to be; all of them.
        sort: By what to order hits.
    """

    terms: tuple[Term, ...] = ()
    remove: tuple[str, ...] = ()
    swap: tuple[tuple[str, str], ...] = ()
    amounts: tuple[Comparison, ...] = ()
    sort: tuple[Sort, ...] = ()

    @property
    def where(self) -> Filter | None:
        """What the price has to be, as a filter."""
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
    find_price: Callable[[], str | None] = lambda: None
    stored: StoredWords = NOTHING_STORED


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
    is_read = found.terms or found.remove or found.swap or found.amounts or found.sort
    if whole and not is_read:
        found.terms.append(Term(text=whole))
    return Phrase(
        tuple(found.terms),
        tuple(found.remove),
        tuple(found.swap),
        tuple(found.amounts),
        tuple(found.sort),
    )


def parse_first(
    text: str, find_price: Callable[[], str | None], stored: StoredWords = NOTHING_STORED
) -> Phrase:
    """Read a first question: what is not to be there, and what it says of the price at its end.

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
    what, amounts = _without_price(rest, find_price)
    if not amounts and not unwanted:
        return Phrase((Term(text=text),))
    wanted = [Term(text=what)] if what else []
    return Phrase((*wanted, *map(_away, unwanted)), amounts=amounts)


def _away(text: str) -> Term:
    return Term(text=text, weight=-1.0)


def _without_price(
    text: str, find_price: Callable[[], str | None]
) -> tuple[str, tuple[Comparison, ...]]:
    """Return a text without what it says of the price at its end, and what that is.

    "Under" and "over" are of a price unless persons, ages or sizes stand before; "at least" and
    the like, which are said of anything, only with a currency or beside another bound.
    """
    rest, found = text.strip(), list[re.Match[str]]()
    while len(found) < _MOST_BOUNDS and (match := _last_bound(rest)) is not None:
        found.append(match)
        head = rest[: match.start()].rstrip(" ,")
        rest = re.sub(r"(?:^|[\s,]+)(?:and|but)$", "", head)
    if not found or rest.count('"') % 2 or _NO_PRICE.search(rest):
        return text, ()
    is_loose = all(_LOOSE.search(one[0]) for one in found)
    if is_loose and rest and not any(_CURRENCY.search(one[0]) for one in found):
        return text, ()
    price = find_price()
    if price is None:
        return text, ()
    bounds = [bound for one in reversed(found) for bound in _bounds(one, price)]
    return rest, tuple(bounds)


def _last_bound(text: str) -> re.Match[str] | None:
    """Return the bound that a text ends with, as much of it as there is."""
    first = max(0, len(text) - _LONGEST_BOUND)
    matches = (_AT_END.match(text, at) for at in range(first, len(text)))
    return next((match for match in matches if match is not None), None)


def _read(clause: str, found: _Reading) -> None:
    if _read_swap(clause, found):
        return
    bare = _MANNERS.sub("", _LEAD.sub("", clause).strip(" ,"))
    if not bare or _read_amount(bare, found):
        return
    bare, amounts = _without_price(bare, found.find_price)
    found.amounts.extend(amounts)
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


def _read_amount(bare: str, found: _Reading) -> bool:
    amount = _AMOUNT.fullmatch(bare)
    cheapest, dearest = _CHEAPEST.fullmatch(bare), _DEAREST.fullmatch(bare)
    if not (amount or cheapest or dearest):
        return False
    price = found.find_price()
    if price is None:
        found.terms.append(Term(text=bare))
    elif amount:
        found.amounts.extend(_bounds(amount, price))
    else:
        found.sort.append(Sort(price, descending=dearest is not None))
    return True


def _bounds(amount: re.Match[str], price: str) -> tuple[Comparison, ...]:
    number = _number(amount["number"])
    if amount["first"] is not None:
        low, high = sorted((_number(amount["first"]), number))
        return Comparison(price, "gte", low), Comparison(price, "lte", high)
    operators: tuple[Operator, ...] = ("lt", "lte", "gt", "gte")
    operator = next(one for one in operators if amount[one] is not None)
    return (Comparison(price, operator, number),)


def _number(text: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text)
    assert digits is not None
    value = float(digits[0].replace(",", ""))
    return int(value) if value.is_integer() else value


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

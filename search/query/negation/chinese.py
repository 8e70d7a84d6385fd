"""What a Chinese question says is not to be there: 没有人的海滩 is a beach without people.

Chinese is written without spaces, so what is negated ends at a mark, at 但 or 而, or at the last
的, behind which stands the thing that is looked for; behind a place (沙滩上没有…) it does not. A
place at the end is looked for as well: 没有人在沙滩上.
"""

import re
from collections.abc import Callable

HAS_CHINESE = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")  # the same characters mean other things in Japanese
_CORE = re.compile(
    "(?<![有是要能会])(?:不想要|不需要|不要|不喜欢|不喜歡|不含有?|不包括|不包含|不[带帶戴穿]|不是"
    "|[没沒](?:有[穿戴带帶]?|[穿戴带帶]着?|着))"
)
_WORN = re.compile("[穿戴带帶]")
_EXCEPT = re.compile("除了(?P<what>[^，,。；;]+?)(?:(?:以外|之外|外)的?|(?=都|[，,。；;]|$))")
_BESIDES = re.compile("除(?P<what>[^，,。；;]+?)(?:以外|之外)的?")  # not of 除湿机 and 除夕
_NON = re.compile("(?<!\\w)非(?P<what>\\w{1,3}?色)的?")
_END = re.compile(
    "[，,。；;！!？?]|但是|但|而是|而|只要"
    "|(?<=.)在(?=[^的，,。；;]{1,12}[上里中下面边内外前后旁裡邊內後][。！!.？?]*$)"  # a place
)
_BUT = re.compile("^(?:而是|但是|但|而)要?")
_ANY = re.compile("^(?:任何|什么|一[个位只条件张双辆名匹])")
_PARTICLES = re.compile("[的了吗呢啊]+$")
_LIST = re.compile("、|或者|以及|(?<=.)(?:或|及|与|跟|和(?![服平谐尚牛]))也?")
_PLACE = re.compile("[上里中下面边内外前后旁裡邊內後]$")
_LEAD = re.compile(
    "^(?:请|我?想?要?|我想看|给我看?|看看|找)?(?:[这那一几两某]?(?:[个位只条件张双辆群名匹些]))?$"
)
_LEFT = re.compile(
    "^[，,。；;、\\s]*(?:也|和|而是|而|但是|但|只要|都可以|都行)?[，,。；;、\\s]*|[，,。；;、\\s也和]+$"
)


def without_negated_chinese(
    text: str, has_phrase: Callable[[str], bool] = lambda _: False
) -> tuple[str, tuple[str, ...]]:
    """Return what a Chinese text looks for, and what it says is not to be there.

    Args:
        text: Such as ``不要红色的裙子``.
        has_phrase: As for ``without_negated``.

    Returns:
        Such as ``裙子`` and ``("红色",)``; the text as it came where nothing is negated.
    """
    if _KANA.search(text):
        return text, ()
    rest, unwanted = _without_excepted(text, has_phrase)
    at = 0
    while core := _CORE.search(rest, at):
        end = _END.search(rest, core.end())
        said = rest[core.end() : end.start() if end else len(rest)]
        before, after = rest[: core.start()], _BUT.sub("", rest[end.start() :]) if end else ""
        may_be_of_all = "有" in core[0] or not _WORN.search(core[0])
        is_place = may_be_of_all and _PLACE.search(before.strip()) is not None
        verb = core[0][-1] if is_place and _WORN.search(core[0][-1]) else ""
        negated, head = (_bare(verb + said), "") if is_place else _split(said)
        items = _items(negated)
        if not items or has_phrase(core[0] + items[0]):
            at = core.end()
            continue
        unwanted += items
        before = "" if _LEAD.match(before.strip()) else before
        wanted = before if head in before else before + head
        rest, at = wanted + after, len(wanted)
    if not unwanted:
        return text, ()
    return _LEFT.sub("", _LEFT.sub("", rest)).strip(), tuple(dict.fromkeys(unwanted))


def _without_excepted(text: str, has_phrase: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Return a text without what "除了红色以外" and "非红色" say, and what these keep away from."""
    rest, unwanted = text, list[str]()
    for pattern in (_EXCEPT, _BESIDES, _NON):
        while (match := pattern.search(rest)) and not has_phrase(match[0]):
            outside = rest[: match.start()] + rest[match.end() :]
            negated, head = (match["what"], "") if outside else _split(match["what"])
            unwanted += _items(negated)
            rest = outside or head
    return rest, unwanted


def _split(said: str) -> tuple[str, str]:
    """Return what is negated, and the thing behind it that is looked for, if any."""
    negated, of, head = _bare(said).rpartition("的")
    return (negated, head.strip()) if of else (head, "")


def _bare(said: str) -> str:
    return _PARTICLES.sub("", said.strip())


def _items(said: str) -> list[str]:
    found = (_bare(_ANY.sub("", one.strip())) for one in _LIST.split(said))
    return [one for one in found if one]

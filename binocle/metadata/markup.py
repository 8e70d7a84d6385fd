"""Texts without HTML, which shops and feeds bring in their cells.

To a model and to an index of words the names of tags are words like others: "p" and "br" would be
found, and "amp" for every "&". Names of elements: https://html.spec.whatwg.org/#elements-3, and the
obsolete ones that shops still write.
"""

import re
from html import unescape

_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|figcaption|figure|footer|form"
    "|h[1-6]|head|header|hr|html|img|iframe|li|link|main|meta|nav|ol|option|p|pre|section|select"
    "|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|cite|code|del|dfn|em|font|i|input|ins|kbd|label|mark|nobr|q|s"
    "|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr"
)
_ATTRIBUTES = r"(?:\s[^<>]*|/)?"
_BLOCK = re.compile(rf"</?(?:{_BLOCKS}){_ATTRIBUTES}>", re.IGNORECASE)
_IN_LINE = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}>", re.IGNORECASE)
_UNSEEN = re.compile(
    r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,30});", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def without_markup(text: str) -> str:
    """Return a text without HTML's tags and comments, its entities as characters.

    A text that has none comes back as it is, and so does one of nothing else. ``a < b``, ``<3`` and
    ``AT&T`` are no markup.
    """
    if "<" not in text and "&" not in text:
        return text
    bare = _without_tags(text)
    plain = _ENTITY.sub(lambda entity: unescape(entity[0]), bare)
    if plain != bare == text:  # as feeds have it, tags are themselves written with entities
        plain = _without_tags(plain)
    if plain == text:
        return text
    return _LINES.sub("\n", _SPACES.sub(" ", plain)).strip() or text


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return _IN_LINE.sub("", _BLOCK.sub("\n", _UNSEEN.sub(" ", text)))

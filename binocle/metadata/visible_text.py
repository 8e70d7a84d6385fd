"""Texts without what nobody sees.

Texts that were copied from web pages and messengers bring zero-width spaces, marks of direction,
byte order marks and controls with them. To a model and to an index of words these are characters
like others.
"""

import re

_SPACES = re.compile(
    "[\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Joiners and the mark of emoji belong to what is no ASCII: they tell words of Persian and Hindi
# apart, and make one picture of several.
_STRAY = re.compile("(?:^|(?<=[\x00-\x7f]))[\u200c\u200d\ufe0f]+|[\u200c\u200d]+(?=[\x00-\x7f]|$)")


def visible(text: str) -> str:
    """Return a text without invisible characters and controls, every space as a plain one."""
    if text.isascii() and text.isprintable():
        return text
    return _STRAY.sub("", _INVISIBLE.sub("", _SPACES.sub(" ", text)))

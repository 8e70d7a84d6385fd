"""Words that are drawn together: a model cuts "don't" into pieces, of which "t" is a T-shirt's."""

import re

_DRAWN = re.compile(r"\b(?P<verb>[a-z]+?)n['\u2019]t\b", re.IGNORECASE)
_VERBS = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}


def spelt_out(text: str) -> str:
    """Return a text with its negated verbs in two words: ``don't`` is ``do not``."""
    return _DRAWN.sub(lambda one: f"{_VERBS.get(one['verb'].lower(), one['verb'])} not", text)

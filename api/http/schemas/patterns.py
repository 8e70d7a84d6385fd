"""Patterns that texts of a request must match, each with what it means to a person."""

from api.keys.key import KEY_NAME
from api.settings import COLLECTION_NAME
from search.query.query import LANGUAGE

NOT_BLANK = r"\S"
HAS_PLACE = r"\{\}"
NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
ONE_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$"
NO_NULLS = r"^[^\x00]+$"
OF_LANGUAGE = f"^{LANGUAGE.pattern}$"
HEX = "^[0-9a-f]*$"
MEANINGS = {
    NOT_BLANK: "must not be blank",
    HAS_PLACE: "must have {} where the label goes",
    NO_CONTROLS: "must have no control characters such as line ends",
    ONE_LINE: "must not be blank, nor have control characters such as line ends",
    NO_NULLS: "must have no null characters",
    OF_LANGUAGE: "must be the code of a language, such as de or pt-BR",
    HEX: "must be of the digits 0 to 9 and a to f",
    COLLECTION_NAME: (
        "must be 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
    ),
    KEY_NAME: "must be 1 to 64 letters, digits, spaces and . _ @ -, a letter or digit first",
}

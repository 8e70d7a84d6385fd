"""Bytes of text files as text: by their mark, by what was declared, as UTF-8, or as Windows has it.

Nothing is guessed from letters: what is no UTF-8 and has no mark is cp1252, of which Latin-1 is a
part, unless an encoding was declared.
"""

import codecs

from binocle.errors import UsageError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LONGEST_MARK = 4
FALLBACK = "cp1252"


def checked_encoding(name: str | None) -> str | None:
    """Return a declared encoding.

    Raises:
        UsageError: There is none of this name, or it is none of texts.
    """
    if name is None:
        return None
    try:
        "a".encode(name).decode(name)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"no encoding is called {name!r}; such as: utf-8, cp1252, shift-jis"
        ) from error
    return name


def marked_encoding(data: bytes) -> str | None:
    """Return the encoding that the first bytes of a file name; None for none."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def decoded(data: bytes, declared: str | None = None) -> str:
    """Return a text file's text; bytes that its encoding lacks become U+FFFD."""
    encoding = marked_encoding(data) or declared
    if encoding is not None:
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(FALLBACK, "replace")

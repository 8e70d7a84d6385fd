"""Bytes of text files as text: by their mark, by what was declared, as UTF-8, or as Windows has it.

Nothing is guessed from letters: what is no UTF-8 and has no mark is cp1252, of which Latin-1 is a
part, unless an encoding was declared. A file that is UTF-8 but for some damage stays UTF-8.
"""

import codecs
from pathlib import Path

from binocle.errors import SourceError, UsageError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LONGEST_MARK = 4
FALLBACK = "cp1252"
_PIECE_BYTES = 1024 * 1024
_LOST = "\ufffd"
_FEW_ZEROS, _TEXTS_ZEROS = 8, 200  # in a file; a text has at most one in so many bytes


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
    text = data.decode("utf-8", "replace")
    return text if _is_utf8(_counts(text)) else data.decode(FALLBACK, "replace")


def encoding_of(path: Path, declared: str | None = None, *, may_have_zeros: bool = False) -> str:
    """Return the encoding of a text file.

    Args:
        path: Where it is.
        declared: What it is in where it has no mark.
        may_have_zeros: Whether many zero bytes at its beginning do not tell that it is no text.

    Raises:
        SourceError: It is no text.
        OSError: It cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    lost = kept = 0
    with path.open("rb") as file:
        piece = file.read(_PIECE_BYTES)
        known = marked_encoding(piece[:LONGEST_MARK]) or declared
        if known is not None:
            return known
        if not may_have_zeros and _is_binary(piece):
            raise SourceError(
                f"{path} is a binary file, not a text; if it is UTF-16, say --encoding utf-16"
            )
        while piece:
            counts = _counts(decoder.decode(piece))
            lost, kept = lost + counts[0], kept + counts[1]
            piece = file.read(_PIECE_BYTES)
        lost += len(decoder.decode(b"", final=True))
    return "utf-8" if _is_utf8((lost, kept)) else FALLBACK


def _is_binary(piece: bytes) -> bool:
    """Tell whether bytes are no text by their zeros: a few in a text are damage, and dropped."""
    zeros = piece.count(0)
    return zeros > _FEW_ZEROS and zeros * _TEXTS_ZEROS > len(piece)


def _counts(text: str) -> tuple[int, int]:
    """Return how many characters of a text are lost, and how many letters beyond ASCII are not."""
    lost = text.count(_LOST)
    return lost, len(text) - len(text.encode("ascii", "ignore")) - lost


def _is_utf8(counts: tuple[int, int]) -> bool:
    lost, kept = counts
    return not lost or kept > lost

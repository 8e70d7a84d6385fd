"""How much one record may say of itself, whichever door it comes through.

A record is read, filtered, ranked and answered as a whole, and a field's name stands in every list
of fields. So one hostile record must not cost what a million plain ones do.
"""

from binocle.types import Metadata, MetadataValue, Skip

MAX_FIELDS = 1_000  # wide tables have some hundreds; each is a line among the collection's fields
MAX_NAME_CHARACTERS = 1_000  # nested JSON gives long dotted names; people do not read longer ones
MAX_TEXT_CHARACTERS = 1_000_000  # of a value or a text: a long novel
MAX_METADATA_CHARACTERS = 4_000_000  # of all values: what is read from disk for each hit shown


def problem_of_metadata(metadata: Metadata) -> Skip | None:
    """Return why a record cannot have this metadata; None where it can."""
    if len(metadata) > MAX_FIELDS:
        return _too_large(f"{len(metadata):,} metadata fields", f"{MAX_FIELDS:,}")
    total = 0
    for name, value in metadata.items():
        if len(name) > MAX_NAME_CHARACTERS:
            return _too_large(
                f"the {len(name):,} characters of the name of {_shown(name)}",
                f"{MAX_NAME_CHARACTERS:,}",
            )
        length = _length(value)
        if length > MAX_TEXT_CHARACTERS:
            return _too_large(
                f"the {length:,} characters of {_shown(name)}", f"{MAX_TEXT_CHARACTERS:,}"
            )
        several = [name, *value] if isinstance(value, list) else [name, value]
        if any(isinstance(one, str) and _has_halves(one) for one in several):
            return _half(_shown(name))
        total += len(name) + length
    if total > MAX_METADATA_CHARACTERS:
        return _too_large(
            f"the {total:,} characters of its metadata", f"{MAX_METADATA_CHARACTERS:,}"
        )
    return None


def problem_of_text(text: str, what: str) -> Skip | None:
    """Return why a text cannot be kept and embedded; None where it can.

    Args:
        text: It.
        what: What to call it.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        return _too_large(f"the {len(text):,} characters of {what}", f"{MAX_TEXT_CHARACTERS:,}")
    return _half(what) if _has_halves(text) else None


def _too_large(what: str, limit: str) -> Skip:
    reason = f"{what} are more than the limit of {limit}; shorten or split what it comes from"
    return Skip("too-large", reason)


def _half(what: str) -> Skip:
    reason = f"{what} has half a character, a lone surrogate; spell it whole, or leave it out"
    return Skip("unreadable", reason)


def _length(value: MetadataValue) -> int:
    """Return how many characters a value has, about."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(len(one) + 1 if isinstance(one, str) else 8 for one in value)
    return 8


def _has_halves(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _shown(name: str) -> str:
    short = name if len(name) <= 80 else f"{name[:80]}…"
    return f"the metadata field {short.encode('utf-8', 'backslashreplace').decode()!r}"

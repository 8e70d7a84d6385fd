"""What a source is told of what the collection has of it."""

from binocle.catalog.types import Item
from binocle.errors import DecodeTimeoutError, NotAPictureError, PictureTooLargeError
from binocle.types import Limits, Skip
from indexer.ledger import Ledger
from indexer.records import Outcome, Tally
from indexer.sources.base import Candidate


def line_of(key: str, fingerprint: str, code: str) -> Item:
    """Return what a ledger keeps of a candidate that was skipped for a reason."""
    ledger = Ledger(1, {}, Limits(), Tally())
    skip = Skip(code, "why")
    ((line,), _) = ledger.enter(Outcome(Candidate(key, fingerprint, key, key), None, (skip,)))
    return line


def below(prefix: str, *lines: Item) -> dict[str, str] | None:
    return Ledger(1, {one.key: one for one in lines}, Limits(), Tally()).below(prefix)


def test_lines_of_an_archive_are_told_as_they_were_given() -> None:
    known = Item("a.tar!/1.jpg", "v:1", "1", None, None)
    skipped = [
        line_of("a.tar!/2.jpg", "v:2", PictureTooLargeError.code),
        line_of("a.tar!/3.pdf", "v:3", NotAPictureError.code),
    ]
    others = line_of("b.tar!/1.jpg", "w:1", "unreadable"), Item("c.jpg", "x", "c", None, None)
    broken = line_of("a.tar!/1.jpg#picture-2", "v:1", "unreadable")
    lines = (known, *skipped, broken, *others)
    found = {"a.tar!/1.jpg": "v:1", "a.tar!/2.jpg": "v:2", "a.tar!/3.pdf": "v:3"}
    assert below("a.tar!/", *lines) == found
    assert below("", *lines) == {**found, "b.tar!/1.jpg": "w:1", "c.jpg": "x"}
    assert below("d.tar!/", *lines) == {}


def test_an_archive_of_which_something_is_tried_again_is_not_told_of() -> None:
    lines = (
        Item("a.tar!/1.jpg", "v:1", "1", None, None),
        line_of("a.tar!/2.jpg", "v:2", DecodeTimeoutError.code),
    )
    assert below("a.tar!/", *lines) is None
    assert below("b.tar!/", *lines) == {}

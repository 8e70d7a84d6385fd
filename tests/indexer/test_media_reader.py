"""Candidates are read, hashed and decoded ahead of the encoder; one bad picture stays one."""

from collections.abc import Iterator
from itertools import count
from typing import NoReturn

import pytest

from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Limits
from indexer.media_reader import MediaReader
from indexer.sources.base import Candidate, ImageRef
from tests.support import picture_bytes

SPEC = ImageSpec(8, 8)
LIMITS = Limits(max_bytes=100_000)


def candidate(number: int, data: bytes | None = None, *, size_bytes: int = 0) -> Candidate:
    held = picture_bytes(number) if data is None else data
    image = ImageRef("image", f"{number}.jpg", lambda: held, size_bytes)
    return Candidate(str(number), "", str(number), f"{number}.jpg", images=(image,))


@pytest.fixture
def decoders() -> Iterator[DecoderPool]:
    with DecoderPool(2, LIMITS) as pool:
        yield pool


def test_candidates_come_out_in_their_order(decoders: DecoderPool) -> None:
    reader = MediaReader(decoders, SPEC)
    assert [one.candidate.key for one in reader.run(candidate(n) for n in range(20))] == [
        str(number) for number in range(20)
    ]


@pytest.mark.parametrize(
    ("spec", "given", "held"),
    [(SPEC, 5, 5), (ImageSpec(8, 8), None, 1028), (ImageSpec(160, 160), None, 877),
     (ImageSpec(1024, 1024), None, 132)],
)  # fmt: skip
def test_no_more_is_read_than_the_look_ahead_allows(
    decoders: DecoderPool, spec: ImageSpec, given: int | None, held: int
) -> None:
    taken = 0

    def endless() -> Iterator[Candidate]:
        nonlocal taken
        for number in count():
            taken += 1
            yield candidate(number % 3)

    run = MediaReader(decoders, spec, is_known=lambda _: True, look_ahead=given).run(endless())
    next(run)
    run.close()
    assert taken == held + 1


def test_a_known_content_is_hashed_and_not_decoded_until_asked_again(
    decoders: DecoderPool,
) -> None:
    reader = MediaReader(decoders, SPEC, is_known=lambda _: True)
    (known,) = reader.read(candidate(1)).images
    (again,) = reader.read(candidate(1), again=True).images
    assert known.picture is None
    assert known.skip is None
    assert again.picture is not None
    assert again.sha256 == known.sha256 != b""


def test_a_broken_picture_costs_only_itself(decoders: DecoderPool) -> None:
    found = list(MediaReader(decoders, SPEC).run([candidate(1), candidate(2, b"no picture")]))
    assert found[0].images[0].picture is not None
    assert found[1].images[0].skip is not None
    assert found[1].images[0].skip.code == "not-a-picture"


def test_a_picture_over_the_limit_is_not_read(decoders: DecoderPool) -> None:
    def read() -> NoReturn:
        raise AssertionError

    image = ImageRef("image", "big.jpg", read, LIMITS.max_bytes + 1)
    (found,) = (
        MediaReader(decoders, SPEC).read(Candidate("1", "", "1", "big.jpg", images=(image,))).images
    )
    assert found.skip is not None
    assert found.skip.code == "too-large"
    assert "100,001 bytes are more than the limit of 100,000" in found.skip.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError(2, "No such file"), "missing"),
        (PermissionError(13, "Permission denied"), "unreadable-file"),
        (MemoryError(), "too-large"),
    ],
)
def test_what_cannot_be_read_says_why(
    decoders: DecoderPool, error: BaseException, code: str
) -> None:
    def read() -> NoReturn:
        raise error

    image = ImageRef("image", "a.jpg", read)
    (found,) = (
        MediaReader(decoders, SPEC).read(Candidate("1", "", "1", "a.jpg", images=(image,))).images
    )
    assert found.skip is not None
    assert found.skip.code == code


def test_a_decoder_that_cannot_be_started_is_no_fault_of_the_picture(
    decoders: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **_options: object) -> NoReturn:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("binocle.media.decoder_pool.subprocess.Popen", fail)
    with pytest.raises(OSError, match="Cannot allocate"):
        MediaReader(decoders, SPEC).read(candidate(1))

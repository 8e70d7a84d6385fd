"""From read pictures to records: what is embedded, and what is embedded together."""

from collections.abc import Iterator

from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits
from indexer.media_reader import MediaReader, Prepared, PreparedImage
from indexer.records import Embedder, Tally, chunks
from indexer.sources.base import Candidate, TextRef
from indexer.sources.uploads import uploaded_image
from tests.support import Bench, picture_bytes


def shown(key: str, *seeds: int, text: str = "") -> Candidate:
    images = tuple(uploaded_image("image", picture_bytes(seed)) for seed in seeds)
    texts = (TextRef("title", "t", text),) if text else ()
    return Candidate(key, "", key, "uri", {"width": 1}, images, texts)


def test_chunks_fill_a_batch_of_new_pictures_and_lose_nothing(bench: Bench) -> None:
    with DecoderPool(1, Limits()) as decoders:
        reader = MediaReader(decoders, bench.encoder.image_spec)
        prepared = [reader.read(shown(str(n), n % 5)) for n in range(12)]
    known = {prepared[0].images[0].sha256}
    found = list(chunks(prepared, batch_size=lambda: 2, known=known))
    assert [[one.candidate.key for one in chunk] for chunk in found] == [
        ["0", "1", "2"], ["3", "4"], ["5", "6", "7", "8", "9", "10", "11"],
    ]  # fmt: skip
    assert len(known) == 5


def test_pictures_are_read_before_the_encoder_must_know_how_many_it_takes() -> None:
    order: list[str] = []

    def prepared() -> Iterator[Prepared]:
        for number in range(3):
            order.append("read")
            yield Prepared(shown(str(number)))

    def batch_size() -> int:
        order.append("asked")
        return 2

    assert len(list(chunks(prepared(), batch_size=batch_size, known=set()))) == 1
    assert order == ["read", "asked", "read", "read"]


def test_a_record_has_its_parts_in_order_and_the_source_s_metadata_goes_first(
    bench: Bench,
) -> None:
    with DecoderPool(1, Limits()) as decoders:
        reader = MediaReader(decoders, bench.encoder.image_spec)
        tally = Tally()
        embedder = Embedder(bench.collection, bench.encoder, reader, tally)
        (outcome,) = embedder.embed([reader.read(shown("a", 1, 2, 1, text="shoe"))])
        assert outcome.record is not None
        assert [part.kind for part in outcome.record.parts] == ["image"] * 3 + ["text"]
        assert (outcome.record.metadata["width"], outcome.record.metadata["height"]) == (1, 64)
        assert (tally.images_embedded, tally.texts_embedded, tally.reused) == (2, 1, 0)
        embedder.embed([reader.read(shown("b", 2, text="shoe"))])  # not committed yet
        assert (bench.encoder.images, bench.encoder.texts, tally.reused) == (2, 1, 2)


def test_a_content_that_was_known_when_it_was_read_and_is_gone_is_read_again(bench: Bench) -> None:
    candidate = shown("a", 1)
    lost = Prepared(candidate, (PreparedImage(candidate.images[0], candidate.images[0].sha256),))
    with DecoderPool(1, Limits()) as decoders:
        reader = MediaReader(decoders, bench.encoder.image_spec, is_known=lambda _: True)
        (outcome,) = Embedder(bench.collection, bench.encoder, reader, Tally()).embed([lost])
    assert outcome.record is not None
    assert outcome.skips == ()

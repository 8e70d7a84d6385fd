"""What is embedded for a request is written only when it is told to."""

from pathlib import Path

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits
from indexer.sources.base import Candidate
from indexer.sources.uploads import uploaded_image, uploaded_text
from indexer.upload import prepared_upload, store_upload
from tests.support import picture_bytes


def test_what_is_prepared_is_not_stored_and_one_bad_picture_costs_its_record(
    tmp_path: Path,
) -> None:
    good = Candidate("a", "", "a", "u", texts=(uploaded_text("t", "red"),),
                     images=(uploaded_image("image", picture_bytes(1)),))  # fmt: skip
    bad = Candidate("b", "", "b", "u", images=(uploaded_image("image", b"no picture"),))
    with (
        Collection(tmp_path / "c", create=True) as collection,
        DecoderPool(1, Limits()) as decoders,
    ):
        for work, stored in ((prepared_upload, 0), (store_upload, 1)):
            outcomes = work(collection, [good, bad], ColourEncoder(), decoders)
            assert [one.record is not None for one in outcomes] == [True, False]
            assert outcomes[1].skips[0].code == "not-a-picture"
            with collection.reading() as session:
                assert session.records.count() == stored
        part = collection.record("a").parts[0]
        assert part.picture is not None
        assert part.picture.colour is not None

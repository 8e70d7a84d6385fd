"""The wire of pictures in an archive."""

from pydantic import Field

from api.http.schemas.common import RecordId, Strict

MOST_RECORDS = 500


class OriginalsIn(Strict):
    """Of which records."""

    ids: list[RecordId] = Field(min_length=1, max_length=MOST_RECORDS, description="Of records")

"""The tree of deliberate errors, each with its code.

    BinocleError                    error
      UsageError                    usage
        FilterError                 bad-filter
        RulesError                  bad-rules
        QueryError                  bad-query
          CursorError               bad-cursor
            StaleCursorError        stale-cursor
          SavedQueryError           bad-turn
          UrlError                  bad-url
      NotFoundError                 not-found
      SourceError                   bad-source
        NothingIndexedError         nothing-indexed
      ModelError                    bad-model
        ModelUnavailableError       model-unavailable
      SpaceMismatchError            space-mismatch
      StorageError                  storage
        BusyError                   busy
        DamagedListError            damaged-list
        UnreachableError            unreachable
      PictureError                  unreadable
        PictureTooLargeError        too-large
        PictureTruncatedError       truncated
        NotAPictureError            not-a-picture
        DecodeTimeoutError          timeout
        DecoderCrashError           decoder-crash

Every message names the thing, the limit and the remedy. Rooms raise; only the doors in
``api`` turn an error into an exit code or a status code. ``code`` is stable: programs may
compare it, and the catalogue stores it as the reason a file was skipped.
"""


class BinocleError(Exception):
    """Base of everything Binocle raises on purpose.

    Attributes:
        term: Which term of a query it is about, from 0; None for none, or where nobody knows.
    """

    code = "error"
    term: int | None = None


class UsageError(BinocleError):
    """The request itself is wrong: an option, a name, a value."""

    code = "usage"


class FilterError(UsageError):
    """A filter cannot be understood."""

    code = "bad-filter"


class RulesError(UsageError):
    """Ranking rules cannot be understood, or are beyond a limit.

    Attributes:
        place: Which rule it is about, such as ``curations.3``; None for none.
    """

    code = "bad-rules"
    place: str | None = None


class QueryError(UsageError):
    """A query cannot be answered as asked."""

    code = "bad-query"


class CursorError(QueryError):
    """A cursor is damaged, or belongs to another query."""

    code = "bad-cursor"


class StaleCursorError(CursorError):
    """A cursor was good once; the pages it belongs to cannot be gone on with any more."""

    code = "stale-cursor"


class SavedQueryError(QueryError):
    """An earlier query that is to be refined is not known, or not any more."""

    code = "bad-turn"


class UrlError(QueryError):
    """What a query's URL names may not, or cannot, be fetched."""

    code = "bad-url"


class NotFoundError(BinocleError):
    """A collection, record or source does not exist."""

    code = "not-found"


class SourceError(BinocleError):
    """A source as a whole cannot be read."""

    code = "bad-source"


class NothingIndexedError(SourceError):
    """A run ended without a single record from a source."""

    code = "nothing-indexed"


class ModelError(BinocleError):
    """A model cannot be loaded or used."""

    code = "bad-model"


class ModelUnavailableError(ModelError):
    """A model's weights are neither here nor to be fetched."""

    code = "model-unavailable"


class SpaceMismatchError(BinocleError):
    """Vectors of one space were about to meet a collection of another."""

    code = "space-mismatch"


class StorageError(BinocleError):
    """The catalogue or an index file cannot be read or written.

    Attributes:
        has_no_room: The disk is full, or fails; what was committed is kept.
    """

    code = "storage"
    has_no_room = False


class BusyError(StorageError):
    """Somebody else holds what this operation needs."""

    code = "busy"


class DamagedListError(StorageError):
    """A list of hashes that a collection keeps is not as it was put, so nothing asks it."""

    code = "damaged-list"


class UnreachableError(StorageError):
    """The server that has the vectors cannot be reached, or refuses; what it has is not touched."""

    code = "unreachable"


class PictureError(BinocleError):
    """One picture cannot be used. Its neighbours are not touched."""

    code = "unreadable"


class PictureTooLargeError(PictureError):
    """A picture has more pixels or bytes than the limit allows."""

    code = "too-large"


class PictureTruncatedError(PictureError):
    """A picture file ends before its pixels do."""

    code = "truncated"


class NotAPictureError(PictureError):
    """A file's content is in no picture format Binocle reads."""

    code = "not-a-picture"


class DecodeTimeoutError(PictureError):
    """Decoding one picture took too long and was ended."""

    code = "timeout"


class DecoderCrashError(PictureError):
    """The decoder process died on a picture."""

    code = "decoder-crash"

"""The one error that a client raises."""


class ClientError(Exception):
    """A request that was refused, or never answered.

    Attributes:
        status: Of HTTP; 0 where there was no answer.
        code: The service's, as in its docs/http.md; ``unreachable``, ``timeout``, ``no-problem``
            (not the service); or, where nothing was sent, ``invalid`` (what was asked is no JSON,
            or a name no Unicode) or ``unreadable`` (a picture's path).
        detail: For a person.
        field: The part of the request at fault, where one is.
        request_id: To be looked for in the service's log.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.request_id = request_id

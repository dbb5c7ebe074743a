"""What can go wrong with a call, told by the one question that matters: may AT have taken it?"""

from enum import StrEnum

from ujumbe.domain.errors import UjumbeError


class Taken(StrEnum):
    """Whether AT took the request."""

    NO = "not taken"
    ANSWERED = "answered"
    MAYBE = "maybe taken"


class ProviderError(UjumbeError):
    """A call to AT that gave no usable reply. The class says what may be done next."""

    taken: Taken = Taken.MAYBE

    def __init__(self, message: str, *, http_status: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.http_status = http_status
        self.body = body
        """The start of what AT answered, for the record; never shown in logs."""


class NotTakenError(ProviderError):
    """The request surely had no effect: the connection was never made, or AT said 429. It may be repeated."""

    taken = Taken.NO

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, body=body)
        self.retry_after = retry_after
        """Seconds AT asked us to wait, where it did."""


class RefusedError(ProviderError):
    """AT answered that it will not: repeating the same request gives the same answer."""

    taken = Taken.ANSWERED


class CredentialsError(RefusedError):
    """AT does not accept the username and API key (HTTP 401): nothing goes through until they are mended."""


class MaybeTakenError(ProviderError):
    """AT may have taken the request and nobody can tell: it must not be repeated, since AT has no idempotency key."""

    taken = Taken.MAYBE

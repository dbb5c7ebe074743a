"""Times in requests: RFC 3339 with an offset."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _written_out(given: Any) -> Any:
    # Pydantic reads a bare number as seconds or milliseconds, whichever seems likelier.
    if not isinstance(given, str) or not _DATE.match(given.strip()):
        raise ValueError("a time is written as in 2026-03-04T10:30:00+03:00 (RFC 3339)")
    return given


def _storable(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year must be 1970 to 9000")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_storable), BeforeValidator(_written_out)]
"""A time with an offset; without one the request is not valid, since nobody could say which hour is meant."""

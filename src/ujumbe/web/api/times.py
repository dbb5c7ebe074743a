"""Times in requests: RFC 3339 with an offset."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _storable(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year must be 1970 to 9000")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
"""A time with an offset; without one the request is not valid, since nobody could say which hour is meant."""

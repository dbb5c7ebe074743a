"""What a page says where Africa's Talking was asked to do something: done, not done, or not known."""

from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

from ujumbe.africastalking.errors import NotTakenError, ProviderError, Taken
from ujumbe.flows.reconciling import ListError
from ujumbe.flows.subscribing import DeclinedError

T = TypeVar("T")


class Trouble(NamedTuple):
    """Why it was not done, or why nobody knows: for people, with the next step. `status` is the page's."""

    status: int
    text: str


async def asked(work: Awaitable[T]) -> T | Trouble:
    """What came of asking AT."""
    try:
        return await work
    except (DeclinedError, ListError) as error:
        return Trouble(502, f"{error}. Nothing was changed here.")
    except NotTakenError as error:
        return Trouble(503, f"{error}. Nothing was changed; try again in a moment.")
    except ProviderError as error:
        if error.taken is Taken.ANSWERED:
            return Trouble(502, f"{error}. Nothing was changed here.")
        return Trouble(
            504,
            f"{error}. Africa's Talking may or may not have done it: its callback tells if it did. "
            "Compare with its list before you ask again.",
        )

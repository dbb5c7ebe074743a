"""DELETE /v1/people/{phone}: a person is erased on request."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ujumbe.domain import phone
from ujumbe.flows import erasing
from ujumbe.web.api.access import Live, needs

router = APIRouter(tags=["people"])


class Erased(BaseModel):
    """What was found. All 0 where nothing was, or where it was done before."""

    canceled: int = Field(description="Messages that waited and were canceled")
    messages: int = Field(description="Messages that lost number and text")
    inbound: int = Field(description="Incoming texts that lost number and text")
    callbacks: int = Field(description="Callbacks that were deleted, or lost the number")
    subscriptions: int = Field(description="Subscriptions that ended and lost the number")


@router.delete("/people/{number}", dependencies=[Depends(needs("admin"))])
async def erase_person(runtime: Live, number: str) -> Erased:
    """Erase a person; an opt-out goes on being honoured. Should the answer be lost, ask again."""
    parsed = phone.parse_query(number, field="phone", default_country=runtime.settings.default_country)
    found = await erasing.erase(runtime.db, parsed)
    return Erased(
        canceled=found.canceled,
        messages=found.messages,
        inbound=found.inbound,
        callbacks=found.callbacks,
        subscriptions=found.subscriptions,
    )

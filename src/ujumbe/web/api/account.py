"""/v1/account: whether sending goes on, and by whose word it stops and starts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints

from ujumbe.domain import text
from ujumbe.domain.moment import to_datetime
from ujumbe.domain.pause import Pause
from ujumbe.flows import pausing
from ujumbe.runtime import Runtime
from ujumbe.store import accounts
from ujumbe.web.api.access import Live, needs
from ujumbe.web.problems import Problem

router = APIRouter(tags=["account"])


class Account(BaseModel):
    """One account at Africa's Talking, and whether its messages go out."""

    username: str
    sending: bool
    paused_by: Pause | None
    reason: str
    paused_since: datetime | None
    next_probe: datetime | None
    slowed_until: datetime | None
    """Africa's Talking asked for fewer requests (HTTP 429): nothing is taken up before."""


class PauseOrder(BaseModel):
    """Why somebody pauses sending."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(max_length=200)] = ""


@router.get("/account", dependencies=[Depends(needs("read"))])
async def show_account(runtime: Live) -> Account:
    """Show whether sending goes on, and if not, why."""
    return await _shown(runtime)


@router.post("/account/pause", dependencies=[Depends(needs("admin"))])
async def pause_account(runtime: Live, body: PauseOrder | None = None) -> Account:
    """Take up nothing more until somebody resumes; what is under way goes on, and nothing is lost."""
    reason = text.storable(body.reason) if body else ""
    await runtime.db.write(pausing.hold, runtime.account, reason)
    return await _shown(runtime)


@router.post("/account/resume", dependencies=[Depends(needs("admin"))])
async def resume_account(runtime: Live) -> Account:
    """End whatever pause there is; 409 where there is none."""
    if not await runtime.db.write(pausing.go_on, runtime.account):
        raise Problem("conflict", "Sending is not paused")
    return await _shown(runtime)


async def _shown(runtime: Runtime) -> Account:
    health = await runtime.db.read(accounts.health, runtime.account)
    paused = health.pause is not Pause.NONE
    probing = paused and health.pause is not Pause.OPERATOR
    return Account(
        username=runtime.settings.at_username,
        sending=not paused,
        paused_by=health.pause if paused else None,
        reason=health.note,
        paused_since=to_datetime(health.paused_at) if paused else None,
        next_probe=to_datetime(health.probe_at) if probing else None,
        slowed_until=to_datetime(health.slow_until) if health.slow_until else None,
    )

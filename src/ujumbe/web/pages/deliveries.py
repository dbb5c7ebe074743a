"""What one webhook was sent, each try with what the receiver answered, and having it told again."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.event import MEANING
from ujumbe.domain.ids import Kind
from ujumbe.domain.webhook import DELIVERY_MEANING, DeliveryState
from ujumbe.flows import dispatching
from ujumbe.store import deliveries
from ujumbe.store.database import Tx
from ujumbe.store.deliveries import Counts, Delivery
from ujumbe.web.pages.page import Administering, Viewing
from ujumbe.web.pages.webhooks import find
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 25
"""Deliveries of a page: each comes with all of its tries."""
HOUR_MS: Final = 3_600_000
SINCE: Final = {"1": "the last hour", "24": "the last 24 hours", "72": "the last three days", "0": "any time"}
"""Hours that a failure may lie back; 0 is for ever."""
NONE_FAILED: Final = (
    "Nothing was given up in that time. What waits is tried again by itself; or press an event to have it delivered now"
)


@router.get("/webhooks/{webhook_id}")
async def show(
    page: Viewing,
    webhook_id: str,
    state: DeliveryState | None = None,
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Show an endpoint and what it was sent, newest event first."""
    webhook = await find(page, webhook_id)
    end = None if before is None else ids.read(Kind.EVENT, before, field="before")
    counts, listed = await page.read(_list, webhook.id, state, end)
    return await page.render(
        "webhook.html",
        webhook=webhook,
        id=webhook_id,
        counts=counts,
        listed=listed,
        next=None if listed.next is None else page.query(before=ids.show(Kind.EVENT, listed.next)),
        state=state,
        states=DELIVERY_MEANING,
        before=before,
        types=webhook.types,
        meanings=MEANING,
        since=SINCE,
        window=deliveries.WINDOW,
        about=about,
    )


@router.post("/webhooks/{webhook_id}/redeliver")
async def redeliver(page: Administering, webhook_id: str) -> Response:
    """Deliver one event again, whatever became of it before."""
    webhook = await find(page, webhook_id)
    if webhook.disabled_at is not None:
        raise Problem("conflict", "The webhook is switched off; switch it on first")
    seq = ids.read(Kind.EVENT, str((await page.form()).get("event", "")), field="event")
    found = await dispatching.redeliver_one(page.runtime.db, page.runtime.account, webhook, seq)
    if not found:
        gone = "Nothing was changed: the event is no longer in the log, or is being delivered at this moment."
        return page.redirect(f"/webhooks/{webhook_id}", said=gone)
    await page.runtime.db.write(page.note, "redeliver event", ids.show(Kind.EVENT, seq))
    return page.redirect(f"/webhooks/{webhook_id}", said="It is delivered again; what is answered shows below.")


@router.post("/webhooks/{webhook_id}/retry")
async def retry(page: Administering, webhook_id: str) -> Response:
    """Try what failed again, as far back as is asked."""
    webhook = await find(page, webhook_id)
    if webhook.disabled_at is not None:
        raise Problem("conflict", "The webhook is switched off; switch it on first")
    hours = str((await page.form()).get("since", "0"))
    since = page.now - int(hours) * HOUR_MS if hours in SINCE and hours != "0" else 0
    done, more = await dispatching.retry_failed(page.runtime.db, webhook, since)
    if done:
        await page.runtime.db.write(page.note, "retry deliveries", webhook_id)
    said = f"{done:,} {'is' if done == 1 else 'are'} tried again" if done else NONE_FAILED
    rest = ". There are more: press it once more" if more else ""
    return page.redirect(f"/webhooks/{webhook_id}", said=f"{said}{rest}.")


def _list(tx: Tx, webhook: int, state: DeliveryState | None, before: int | None) -> tuple[Counts, deliveries.Page]:
    found = deliveries.page(tx, webhook, state=state, before=before, limit=PER_PAGE)
    return deliveries.counts(tx, webhook), found


def about(delivery: Delivery) -> str:
    """The page of what an event is about; empty where it has none of its own."""
    kind = delivery.type.partition(".")[0]
    if kind != "message" or delivery.type == "message.received":
        return ""
    return f"/messages/{ids.show(Kind.MESSAGE, delivery.subject)}"

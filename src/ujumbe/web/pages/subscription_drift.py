"""Our subscribers against Africa's Talking's list: what differs is shown first, and recorded on a second word."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.flows import reconciling
from ujumbe.flows.reconciling import Drift
from ujumbe.store.subscriptions import Product
from ujumbe.web.pages.fields import line
from ujumbe.web.pages.page import Operating
from ujumbe.web.pages.provider import Trouble, asked
from ujumbe.web.pages.subscriptions import path_of

router = APIRouter()

MOST_SHOWN: Final = 100
"""Numbers of each kind; all are counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one product."""

    product: Product
    drift: Drift | None
    trouble: Trouble | None

    @property
    def path(self) -> str:
        """The product's page."""
        return path_of(self.product)


@router.post("/subscriptions/compare")
async def compare(page: Operating) -> Response:
    """Compare one product, or all, with AT's list; with `record` make ours the same. It lasts as long as the lists."""
    form = await page.form()
    given = Product(*(line(form, name) for name in Product._fields))
    record, runtime = form.get("record") == "1", page.runtime
    outcomes = []
    for product in await reconciling.chosen(runtime.db, runtime.account, *given):
        work = reconciling.sync(runtime.db, runtime.client, runtime.account, product, record=record)
        came = await asked(work)
        outcomes.append(Outcome(product, None, came) if isinstance(came, Trouble) else Outcome(product, came, None))
    drifts = [each.drift for each in outcomes if each.drift is not None]
    started, ended = sum(len(each.started) for each in drifts), sum(len(each.ended) for each in drifts)
    if record:
        detail = f"{started} started, {ended} ended"
        await runtime.db.write(page.note, "sync subscriptions", detail=detail)
    troubles = [each.trouble for each in outcomes if each.trouble is not None]
    if record and outcomes and not troubles:
        place = outcomes[0].path if len(outcomes) == 1 else "/subscriptions"
        return page.redirect(place, f"Ours is as its list now: {started:,} started here, {ended:,} ended here.")
    return await page.render(
        "subscription_drift.html",
        status=troubles[0].status if troubles else 200,
        outcomes=outcomes,
        given=given,
        differs=started + ended,
        recorded=record,
        most=MOST_SHOWN,
    )

"""The review list: texts that may ask to stop in words of their own, each for a person to decide about."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.flows import consent
from ujumbe.store import conversations, reviews
from ujumbe.store.database import Tx
from ujumbe.store.reviews import Decision, Review
from ujumbe.web.pages.fields import line
from ujumbe.web.pages.page import Operating, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 20
LIST: Final = "/opt-outs/reviews"
SAID: Final = {
    Decision.OPT_OUT: "Opted out of all senders; the text is kept as the proof.",
    Decision.DISMISS: "Off the list. Texts to them go on.",
}
DECIDED: Final = "Somebody had decided about it before; nothing was changed."


@router.get(LIST)
async def list_reviews(page: Viewing, before: Annotated[str, Query(max_length=40)] = "") -> Response:
    """List what waits for a decision, newest first."""
    end = ids.read(Kind.REVIEW, before, field="before") if before else None
    found = await page.read(_waiting, page.runtime.account, end)
    shown = found[:PER_PAGE]
    more = len(found) > PER_PAGE
    return await page.render(
        "reviews.html",
        reviews=shown,
        first=LIST if before else None,
        next=page.query(before=ids.show(Kind.REVIEW, shown[-1][0].id)) if more else None,
        operates=page.viewer.may(Role.OPERATOR),
    )


@router.post(f"{LIST}/{{review}}")
async def decide(page: Operating, review: str) -> Response:
    """Carry out a decision, once."""
    form = await page.form()
    number, wanted = ids.read(Kind.REVIEW, review), line(form, "decision")
    if wanted not in set(Decision):
        raise Problem("bad-request", "A decision is opt_out or dismiss")
    if await page.read(reviews.find, page.runtime.account, number) is None:
        return page.redirect(LIST, DECIDED)
    decision = Decision(wanted)
    action = "opt out on review" if decision is Decision.OPT_OUT else "dismiss review"
    found = await page.write(action, review, consent.decide, page.runtime.account, number, decision, page.viewer.name)
    return page.redirect(LIST, SAID[decision] if found else DECIDED)


def _waiting(tx: Tx, account: int, before: int | None) -> list[tuple[Review, int | None]]:
    """A page of what waits and one more, each with the id of its conversation."""
    found = reviews.open_page(tx, account, before=before, limit=PER_PAGE + 1)
    return [(each, _conversation(tx, account, each.number)) for each in found]


def _conversation(tx: Tx, account: int, number: str) -> int | None:
    heard = conversations.of_number(tx, account, number)
    return heard[0].id if heard else None

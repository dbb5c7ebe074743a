"""The callbacks: what Africa's Talking told us, as it came, and what became of each."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from ujumbe.africastalking.callbacks import LONGEST_KEY, Kind
from ujumbe.africastalking.form import fields
from ujumbe.domain import ids
from ujumbe.domain.ids import Kind as IdKind
from ujumbe.domain.text import storable
from ujumbe.flows import door
from ujumbe.runtime import answers_of
from ujumbe.store import audit, callbacks, conversations
from ujumbe.store.callbacks import MEANING, Fate, Kept
from ujumbe.store.database import Tx
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 50
LONGEST_BODY: Final = 20_000
"""Characters of a raw body that are shown."""
NAMES: Final = {
    Kind.REPORT: "Delivery report",
    Kind.INCOMING: "Incoming text",
    Kind.OPT_OUT: "Opt-out",
    Kind.SUBSCRIPTION: "Subscription",
}
SETTLED: Final = frozenset({Fate.APPLIED, Fate.DUPLICATE})
"""What a replay would not change."""
ANY: Final = BeforeValidator(lambda each: each or None)
"""A form without a script sends an empty word for what was not chosen."""
UNKNOWN: Final = "No callback has this id; old ones are deleted after UJUMBE_KEEP_CALLBACKS_DAYS"


@router.get("/callbacks")
async def show(
    page: Viewing,
    kind: Annotated[Kind | None, ANY] = None,
    state: Annotated[Fate | None, ANY] = None,
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Show callbacks, newest first."""
    end = None if before is None else ids.read(IdKind.CALLBACK, before, field="before")
    account = page.runtime.account
    found, further = await page.read(callbacks.look, account, kind=kind, fate=state, before=end, limit=PER_PAGE + 1)
    items, full = found[:PER_PAGE], len(found) > PER_PAGE
    following = items[-1].id if full else further
    return await page.render(
        "callbacks.html",
        callbacks=items,
        next=None if following is None else page.query(before=ids.show(IdKind.CALLBACK, following)),
        window=callbacks.WINDOW if not full and further is not None else 0,
        kind=kind,
        state=state,
        before=before,
        names=NAMES,
        meanings=MEANING,
        days=page.runtime.settings.keep_callbacks_days,
    )


@router.get("/callbacks/{callback_id}")
async def show_one(page: Viewing, callback_id: str) -> Response:
    """Show one callback as it was received, and why it was applied or not."""
    kept = await _find(page, callback_id)
    raw = kept.raw
    body = storable(raw.body.decode("utf-8", "replace"))
    form = fields(raw.body, raw.query, raw.content_type)
    told, talk = await page.read(_around, page.runtime.account, callback_id, kept, form.get("to", "").strip())
    return await page.render(
        "callback.html",
        kept=kept,
        id=callback_id,
        form=form,
        body=body,
        longest=LONGEST_BODY,
        cut=max(len(body) - LONGEST_BODY, 0),
        query=storable(raw.query.decode("utf-8", "replace")),
        names=NAMES,
        meanings=MEANING,
        settled=kept.fate in SETTLED,
        told=told,
        talk=talk,
    )


@router.post("/callbacks/{callback_id}/replay")
async def replay(page: Operating, callback_id: str) -> Response:
    """Apply a callback once more: each thing that it says is done once."""
    runtime = page.runtime
    kept = await _find(page, callback_id)
    answers = answers_of(runtime.settings, runtime.handlers)
    rules = door.Rules(runtime.account, answers, runtime.settings.default_country)
    done = await page.write("replay callback", callback_id, door.replay, rules, kept.id)
    runtime.tasks_due.set()  # a text may have come under a handler
    fate = kept.fate if done is None else done.fate
    if kept.fate is Fate.APPLIED:
        return page.redirect(f"/callbacks/{callback_id}", said="Replayed. It was applied before, so nothing changed.")
    return page.redirect(f"/callbacks/{callback_id}", said=f"Replayed: it is {fate} now.")


async def _find(page: Page, callback_id: str) -> Kept:
    found = await page.read(callbacks.find, page.runtime.account, ids.read(IdKind.CALLBACK, callback_id))
    if found is None:
        raise Problem("not-found", UNKNOWN)
    return found


def _around(tx: Tx, account: int, callback_id: str, kept: Kept, to: str) -> tuple[list[audit.Entry], int | None]:
    """Who did what to it; for a text, the id of the conversation that it is part of."""
    talk = None
    if kept.raw.kind == Kind.INCOMING and kept.fate in SETTLED and kept.number and len(to) <= LONGEST_KEY:
        found = conversations.of_number(tx, account, kept.number)
        talk = next((each.id for each in found if each.ours == to), None)
    return audit.of_subject(tx, account, callback_id), talk

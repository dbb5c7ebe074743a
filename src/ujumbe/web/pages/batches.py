"""Batches: how far a text to many has come, in numbers that add up."""

from collections import Counter
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import FINAL, State
from ujumbe.store import audit, batches
from ujumbe.store.audit import Entry
from ujumbe.store.batches import Found, Reason, Standing
from ujumbe.store.database import Tx
from ujumbe.web.pages import copy_as, explanation
from ujumbe.web.pages.fields import line
from ujumbe.web.pages.page import Operating, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

MOST: Final = 20
"""Batches in one view: twice what the longest list makes."""
CANCELED: Final = "canceled in the dashboard"
WAITS: Final = (State.SCHEDULED, State.QUEUED)
"""What has not left, and can be canceled."""
BAR: Final = 1000
"""Units of length of the bar."""
_ORDER: Final = (
    State.DELIVERED, State.SENT, State.SENDING, State.QUEUED, State.SCHEDULED, State.UNCERTAIN, State.UNDELIVERED,
    State.FAILED, State.EXPIRED, State.BLOCKED, State.CANCELED,
)  # fmt: skip
"""Of the bar and the table: what went well, what is under way, what did not."""

With = Annotated[str, Query(alias="with", max_length=400)]


class Share(NamedTuple):
    """The messages in one state, as a part of the bar: where it begins and how long it is."""

    state: State
    number: int
    begin: float
    length: float


class Cause(NamedTuple):
    """How many messages came to a state for one cause, in words of the shop."""

    number: int
    state: State
    why: str
    next: str
    """What to do; empty where nothing is to be done."""


class Seen(NamedTuple):
    """Some batches of one text."""

    found: list[Found]
    standing: Standing
    done: list[Entry]
    """What people did to them."""


@router.get("/batches/{batch_id}")
async def show(page: Viewing, batch_id: str, others: With = "") -> Response:
    """Show how a batch stands, together with others that were sent with it."""
    numbers = _numbers(batch_id, others)
    seen = await page.read(_read, page.runtime.account, numbers)
    shown = [ids.show(Kind.BATCH, each.id) for each in seen.found]
    counts = seen.standing.counts
    return await page.render(
        "batch.html",
        batch=seen.found[0],
        shown=shown,
        shares=_shares(counts),
        total=sum(counts.values()),
        waits=sum(counts.get(state, 0) for state in WAITS),
        open=sum(number for state, number in counts.items() if state not in FINAL),
        standing=seen.standing,
        causes=_causes(seen.standing.reasons),
        done=seen.done,
        together=",".join(shown[1:]),
        forms=copy_as.forms(page, "GET", f"/v1/batches/{shown[0]}"),
    )


@router.post("/batches/{batch_id}/cancel")
async def cancel(page: Operating, batch_id: str) -> Response:
    """Cancel what has not left yet, of all that are shown together."""
    numbers = _numbers(batch_id, line(await page.form(), "with"))
    await page.read(_read, page.runtime.account, numbers)
    canceled = 0
    for number in numbers:
        shown = ids.show(Kind.BATCH, number)
        canceled += await page.write("cancel batch", shown, batches.cancel, page.runtime.account, number, CANCELED)
    shown_others = ",".join(ids.show(Kind.BATCH, each) for each in numbers[1:])
    path = f"/batches/{ids.show(Kind.BATCH, numbers[0])}" + (f"?with={shown_others}" if shown_others else "")
    said = f"{canceled:,} canceled." if canceled else "Nothing was left to cancel: all of them have gone out or ended."
    return page.redirect(path, said)


def _numbers(batch_id: str, others: str) -> list[int]:
    """The ids of an address, each once. Raises a `Problem` where one is none."""
    given = [batch_id, *filter(None, others.split(","))]
    if len(given) > MOST:
        raise Problem("not-found", f"At most {MOST} batches are shown together")
    return list(dict.fromkeys(ids.read(Kind.BATCH, each) for each in given))


def _read(tx: Tx, account: int, numbers: list[int]) -> Seen:
    found = [batches.find(tx, account, each) for each in numbers]
    there = [each for each in found if each is not None]
    if len(there) < len(numbers):
        raise Problem("not-found", "No batch has this id")
    done = [entry for each in numbers for entry in audit.of_subject(tx, account, ids.show(Kind.BATCH, each))]
    return Seen(there, batches.standing(tx, numbers), sorted(done, key=lambda entry: entry.id))


def _shares(counts: dict[State, int]) -> list[Share]:
    total = sum(counts.values())
    shares: list[Share] = []
    begin = 0.0
    for state in _ORDER:
        if number := counts.get(state, 0):
            length = number * BAR / total
            shares.append(Share(state, number, round(begin, 2), round(length, 2)))
            begin += length
    return shares


def _causes(reasons: list[Reason]) -> list[Cause]:
    """Reasons that mean the same for a person are one."""
    found: Counter[tuple[State, str, str]] = Counter()
    for each in reasons:
        words = explanation.cause(each.reason, each.state), explanation.told(each.state, each.reason).next
        found[each.state, *words] += each.number
    return [Cause(number, *words) for words, number in found.most_common()]

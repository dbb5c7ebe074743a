"""The list of opt-outs: who wants no more texts from whom, found by number, source and sender."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import consent as scopes
from ujumbe.domain import ids
from ujumbe.domain.consent import DEFAULT_SENDER
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.store import opt_out_search
from ujumbe.store.database import Tx
from ujumbe.store.opt_out_search import Filters, Found
from ujumbe.store.opt_outs import Source
from ujumbe.web.pages.page import Page, Viewing

router = APIRouter()

PER_PAGE: Final = 50
COUNTED: Final = 10_001
"""As far as those in force are counted: above it a page says 10,000+."""
FEWEST_DIGITS: Final = 3
LONGEST_ENDING: Final = 8
"""More digits than these are a whole number without its country, and its leading zero stands for that."""
ALL_SENDERS: Final = "*"
"""How an address names those that are about all senders: no sender is called so."""
TOLD: Final = {
    Source.KEYWORD: "a stop word of theirs",
    Source.CALLBACK: "Africa's Talking's opt-out",
    Source.REFUSAL: "refused when sending",
    Source.REPORT: "a delivery report",
    Source.OPERATOR: "recorded by hand",
    Source.IMPORT: "an imported list",
}
"""Who told us, in words."""

Word = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list shows."""

    found: Found
    senders: list[str]
    in_force: int


@router.get("/opt-outs")
async def list_opt_outs(
    page: Viewing, q: Word = "", source: Word = "", sender: Word = "", show: Word = "", before: Word = ""
) -> Response:
    """List opt-outs in force, or all there ever were, as the filters have it."""
    end = ids.read(Kind.OPT_OUT, before, field="before") if before else None
    wanted, hint = filters_of(page, storable(q), source, storable(sender), ended=show == "all")
    listing = await page.read(_listing, page.runtime.account, wanted, end)
    settings = page.runtime.settings
    named = [*listing.senders, settings.at_sender_id, settings.at_shortcode, DEFAULT_SENDER, *_given(sender)]
    return await page.render(
        "opt_outs.html",
        listing=listing,
        counted=COUNTED,
        told=TOLD,
        senders=sorted({scopes.scope(each): each for each in named if each}.values(), key=str.casefold),
        q=q,
        source=source,
        sender=sender,
        scope=scopes.scope,
        hint=hint,
        ended=wanted.ended,
        filtered=wanted.some or bool(wanted.number),
        first=page.query(before=None) if before else None,
        next=page.query(before=ids.show(Kind.OPT_OUT, listing.found.next)) if listing.found.next else None,
        operates=page.viewer.may(Role.OPERATOR),
    )


def filters_of(page: Page, q: str, source: str, sender: str, *, ended: bool) -> tuple[Filters, str]:
    """What is wanted, and what to tell of a number that cannot be looked for."""
    number, ending, hint = _sought(page, q)
    told = Source(source) if source in set(Source) else None
    scope = None if not sender else "" if sender == ALL_SENDERS else scopes.scope(sender)
    return Filters(ended, number, ending, told, scope), hint


def _sought(page: Page, q: str) -> tuple[str, str, str]:
    """A whole number, or last digits, or why neither; nothing of it where nothing was typed."""
    if not q.strip():
        return "", "", ""
    digits = re.sub(r"\D", "", q)
    if q.strip()[0] in "+0" or len(digits) > 9:
        try:
            return page.number(q), "", ""
        except InvalidInputError as error:
            if page.viewer.masked or len(digits) < FEWEST_DIGITS:
                return "", "", f"No number can be read from this: {error}"
    if page.viewer.masked:  # digit by digit, endings would give numbers away
        return "", "", "Numbers are masked for you: type a whole number, as in +254711000111"
    if len(digits) < FEWEST_DIGITS:
        return "", "", f"Type a whole number, or at least its last {FEWEST_DIGITS} digits"
    return "", digits.removeprefix("0") if len(digits) > LONGEST_ENDING else digits, ""


def _listing(tx: Tx, account: int, wanted: Filters, before: int | None) -> Listing:
    return Listing(
        opt_out_search.look(tx, account, wanted, before=before, limit=PER_PAGE),
        opt_out_search.senders(tx, account),
        opt_out_search.in_force(tx, account, COUNTED),
    )


def _given(sender: str) -> list[str]:
    """The sender of the address, so that the list of senders has it whatever it holds."""
    return [sender] if sender.strip() and sender != ALL_SENDERS else []

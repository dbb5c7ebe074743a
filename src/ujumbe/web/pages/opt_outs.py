"""Opt-outs: who said stop, how we know, and what an operator does about one."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from ujumbe.domain import consent as scopes
from ujumbe.domain import erased, ids, phone
from ujumbe.domain import sender as senders
from ujumbe.domain.consent import DEFAULT_SENDER
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.flows import consent
from ujumbe.store import audit, conversations, opt_out_search, opt_outs
from ujumbe.store.conversations import Conversation
from ujumbe.store.database import Tx
from ujumbe.store.opt_out_search import Filters, Found
from ujumbe.store.opt_outs import OptOut, Source
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 50
COUNTED: Final = 10_001
"""As far as those in force are counted: above it a page says 10,000+."""
LONGEST_REASON: Final = 500
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


@dataclass(frozen=True, slots=True)
class Person:
    """All that one number ever said, newest first, and its latest conversation."""

    history: list[OptOut]
    conversation: Conversation | None

    @property
    def number(self) -> str:
        """The number, or the mark that stands in its place."""
        return self.history[0].number

    @property
    def in_force(self) -> list[OptOut]:
        """What holds now."""
        return [each for each in self.history if each.ended_at is None]


@router.get("/opt-outs")
async def list_opt_outs(
    page: Viewing, q: Word = "", source: Word = "", sender: Word = "", show: Word = "", cursor: Word = ""
) -> Response:
    """List opt-outs in force, or all there ever were, as the filters have it."""
    before = ids.read(Kind.OPT_OUT, cursor, field="cursor") if cursor else None
    wanted, hint = filters_of(page, storable(q), source, storable(sender), ended=show == "all")
    listing = await page.read(_listing, page.runtime.account, wanted, before)
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
        first=page.query(cursor=None) if cursor else None,
        next=page.query(cursor=ids.show(Kind.OPT_OUT, listing.found.next)) if listing.found.next else None,
        operates=page.viewer.may(Role.OPERATOR),
    )


@router.get("/opt-outs/new")
async def ask_new(page: Operating, to: Annotated[str, Query(alias="for", max_length=40)] = "") -> Response:
    """Show the form that records one by hand; `for` is an opt-out of the number that it is about."""
    person = await _person(page, to) if to else None
    return await _new(page, {"number": "", "sender": "", "reason": "", "for": to}, person)


@router.post("/opt-outs/new")
async def add(page: Operating) -> Response:
    """Record an opt-out by hand. Again is no error."""
    form = await page.form()
    given = {name: _text(form, name) for name in ("number", "sender", "reason", "for")}
    person = await _person(page, given["for"]) if given["for"] else None
    errors: dict[str, str] = {}
    number = person.number if person else _read(errors, "number", lambda: _parsed(page, given["number"]))
    sender = _read(errors, "sender", lambda: senders.check(given["sender"], field="sender"))
    reason = _read(errors, "reason", lambda: reason_of(given["reason"]))
    if person and erased.is_mark(person.number):
        errors["number"] = "This person was erased: give the number on the page before, if they write to you again"
    if errors:
        return await _new(page, given, person, errors, 422)
    made, opt_out = await page.runtime.db.write(_add, page, number, sender, reason)
    whom = sender or "all senders"
    said = f"Opted out of {whom}: nothing more goes there." if made else f"That number had opted out of {whom} before."
    return page.redirect(f"/opt-outs/{ids.show(Kind.OPT_OUT, opt_out)}", said)


@router.get("/opt-outs/{opt_out}")
async def show_person(page: Viewing, opt_out: str) -> Response:
    """Show all that the number of this opt-out ever said."""
    person = await _person(page, opt_out)
    return await page.render(
        "opt_out.html",
        person=person,
        opt_out=opt_out,
        told=TOLD,
        erased=erased.is_mark(person.number),
        of_all=any(not each.sender for each in person.in_force),
        operates=page.viewer.may(Role.OPERATOR),
        administers=page.viewer.may(Role.ADMIN),
    )


@router.get("/opt-outs/{opt_out}/lift")
async def ask_lift(page: Operating, opt_out: str) -> Response:
    """Ask how an operator knows that somebody wants to hear from us again."""
    return await _lift(page, opt_out, "")


@router.post("/opt-outs/{opt_out}/lift")
async def lift(page: Operating, opt_out: str) -> Response:
    """End an opt-out; how the operator knows is kept with it."""
    form = await page.form()
    given, errors = _text(form, "reason"), dict[str, str]()
    reason = _read(errors, "reason", lambda: reason_of(given, needed=True))
    if errors:
        return await _lift(page, opt_out, given, errors, 422)
    number, person = ids.read(Kind.OPT_OUT, opt_out), await _person(page, opt_out)
    if number not in {each.id for each in person.in_force}:
        return page.redirect(f"/opt-outs/{opt_out}", "It had ended before; nothing was changed.")
    proof = f"{page.viewer.name}: {reason}"
    done = await page.write("lift opt-out", opt_out, consent.lift, page.runtime.account, number, proof)
    said = "Lifted. The history stays." if done else "It had ended before; nothing was changed."
    return page.redirect(f"/opt-outs/{opt_out}", said)


def reason_of(given: str, *, needed: bool = False) -> str:
    """A reason as it is kept. Raises `InvalidInputError`."""
    if len(given) > LONGEST_REASON:
        raise InvalidInputError("reason", f"A reason has at most {LONGEST_REASON} characters; this has {len(given)}")
    if needed and not given.strip():
        raise InvalidInputError(
            "reason", "Say how you know: a letter, a call, a text of theirs. It is kept as the proof"
        )
    return storable(given.strip())


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
            return _parsed(page, q), "", ""
        except InvalidInputError as error:
            if page.viewer.masked or len(digits) < FEWEST_DIGITS:
                return "", "", f"No number can be read from this: {error}"
    if page.viewer.masked:  # digit by digit, endings would give numbers away
        return "", "", "Numbers are masked for you: type a whole number, as in +254711000111"
    if len(digits) < FEWEST_DIGITS:
        return "", "", f"Type a whole number, or at least its last {FEWEST_DIGITS} digits"
    return "", digits.removeprefix("0") if len(digits) > LONGEST_ENDING else digits, ""


def _parsed(page: Page, number: str) -> str:
    return phone.parse_query(number, field="number", default_country=page.runtime.settings.default_country)


def _listing(tx: Tx, account: int, wanted: Filters, before: int | None) -> Listing:
    return Listing(
        opt_out_search.look(tx, account, wanted, before=before, limit=PER_PAGE),
        opt_out_search.senders(tx, account),
        opt_out_search.in_force(tx, account, COUNTED),
    )


def _given(sender: str) -> list[str]:
    """The sender of the address, so that the list of senders has it whatever it holds."""
    return [sender] if sender.strip() and sender != ALL_SENDERS else []


async def _person(page: Page, opt_out: str) -> Person:
    """Raises a `Problem` where no opt-out has this id."""
    found = await page.read(_find, page.runtime.account, ids.read(Kind.OPT_OUT, opt_out))
    if found is None:
        raise Problem("not-found", "No opt-out has this id")
    return found


def _find(tx: Tx, account: int, opt_out: int) -> Person | None:
    found = opt_outs.among(tx, account, [opt_out]).get(opt_out)
    if found is None:
        return None
    heard = conversations.of_number(tx, account, found.number)
    return Person(opt_outs.history(tx, account, found.number), heard[0] if heard else None)


def _add(tx: Tx, page: Page, number: str, sender: str, reason: str) -> tuple[bool, int]:
    """Record an opt-out; whether it is new, and the id of the one that is in force."""
    account, viewer = page.runtime.account, page.viewer
    made = opt_outs.insert(tx, account, number, sender, Source.OPERATOR, reason, viewer.name)
    holds = [each for each in opt_outs.history(tx, account, number) if each.ended_at is None]
    [opt_out] = [each.id for each in holds if scopes.scope(each.sender) == scopes.scope(sender)]
    if made:
        audit.add(tx, account, viewer.user, viewer.name, "add opt-out", ids.show(Kind.OPT_OUT, opt_out))
    return made, opt_out


async def _new(
    page: Page, given: dict[str, str], person: Person | None, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    settings = page.runtime.settings
    known = {each for each in (settings.at_sender_id, settings.at_shortcode, DEFAULT_SENDER) if each}
    return await page.render(
        "opt_out_new.html", status=status, given=given, person=person, errors=errors or {}, senders=sorted(known)
    )


async def _lift(
    page: Page, opt_out: str, reason: str, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    person, number = await _person(page, opt_out), ids.read(Kind.OPT_OUT, opt_out)
    [this] = [each for each in person.history if each.id == number] or person.history[:1]
    if this.ended_at is not None:
        return page.redirect(f"/opt-outs/{opt_out}", "It has ended; there is nothing to lift.")
    others = [each for each in person.in_force if each.id != number]
    return await page.render(
        "opt_out_lift.html",
        status=status,
        this=this,
        opt_out=opt_out,
        others=others,
        reason=reason,
        errors=errors or {},
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return storable(value) if isinstance(value, str) else ""


def _read(errors: dict[str, str], name: str, read: Any) -> str:
    """What a field holds; where it is wrong, `errors` get what would be right."""
    try:
        return str(read())
    except InvalidInputError as error:
        told = str(error)
        errors[name] = told[:1].upper() + told[1:]
        return ""

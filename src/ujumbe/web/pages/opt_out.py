"""One person's opt-outs: all that a number ever said, one recorded by hand, one lifted."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import consent as scopes
from ujumbe.domain import erased, ids
from ujumbe.domain import sender as senders
from ujumbe.domain.consent import DEFAULT_SENDER
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.flows import consent
from ujumbe.store import conversations, opt_outs
from ujumbe.store.conversations import Conversation
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import OptOut, Source
from ujumbe.web.pages.fields import checked, line
from ujumbe.web.pages.opt_outs import TOLD
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

LONGEST_REASON: Final = 500


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


@router.get("/opt-outs/new")
async def ask_new(page: Operating, to: Annotated[str, Query(alias="for", max_length=40)] = "") -> Response:
    """Show the form that records one by hand; `for` is an opt-out of the number that it is about."""
    person = await _person(page, to) if to else None
    return await _new(page, {"number": "", "sender": "", "reason": "", "for": to}, person)


@router.post("/opt-outs/new")
async def add(page: Operating) -> Response:
    """Record an opt-out by hand. Again is no error."""
    form = await page.form()
    given = {name: line(form, name) for name in ("number", "sender", "reason", "for")}
    person = await _person(page, given["for"]) if given["for"] else None
    errors: dict[str, str] = {}
    number = person.number if person else checked(errors, "number", lambda: page.number(given["number"]))
    sender = checked(errors, "sender", lambda: senders.check(given["sender"], field="sender"))
    reason = checked(errors, "reason", lambda: reason_of(given["reason"]))
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
    given, errors = line(form, "reason"), dict[str, str]()
    reason = checked(errors, "reason", lambda: reason_of(given, needed=True))
    if errors:
        return await _lift(page, opt_out, given, errors, 422)
    number, person = ids.read(Kind.OPT_OUT, opt_out), await _person(page, opt_out)
    if number not in {each.id for each in person.in_force}:
        return page.redirect(f"/opt-outs/{opt_out}", "It had ended before; nothing was changed.")
    proof = f"{page.proof}: {reason}"
    done = await page.write("lift opt-out", opt_out, consent.lift, page.runtime.account, number, proof)
    said = "Lifted. The history stays." if done else "It had ended before; nothing was changed."
    return page.redirect(f"/opt-outs/{opt_out}", said)


def reason_of(given: str, *, needed: bool = False) -> str:
    """A reason as it is kept. Raises `InvalidInputError`."""
    if len(given) > LONGEST_REASON:
        raise InvalidInputError("reason", f"a reason has at most {LONGEST_REASON} characters; this has {len(given):,}")
    if needed and not given.strip():
        raise InvalidInputError(
            "reason", "Say how you know: a letter, a call, a text of theirs. It is kept as the proof"
        )
    return given


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
    account = page.runtime.account
    made = opt_outs.insert(tx, account, number, sender, Source.OPERATOR, reason, page.proof)
    holds = [each for each in opt_outs.history(tx, account, number) if each.ended_at is None]
    [opt_out] = [each.id for each in holds if scopes.scope(each.sender) == scopes.scope(sender)]
    if made:
        page.note(tx, "add opt-out", ids.show(Kind.OPT_OUT, opt_out))
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

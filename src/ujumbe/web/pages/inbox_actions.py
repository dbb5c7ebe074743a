"""What is done about a conversation: answered, done, opened again; its person opted out, back in, or named."""

from typing import Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from ujumbe.domain import ids, phone, text
from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.ids import Kind
from ujumbe.flows import consent
from ujumbe.store import contacts, conversations, inbound, opt_outs
from ujumbe.store.conversations import Conversation, State
from ujumbe.store.database import Tx
from ujumbe.web.orders import Send
from ujumbe.web.pages import sending
from ujumbe.web.pages.fields import block, line
from ujumbe.web.pages.form_key import usable
from ujumbe.web.pages.inbox import Where, conversation_id, render_thread
from ujumbe.web.pages.opt_out import reason_of
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.pages.sending import Action, UsedKeyError
from ujumbe.web.problems import Problem

router = APIRouter(prefix="/inbox/{conversation}")

STALE: Final = "This page was open for most of a day. If this stands above, it was sent; otherwise send it now"


class _NewerError(UjumbeError):
    """A text came in after the latest that somebody has seen."""


@router.post("/reply")
async def reply(page: Operating, conversation: str, place: Where) -> Response:
    """Answer from the short code that was written to."""
    found = await _found(page, conversation)
    form = await page.form()
    said, key = block(form, "text"), line(form, "key")

    async def again(why: str, key: str = "") -> Response:
        typed, wrong = {"text": said}, {"text": why}
        return await render_thread(page, conversation, place, status=422, typed=typed, wrong=wrong, key=key)

    if not usable(key, page.now):
        return await again(STALE)
    try:
        sent = await sending.send(page, await _answer(page, found, said), key, action=Action.ANSWER)
    except InvalidInputError as error:
        return await again(str(error), key)
    except UsedKeyError:
        return await again("Another text was sent from here already. Send this one too?")
    path = place.at(f"/inbox/{conversation}")
    return page.redirect(path, "Not sent: they opted out meanwhile." if sent.blocked else "")


@router.post("/done")
async def done(page: Operating, conversation: str, place: Where) -> Response:
    """Mark as done and go on to the next open conversation, unless a text has come in that nobody has seen."""
    found = await _found(page, conversation)
    seen = ids.read(Kind.INBOUND, line(await page.form(), "seen"), field="seen")
    try:
        await page.write("finish conversation", conversation, _finish, page.runtime.account, found.id, seen)
    except _NewerError:
        return page.redirect(place.at(f"/inbox/{conversation}"), "A new text came in meanwhile, so this is still open.")
    following = await page.read(conversations.next_open, page.runtime.account, found.latest)
    if following is None:
        return page.redirect(place.at("/inbox"), "Done. No other conversation is open.")
    return page.redirect(place.at(f"/inbox/{ids.show(Kind.INBOUND, following.id)}"), "Done. This is the next one.")


@router.post("/reopen")
async def reopen(page: Operating, conversation: str, place: Where) -> Response:
    """Open a conversation again."""
    found = await _found(page, conversation)
    mark = conversations.mark_seen
    await page.write(
        "reopen conversation", conversation, mark, page.runtime.account, found.id, found.latest, State.OPEN
    )
    return page.redirect(place.at(f"/inbox/{conversation}"))


@router.post("/opt-out")
async def opt_out(page: Operating, conversation: str, place: Where) -> Response:
    """Opt the person out of this short code, or of every sender."""
    found = await _found(page, conversation)
    form = await page.form()
    given = line(form, "reason")
    try:
        reason = reason_of(given)
    except InvalidInputError as error:
        wrong = {"reason": str(error)}
        return await render_thread(page, conversation, place, status=422, typed={"reason": given}, wrong=wrong)
    sender = found.ours if form.get("scope") == "this" else ""
    operator = opt_outs.Source.OPERATOR
    said = (page.runtime.account, found.number, sender, operator, reason, page.proof)
    await page.write("opt out", conversation, opt_outs.insert, *said)
    return page.redirect(place.at(f"/inbox/{conversation}"), "Opted out. What was still waiting for them is held back.")


@router.post("/opt-in")
async def opt_in(page: Operating, conversation: str, place: Where) -> Response:
    """Lift what forbids an answer, once somebody says that the person has asked for it."""
    found = await _found(page, conversation)
    if (await page.form()).get("asked") != "yes":
        wrong = {"asked": "Only the person can decide this. Tick the box if they have asked for it"}
        return await render_thread(page, conversation, place, status=422, wrong=wrong)
    lifted = await page.write("lift opt-out", conversation, _lift, page.runtime.account, found, page.proof)
    return page.redirect(place.at(f"/inbox/{conversation}"), "They get texts again." if lifted else "")


@router.post("/name")
async def name(page: Operating, conversation: str, place: Where) -> Response:
    """Keep what the person is called; nothing takes the name away."""
    found = await _found(page, conversation)
    given = line(await page.form(), "name")
    try:
        await page.write("name contact", conversation, contacts.rename, page.runtime.account, found.number, given)
    except InvalidInputError as error:
        wrong = {"name": str(error)}
        return await render_thread(page, conversation, place, status=422, typed={"name": given}, wrong=wrong)
    return page.redirect(place.at(f"/inbox/{conversation}"))


@router.get("/{_act}")
async def back(page: Viewing, conversation: str, _act: str, place: Where) -> Response:
    """Lead from the address of a form, where a page with its errors stands, back to the conversation."""
    return page.redirect(place.at(f"/inbox/{ids.show(Kind.INBOUND, conversation_id(conversation))}"))


async def _found(page: Page, conversation: str) -> Conversation:
    found = await page.read(conversations.find, page.runtime.account, conversation_id(conversation))
    if found is None:
        raise Problem("not-found", "There is no such conversation")
    return found


async def _answer(page: Page, found: Conversation, said: str) -> Send:
    """The request that an answer is. Raises `InvalidInputError`."""
    if not phone.is_number(found.number):
        raise InvalidInputError("text", "They wrote under a name, which takes no texts")
    text.check(said, field="text")
    [latest] = (await page.read(inbound.among, page.runtime.account, [found.latest])).values()
    given = {"to": found.number, "text": said, "from": found.ours, "kind": "two_way"}
    try:
        # AT knows by its link which premium text is answered.
        return Send.model_validate({**given, "link_id": latest.content.link_id})
    except ValidationError:
        raise InvalidInputError("text", "This cannot be answered from here: AT's link is too long") from None


def _finish(tx: Tx, account: int, conversation: int, seen: int) -> None:
    if not conversations.mark_seen(tx, account, conversation, seen, State.DONE):
        raise _NewerError


def _lift(tx: Tx, account: int, found: Conversation, proof: str) -> int:
    """End each opt-out that forbids an answer; how many there were."""
    senders = [each.sender for each in opt_outs.against(tx, account, found.number, found.ours)]
    return sum(opt_outs.end(tx, account, found.number, each, consent.OPERATOR, proof) for each in senders)

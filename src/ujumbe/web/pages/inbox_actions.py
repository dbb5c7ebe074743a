"""What is done about a conversation: answered, done, opened again; its person opted out, back in, or named."""

import asyncio
import secrets
from typing import Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from ujumbe.domain import ids, phone, text
from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State as MessageState
from ujumbe.flows import consent
from ujumbe.flows.accepting import Accepted
from ujumbe.store import contacts, conversations, inbound, opt_outs
from ujumbe.store.conversations import Conversation, State
from ujumbe.store.database import Tx
from ujumbe.web.api.sending import LONGEST_KEY
from ujumbe.web.orders import Send, accept
from ujumbe.web.pages.inbox import Where, conversation_id, render_thread, stops
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter(prefix="/inbox/{conversation}")

LONGEST_REASON: Final = 500
AGAIN_SECONDS: Final = 0.1
"""Between two looks at whether the first click of two is through."""
MOST_LOOKS: Final = 50


class _NewerError(UjumbeError):
    """A text came in after the latest that somebody has seen."""


@router.post("/reply")
async def reply(page: Operating, conversation: str, place: Where) -> Response:
    """Answer from the short code that was written to."""
    found = await _found(page, conversation)
    form = await page.form()
    said, key = _typed(form.get("text")), _typed(form.get("key"))[:LONGEST_KEY]
    try:
        accepted = await _accept(page, found, said, key)
    except InvalidInputError as error:
        typed, wrong = {"text": said}, {"text": str(error)}
        return await render_thread(page, conversation, place, status=422, typed=typed, wrong=wrong, key=key)
    except Problem as problem:
        if problem.name != "invalid":
            raise
        wrong = {"text": "Another text was sent from here already. Send this one too?"}
        return await render_thread(page, conversation, place, status=422, typed={"text": said}, wrong=wrong)
    if not accepted.replayed:
        await page.write("answer conversation", conversation, _nothing)
    [verdict] = accepted.document["messages"]
    blocked = verdict["state"] == MessageState.BLOCKED
    path = place.at(f"/inbox/{conversation}")
    return page.redirect(path, "Not sent: they opted out meanwhile." if blocked else "")


@router.post("/done")
async def done(page: Operating, conversation: str, place: Where) -> Response:
    """Mark as done and go on to the next open conversation, unless a text has come in that nobody has seen."""
    found = await _found(page, conversation)
    seen = ids.read(Kind.INBOUND, _typed((await page.form()).get("seen")), field="seen")
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
    reason = _typed(form.get("reason")).strip()
    if len(reason) > LONGEST_REASON:
        wrong = {"reason": f"A reason may have {LONGEST_REASON} characters; this one has {len(reason):,}"}
        return await render_thread(page, conversation, place, status=422, typed={"reason": reason}, wrong=wrong)
    sender = found.ours if form.get("scope") == "this" else ""
    operator = opt_outs.Source.OPERATOR
    given = (page.runtime.account, found.number, sender, operator, reason, _told(page))
    await page.write("opt out", conversation, opt_outs.insert, *given)
    return page.redirect(place.at(f"/inbox/{conversation}"), "Opted out. What was still waiting for them is held back.")


@router.post("/opt-in")
async def opt_in(page: Operating, conversation: str, place: Where) -> Response:
    """Lift what forbids an answer, once somebody says that the person has asked for it."""
    found = await _found(page, conversation)
    if (await page.form()).get("asked") != "yes":
        wrong = {"asked": "Only the person can decide this. Tick the box if they have asked for it"}
        return await render_thread(page, conversation, place, status=422, wrong=wrong)
    lifted = await page.write("lift opt-out", conversation, _lift, page.runtime.account, found, _told(page))
    return page.redirect(place.at(f"/inbox/{conversation}"), "They get texts again." if lifted else "")


@router.post("/name")
async def name(page: Operating, conversation: str, place: Where) -> Response:
    """Keep what the person is called; nothing takes the name away."""
    found = await _found(page, conversation)
    given = _typed((await page.form()).get("name")).strip()
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


async def _accept(page: Page, found: Conversation, said: str, key: str) -> Accepted:
    """Take an answer into the outbox, once for each `key`. Raises `InvalidInputError`, or a `Problem`.

    `invalid` is the one of a key that came before with other words.
    """
    if not phone.is_number(found.number):
        raise InvalidInputError("text", "They wrote under a name, which takes no texts")
    text.check(said, field="text")
    [latest] = (await page.read(inbound.among, page.runtime.account, [found.latest])).values()
    given = {"to": found.number, "text": said, "from": found.ours, "kind": "two_way"}
    try:
        # AT knows by its link which premium text is answered.
        body = Send.model_validate({**given, "link_id": latest.content.link_id})
    except ValidationError:
        raise InvalidInputError("text", "This cannot be answered from here: AT's link is too long") from None
    for _ in range(MOST_LOOKS):
        try:
            return await accept(page.runtime, body, None, f"inbox {key or secrets.token_urlsafe(16)}")
        except Problem as problem:
            if problem.name != "conflict":
                raise
        await asyncio.sleep(AGAIN_SECONDS)  # the first of two clicks is being stored
    raise Problem("unavailable", "The text is still being stored. Look at the conversation before you send it again")


def _finish(tx: Tx, account: int, conversation: int, seen: int) -> None:
    if not conversations.mark_seen(tx, account, conversation, seen, State.DONE):
        raise _NewerError


def _lift(tx: Tx, account: int, found: Conversation, proof: str) -> int:
    """End each opt-out that forbids an answer; how many there were."""
    senders = [each.sender for each in stops(tx, account, found)]
    return sum(opt_outs.end(tx, account, found.number, each, consent.OPERATOR, proof) for each in senders)


def _nothing(_: Tx) -> None:
    """What is done beside the line about an answer: it was stored before."""


def _told(page: Page) -> str:
    """Who said so, as proofs name them."""
    return f"the dashboard, {page.viewer.name}"


def _typed(given: object) -> str:
    """What stands in a field: a browser ends its lines with two characters, of which a text pays for both."""
    return text.storable(given).replace("\r\n", "\n") if isinstance(given, str) else ""

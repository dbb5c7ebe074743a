"""One message: what happened to it and why, what it weighs, and what a person may decide about it."""

from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.africastalking import wire
from ujumbe.domain import erased, ids, network, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.pause import Pause
from ujumbe.domain.role import Role
from ujumbe.flows import deciding
from ujumbe.flows.deciding import StateError
from ujumbe.flows.timeline import Explained, explain
from ujumbe.store import audit, batches, conversations, opt_outs
from ujumbe.store.audit import Entry
from ujumbe.store.conversations import Conversation
from ujumbe.store.database import Tx
from ujumbe.store.messages import Message
from ujumbe.web.pages import copy_as, explanation, meter, timeline
from ujumbe.web.pages.copy_as import Form
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

OUTCOMES: Final = {
    "sent": "Noted: it was sent. A report from the network may still follow.",
    "not_sent": "Noted: it was not sent, and will not be.",
    "resend": "It goes out again.",
}
"""What a person may say about an uncertain message, and what the page then says."""
WAITS: Final = frozenset({State.QUEUED, State.SCHEDULED})
AGAIN: Final = frozenset({State.UNDELIVERED, State.FAILED, State.EXPIRED, State.CANCELED})
"""Where nothing arrived, and nothing speaks against sending the same once more."""


class Whole(NamedTuple):
    """All that a page shows of a message."""

    explained: Explained
    key: str
    of_batch: list[Entry]
    of_message: list[Entry]
    conversation: Conversation | None
    stop: int | None
    """The opt-out in force that holds it back, if one does."""


@router.get("/messages/{message_id}")
async def show(page: Viewing, message_id: str) -> Response:
    """Show a message with everything that happened to it."""
    return await _shown(page, message_id)


@router.post("/messages/{message_id}/cancel")
async def cancel(page: Operating, message_id: str) -> Response:
    """Cancel a message that has not left."""
    number = _number(message_id)
    try:
        await page.write("cancel message", ids.show(Kind.MESSAGE, number), _cancel, page.runtime.account, number)
    except StateError as error:
        return await _shown(page, message_id, f"It cannot be canceled any more: {error}")
    return page.redirect(f"/messages/{message_id}", "It is canceled and will not be sent.")


@router.post("/messages/{message_id}/resolve")
async def resolve(page: Operating, message_id: str) -> Response:
    """Take a person's word for what became of an uncertain message."""
    number = _number(message_id)
    outcome = str((await page.form()).get("outcome", ""))
    if outcome not in OUTCOMES:
        return await _shown(page, message_id, "Choose one of the three: what became of it", 422)
    shown, account = ids.show(Kind.MESSAGE, number), page.runtime.account
    try:
        await page.write(f"resolve message as {outcome}", shown, _resolve, account, number, outcome)
    except StateError as error:
        return await _shown(page, message_id, f"There is nothing to decide any more: {error}")
    return page.redirect(f"/messages/{message_id}", OUTCOMES[outcome])


def _number(message_id: str) -> int:
    try:
        return ids.read(Kind.MESSAGE, message_id)
    except ValueError:
        raise _unknown() from None


def _unknown() -> Problem:
    return Problem("not-found", "No message has this id")


def _cancel(tx: Tx, account: int, message: int) -> None:
    if not deciding.cancel(tx, account, message):
        raise _unknown()


def _resolve(tx: Tx, account: int, message: int, outcome: str) -> None:
    if not deciding.resolve(tx, account, message, sent=outcome == "sent", resend=outcome == "resend"):
        raise _unknown()


async def _shown(page: Page, message_id: str, wrong: str = "", status: int = 409) -> Response:
    """The page of a message; `wrong` says what could not be done."""
    whole = await page.read(_whole, page.runtime.account, _number(message_id))
    if whole is None:
        raise _unknown()
    message = whole.explained.message
    text = phone.hide_all(message.text) if page.viewer.masked else message.text
    return await page.render(
        "message.html",
        status=status if wrong else 200,
        message=message,
        timeline=timeline.tell(whole.explained, whole.key, whole.of_batch, whole.of_message),
        explanation=explanation.of(message, paused=page.waiting.pause is not Pause.NONE),
        noted="" if explanation.known(message.reason) else message.reason,
        anew=_anew(page, message),
        meter=meter.weigh(message.text, None, shown=text),
        network=network.name(message.network_code),
        conversation=whole.conversation,
        stop=whole.stop,
        waits=message.state in WAITS,
        ended=timeline.ended(message.state),
        wrong=wrong,
        forms=_forms(page, message),
    )


def _whole(tx: Tx, account: int, message_id: int) -> Whole | None:
    explained = explain(tx, account, message_id)
    if explained is None:
        return None
    message = explained.message
    talks = conversations.of_number(tx, account, message.number)
    held = message.state is State.BLOCKED
    same = [each for each in talks if each.ours.casefold() == message.sender.casefold()]
    return Whole(
        explained,
        batches.key_name(tx, message.batch),
        audit.of_subject(tx, account, ids.show(Kind.BATCH, message.batch)),
        audit.of_subject(tx, account, ids.show(Kind.MESSAGE, message_id)),
        next(iter(same or talks), None),
        next((each.id for each in opt_outs.against(tx, account, message.number, message.sender)), None)
        if held
        else None,
    )


def _forms(page: Page, message: Message) -> list[Form]:
    """How a program asks for this message; and, for who sees numbers, how it sends one like it."""
    shown = ids.show(Kind.MESSAGE, message.id)
    command = copy_as.command_line("messages", "show", shown)
    asked = copy_as.forms(page, "GET", f"/v1/messages/{shown}", None, command)
    found = [Form(f"This message: {each.name}", each.text) for each in asked]
    if page.viewer.masked or not phone.is_number(message.number):
        return found
    body: dict[str, Any] = {"to": message.number, "text": message.text}
    body |= {"from": message.sender} if message.sender else {}
    body |= {"kind": message.mode} if message.mode != "bulk" else {}
    body |= {"category": message.category} if message.category != "transactional" else {}
    body |= {"link_id": message.link_id} if message.link_id else {}
    body |= {"keyword": message.keyword} if message.keyword else {}
    body |= {"retry_hours": message.retry_hours} if message.retry_hours else {}
    sender = ["--from", message.sender] if message.sender else []
    mode = ["--two-way"] if message.mode == "two_way" else []
    # The command line sends no premium texts.
    command = (
        "" if message.mode == "premium" else copy_as.command_line("send", *mode, *sender, message.number, message.text)
    )
    sends = copy_as.forms(page, "POST", "/v1/messages", body, command)
    return [*found, *(Form(f"Send one like it: {each.name}", each.text) for each in sends)]


def _anew(page: Page, message: Message) -> str:
    """Where the same text is composed once more for the same number; empty where that makes no sense."""
    again = message.state in AGAIN and message.mode != wire.Mode.PREMIUM and not erased.is_mark(message.number)
    if not again or not page.viewer.may(Role.OPERATOR):
        return ""
    return f"/compose?again={ids.show(Kind.MESSAGE, message.id)}"

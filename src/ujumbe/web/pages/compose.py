"""Compose: a text, its recipients, what would become of each, and then it is sent."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids, phone, recipient_list
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.plain import plain
from ujumbe.flows import accepting
from ujumbe.store import messages, senders
from ujumbe.store.database import Tx
from ujumbe.store.subscriptions import Product
from ujumbe.web.orders import Send, order_of
from ujumbe.web.pages import compose_trial, copy_as, meter, sending, verdicts
from ujumbe.web.pages.draft import OTHER, PRIORITIES, Draft, from_page, from_query, told
from ujumbe.web.pages.form_key import new_key, next_key, usable
from ujumbe.web.pages.page import Operating, Page
from ujumbe.web.pages.sending import UsedKeyError
from ujumbe.web.pages.verdicts import Checked
from ujumbe.web.problems import Problem

router = APIRouter()

MOST_COPIED: Final = 100
"""Numbers in what is there to copy: it stands in the page, and is for reading too."""
STALE: Final = (
    "This page was open for most of a day. If you have sent this before, it stands under Messages; otherwise look "
    "at it once more and send it"
)
CHANGED: Final = "This is not what was checked last. Look at it once more, then send it"
USED: Final = "This form has already sent something else. Look at this once more; sending it now sends a new text"


@router.get("/compose")
async def show(page: Operating) -> Response:
    """Show the form, filled in by the address where it says something: `again` names a message to repeat."""
    given = page.request.query_params
    return await _page(page, await _again(page, given["again"]) if "again" in given else from_query(given))


@router.post("/compose")
async def check_or_send(page: Operating) -> Response:
    """Check, send, test, or put plain characters in: which one says the button."""
    draft, file, form = await from_page(page)
    match form.get("do"):
        case "send":
            return await _send(page, draft, file)
        case "plain":
            errors = await _kept(page, draft, file)
            draft.text = plain(draft.text)
        case "test":
            errors = await _kept(page, draft, file) or await compose_trial.send(page, draft)
        case _:
            return await _check(page, draft, file)
    return await _page(page, draft, errors=errors, status=422 if errors else 200)


@router.post("/compose/meter")
async def weigh(page: Operating) -> Response:
    """Tell what the text weighs while it is written: a part of the page."""
    draft, _, form = await from_page(page)
    people = form.get("people")
    if isinstance(people, str) and people.isascii() and people.isdigit():
        listed: int | None = min(int(people[:7]), recipient_list.MOST)  # the list has not changed since it was counted
    else:
        listed = await asyncio.to_thread(_listed, draft)
    return await page.render("compose_meter.html", meter=meter.weigh(draft.text, listed))


@router.post("/compose/verdicts.csv")
async def verdicts_csv(page: Operating) -> Response:
    """Give every verdict as a file."""
    draft, file, _ = await from_page(page)
    try:
        checked, _ = await _checked(page, draft, file)
    except InvalidInputError as error:
        return await _page(page, draft, errors=told(error), status=422)
    return page.sheet("verdicts", verdicts.as_csv(checked, page.viewer))


async def _again(page: Page, shown: str) -> Draft:
    """The form that sends the text of a message to its number once more. By its id: no number is in an address."""
    found = await page.read(messages.find, page.runtime.account, ids.read(Kind.MESSAGE, shown, field="again"))
    if found is None:
        raise Problem("not-found", "No message has this id")
    return Draft(to=found.number, text=found.text, sender=found.sender, kind=found.mode, category=found.category)


async def _kept(page: Page, draft: Draft, file: bytes) -> dict[str, str]:
    """Put the numbers of a file into the list: the next page cannot have the file. What is wrong with it, by field."""
    try:
        if file:
            await asyncio.to_thread(draft.judge, file, page.runtime.settings.default_country)
    except InvalidInputError as error:
        return told(error)
    return {}


async def _check(page: Page, draft: Draft, file: bytes, notice: str = "", status: int = 200) -> Response:
    """The page with what would become of everybody. What was changed since the last check gets a key of its own."""
    try:
        checked, body = await _checked(page, draft, file)
    except InvalidInputError as error:
        draft.checked = ""
        return await _page(page, draft, errors=told(error), status=422)
    if not usable(draft.key, page.now):
        draft.key = new_key(page.now)
    elif notice or draft.checked not in ("", checked.mark):
        draft.key = next_key(draft.key, checked.mark)
    draft.checked = checked.mark
    return await _page(page, draft, checked=checked, body=body, notice=notice, status=status)


async def _send(page: Page, draft: Draft, file: bytes) -> Response:
    """Send what was checked; anything else is checked first."""
    try:
        await asyncio.to_thread(draft.judge, file, page.runtime.settings.default_country)
        body = draft.body()
        if not usable(draft.key, page.now):
            return await _check(page, draft, b"", STALE, 409)
        if draft.checked != await asyncio.to_thread(verdicts.mark, body):
            return await _check(page, draft, b"", CHANGED if draft.checked else "", 409 if draft.checked else 200)
        sent = await sending.send(page, body, draft.key, verdicts.left_out(draft))
    except InvalidInputError as error:
        return await _page(page, draft, errors=told(error), status=422)
    except UsedKeyError:
        return await _check(page, draft, b"", USED, 409)
    first, *others = sent.batches
    path = f"/batches/{first}" + (f"?with={','.join(others)}" if others else "")
    if sent.replayed:
        return page.redirect(path, "This was sent before. Nothing was sent a second time.")
    held = f", and {sent.held:,} held back for people who have opted out" if sent.held else ""
    return page.redirect(path, f"{verdicts.counted(sent.accepted - sent.held, 'text')} accepted{held}.")


async def _checked(page: Page, draft: Draft, file: bytes) -> tuple[Checked, Send]:
    """What would become of a draft, and the request that it is. Raises `InvalidInputError`."""
    runtime = page.runtime
    await asyncio.to_thread(draft.judge, file, runtime.settings.default_country)
    body = draft.body()
    order = order_of(runtime, body, verdicts=draft.verdicts)
    quote = await page.read(accepting.quote, order)
    return await asyncio.to_thread(verdicts.of, draft, body, quote, order.send_at), body


async def _page(
    page: Page,
    draft: Draft,
    *,
    checked: Checked | None = None,
    body: Send | None = None,
    errors: dict[str, str] | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    known, keywords = await page.read(_offered, page.runtime.account)
    settings = page.runtime.settings
    offered = list(dict.fromkeys(each for each in (settings.at_sender_id, settings.at_shortcode, *known) if each))
    if draft.sender and draft.sender != OTHER and draft.sender not in offered:
        draft.sender, draft.other = OTHER, draft.sender
    draft.key = draft.key if usable(draft.key, page.now) else new_key(page.now)
    draft.test_key = draft.test_key if usable(draft.test_key, page.now) else new_key(page.now)
    # What was checked is known better: who is listed twice or has opted out gets nothing.
    people = checked.sent if checked is not None else await asyncio.to_thread(_listed, draft)
    return await page.render(
        "compose.html",
        status=status,
        draft=draft,
        checked=checked,
        errors=errors or {},
        notice=notice,
        meter=meter.weigh(draft.text, people),
        senders=offered,
        usual=(settings.at_sender_id, settings.at_shortcode),
        keywords=keywords,
        other=OTHER,
        priorities=PRIORITIES,
        shown=verdicts.SHOWN,
        tested=await compose_trial.standing(page, draft),
        forms=_forms(page, body) if body is not None and checked is not None and checked.sent else [],
        most_copied=MOST_COPIED,
    )


def _offered(tx: Tx, account: int) -> tuple[list[str], list[Product]]:
    return senders.lately(tx, account), senders.keywords(tx, account)


def _listed(draft: Draft) -> int | None:
    """How many different entries a list has, before they are judged."""
    if draft.to_subscribers:
        return None
    try:
        return len({each.given for each in recipient_list.pasted(draft.to)})
    except InvalidInputError:
        return recipient_list.MOST


def _forms(page: Page, body: Send) -> list[copy_as.Form]:
    """The same for who would rather do it by a program."""
    few = body.model_copy(update={"to": body.to[:MOST_COPIED]})
    document: dict[str, Any] = few.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if not body.to:
        document["to"] = "subscribers"
    elif len(few.to) == 1:
        document["to"] = few.to[0]
    # The command knows numbers, text, sender, and whether it can be answered: no more.
    simple = set(document) <= {"to", "text", "from", "kind"} and body.kind != "premium" and bool(body.to)
    sayable = simple and not body.text.startswith("-") and not phone.is_number(body.text.replace(" ", ""))
    options = [*(["--two-way"] if body.kind == "two_way" else []), *(["--from", body.from_] if body.from_ else [])]
    command = copy_as.command_line("send", *options, *few.to, body.text) if sayable and few.to else ""
    return copy_as.forms(page, "POST", "/v1/messages", document, command)

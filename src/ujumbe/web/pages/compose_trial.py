"""Trying a text on one's own phone before everybody gets it."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.store import messages
from ujumbe.store.messages import Message
from ujumbe.web.pages import sending
from ujumbe.web.pages.draft import Draft, from_page, told
from ujumbe.web.pages.form_key import new_key, usable
from ujumbe.web.pages.page import Operating, Page
from ujumbe.web.pages.sending import Action, UsedKeyError
from ujumbe.web.problems import Problem

router = APIRouter()


@router.post("/compose/test")
async def test(page: Operating) -> Response:
    """Send the text to one number, and tell how it stands: a part of the page."""
    draft, _, _ = await from_page(page)
    errors = await send(page, draft)
    tested = await standing(page, draft)
    status = 422 if errors else 200
    return await page.render("compose_trial.html", status=status, draft=draft, errors=errors, tested=tested)


@router.get("/compose/tests/{message_id}")
async def show(page: Operating, message_id: str) -> Response:
    """Tell how a test stands by now: a part of the page."""
    draft = Draft(tested=message_id, test_key=new_key(page.now))
    tested = await standing(page, draft)
    if tested is None:
        raise Problem("not-found", "No message has this id")
    return await page.render("compose_trial.html", draft=draft, errors={}, tested=tested)


async def send(page: Page, draft: Draft) -> dict[str, str]:
    """Send a draft's text to one number, at once; what is wrong with it, by field. The next test has another key."""
    key, draft.test_key = draft.test_key, new_key(page.now)
    if not usable(key, page.now):
        return {"test_to": "this page was open for most of a day; press the button once more"}
    try:
        number = page.number(draft.test_to, "test_to")
        body = replace(draft, send_at="", expires_at="").body([number])
        sent = await sending.send(page, body, key, action=Action.TEST)
    except InvalidInputError as error:
        return told(error)
    except UsedKeyError:
        return {"test_to": "this page has already sent another test; press the button once more"}
    draft.tested = sent.message
    return {}


async def standing(page: Page, draft: Draft) -> Message | None:
    """The message of a draft's latest test, if there was one."""
    if not draft.tested:
        return None
    try:
        return await page.read(messages.find, page.runtime.account, ids.read(Kind.MESSAGE, draft.tested))
    except InvalidInputError:
        return None

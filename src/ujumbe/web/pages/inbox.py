"""The inbox: who writes to us, what went either way, and what somebody still has to look at."""

from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from ujumbe.domain import ids, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.store import contacts, conversation_search, conversations, opt_outs
from ujumbe.store.conversation_search import Found
from ujumbe.store.conversations import Conversation, Line, State
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import OptOut
from ujumbe.web.pages.days import days
from ujumbe.web.pages.form_key import new_key
from ujumbe.web.pages.page import Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 30
"""Conversations on a page of the list."""
TEXTS_PER_PAGE: Final = 40
"""Texts on a page of a thread."""
LONGEST_SEARCH: Final = 100
TABS: Final = {"open": "Open", "done": "Done", "all": "All"}

Words = Annotated[str, Query(max_length=LONGEST_SEARCH)]
Key = Annotated[str, Query(max_length=40)]


class Place(NamedTuple):
    """Where in the list somebody is: what each link and form on the page keeps."""

    state: Literal["open", "done", "all"] = "open"
    q: str = ""
    before: str = ""

    @property
    def wanted(self) -> State | None:
        """The state of the conversations that are listed; None for every one."""
        return None if self.state == "all" else State(self.state)

    def at(self, path: str, **changed: str) -> str:
        """An address with this place, or one that differs from it, in its query."""
        given = {**self._asdict(), **changed}
        kept = {name: value for name, value in given.items() if value and (name, value) != ("state", "open")}
        return f"{path}?{urlencode(kept)}" if kept else path


class Thread(NamedTuple):
    """One conversation as it is shown."""

    conversation: Conversation
    lines: list[Line]
    """Newest first, with one more than is shown where there are older ones."""
    fields: dict[str, str]
    others: list[Conversation]
    """The same person with other short codes of ours."""
    stops: list[OptOut]
    """The opt-outs that forbid an answer."""


def place_of(
    state: Annotated[Literal["open", "done", "all"], Query()] = "open", q: Words = "", before: Key = ""
) -> Place:
    """The place in the list that a request's query names."""
    return Place(state, storable(q).strip(), before)


Where = Annotated[Place, Depends(place_of)]


@router.get("/inbox")
async def show(page: Viewing, place: Where) -> Response:
    """Show the conversations, the latest heard first."""
    return await page.render("inbox.html", **await listed(page, place, "/inbox"), thread=None)


@router.get("/inbox/{conversation}")
async def read(page: Viewing, conversation: str, place: Where, until: Key = "") -> Response:
    """Show one conversation beside the list: its latest texts, or those before `until`."""
    return await render_thread(page, conversation, place, until=until)


async def listed(page: Page, place: Place, path: str) -> dict[str, Any]:
    """What the list of conversations is made of."""
    found = await page.read(
        find, page.runtime.account, place, page.runtime.settings.default_country, masked=page.viewer.masked
    )
    any_at_all = bool(found.conversations) or bool(
        await page.read(conversations.list_page, page.runtime.account, state=None, before=None, limit=1)
    )
    older = "" if found.next is None else place.at(path, before=ids.show(Kind.INBOUND, found.next))
    return {
        "place": place,
        "path": path,
        "tabs": TABS,
        "found": found.conversations,
        "looked": f"{conversation_search.WINDOW:,}" if found.looked else "",
        "older": older,
        "newest": place.at(path, before="") if place.before else "",
        "any_at_all": any_at_all,
        "operates": page.viewer.may(Role.OPERATOR),
    }


def find(tx: Tx, account: int, place: Place, country: str, *, masked: bool) -> Found:
    """The page of the list that `place` names. Raises `InvalidInputError` where its key is none of ours."""
    before = ids.read(Kind.INBOUND, place.before, field="before") if place.before else None
    state = place.wanted
    if place.q:
        return conversation_search.search(
            tx, account, place.q, country=country, state=state, before=before, limit=PER_PAGE, masked=masked
        )
    found = conversations.list_page(tx, account, state=state, before=before, limit=PER_PAGE + 1)
    return Found(found[:PER_PAGE], found[PER_PAGE - 1].latest if len(found) > PER_PAGE else None, looked=False)


async def render_thread(
    page: Page,
    shown_id: str,
    place: Place,
    *,
    until: str = "",
    status: int = 200,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    key: str = "",
) -> Response:
    """The page of one conversation; `typed` is what stands in its forms, `wrong` what is wrong with that, by field."""
    thread = await page.read(load, page.runtime.account, conversation_id(shown_id), _line_id(until))
    older = len(thread.lines) > TEXTS_PER_PAGE
    lines = thread.lines[:TEXTS_PER_PAGE]
    path = f"/inbox/{ids.show(Kind.INBOUND, thread.conversation.id)}"
    return await page.render(
        "inbox.html",
        status=status,
        **await listed(page, place, path),
        thread=thread,
        days=days(lines[::-1], page.zone, page.now),
        older_texts=place.at(path, until=_shown_line(lines[-1])) if older else "",
        newest_texts=place.at(path) if until else "",
        takes_texts=phone.is_number(thread.conversation.number),
        typed={"text": "", "reason": "", "name": thread.conversation.name} | (typed or {}),
        wrong=dict.fromkeys(("text", "reason", "asked", "name"), "") | (wrong or {}),
        key=key or new_key(page.now),
    )


def load(tx: Tx, account: int, conversation: int, until: int | None) -> Thread:
    """One conversation with a page of its texts, of whatever senders. Raises a `Problem` where there is none."""
    found = conversations.find(tx, account, conversation)
    if found is None:
        raise Problem("not-found", "There is no such conversation")
    return Thread(
        found,
        conversations.lines(tx, account, found.number, ours=None, before=until, limit=TEXTS_PER_PAGE + 1),
        contacts.fields(tx, account, found.number),
        [each for each in conversations.of_number(tx, account, found.number) if each.id != found.id],
        opt_outs.against(tx, account, found.number, found.ours),
    )


def conversation_id(shown: str) -> int:
    """The id in an address. Raises a `Problem` where it is none."""
    try:
        return ids.read(Kind.INBOUND, shown)
    except InvalidInputError:
        raise Problem("not-found", "There is no such conversation") from None


def _line_id(shown: str) -> int | None:
    """Texts are of two kinds, and so are their ids."""
    inbound = shown.startswith(f"{Kind.INBOUND}_")
    return ids.read(Kind.INBOUND if inbound else Kind.MESSAGE, shown, field="until") if shown else None


def _shown_line(line: Line) -> str:
    return ids.show(Kind.INBOUND if line.state is None else Kind.MESSAGE, line.id)

"""The list of messages: found while somebody types, kept in the address, taken away as a sheet."""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import URL
from starlette.responses import Response

from ujumbe.domain import ids, network
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.moment import show as show_moment
from ujumbe.store import ids as stored_ids
from ujumbe.store import messages, searching
from ujumbe.store.database import Tx
from ujumbe.store.messages import Message
from ujumbe.store.searching import Wanted
from ujumbe.web.pages import copy_as, explanation, filters, message_sheet
from ujumbe.web.pages.copy_as import Form
from ujumbe.web.pages.filters import Filters
from ujumbe.web.pages.page import Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 50
EXPORTED: Final = 1_000
"""Rows of one piece of a sheet: some 15 ms to read and to write."""


class Listed(NamedTuple):
    """A page of messages. `next` is the id where the next begins, `looked` how many were passed in vain at the end."""

    items: list[Message]
    next: int | None
    looked: int


@router.get("/messages")
async def show_list(page: Viewing) -> Response:
    """Show the newest messages that fit."""
    asked = _asked(page)
    found = Listed([], None, 0)
    if not asked.errors:
        found = await page.read(_list, page.runtime.account, asked.wanted, asked.before, PER_PAGE)
    return await page.render(
        "messages.html",
        status=422 if asked.errors and not page.quietly else 200,
        asked=asked,
        found=found,
        explanations={each.id: explanation.of(each) for each in found.items},
        reached=None if found.next is None else stored_ids.moment(found.next),
        older=None if found.next is None else page.query(before=ids.show(Kind.MESSAGE, found.next)),
        newest=page.query(before=None) if asked.before is not None else None,
        sheet=_sheet_address(page),
        states=list(State),
        networks=sorted(network.NAMES.items(), key=lambda each: (each[1].rpartition(" ")[2], each[1])),
        network_name=network.name,
        forms=_forms(page, asked),
        beyond_api=_beyond_api(asked),
    )


@router.get("/messages.csv")
async def export(page: Viewing) -> Response:
    """Send the messages that fit as a sheet, a piece at a time: as much memory for a million as for a thousand."""
    asked = _asked(page)
    if asked.errors:
        errors = [{"field": name, "message": told} for name, told in asked.errors.items()]
        raise Problem("invalid", f"Not valid: {', '.join(asked.errors)}", errors=errors)
    first = await page.read(_piece, page, asked.wanted, asked.before)  # what fails at once fails as a page
    return page.sheet("messages", _pieces(page, asked.wanted, first))


async def _pieces(page: Page, wanted: Wanted, first: tuple[str, int | None]) -> AsyncIterator[str]:
    """The sheet. Each piece is a snapshot of its own; when whoever reads goes away, the next one is not begun."""
    yield message_sheet.HEAD
    piece, before = first
    while True:
        if piece:
            yield piece
        if before is None:
            return
        piece, before = await page.read(_piece, page, wanted, before)


def _piece(tx: Tx, page: Page, wanted: Wanted, before: int | None) -> tuple[str, int | None]:
    """Rows of a sheet, and where the next begin: written here, on a reader's thread, where nobody waits for it."""
    found = _list(tx, page.runtime.account, wanted, before, EXPORTED)
    return message_sheet.lines(found.items, page.zone, masked=page.viewer.masked), found.next


def _list(tx: Tx, account: int, wanted: Wanted, before: int | None, limit: int) -> Listed:
    found = searching.search(tx, account, wanted, before=before, limit=limit)
    items = messages.among(tx, account, found.ids) if found.ids else []
    return Listed(items, found.next, found.looked)


def _asked(page: Page) -> Filters:
    country = page.runtime.settings.default_country
    return filters.read(page.request.query_params, country, page.zone, masked=page.viewer.masked)


def _sheet_address(page: Page) -> str:
    query = URL(page.query(before=None)).query
    return f"/messages.csv?{query}" if query else "/messages.csv"


def _forms(page: Page, asked: Filters) -> list[Form]:
    """The list as a request, with those filters that the API has."""
    wanted = asked.wanted
    given: dict[str, Any] = {
        "state": wanted.state,
        "to": wanted.number,
        "from": wanted.sender,
        "batch": asked.given["batch"] if wanted.batch is not None else None,
        "since": None if wanted.since is None else show_moment(wanted.since),
        "until": None if wanted.until is None else show_moment(wanted.until),
    }
    query = urlencode({name: value for name, value in given.items() if value})
    command = ["messages", "list", *(["--state", wanted.state] if wanted.state else [])]
    command += ["--to", wanted.number] if wanted.number else []
    return copy_as.forms(
        page, "GET", f"/v1/messages?{query}" if query else "/v1/messages", None, copy_as.command_line(*command)
    )


def _beyond_api(asked: Filters) -> bool:
    """Whether something was asked for that the API has no filter for."""
    wanted = asked.wanted
    beyond = (wanted.part, wanted.text, wanted.message, wanted.provider_id, wanted.network, wanted.cost)
    return any(each not in (None, "") for each in beyond)

"""/v1/contacts: what is known of people beside their numbers, for templates to fill in."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from ujumbe.domain import contact, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.runtime import Runtime
from ujumbe.store import contacts
from ujumbe.web.api.access import Cursor, Limit, Live, needs
from ujumbe.web.problems import Problem

router = APIRouter(tags=["contacts"])

Read = [Depends(needs("read"))]
Send = [Depends(needs("send"))]


class Fields(BaseModel):
    """The fields of one person, in place of those before."""

    model_config = ConfigDict(extra="forbid")

    fields: Annotated[
        dict[str, str], Field(description="Up to 50; names of a to z and _, values of up to 500 characters")
    ]


class Contact(BaseModel):
    """One person."""

    phone: str
    fields: dict[str, str]


class Page(BaseModel):
    """Contacts in the order of their numbers; `next` is the cursor of the following page."""

    items: list[Contact]
    next: str | None


@router.get("/contacts", dependencies=Read)
async def list_contacts(runtime: Live, cursor: Cursor = None, limit: Limit = 100) -> Page:
    """List contacts in the order of their numbers."""
    found = await runtime.db.read(contacts.list_page, runtime.account, after=_after(cursor), limit=limit + 1)
    items = [Contact(phone=number, fields=fields) for number, fields in found[:limit]]
    # Without the plus: pasted into an address it would arrive as a space.
    return Page(items=items, next=items[-1].phone.removeprefix("+") if len(found) > limit else None)


@router.get("/contacts/{number}", dependencies=Read)
async def show_contact(runtime: Live, number: str) -> Contact:
    """Show one person's fields; 404 where none are known."""
    parsed = _parsed(runtime, number)
    fields = await runtime.db.read(contacts.fields, runtime.account, parsed)
    if not fields:
        raise Problem("not-found", "Nothing is kept of this number")
    return Contact(phone=parsed, fields=fields)


@router.put("/contacts/{number}", dependencies=Send)
async def put_contact(runtime: Live, number: str, body: Fields) -> Contact:
    """Keep one person's fields, in place of those before."""
    parsed, fields = _parsed(runtime, number), contact.check(body.fields)
    await runtime.db.write(contacts.put, runtime.account, parsed, fields)
    return Contact(phone=parsed, fields=fields)


@router.delete("/contacts/{number}", dependencies=Send, status_code=204)
async def delete_contact(runtime: Live, number: str) -> Response:
    """Forget one person's fields; again is no error."""
    await runtime.db.write(contacts.remove, runtime.account, _parsed(runtime, number))
    return Response(status_code=204)


def _parsed(runtime: Runtime, number: str) -> str:
    return phone.parse_query(number, field="phone", default_country=runtime.settings.default_country)


def _after(cursor: str | None) -> str:
    if cursor is None:
        return ""
    if not re.fullmatch(r"[0-9]{7,15}", cursor):
        raise InvalidInputError("cursor", "give the `next` of the page before")
    return f"+{cursor}"

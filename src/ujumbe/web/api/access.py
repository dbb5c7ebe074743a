"""What every route of the API starts from: the runtime, and a key that covers it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AfterValidator

from ujumbe.domain.ids import Kind, read, show
from ujumbe.domain.text import storable
from ujumbe.runtime import Runtime
from ujumbe.store.api_keys import ApiKey, Scope
from ujumbe.store.messages import LARGEST_PAGE
from ujumbe.web.auth import authorize


async def runtime_of(request: Request) -> Runtime:
    """The runtime that the app was made over. (Not async, it would cost each request a trip to a thread.)"""
    return _runtime(request)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def needs(scope: str, *, known: bool = False) -> Callable[[Request], Awaitable[ApiKey | None]]:
    """A dependency that lets through only keys covering `scope`, and gives the key (None where none is needed).

    `known` as in `authorize`.
    """
    wanted = Scope(scope)

    async def check(request: Request) -> ApiKey | None:
        return await authorize(_runtime(request), request.headers.get("authorization", ""), wanted, known=known)

    return check


def told(key: ApiKey | None) -> str:
    """Who asked, as proofs name them."""
    return "the API, without a key" if key is None else f"api key {key.name or show(Kind.KEY, key.id)}"


def page_start(cursor: str | None, kind: Kind) -> int | None:
    """The id below which a page begins. Raises `InvalidInputError` for a cursor that is none of ours."""
    return None if cursor is None else read(kind, cursor, field="cursor")


def page_end(shown: Sequence[str], found: int) -> str | None:
    """The cursor of the following page: the last id shown, where more was found than is shown."""
    return shown[-1] if found > len(shown) else None


Key = Annotated[ApiKey | None, Depends(needs("send"))]
"""Who asks, with a key that may send."""
Live = Annotated[Runtime, Depends(runtime_of)]
Sender = Annotated[str | None, Query(alias="from", max_length=40), AfterValidator(lambda each: each and storable(each))]
"""PostgreSQL takes no NUL, and no sender has one."""
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=40, description="The `next` of the page before")]

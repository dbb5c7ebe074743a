"""Who looks at a page, from the cookie on: roles, masks, and the moment a session was last used."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from ujumbe.domain.role import Role
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store import sessions, users
from ujumbe.store.database import Tx
from ujumbe.web.pages.access import SignInNeededError, viewer_of

USED = "UPDATE sessions SET seen_at = seen_at - :by RETURNING id"


def request(secret: str) -> Request:
    headers = [(b"host", b"127.0.0.1:8000"), (b"cookie", f"ujumbe={secret}".encode())]
    server = ("127.0.0.1", 8000)
    return Request(
        {"type": "http", "method": "GET", "path": "/", "scheme": "http", "server": server, "headers": headers}
    )


def signed_in(tx: Tx, role: Role) -> tuple[int, str]:
    user = users.create(tx, role, role)
    assert user is not None
    return user.id, sessions.start(tx, user.id, "")[1]


def with_runtime(work: Callable[[Runtime], Coroutine[Any, Any, None]], **given: Any) -> None:
    async def run() -> None:
        settings = Settings.load(at_username="sandbox", at_api_key="local", at_api_url="http://127.0.0.1:1", **given)
        async with open_runtime(settings, upgrade=True) as runtime:
            await work(runtime)

    asyncio.run(run())


@pytest.mark.parametrize("masks", [True, False])
@pytest.mark.parametrize("role", Role)
def test_numbers_are_masked_for_viewers_where_it_is_set(bare: Path, role: Role, masks: bool) -> None:
    async def work(runtime: Runtime) -> None:
        user, secret = await runtime.db.write(signed_in, role)
        viewer = await viewer_of(request(secret), runtime)
        assert (viewer.user, viewer.name, viewer.role) == (user, role, role)
        assert viewer.masked is (masks and role is Role.VIEWER)

    with_runtime(work, mask_numbers=masks)


@pytest.mark.parametrize("secret", ["", "x", "x" * 5_000, "\xff"])
def test_nobody(bare: Path, secret: str) -> None:
    async def work(runtime: Runtime) -> None:
        await runtime.db.write(signed_in, Role.ADMIN)
        with pytest.raises(SignInNeededError):
            await viewer_of(request(secret), runtime)

    with_runtime(work)


def test_looking_is_noted_only_now_and_then(bare: Path) -> None:
    async def work(runtime: Runtime) -> None:
        user, secret = await runtime.db.write(signed_in, Role.ADMIN)
        [before] = await runtime.db.read(sessions.of_user, user)
        await viewer_of(request(secret), runtime)
        assert await runtime.db.read(sessions.of_user, user) == [before]
        await runtime.db.write(lambda tx: tx.select(USED, {"by": sessions.SEEN_MS}))
        [unused] = await runtime.db.read(sessions.of_user, user)
        await viewer_of(request(secret), runtime)
        [after] = await runtime.db.read(sessions.of_user, user)
        assert after.seen_at > unused.seen_at
        await runtime.db.write(lambda tx: tx.select(USED, {"by": sessions.IDLE_MS}))
        with pytest.raises(SignInNeededError):
            await viewer_of(request(secret), runtime)

    with_runtime(work)

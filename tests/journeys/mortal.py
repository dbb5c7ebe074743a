"""Processes that may die at a fault point: `python -m tests.journeys.mortal` runs one life a line of its input.

Each life is a fork of its own, which opens the runtime, takes a text from the request to its record, and ends, unless
it is killed on the way. All that it needs is imported once before: a life takes a tenth of a second, not a whole one.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import ujumbe.store.postgres  # noqa: F401 - imported on demand otherwise, once a life
from ujumbe import faults
from ujumbe.domain import ids, recipients
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.flows import accepting, sending, upkeep
from ujumbe.flows.accepting import Accepted, BusyError, Order
from ujumbe.flows.claiming import Call
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store import answers, batches, messages
from ujumbe.store.batches import Batch, Source
from ujumbe.store.messages import Filters
from ujumbe.worker import loop

VARIABLE: Final = "UJUMBE_TEST_DIE_AT"
NUMBERS: Final = ("+254711000001", "+254711000002")
UNDER_WAY: Final = {State.SCHEDULED, State.QUEUED, State.SENDING}
WATCHING: Final = "batches.counts"
"""The statement by which a life waits for the end of its messages; no step of the send path uses it."""
LOOK_SECONDS: Final = 0.01
LONGEST_SECONDS: Final = 30


class Life(NamedTuple):
    """What one process does. `way` is `outbox` or `invoke`."""

    env: dict[str, str]
    way: str
    text: str
    die_at: str
    """A fault point, `trace`, or empty for none."""
    folder: str
    """Where it leaves what it heard: `answer`, `found`, `log`."""
    again: bool
    """Whether another life ended before it, whose calls are to be settled: it asks again for the same."""


async def _live(life: Life) -> None:
    folder = Path(life.folder)
    # An account of its own by its host: on PostgreSQL all lives share one database.
    opening = open_runtime(Settings.load(), role="worker", account_host=folder.name)
    async with asyncio.timeout(LONGEST_SECONDS), opening as runtime:
        if life.again:  # the test knows that their owner is dead, as on SQLite the file's lock does
            while await runtime.db.write(upkeep.settle_abandoned, runtime.account, all_owners_dead=True):
                pass
        await WAYS[life.way](runtime, life, folder / "answer")
        if life.again:
            found = await runtime.db.read(messages.list_page, runtime.account, Filters(limit=100))
            rows = [(each.number, each.state, each.reason, each.provider_id) for each in found]
            _leave(folder / "found", rows)


async def _outbox(runtime: Runtime, life: Life, answer: Path) -> None:
    """Ask until it is accepted, then be the worker until nothing is under way."""
    batch = Batch(runtime.account, Source.API, "bulk", "", life.text)
    claim = answers.Request(runtime.account, 0, "the key", b"the body")
    accepted = await _accepted(runtime, accepting.Request(Order(batch, recipients.judge(NUMBERS)), claim))
    _leave(answer, accepted.document)
    working = asyncio.create_task(loop.run(runtime))
    stored = ids.read(Kind.BATCH, accepted.document["id"])
    while UNDER_WAY & (await runtime.db.read(batches.counts, stored)).keys():  # noqa: ASYNC110 - no event tells of all
        await asyncio.sleep(LOOK_SECONDS)
    runtime.stop()
    await working


async def _accepted(runtime: Runtime, request: accepting.Request) -> Accepted:
    while True:
        try:
            return await runtime.accept(request)
        except BusyError:  # PostgreSQL has not noticed yet that the life before has ended
            await asyncio.sleep(LOOK_SECONDS)


async def _invoke(runtime: Runtime, life: Life, answer: Path) -> None:
    """Submit one text at once. Who asked was cut off by the death, and nobody asks again."""
    if life.again:
        return
    batch = Batch(runtime.account, Source.INVOKE, "bulk", "", life.text)
    call = await runtime.db.write(sending.accept_now, batch, NUMBERS[0], runtime.limits)
    assert isinstance(call, Call)
    reply = await sending.submit(runtime.record, runtime.client, call)
    _leave(answer, dict(reply.raw))


def _leave(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))


WAYS: Final[dict[str, Callable[[Runtime, Life, Path], Awaitable[None]]]] = {"outbox": _outbox, "invoke": _invoke}


def _be(life: Life) -> None:
    """This fork's whole life; it does not return."""
    log = os.open(Path(life.folder) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(life.env)
    os.environ[VARIABLE] = life.die_at
    importlib.reload(faults)  # it looks at the variable when it is imported
    status = 0
    try:
        asyncio.run(_live(life))
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        sys.stderr.flush()
        os._exit(status)


def _watch_over(life: Life) -> None:
    """Tell how a life ended, by its folder; it does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if process == 0:
        _be(life)
    _, status = os.waitpid(process, 0)
    os.write(1, f"{life.folder}\t{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def main() -> None:
    """Read lives from standard input, start each at once, and write how each ended."""
    recipients.judge(NUMBERS)  # the numbering plans are read now, not in every life
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for those who watch
    for line in sys.stdin:
        described: dict[str, Any] = json.loads(line)
        if os.fork() == 0:
            _watch_over(Life(**described))


if __name__ == "__main__":
    main()

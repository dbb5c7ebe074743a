"""What is done about incoming texts outside of their transaction: the user's own handlers, and subscriptions.

Each is taken up once. Should the process die meanwhile, it counts as failed and is shown as such: a handler may have
paid somebody, so it is never run again by itself.
"""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain import ids, moment
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.ids import Kind
from ujumbe.flows import answering, subscribing
from ujumbe.flows.subscribing import DeclinedError
from ujumbe.handlers import IncomingText
from ujumbe.runtime import Runtime
from ujumbe.store import inbound
from ujumbe.store.inbound import Inbound
from ujumbe.store.subscriptions import Product

AT_A_TIME: Final = 8
POLL_SECONDS: Final = 0.5
"""The backstop: what another process took in is seen that soon."""
RECORD_AGAIN_SECONDS: Final = 0.5

log = structlog.get_logger()


class Ended(NamedTuple):
    """How a task ended, and what is answered; empty answers nothing."""

    done: bool
    note: str
    reply: str = ""


async def run(runtime: Runtime) -> None:
    """Do what is due until the runtime stops; what is under way is left to the runtime's own end."""
    room = asyncio.Semaphore(AT_A_TIME)
    threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="ujumbe-handler")
    while not runtime.stopping.is_set():
        runtime.tasks_due.clear()
        try:
            if await runtime.db.read(inbound.has_tasks, runtime.account):
                for each in await runtime.db.write(inbound.take_tasks, runtime.account, AT_A_TIME):
                    await room.acquire()
                    runtime.start(_do(runtime, each, threads)).add_done_callback(lambda _: room.release())
                continue
        except StoreUnavailableError as error:
            log.warning("tasks have to wait for the database", why=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(runtime.tasks_due.wait(), POLL_SECONDS)
    threads.shutdown(wait=False, cancel_futures=True)  # a handler that hangs does not hold up the end


async def _do(runtime: Runtime, text: Inbound, threads: Executor) -> None:
    kind, _, about = text.task.partition(" ")
    if kind == answering.SUBSCRIBE:
        ended = await _subscribe(runtime, text, about)
    else:
        ended = await _handle(runtime, text, about, threads)
    runtime.metrics.tasks.labels(kind, "done" if ended.done else "failed").inc()
    while True:
        try:
            await runtime.db.write(answering.end_task, runtime.account, text, ended.reply, ended.note, done=ended.done)
        except StoreUnavailableError as error:
            log.warning("the end of a task could not be recorded yet", why=str(error))
            await asyncio.sleep(RECORD_AGAIN_SECONDS)
        else:
            return


async def _handle(runtime: Runtime, text: Inbound, name: str, threads: Executor) -> Ended:
    handler = next((each for each in runtime.handlers if each.rule.name == name), None)
    if handler is None:
        return Ended(done=False, note=f"there is no handler {name} any more")
    try:
        returned = await handler.run(_shown(text), threads)
    except TimeoutError:
        log.warning("a handler took too long", handler=name, seconds=handler.seconds)
        return Ended(done=False, note=f"{name} took longer than {handler.seconds:g} s")
    except Exception as error:
        log.exception("a handler failed", handler=name)
        return Ended(done=False, note=f"{name} failed: {type(error).__name__}")
    if returned is None:
        return Ended(done=True, note=f"{name} answered nothing")
    if not isinstance(returned, str):
        return Ended(done=False, note=f"{name} returned {type(returned).__name__}, which is no text")
    return Ended(done=True, note=f"{name} answered an empty text", reply=returned)


async def _subscribe(runtime: Runtime, text: Inbound, keyword: str) -> Ended:
    """Subscribe the sender to a product of the short code that was written to."""
    product = Product(text.content.recipient, keyword)
    try:
        asked = await subscribing.subscribe(runtime.db, runtime.client, runtime.account, product, text.content.number)
    except (ProviderError, DeclinedError, StoreUnavailableError) as error:
        log.warning("a subscription could not be asked for", why=str(error))
        return Ended(done=False, note=f"subscribing to {keyword}: {error}")
    return Ended(done=True, note=f"subscribing to {keyword}: {asked.description or 'accepted'}")


def _shown(text: Inbound) -> IncomingText:
    content = text.content
    return IncomingText(
        id=ids.show(Kind.INBOUND, text.id),
        sender=content.number,
        to=content.recipient,
        text=content.text,
        link_id=content.link_id,
        received_at=moment.to_datetime(text.received_at),
    )

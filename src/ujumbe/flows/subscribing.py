"""Starting and ending subscriptions through AT: asked first, recorded after, told as AT tells it."""

from dataclasses import dataclass
from typing import Final

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.domain.errors import UjumbeError
from ujumbe.store import subscriptions
from ujumbe.store.database import Database, Tx
from ujumbe.store.subscriptions import Filters, Product, Source, Subscription

WAITS: Final = "waiting"
"""In AT's description ("Waiting for user input") where the person still has to agree on the handset."""
NO_REASON: Final = "it gave no reason"


class DeclinedError(UjumbeError):
    """AT answered that it did not do it."""

    def __init__(self, description: str) -> None:
        super().__init__(f"Africa's Talking answered: {description or NO_REASON}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What AT said to a new subscription, and the subscription, where it runs by now."""

    description: str
    subscription: Subscription | None


async def subscribe(db: Database, client: AfricasTalking, account: int, product: Product, number: str) -> Asked:
    """Ask AT to subscribe `number`.

    Where AT waits for the person's word nothing is recorded: its callback tells whether they agreed. Raises
    `DeclinedError`, or a `ProviderError` whose class says whether AT may have done it.
    """
    change = await client.create_subscription(product.short_code, product.keyword, number)
    if not change.succeeded:
        raise DeclinedError(change.description)
    waits = WAITS in change.description.casefold()
    found = await db.write(_started, account, product, number, waits=waits)
    return Asked(change.description, found)


async def unsubscribe(db: Database, client: AfricasTalking, account: int, product: Product, number: str) -> str:
    """Ask AT to end the subscription of `number`, and record it where it runs here; what AT said.

    What began anew while AT was asked goes on. Raises as `subscribe` does.
    """
    ours = await db.read(_running, account, product, number)
    change = await client.delete_subscription(product.short_code, product.keyword, number)
    if not change.succeeded:
        raise DeclinedError(change.description)
    if ours is not None:
        await db.write(subscriptions.end_these, account, [ours.id], Source.API)
    return change.description


def _started(tx: Tx, account: int, product: Product, number: str, *, waits: bool) -> Subscription | None:
    if not waits:
        subscriptions.start(tx, account, number, *product, Source.API)
    return _running(tx, account, product, number)


def _running(tx: Tx, account: int, product: Product, number: str) -> Subscription | None:
    filters = Filters(*product, number=number, active=True)
    found = subscriptions.list_page(tx, account, filters, before=None, limit=1)
    return found[0] if found else None

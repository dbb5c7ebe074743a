"""Node numbers: each process that makes ids (see ids.py) holds one, and shows there that it lives."""

import os
import socket
from dataclasses import dataclass
from typing import Final

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import ids
from ujumbe.store.database import Tx
from ujumbe.store.ids import EPOCH_MS, LEASE_MS, SLACK_MS, Lease

LOCK: Final = "nodes"


@dataclass(frozen=True, slots=True)
class Process:
    """A process that holds a node number.

    `role` is `service` (answers and sends), `api` (only answers), `worker` (only sends) or `command`.
    """

    node: int
    role: str
    name: str
    account: int | None
    """Whose messages it answers for or sends."""
    leased_until: int


def lease(tx: Tx, held: Lease | None, role: str) -> Lease:
    """Take a free node number, or lengthen the one we hold. Raises `StoreUnavailableError` where all are taken."""
    wanted = tx.now - EPOCH_MS + LEASE_MS + SLACK_MS
    until = tx.now + LEASE_MS
    if held is not None:
        renewed = tx.one("nodes.renew", node=held.node, held=held.until_ms, until=until, high=wanted)
        if renewed is not None:
            return Lease(held.node, until, held.low_ms, renewed["high_ms"])
    tx.lock(LOCK)  # or two processes would find the same one free
    free = tx.one("nodes.free", now=tx.now)
    node = free["node"] if free is not None else tx.all("nodes.next")[0]["node"]
    if node >= ids.NODES:
        raise StoreUnavailableError(f"all {ids.NODES} node numbers are taken; one is free again within ten minutes")
    low = free["high_ms"] if free is not None else 0
    high = max(wanted, low + LEASE_MS)
    taken = tx.all("nodes.take", node=node, until=until, high=high, role=role, process=_name())[0]
    return Lease(node, until, low, taken["high_ms"])


def release(tx: Tx, held: Lease, last_ms: int) -> None:
    """Give a node number back; `last_ms` is the latest moment that its ids carry."""
    tx.run("nodes.release", node=held.node, held=held.until_ms, high=last_ms)


def serve(tx: Tx, account: int) -> None:
    """Show whose messages this process answers for or sends."""
    tx.run("nodes.serve", account=account, process=_name(), now=tx.now)


def living(tx: Tx) -> list[Process]:
    """The processes whose lease still runs. One that was killed is among them for up to ten minutes."""
    return [
        Process(row["node"], row["role"], row["process"], row["account_id"], row["leased_until"])
        for row in tx.all("nodes.living", now=tx.now)
    ]


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"

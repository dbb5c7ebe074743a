"""How far each paced sender has used up its time (see domain/pace.py), shared by all workers."""

from ujumbe.store.database import Tx


def free_at(tx: Tx, account: int, scope: str) -> int:
    """When (epoch microseconds) what this sender took so far has had its time; nobody else takes more meanwhile."""
    tx.lock(f"pace {account} {scope}")  # a lock that tells the time after it: who waited must not judge by an old one
    tx.run("paces.ensure", account=account, scope=scope)
    return int(tx.all("paces.free_at", account=account, scope=scope)[0]["free_at"])


def set_free_at(tx: Tx, account: int, scope: str, moment: int) -> None:
    """Note that more was taken."""
    tx.run("paces.set", account=account, scope=scope, free_at=moment)

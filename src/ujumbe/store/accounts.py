"""AT accounts: every other row belongs to one, so that sandbox and live never mix."""

from typing import NamedTuple

from ujumbe.store.sqlite import Tx


class Account(NamedTuple):
    """What tells accounts apart: the username, and the base URL that sends go to."""

    username: str
    host: str


def ensure(tx: Tx, username: str, host: str) -> int:
    """The id of the account of `username` at `host` (the base URL that sends go to), made where it is new."""
    row = tx.one("accounts.find", username=username, host=host)
    if row is None:
        tx.run("accounts.ensure", id=tx.new_id(), username=username, host=host, now=tx.now)
        row = tx.all("accounts.find", username=username, host=host)[0]
    return int(row["id"])


def list_all(tx: Tx) -> dict[Account, int]:
    """All accounts with their ids, oldest first."""
    return {Account(row["username"], row["host"]): row["id"] for row in tx.all("accounts.list")}

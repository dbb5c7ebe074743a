"""What is known of people beside their numbers: the fields that templates may use."""

import json

from ujumbe.domain import contact
from ujumbe.store.database import Tx


def fields(tx: Tx, account: int, number: str) -> dict[str, str]:
    """The fields of one person; none where nothing is known."""
    row = tx.one("contacts.find", account=account, number=number)
    found: dict[str, str] = {} if row is None else json.loads(row["fields"])
    return found


def put(tx: Tx, account: int, number: str, given: dict[str, str]) -> None:
    """Keep the fields of one person, in place of those before."""
    tx.run("contacts.put", account=account, number=number, fields=json.dumps(given), now=tx.now)


def rename(tx: Tx, account: int, number: str, name: str) -> None:
    """Keep what one person is called beside their other fields; an empty name is forgotten.

    Raises `InvalidInputError` where it cannot be kept.
    """
    row = tx.one("contacts.hold", account=account, number=number)
    known = {} if row is None else json.loads(row["fields"])
    changed = contact.check({**known, "name": name} if name else {key: known[key] for key in known if key != "name"})
    if changed:
        put(tx, account, number, changed)
    else:
        remove(tx, account, number)


def remove(tx: Tx, account: int, number: str) -> bool:
    """Forget the fields of one person; False where there are none."""
    return tx.run("contacts.remove", account=account, number=number) > 0


def list_page(tx: Tx, account: int, *, after: str, limit: int) -> list[tuple[str, dict[str, str]]]:
    """Numbers above `after` in the order of numbers, with their fields."""
    rows = tx.tuples("contacts.list", account=account, after=after, limit=limit)
    return [(number, json.loads(given)) for number, given in rows]

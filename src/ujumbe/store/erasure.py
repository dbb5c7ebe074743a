"""Taking a person's number and words out of every table, a page a transaction; safe to begin again at any point."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ujumbe.domain.event import Type
from ujumbe.store import answers, events, opt_outs
from ujumbe.store.callbacks import Raw
from ujumbe.store.database import Row, Tx

PAGE: Final = 500
"""Rows in one transaction: bounds how long claims wait behind it."""
CANCELED: Final = "canceled: its recipient was erased on request"


REPEATED_MS: Final = 24 * 3600 * 1000
"""AT repeats a callback for half a day."""


class Person(NamedTuple):
    """Whom it is about: the number, and the mark that stands in its place afterwards."""

    account: int
    number: str
    mark: str

    @property
    def digits(self) -> str:
        """The number without the plus, as it may stand inside other words."""
        return self.number.removeprefix("+")

    @property
    def spellings(self) -> list[str]:
        """How it stands beside a callback: as we write it, or as it came where that could not be read."""
        return [self.number, self.digits, f" {self.digits}", f"00{self.digits}"]


Hide = Callable[[Raw, str], Raw]
"""A callback without the number: what is left of it, with the mark."""


def silence(tx: Tx, person: Person) -> int:
    """Cancel what waits, and let opt-outs go on under the mark. From the commit on nothing is claimed past it."""
    opt_outs.alone(tx, person.account)
    values = {"account": person.account, "number": person.number}
    canceled = [row[0] for row in tx.tuples("erasure.cancel", reason=CANCELED, most=PAGE, now=tx.now, **values)]
    events.add(tx, person.account, Type.CANCELED, sorted(canceled))
    tx.run("erasure.opt_outs", mark=person.mark, **values)
    return len(canceled)


def messages(tx: Tx, person: Person) -> int:
    """Take the number out of a page of messages: their attempts, batches and the answers that named it; how many."""
    values = {"account": person.account, "number": person.number}
    rows = tx.tuples("erasure.messages", most=PAGE, **values)
    if not rows:
        return 0
    ids, batch_ids, moments = ([row[column] for row in rows] for column in range(3))
    answers.hide(tx, person.account, moments, person.number, person.mark)
    tx.run("erasure.attempts", ids=ids, mark=person.mark)
    tx.run("erasure.own_batches", batches=batch_ids, number=person.number)
    tx.run("erasure.shared_batches", batches=batch_ids, digits=person.digits, mark=person.mark)
    tx.run("erasure.hide_messages", ids=ids, mark=person.mark, digits=person.digits)
    return len(rows)


def calls(tx: Tx, person: Person) -> int:
    """Take unreadable answers out of the calls that carried the messages."""
    tx.run("erasure.calls", account=person.account, mark=person.mark, digits=person.digits)
    return 0


def reports(tx: Tx, person: Person, hide: Hide) -> int:
    """Leave of a page of the messages' reports what they say, without the number; how many."""
    rows = tx.all("erasure.reports", account=person.account, mark=person.mark, most=PAGE)
    return _hide(tx, rows, person.mark, hide)


def waiting(tx: Tx, person: Person, hide: Hide) -> int:
    """The same for reports that wait for their message: they are still to be applied; how many."""
    rows = tx.all("erasure.waiting", account=person.account, spellings=person.spellings, most=PAGE)
    return _hide(tx, rows, person.mark, hide)


def callbacks(tx: Tx, person: Person) -> int:
    """Delete a page of the other callbacks by this number; how many."""
    return tx.run("erasure.callbacks", account=person.account, spellings=person.spellings, most=PAGE)


def strange_callbacks(tx: Tx, person: Person) -> int:
    """Delete a page of callbacks that name nobody and hold the number all the same; how many."""
    digits = person.digits.encode()
    return tx.run("erasure.strange_callbacks", account=person.account, digits=digits, most=PAGE)


def told(tx: Tx, person: Person) -> int:
    """Forget what receivers of webhooks answered about the person."""
    tx.run("erasure.told", account=person.account, mark=person.mark, digits=person.digits)
    return 0


def ended_lately(tx: Tx, account: int, mark: str, short_code: str, keyword: str) -> bool:
    """Whether an erasure ended this subscription within the time in which AT repeats a notice."""
    values = {"mark": mark, "short_code": short_code, "keyword": keyword, "since": tx.now - REPEATED_MS}
    return tx.one("erasure.ended_lately", account=account, **values) is not None


def heard(tx: Tx, person: Person) -> int:
    """Take number and words out of a page of incoming texts; delete what hangs on them. How many texts."""
    values = {"account": person.account, "number": person.number}
    tx.run("erasure.reviews", **values)
    tx.run("erasure.conversations", **values)
    tx.run("erasure.contacts", **values)
    return tx.run("erasure.inbound", mark=person.mark, digits=person.digits, most=PAGE, **values)


def subscriptions(tx: Tx, person: Person) -> int:
    """Take the number out of a page of subscriptions; one that runs ends here. How many."""
    rows = tx.tuples("erasure.subscriptions", account=person.account, number=person.number, most=PAGE)
    if rows:
        tx.run("erasure.hide_subscriptions", ids=[row[0] for row in rows], mark=person.mark, now=tx.now)
        events.add(tx, person.account, Type.UNSUBSCRIBED, [row[0] for row in rows if row[1] is None])
    return len(rows)


def hide_callbacks(tx: Tx, hidden: Sequence[tuple[int, Raw, str]]) -> None:
    """Keep callbacks (ids) as these, under these marks."""
    if hidden:
        rows = [(callback, raw.query, raw.content_type, raw.body, mark) for callback, raw, mark in hidden]
        names = ("id", "query", "content_type", "body", "number")
        tx.many("erasure.hide_callback", dict(zip(names, zip(*rows, strict=True), strict=True)))


def _hide(tx: Tx, rows: Sequence[Row], mark: str, hide: Hide) -> int:
    raws = [(row["id"], Raw(row["kind"], row["query"], row["content_type"], row["body"])) for row in rows]
    hide_callbacks(tx, [(callback, hide(raw, mark), mark) for callback, raw in raws])
    return len(raws)

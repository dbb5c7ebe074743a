"""AT accounts: every other row belongs to one, so that sandbox and live never mix."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain.pause import LONGEST_SLOW_SECONDS, Pause
from ujumbe.store.database import Tx

SIMULATOR_HOST: Final = "simulator"
"""The account's host in `ujumbe dev`, whose port may differ each time."""


class Account(NamedTuple):
    """What tells accounts apart: the username, and the base URL that sends go to."""

    username: str
    host: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an account may send. Times are epoch milliseconds; 0 is never."""

    pause: Pause
    note: str
    paused_at: int
    probe_at: int
    """When one of the workers may ask AT again."""
    probes: int
    strikes: int
    """Calls in a row without an answer."""
    slow_until: int
    """AT asked for fewer requests: nothing is taken up before. 0 where that is over."""


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


def health(tx: Tx, account: int, *, lock: bool = False) -> Health:
    """Whether an account may send; with `lock` nobody else changes that until the transaction ends."""
    row = tx.all("accounts.lock" if lock else "accounts.standing", id=account)[0]
    return Health(
        Pause(row["pause"]),
        row["pause_note"],
        row["paused_at"],
        row["probe_at"],
        row["probes"],
        row["strikes"],
        # What lies further ahead than anything we set is what the clock made of it when it jumped back.
        row["slow_until"] if tx.now < row["slow_until"] <= tx.now + round(1000 * LONGEST_SLOW_SECONDS) else 0,
    )


def pause(tx: Tx, account: int, kind: Pause, note: str, probe_at: int) -> None:
    """Pause an account, for all of its workers."""
    tx.run("accounts.pause", id=account, pause=kind, note=note, probe_at=probe_at, now=tx.now)


def resume(tx: Tx, account: int, kind: Pause, *, strikes: int) -> bool:
    """End a pause of this kind; False where it is none (any more)."""
    return tx.run("accounts.resume", id=account, pause=kind, strikes=strikes) > 0


def take_probe(tx: Tx, account: int, kind: Pause, following: int) -> bool:
    """Be the one worker who asks AT now; the next may ask at `following` (epoch ms)."""
    return tx.run("accounts.take_probe", id=account, pause=kind, next=following, now=tx.now) > 0


def probe_now(tx: Tx, account: int) -> None:
    """Let the next worker ask at once: somebody may have mended what was wrong."""
    tx.run("accounts.probe_now", id=account)


def strike(tx: Tx, account: int, strikes: int) -> None:
    """Note how many calls in a row had no answer."""
    tx.run("accounts.strike", id=account, strikes=strikes)


def calm(tx: Tx, account: int) -> None:
    """AT answers sends: what went wrong before no longer counts."""
    tx.run("accounts.calm", id=account)


def slow(tx: Tx, account: int, until: int) -> None:
    """Take up nothing before `until` (epoch ms)."""
    tx.run("accounts.slow", id=account, until=until)


def inbox_seen(tx: Tx, account: int) -> int:
    """The id of the latest text that was fetched from AT's inbox."""
    return int(tx.all("accounts.inbox_seen", id=account)[0]["inbox_seen"])


def see_inbox(tx: Tx, account: int, inbox_id: int) -> None:
    """Note that the inbox was read so far."""
    tx.run("accounts.see_inbox", id=account, inbox_id=inbox_id)

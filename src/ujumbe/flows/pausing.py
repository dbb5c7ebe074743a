"""Pausing an account, for all of its workers, and letting it go on."""

from collections.abc import Sequence

from ujumbe.africastalking import replies
from ujumbe.africastalking.errors import CredentialsError, NotTakenError, ProviderError, Taken
from ujumbe.domain import pause
from ujumbe.domain.event import Type
from ujumbe.domain.money import Money
from ujumbe.domain.pause import STRIKES, Pause
from ujumbe.store import accounts, events
from ujumbe.store.accounts import Health
from ujumbe.store.database import Tx


def heed(tx: Tx, account: int, results: Sequence[replies.SendReply | ProviderError], *, unpaid: bool) -> None:
    """Draw the consequences of calls for the account: pause it, slow it down, or forget earlier trouble.

    `unpaid` says that AT refused a text because the balance does not cover it.
    """
    errors = [each for each in results if isinstance(each, ProviderError)]
    if not errors and not unpaid:
        accounts.calm(tx, account)
        return
    health = accounts.health(tx, account, lock=True)
    strikes = health.strikes
    for each in results:
        if not isinstance(each, ProviderError) or each.taken is Taken.ANSWERED:
            strikes = 0
        elif each.taken is Taken.MAYBE:
            strikes += 1
    accounts.strike(tx, account, strikes)
    slow = [
        pause.slow_for(each.retry_after)
        for each in errors
        if isinstance(each, NotTakenError) and each.http_status == 429
    ]
    if slow:
        accounts.slow(tx, account, max(health.slow_until, tx.now + round(1000 * max(slow))))
    if any(isinstance(each, CredentialsError) for each in errors):
        _pause(tx, account, health, Pause.CREDENTIALS, pause.MEANING[Pause.CREDENTIALS])
    elif unpaid:
        _pause(tx, account, health, Pause.BALANCE, pause.MEANING[Pause.BALANCE])
    elif strikes >= STRIKES:
        note = f"Africa's Talking left {strikes} calls in a row without an answer"
        _pause(tx, account, health, Pause.UNANSWERED, note)


def hold(tx: Tx, account: int, note: str) -> None:
    """Pause an account on a person's word; only `go_on` ends it."""
    _pause(tx, account, accounts.health(tx, account, lock=True), Pause.OPERATOR, note or pause.MEANING[Pause.OPERATOR])


def go_on(tx: Tx, account: int) -> bool:
    """End whatever pause there is, on a person's word; False where there is none. The workers are told.

    AT's wish for fewer requests ends as well: if it still has it, it will say so again.
    """
    health = accounts.health(tx, account, lock=True)
    tx.wake()
    if health.slow_until:
        accounts.slow(tx, account, 0)
    paused = health.pause is not Pause.NONE and accounts.resume(tx, account, health.pause, strikes=0)
    return paused or health.slow_until > 0


def take_probe(tx: Tx, account: int) -> Health | None:
    """Be the one worker who asks AT whether a paused account may go on; None where it is not time, or another does."""
    health = accounts.health(tx, account)
    if health.pause in (Pause.NONE, Pause.OPERATOR) or health.probe_at > tx.now:
        return None
    following = tx.now + round(1000 * pause.probe_after(health.probes + 1))
    return health if accounts.take_probe(tx, account, health.pause, following) else None


def probed(tx: Tx, account: int, held_by: Pause, answer: Money | ProviderError) -> bool:
    """Heed what AT answered to a probe; whether the account goes on.

    Its answer to a request for the balance does not show that it can take texts: until it has answered a send, one
    more call without an answer pauses the account again.
    """
    if isinstance(answer, CredentialsError):
        _pause(tx, account, accounts.health(tx, account, lock=True), Pause.CREDENTIALS, str(answer))
        return False
    if isinstance(answer, ProviderError):
        alive = answer.http_status is not None and answer.http_status < 500 and answer.http_status != 429
        good = alive and held_by is not Pause.BALANCE
    else:
        good = held_by is not Pause.BALANCE or answer.micros > 0
    if good and accounts.resume(tx, account, held_by, strikes=STRIKES - 1):
        tx.wake()
        return True
    return False


def _pause(tx: Tx, account: int, health: Health, kind: Pause, note: str) -> None:
    if not pause.outranks(kind, health.pause):
        return
    accounts.pause(tx, account, kind, note, tx.now + round(1000 * pause.probe_after(health.probes)))
    if kind is Pause.BALANCE:
        events.add(tx, account, Type.BALANCE_LOW, [account])

"""What must be put right from time to time: calls whose end nobody recorded, messages that waited too long."""

from ujumbe.domain.outcome import Actor, Outcome, Verdict
from ujumbe.flows import sending
from ujumbe.store import calls, messages
from ujumbe.store.sqlite import Tx

ABANDONED = Outcome(
    None,
    "",
    Verdict.UNCERTAIN,
    Actor.NOBODY,
    "the process that sent it ended before the answer was recorded; it may have been taken",
)


def expire(tx: Tx, account: int) -> int:
    """Expire what waited too long in the outbox; how many messages that was. A claim never takes one of them."""
    return messages.expire(tx, account, sending.EXPIRED)


def settle_abandoned(tx: Tx, account: int, *, all_owners_dead: bool) -> int:
    """Settle open calls as uncertain: those whose lease ran out, or all where a lock proves every owner dead.

    Returns how many calls there were. Should a result still come, it is recorded all the same.
    """
    before = (1 << 62) if all_owners_dead else tx.now
    abandoned = calls.open_before(tx, account, before)
    for call in abandoned:
        calls.finish(tx, call, "maybe_taken", summary=ABANDONED.meaning)
        sending.settle_all(tx, call, ABANDONED)
    return len(abandoned)

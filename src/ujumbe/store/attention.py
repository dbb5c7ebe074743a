"""What waits for a person: the counts beside the names of the pages."""

from typing import Final, NamedTuple

from ujumbe.domain.pause import Pause
from ujumbe.store.database import Tx

MOST: Final = 100
"""As far as is counted: from there on a page says 99+."""


class Attention(NamedTuple):
    """How much waits for a person, each up to `MOST`."""

    uncertain: int
    """Messages of which nobody knows whether AT took them."""
    reviews: int
    """Incoming texts that may ask to stop."""
    conversations: int
    """Conversations that are open."""
    webhooks: int
    """Webhooks that fail or were switched off."""
    pause: Pause
    """Why the account sends nothing, if it does not."""


NOTHING: Final = Attention(0, 0, 0, 0, Pause.NONE)


def counts(tx: Tx, account: int) -> Attention:
    """What waits for a person in this account."""
    row = tx.all("attention.counts", account=account)[0]
    return Attention(row["uncertain"], row["reviews"], row["conversations"], row["webhooks"], Pause(row["pause"]))

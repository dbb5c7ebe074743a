"""Endpoints and deliveries as people see them, and the event that tries one out."""

from typing import Any, Final

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show
from ujumbe.domain.webhook import DeliveryState
from ujumbe.store.database import Tx
from ujumbe.store.deliveries import Delivery
from ujumbe.store.webhooks import Webhook

TRIAL: Final = "webhook.test"
"""The type of what `trial` makes: it is in no log, and never comes by itself."""


def endpoint(webhook: Webhook) -> dict[str, Any]:
    """An endpoint without its secrets."""
    return {
        "id": ids.show(Kind.WEBHOOK, webhook.id),
        "url": webhook.url,
        "types": list(webhook.types),
        "enabled": webhook.disabled_at is None,
        "disabled_at": _shown(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason,
        "failing_since": _shown(webhook.failing_since),
        "position": webhook.position,
        "old_secret_until": _shown(webhook.old_until or None),
        "created_at": show(webhook.created_at),
    }


def delivery(made: Delivery) -> dict[str, Any]:
    """A delivery with its attempts."""
    return {
        "event": ids.show(Kind.EVENT, made.seq),
        "seq": made.seq,
        "type": made.type,
        "timestamp": show(made.made_at),
        "state": made.state,
        "next_try": show(made.due_at) if made.state is DeliveryState.PENDING else None,
        "finished_at": _shown(made.finished_at),
        "attempts": [
            {
                "at": show(each.started_at),
                "took_ms": each.took_ms,
                "status": each.status,
                "body": each.body,
                "error": each.error,
            }
            for each in made.attempts
        ],
    }


def trial(tx: Tx, webhook: Webhook) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The secrets of an endpoint, and an event that tries it out: each has an id of its own, and no number."""
    document = {
        "id": ids.show(Kind.EVENT, tx.new_id()),
        "seq": None,
        "type": TRIAL,
        "timestamp": show(tx.now),
        "data": {"id": ids.show(Kind.WEBHOOK, webhook.id)},
    }
    return webhook.secrets(tx.now), document


def _shown(moment: int | None) -> str | None:
    return None if moment is None else show(moment)

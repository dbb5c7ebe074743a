"""Endpoints: made, listed, disabled, given new secrets, deleted."""

import base64

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.event import Type
from ujumbe.store import events, webhooks
from ujumbe.store.webhooks import OVERLAP_MS, Standing, Webhook

URL = "https://example.org/x"


def made(store: Opened, account: int, *types: Type) -> Webhook:
    found = store.write(webhooks.create, account, URL, types)
    assert found is not None
    return found


def again(store: Opened, account: int, webhook: Webhook) -> Webhook:
    found = store.read(webhooks.find, account, webhook.id)
    assert found is not None
    return found


def test_it_begins_with_what_happens_next(store: Opened, ours: int) -> None:
    store.write(events.add, ours, Type.SENT, [1, 2, 3])
    webhook = made(store, ours, Type.SENT, Type.RECEIVED, Type.SENT)
    assert webhook.position == 3
    assert webhook.types == (Type.SENT, Type.RECEIVED)
    assert again(store, ours, webhook) == webhook
    assert store.read(webhooks.list_all, ours) == [webhook]


def test_nobody_else_sees_or_changes_it(store: Opened, ours: int, other: int) -> None:
    webhook = made(store, ours)
    assert store.read(webhooks.list_all, other) == []
    assert store.read(webhooks.find, other, webhook.id) is None
    assert store.write(webhooks.rotate, other, webhook.id) is None
    assert not store.write(webhooks.disable, other, webhook.id, "x")
    assert not store.write(webhooks.delete, other, webhook.id)
    store.write(webhooks.retype, other, webhook.id, [Type.SENT])
    assert again(store, ours, webhook) == webhook


def test_there_are_only_so_many(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 2)
    first = made(store, ours)
    made(store, ours)
    assert store.write(webhooks.create, ours, URL, []) is None
    store.write(webhooks.delete, ours, first.id)
    made(store, ours)


def test_secrets(store: Opened, ours: int, clock: Clock) -> None:
    webhook = made(store, ours)
    assert webhook.secret.startswith("whsec_")
    assert len(base64.b64decode(webhook.secret.removeprefix("whsec_"))) == 32
    assert webhook.secret not in repr(webhook)
    assert webhook.secrets(clock.now) == (webhook.secret,)
    second = store.write(webhooks.rotate, ours, webhook.id)
    rotated = again(store, ours, webhook)
    assert rotated.secrets(clock.now) == (second, webhook.secret)
    assert rotated.secrets(clock.now + OVERLAP_MS - 1) == (second, webhook.secret)
    assert rotated.secrets(clock.now + OVERLAP_MS) == (second,)
    third = store.write(webhooks.rotate, ours, webhook.id)
    assert again(store, ours, webhook).secrets(clock.now) == (third, second)
    store.write(webhooks.delete, ours, webhook.id)
    assert store.read(webhooks.find, ours, webhook.id) is None
    kept = store.read(lambda tx: tx.select("SELECT secret, old_secret FROM webhooks", {}))
    assert [(row["secret"], row["old_secret"]) for row in kept] == [("", "")]


def test_disabled_and_enabled(store: Opened, ours: int) -> None:
    webhook = made(store, ours)
    assert not store.write(webhooks.enable, ours, webhook.id)
    assert store.write(webhooks.disable, ours, webhook.id, "it answered 410")
    assert not store.write(webhooks.disable, ours, webhook.id, "another reason")
    assert again(store, ours, webhook).disabled_reason == "it answered 410"
    assert store.read(webhooks.standing, ours) == Standing(0, 1)
    assert store.write(webhooks.enable, ours, webhook.id)
    assert again(store, ours, webhook) == webhook


def test_since_when_it_fails(store: Opened, ours: int, clock: Clock) -> None:
    webhook = made(store, ours)
    began = clock.now
    assert store.write(webhooks.failed, webhook.id) == began
    clock.forward(1_000)
    assert store.write(webhooks.failed, webhook.id) == began
    assert store.read(webhooks.standing, ours) == Standing(1, 0)
    store.write(webhooks.succeeded, webhook.id)
    assert store.write(webhooks.failed, webhook.id) == began + 1_000


def test_only_one_makes_deliveries_of_the_same_events(store: Opened, ours: int) -> None:
    webhook = made(store, ours)
    assert store.write(webhooks.advance, webhook, 7)
    assert not store.write(webhooks.advance, webhook, 9)
    assert again(store, ours, webhook).position == 7


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", "x" * 40, "whsec_" + "=" * 40, "whsec_" + "A" * 400])
def test_a_secret_of_somebody_else(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        webhooks.check_secret(text, field="--secret")
    assert len(text) < 10 or text not in str(caught.value)
    good = webhooks.new_secret()
    assert webhooks.check_secret(good, field="--secret") == good

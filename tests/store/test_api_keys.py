import pytest

from tests.store.opened import Opened, Place
from ujumbe.store import api_keys
from ujumbe.store.api_keys import Scope


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        pytest.param({Scope.SEND}, {Scope.SEND}, id="send"),
        pytest.param({Scope.READ}, {Scope.READ}, id="read"),
        pytest.param({Scope.SEND, Scope.READ}, {Scope.SEND, Scope.READ}, id="both"),
        pytest.param({Scope.ADMIN}, set(Scope), id="admin may do everything"),
    ],
)
def test_scopes(store: Opened, scopes: set[Scope], allowed: set[Scope]) -> None:
    made, secret = store.write(api_keys.create, "shop", frozenset(scopes))
    found = store.read(api_keys.find, secret)
    assert found == made
    assert {scope for scope in Scope if made.allows(scope)} == allowed


def test_only_a_hash_is_kept(store: Opened, database: Place) -> None:
    _, secret = store.write(api_keys.create, "shop", frozenset({Scope.SEND}))
    [row] = database.ask("SELECT * FROM api_keys")
    assert not any(secret.encode() in str(value).encode() for value in row)
    assert secret.startswith("ujumbe_")
    assert len(secret) > 40


@pytest.mark.parametrize(
    "wrong", ["", "ujumbe_", "x" * 10_000, "\x00", "\ud800"], ids=["none", "start", "long", "NUL", "surrogate"]
)
def test_a_wrong_secret_finds_nothing(store: Opened, wrong: str) -> None:
    store.write(api_keys.create, "shop", frozenset({Scope.SEND}))
    assert store.read(api_keys.find, wrong) is None


def test_revoking(store: Opened) -> None:
    key, secret = store.write(api_keys.create, "shop", frozenset({Scope.SEND}))
    kept, other = store.write(api_keys.create, "clinic", frozenset({Scope.READ}))
    assert store.write(api_keys.revoke, key.id)
    assert not store.write(api_keys.revoke, key.id), "a second time changes nothing"
    assert not store.write(api_keys.revoke, 1), "an unknown one neither"
    assert store.read(api_keys.find, secret) is None
    assert store.read(api_keys.find, other) == kept
    listed = store.read(api_keys.list_all)
    assert [(each.name, each.revoked_at is None) for each in listed] == [("shop", False), ("clinic", True)]

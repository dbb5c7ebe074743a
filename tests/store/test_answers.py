from dataclasses import replace
from typing import Any

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened
from ujumbe.store import answers
from ujumbe.store.answers import KEPT_MS, Request

DOCUMENT: dict[str, Any] = {
    "id": "bat_1",
    "messages": [{"id": None, "to": "\U0001f44b\x00", "state": "rejected"}] * 1_000,
}


@pytest.fixture
def request_(ours: int) -> Request:
    return Request(ours, 7, "key-1", b"hash")


def test_an_answer_is_given_again_as_it_was(store: Opened, request_: Request) -> None:
    assert store.read(answers.find, request_) is None
    store.write(answers.keep, request_, DOCUMENT)
    found = store.read(answers.find, request_)
    assert found is not None
    assert (found.document, found.same_body) == (DOCUMENT, True)
    other_body = store.read(answers.find, replace(request_, body_hash=b"other"))
    assert other_body is not None
    assert not other_body.same_body


@pytest.mark.parametrize("field", ["account", "api_key", "key"])
def test_keys_of_others_are_theirs(store: Opened, request_: Request, other: int, field: str) -> None:
    store.write(answers.keep, request_, DOCUMENT)
    theirs: dict[str, Any] = {"account": other, "api_key": 0, "key": "key-2"}
    assert store.read(answers.find, replace(request_, **{field: theirs[field]})) is None


def test_after_a_day_a_key_is_free_again(clock: Clock, store: Opened, request_: Request) -> None:
    store.write(answers.keep, request_, DOCUMENT)
    clock.forward(KEPT_MS + 1)
    assert store.read(answers.find, request_) is None
    store.write(answers.keep, replace(request_, body_hash=b"new"), {"id": "bat_2"})
    found = store.read(answers.find, replace(request_, body_hash=b"new"))
    assert found is not None
    assert found.document == {"id": "bat_2"}


def test_old_answers_are_forgotten(clock: Clock, store: Opened, request_: Request) -> None:
    store.write(answers.keep, request_, DOCUMENT)
    assert store.write(answers.forget) == 0
    clock.forward(KEPT_MS + 1)
    store.write(answers.keep, replace(request_, key="key-2"), DOCUMENT)
    assert store.write(answers.forget) == 1

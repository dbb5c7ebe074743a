import random
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.conftest import Clock, Fresh
from tests.flows.desk import Desk, form, number
from ujumbe.domain.message import State
from ujumbe.domain.replies import ECHO_ROUNDS, MEMORY_SECONDS, QUICK_ROUNDS
from ujumbe.flows import inbound as flow
from ujumbe.flows.answering import Answers
from ujumbe.store import inbound
from ujumbe.store.callbacks import Raw
from ujumbe.store.inbound import Inbound

DEFAULT = 'This is a response to: "{text}"'


def texts(desk: Desk) -> list[Inbound]:
    """Oldest first."""
    return desk.store.read(inbound.list_page, desk.account, number=None, before=None, limit=1_000)[::-1]


def fates(desk: Desk) -> list[tuple[str, ...]]:
    return desk.place.ask("SELECT state, note FROM callbacks ORDER BY id")


def test_a_text_is_stored_answered_and_the_answer_sent_the_usual_way(desk: Desk) -> None:
    assert desk.hear("id-1", number(1), "Habari {from}", DEFAULT) == (True, True)
    [stored] = texts(desk)
    assert astuple(stored.content)[:4] == ("id-1", number(1), "12345", "Habari {from}")
    [call] = desk.claim()
    assert call.messages == (stored.reply,)
    outgoing = call.outgoing
    assert (outgoing.to, outgoing.text) == ((number(1),), 'This is a response to: "Habari {from}"')
    assert (outgoing.sender, outgoing.link_id, outgoing.mode.value) == ("12345", "L", "two_way")
    assert desk.message(call.messages[0]).source == "reply"
    assert fates(desk) == [("applied", "")]


@settings(max_examples=12)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_one_text_and_one_reply_for_each_id_in_any_order(
    fresh: Fresh, deliveries: list[int], chance: random.Random
) -> None:
    desk = Desk(fresh())
    try:
        order = deliveries * 2
        chance.shuffle(order)
        for each in order:
            desk.hear(f"id-{each}", number(each), f"text {each}")
            if chance.random() < 0.2:
                desk.claim()
        ids = sorted(f"id-{each}" for each in set(deliveries))
        assert sorted(each.content.provider_id for each in texts(desk)) == ids
        assert len({each.reply for each in texts(desk)} - {None}) == len(ids)
        assert desk.place.ask("SELECT count(*) FROM messages") == [(len(ids),)]
        assert len(fates(desk)) == len(order), "each redelivery is kept"
    finally:
        desk.close()


def test_redeliveries_at_once_are_one_text(desk: Desk) -> None:
    given = {"id": "id-1", "from": number(1), "to": "12345", "text": "x", "linkId": "L", "date": "2026-03-04"}
    raw = form("twoway", given)
    found = desk.store.together([lambda tx: flow.receive(tx, desk.account, raw, Answers(DEFAULT))] * 5)
    assert sorted((each.complete, each.replied) for each in found) == [*[(True, False)] * 4, (True, True)]
    assert len(texts(desk)) == 1


@pytest.mark.parametrize(
    ("sender", "template", "note"),
    [
        pytest.param(number(1), "", "off", id="replies are off"),
        pytest.param("SAFARICOM", DEFAULT, "name", id="the sender is a name"),
        pytest.param("Ujumbe Ltd", DEFAULT, "name", id="a name of two words"),
    ],
)
def test_no_reply_and_why(desk: Desk, sender: str, template: str, note: str) -> None:
    assert desk.hear("id-1", sender, "Habari", template) == (True, False)
    [stored] = texts(desk)
    assert stored.reply is None
    assert note in stored.reply_note
    assert desk.claim() == []


@pytest.mark.parametrize(
    ("lacking", "good", "applied"),
    [
        ("linkId", False, True),
        ("date", False, True),
        ("id", False, False),
        ("from", False, False),
        ("to", False, False),
        ("text", False, False),
    ],
)
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_an_incomplete_one_is_kept_and_applied_if_it_can_be(
    desk: Desk, lacking: str, how: str, *, good: bool, applied: bool
) -> None:
    given = {"id": "id-1", "from": number(1), "to": "12345", "text": "x", "linkId": "L", "date": "2026-03-04"}
    del given[lacking]
    raw = form("twoway", given)
    if how == "empty":
        raw = Raw(raw.kind, raw.query, raw.content_type, raw.body + f"&{lacking}=".encode())
    _, complete, replied, _ = desk.store.write(flow.receive, desk.account, raw, Answers(DEFAULT))
    empty_link = lacking == "linkId" and how == "empty"
    assert complete is (good or empty_link), "an empty linkId is normal"
    assert replied is applied
    assert len(texts(desk)) == applied
    [(fate, note)] = fates(desk)
    assert fate == ("applied" if applied else "incomplete")
    assert lacking in note or empty_link or applied


def converse(desk: Desk, rounds: int, answer: str = "", template: str = DEFAULT) -> int:
    """A service that answers our replies: how many of its texts we answered."""
    replied = 0
    heard = "Habari"
    for index in range(rounds):
        if desk.hear(f"id-{index}", number(1), heard, template)[1]:
            replied += 1
            [call] = desk.claim()
            heard = answer.format(index=index, text=call.outgoing.text) if answer else call.outgoing.text
    return replied


@pytest.mark.parametrize(
    ("answer", "rounds"),
    [
        pytest.param("", ECHO_ROUNDS, id="an echo"),
        pytest.param("You said: {text}", ECHO_ROUNDS, id="our words quoted"),
        pytest.param("We are closed", ECHO_ROUNDS, id="the same words each time"),
        pytest.param("Ticket {index}", QUICK_ROUNDS, id="new words each time, too quickly for a person"),
    ],
)
def test_two_services_that_answer_each_other_stop(desk: Desk, answer: str, rounds: int) -> None:
    assert converse(desk, 30, answer) == rounds
    assert "loop guard" in texts(desk)[-1].reply_note
    assert len(texts(desk)) == 30, "its texts are kept all the same"


def test_others_are_answered_meanwhile_and_it_too_after_an_hour(desk: Desk, clock: Clock) -> None:
    converse(desk, 10)
    its_words = texts(desk)[-1].content.text
    assert desk.hear("other", number(2), "Habari")[1]
    assert not desk.hear("again", number(1), its_words)[1]
    clock.forward(MEMORY_SECONDS * 1000 + 1)
    assert desk.hear("later", number(1), its_words)[1]


def test_who_opted_out_is_not_answered(desk: Desk) -> None:
    desk.opt_out(number(1), "12345")
    assert desk.hear("id-1", number(1), "Habari") == (True, True)
    assert desk.claim() == []
    [stored] = texts(desk)
    assert stored.reply is not None
    assert desk.state(stored.reply) is State.BLOCKED


def test_a_long_text_gets_an_answer_that_can_be_sent(desk: Desk) -> None:
    assert desk.hear("id-1", number(1), "\U0001f44b" * 1_600, DEFAULT) == (True, True)
    [call] = desk.claim()
    assert len(call.outgoing.text) == 1_600

"""Texts fetched from AT's inbox: what no callback brought is stored once, whichever way it comes first."""

from tests.flows.conftest import Clock
from tests.flows.desk import Desk, number
from ujumbe.africastalking.replies import InboxMessage
from ujumbe.flows import inbound
from ujumbe.flows.answering import Answers
from ujumbe.store import accounts
from ujumbe.store import inbound as texts

DATE = "2026-03-04T10:30:00Z"
PRECISE = "2026-03-04T10:30:00.445Z"
"""The same moment as AT's inbox tells it."""
THEN = 1_772_620_200_000


def in_inbox(inbox_id: int, text: str = "Habari", date: str = PRECISE, sender: str = number(1)) -> InboxMessage:
    return InboxMessage(inbox_id, sender, "12345", text, date, "")


def fetched(desk: Desk, *page: InboxMessage) -> int:
    first = desk.store.read(accounts.inbox_seen, desk.account) == 0
    return desk.store.write(inbound.fetched, desk.account, page, Answers("{text}"), first=first)


def stored(desk: Desk) -> list[texts.Inbound]:
    return desk.store.read(texts.list_page, desk.account, number=None, before=None, limit=100)


def test_what_no_callback_brought_is_stored_once(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 1_000
    assert fetched(desk, in_inbox(7), in_inbox(8, "Kwaheri")) == 2
    assert fetched(desk, in_inbox(7), in_inbox(8, "Kwaheri"), in_inbox(9, "Asante")) == 1
    assert [each.content.provider_id for each in stored(desk)] == ["inbox-9", "inbox-8", "inbox-7"]
    assert desk.store.read(accounts.inbox_seen, desk.account) == 9
    newest, *first = stored(desk)
    assert newest.reply is not None, "a fresh one is answered"
    assert {(each.reply, each.reply_note) for each in first} == {(None, inbound.LATE)}, "others may have answered them"


def test_a_callback_came_first(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 1_000
    desk.hear("uuid-1", number(1), "Habari", date=DATE)
    assert fetched(desk, in_inbox(7)) == 0
    [one] = stored(desk)
    assert one.content.provider_id == "uuid-1"


def test_its_callback_comes_later_and_again(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 1_000
    assert fetched(desk, in_inbox(7)) == 1
    for _ in range(2):
        assert desk.hear("uuid-1", number(1), "Habari", date=DATE) == (True, False), "not answered twice"
    [one] = stored(desk)
    assert one.content.provider_id == "uuid-1", "by which redeliveries are known from now on"
    assert fetched(desk, in_inbox(7)) == 0


def test_the_same_words_twice_are_two_texts(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 1_000
    desk.hear("uuid-1", number(1), "Habari", date=DATE)
    assert fetched(desk, in_inbox(7), in_inbox(8)) == 1, "one of them is the callback's"
    desk.hear("uuid-2", number(1), "Habari", date=DATE)
    desk.hear("uuid-3", number(1), "Habari", date=DATE)
    assert len(stored(desk)) == 3


def test_other_words_another_sender_or_another_time_are_no_twins(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 1_000
    desk.hear("uuid-1", number(1), "Habari", date=DATE)
    late = "2026-03-04T10:30:09Z"
    assert fetched(desk, in_inbox(7, "habari"), in_inbox(8, sender=number(2)), in_inbox(9, date=late)) == 3
    assert fetched(desk, in_inbox(10, date="yesterday")) == 1, "without a time there is nothing to compare"


def test_what_is_old_is_not_answered_by_itself(desk: Desk, clock: Clock) -> None:
    clock.now = THEN + 2 * inbound.FRESH_MS
    assert fetched(desk, in_inbox(7)) == 1
    [one] = stored(desk)
    assert (one.reply, "too late" in one.reply_note) == (None, True)


def test_a_redelivery_beside_its_double_in_the_inbox_is_a_duplicate(desk: Desk) -> None:
    """The same word twice within two seconds: one by callback, whose 200 was lost, the other only in the inbox."""
    given = {"date": "2026-03-04T10:30:00Z"}
    assert desk.hear("A", number(1), "Yes", "", **given) == (True, False)
    assert fetched(desk, in_inbox(1, "Yes"), in_inbox(2, "Yes", "2026-03-04T10:30:01.500Z")) == 1
    assert desk.hear("A", number(1), "Yes", "", **given) == (True, False)
    assert desk.hear("B", number(1), "Yes", "", date="2026-03-04T10:30:01Z") == (True, False)
    assert desk.place.ask("SELECT state FROM callbacks ORDER BY id") == [("applied",), ("duplicate",), ("duplicate",)]
    assert len(stored(desk)) == 2

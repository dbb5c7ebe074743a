import pytest

from tests.flows.desk import Desk, number
from ujumbe.store import opt_outs
from ujumbe.store.callbacks import Fate


@pytest.mark.parametrize("sender", ["UJUMBE", "12345", "", "A name nobody has"])
def test_an_opt_out_is_in_force_once_and_kept_each_time(desk: Desk, sender: str) -> None:
    assert desk.opt_out(number(1), sender) is Fate.APPLIED
    assert desk.opt_out(number(1), sender.lower()) is Fate.DUPLICATE
    [found] = desk.store.read(opt_outs.history, desk.account, number(1))
    assert (found.sender, found.source) == (sender, opt_outs.Source.CALLBACK)
    rows = desk.place.ask("SELECT state, note, number FROM callbacks ORDER BY id")
    assert rows == [
        ("applied", f"opted out of {sender or 'all senders'}", number(1)),
        ("duplicate", "opted out before", number(1)),
    ]


def test_one_sender_after_another_is_history(desk: Desk) -> None:
    for sender in ("UJUMBE", "12345", ""):
        assert desk.opt_out(number(1), sender) is Fate.APPLIED
    history = desk.store.read(opt_outs.history, desk.account, number(1))
    assert [each.sender for each in history] == ["", "12345", "UJUMBE"]


@pytest.mark.parametrize("written", ["254711000001", "+254711000001", "+254 711-000-001"])
def test_a_number_counts_however_it_is_written(desk: Desk, written: str) -> None:
    assert desk.opt_out(written, "UJUMBE") is Fate.APPLIED
    desk.accept(number(1))
    assert desk.claim() == []


def test_without_a_number_it_is_only_kept(desk: Desk) -> None:
    assert desk.opt_out("", "UJUMBE") is Fate.INCOMPLETE
    assert desk.place.ask("SELECT state, note FROM callbacks") == [("incomplete", "no phoneNumber")]


def test_an_opt_out_while_the_call_is_out_blocks_only_the_next(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.opt_out(number(1))
    assert desk.attempts(call.messages[0])[0].state == "open", "it has left"
    desk.accept(number(1))
    assert desk.claim() == []

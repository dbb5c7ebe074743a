import pytest

from tests.flows.desk import Desk, number
from ujumbe.store import subscriptions
from ujumbe.store.callbacks import Fate

ADD = {"phoneNumber": number(1), "shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}


@pytest.mark.parametrize(
    ("changed", "fate", "note"),
    [
        pytest.param({}, Fate.APPLIED, "subscribed", id="addition"),
        pytest.param({"updateType": "Addition"}, Fate.APPLIED, "subscribed", id="however it is written"),
        pytest.param({"keyword": ""}, Fate.APPLIED, "subscribed", id="no keyword"),
        pytest.param({"updateType": "deletion"}, Fate.DUPLICATE, "was not subscribed", id="deletion of nothing"),
        pytest.param({"updateType": "renewal"}, Fate.IGNORED, "updateType renewal is not one we know", id="unknown"),
        pytest.param({"updateType": ""}, Fate.INCOMPLETE, "no updateType", id="no updateType"),
        pytest.param({"phoneNumber": "", "shortCode": ""}, Fate.INCOMPLETE, "no phoneNumber and shortCode", id="two"),
    ],
)
def test_each_notice(desk: Desk, changed: dict[str, str], fate: Fate, note: str) -> None:
    assert desk.subscribe(**ADD | changed) is fate
    [(kept, why)] = desk.place.ask("SELECT state, note FROM callbacks")
    assert kept == fate
    assert note in why
    found = desk.store.read(subscriptions.list_page, desk.account, before=None, limit=10)
    assert len(found) == (fate is Fate.APPLIED)


def test_coming_and_going_is_history(desk: Desk) -> None:
    remove = ADD | {"updateType": "deletion"}
    fates = [desk.subscribe(**each) for each in (ADD, ADD, remove, remove, ADD)]
    assert fates == [Fate.APPLIED, Fate.DUPLICATE, Fate.APPLIED, Fate.DUPLICATE, Fate.APPLIED]
    found = desk.store.read(subscriptions.list_page, desk.account, before=None, limit=10)
    assert [each.ended_at is None for each in found] == [True, False]
    assert len(desk.place.ask("SELECT 1 FROM callbacks")) == 5

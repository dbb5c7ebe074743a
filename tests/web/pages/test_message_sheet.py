import csv
import io
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from tests.store.opened import Opened, SqlitePlace, account, number, queued
from ujumbe.domain.message import State
from ujumbe.store import messages
from ujumbe.store.messages import Message
from ujumbe.web.pages import message_sheet


@pytest.fixture
def message(tmp_path: object) -> Message:
    with SqlitePlace(tmp_path / "ujumbe.sqlite3").open() as store:  # type: ignore[operator]  # pytest's own Path
        return made(store)


def made(store: Opened) -> Message:
    ours = store.write(account)
    found = store.write(queued, ours, number(111), state=State.BLOCKED, text="Call +254711000222")
    [message] = store.read(messages.among, ours, found)
    return message


def row(message: Message, *, masked: bool = False) -> dict[str, str]:
    text = message_sheet.HEAD + message_sheet.lines([message], ZoneInfo("Africa/Nairobi"), masked=masked)
    [found] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    return found


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
def test_no_cell_is_a_formula(message: Message, text: str) -> None:
    risky = replace(message, text=text, sender=text, reason=text, number=text, provider_id=text)
    found = row(risky)
    for column in ("text", "from", "reason", "to", "provider_message_id"):
        assert found[column] == f"'{text}"


def test_numbers_are_masked(message: Message) -> None:
    found = row(replace(message, reason="as +254711000222 said"), masked=True)
    assert found["to"].endswith("+254******111")
    assert found["text"] == "Call +254******222"
    assert found["reason"] == "as +254******222 said"
    assert row(message)["to"] == "+254711000111"

"""Each magic number does what its row says; ordinary numbers do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.receiver import Receiver
from ujumbe.simulator.magic import NUMBERS, REASONS, STATUSES, Report


def test_every_row(
    at: httpx.Client,
    receiver: Receiver,
    send: Callable[..., dict[str, Any]],
    ledger: Callable[[], list[dict[str, Any]]],
) -> None:
    """One order to all of them: answer, ledger, reports and handsets together."""
    data = send(",".join(NUMBERS))
    answers = {recipient["number"]: recipient for recipient in data["Recipients"]}
    lines = {line["number"]: line for line in ledger()}
    expected = sum(len(magic.reports) for magic in NUMBERS.values() if magic.taken)
    deadline = time.monotonic() + 10
    while len(receiver.reports) < expected or at.get("/status").json()["callbacks_waiting"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(receiver.reports) == expected
    ids = {line["message_id"]: number for number, line in lines.items() if line["message_id"]}
    reports: dict[str, list[Report]] = {}
    for form in receiver.reports:
        report = Report(form["status"], form.get("failureReason", ""), bare="phoneNumber" not in form)
        reports.setdefault(ids[form["id"]], []).append(report)
    for number, magic in NUMBERS.items():
        assert lines[number]["taken"] is magic.taken, number
        assert (number in answers) is magic.listed, number
        if magic.listed:
            code = magic.code or 101
            assert (answers[number]["statusCode"], answers[number]["status"]) == (code, STATUSES[code]), number
            assert (answers[number]["messageId"] != "None") is (magic.taken and magic.identified), number
            assert (answers[number]["cost"] == "0") is (code >= 400), number
        sent = tuple(reports.get(number, ())) if magic.taken else ()
        # Their order is that of time, tested with a longer delay elsewhere; here they are a millisecond apart.
        assert sorted(map(str, sent)) == sorted(map(str, magic.reports if magic.taken else ())), number
        shown = at.get(f"/phones/{number}/messages").json()
        assert bool(shown) is (magic.taken and magic.arrives), number
    accepted = sum(magic.taken and (magic.code or 101) < 400 for magic in NUMBERS.values())
    assert data["Message"].startswith(f"Sent to {accepted}/{len(NUMBERS)} Total Cost: KES ")


def test_all_codes_and_reasons_are_there() -> None:
    assert {magic.code for magic in NUMBERS.values()} >= set(STATUSES) - {101, 102}
    reported = {report for magic in NUMBERS.values() for report in magic.reports}
    assert {report.reason for report in reported} >= set(REASONS.values())
    assert {report.status for report in reported} >= {
        "Sent", "Submitted", "Buffered", "Rejected", "Success", "Failed", "AbsentSubscriber", "Expired",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["+254711000111", "+254711000222", "+254711099999", "+254711900999"])
def test_ordinary_numbers_are_not_magic(number: str, send: Callable[..., dict[str, Any]]) -> None:
    assert number not in NUMBERS
    assert send(number)["Recipients"][0]["status"] == "Success"
    assert all("+254711900000" <= magic <= "+254711919999" for magic in NUMBERS)

"""/v1/account: who or what holds sending up, and how it goes on: by a person, or by itself."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.africastalking.provider import asked, taking
from tests.africastalking.scripted import ScriptedServer, reply
from tests.running import Running, serve, until
from tests.web.conftest import Desk

SINCE = timedelta(minutes=5)


@pytest.fixture
def account(http: httpx.Client) -> Iterator[httpx.Client]:
    """The account, which goes on afterwards."""
    yield http
    http.put("/simulator/faults", json={"balance": "KES 100000"}).raise_for_status()
    if not http.get("/v1/account").json()["sending"]:
        http.post("/v1/account/resume").raise_for_status()


def test_nothing_is_wrong(account: httpx.Client) -> None:
    assert account.get("/v1/account").json() == {
        "username": "sandbox",
        "sending": True,
        "paused_by": None,
        "reason": "",
        "paused_since": None,
        "next_probe": None,
        "slowed_until": None,
    }
    answer = account.post("/v1/account/resume")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ujumbe:problem:conflict")


@pytest.mark.parametrize(("body", "reason"), [({"reason": "Wrong price list"}, "Wrong price list"), (None, "somebody")])
def test_paused_by_a_person(
    account: httpx.Client, desk: Desk, number: str, body: dict[str, str] | None, reason: str
) -> None:
    told = account.post("/v1/account/pause", json=body).json()
    assert (told["sending"], told["paused_by"], told["next_probe"]) == (False, "operator", None)
    assert told["reason"].startswith(reason)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(told["paused_since"])) < SINCE
    assert account.get("/v1/account").json() == told
    [row] = desk.accept(number)["messages"]
    answer = account.get("/sms/invoke-bulk-sms", params={"phone": number, "message": "Now"})
    assert (answer.status_code, "nothing was sent" in answer.json()["error"]) == (500, True)
    assert desk.message(row["id"])["state"] == "queued"
    assert desk.ledger(number) == []
    assert account.post("/v1/account/resume").json()["sending"]
    desk.becomes(row["id"], "delivered")
    assert [line["text"] for line in desk.ledger(number)] == ["Habari"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"reason": "x" * 201}, "reason"), ({"reason": 5}, "reason"), ({"why": "x"}, "why"), ([], "body")],
)
def test_bad_orders_pause_nothing(account: httpx.Client, body: object, field: str) -> None:
    answer = account.post("/v1/account/pause", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert account.get("/v1/account").json()["sending"]


def test_an_empty_balance_pauses_and_a_full_one_resumes(
    service: Running, account: httpx.Client, desk: Desk, new_number: Callable[[], str]
) -> None:
    numbers = [new_number(), new_number()]
    account.put("/simulator/faults", json={"balance": "KES 0"}).raise_for_status()
    first, second = (desk.accept(number)["messages"][0]["id"] for number in numbers)
    until(lambda: account.get("/v1/account").json()["paused_by"] == "balance")
    told = account.get("/v1/account").json()
    assert "405" in told["reason"]
    assert told["next_probe"] is not None
    assert '"level": "error"' in next(line for line in service.log.splitlines()[::-1] if "sending is paused" in line)
    until(lambda: {desk.message(each)["state"] for each in (first, second)} == {"queued"})
    assert {line["status_code"] for number in numbers for line in desk.ledger(number)} == {405}
    assert account.get("/readyz").status_code == 200
    account.put("/simulator/faults", json={"balance": "KES 1000"}).raise_for_status()
    for each in (first, second):
        desk.becomes(each, "delivered")
    assert account.get("/v1/account").json()["sending"]
    for number in numbers:
        assert [line["taken"] for line in desk.ledger(number)].count(True) == 1


def test_what_at_asks_for_is_heeded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """HTTP 429 with Retry-After holds up everything, not only what it was answered to."""
    folder = tmp_path_factory.mktemp("slow")
    with (
        ScriptedServer(reply(429, b"slow down", "Retry-After: 3"), taking()) as at,
        serve(folder, at=at.url, UJUMBE_FETCH_INBOX="false") as service,
        httpx.Client(base_url=service.url, headers=service.headers) as client,
    ):
        desk = Desk(client)
        [first] = desk.accept("+254711000001", "First")["messages"]
        refused = until(lambda: [each for each in desk.message(first["id"])["timeline"] if each["what"] == "answered"])[
            0
        ]
        assert (refused["detail"]["outcome"], refused["detail"]["http_status"]) == ("not_taken", 429)
        [second] = desk.accept("+254711000002", "Second")["messages"]
        for each in (second, first):
            found = desk.becomes(each["id"], "sent")
            left = [step["at"] for step in found["timeline"] if step["what"] == "submitted"][-1]
            assert datetime.fromisoformat(left) - datetime.fromisoformat(refused["at"]) >= timedelta(seconds=3)
        assert len(asked(at)) == 3
        assert client.get("/v1/account").json()["sending"], "slow is not paused"
        service.stop()

"""`ujumbe serve` against an AT that refuses our key, or that is not there: what is said, and what is kept."""

from collections.abc import Iterator

import httpx
import pytest

from tests.running import Serving, free_port, serve, simulator, until

BOTH = pytest.mark.parametrize("route", ["/sms/invoke-bulk-sms", "/sms/invoke-twoway-sms"])
NUMBER = "+254711000000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serve")
    with simulator(folder / "at") as at, serve(folder, at=at.url) as running:
        yield running
        running.stop()
        at.stop()
        assert "Traceback" not in running.log + at.log


def again(service: Serving, **env: str) -> httpx.Client:
    """The same service with other settings."""
    service.stop()
    service.env.update(env)
    service.start()
    return httpx.Client(base_url=service.url, headers=service.headers, timeout=20)


@BOTH
def test_all_is_well(service: Serving, route: str) -> None:
    answer = httpx.get(service.url + route, params={"phone": NUMBER}, headers=service.headers)
    assert (answer.status_code, answer.json()["message"]) == (200, f"SMS sent to {NUMBER}")


@pytest.fixture(scope="module")
def refused(service: Serving) -> Iterator[httpx.Client]:
    right = service.env["AT_API_KEY"]
    with again(service, AT_API_KEY="wrong-key-5141") as client:
        yield client
    service.env["AT_API_KEY"] = right


def test_wrong_credentials(service: Serving, refused: httpx.Client) -> None:
    answer = refused.get("/sms/invoke-bulk-sms", params={"phone": NUMBER, "message": "Kiboko-51"})
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert "AT_USERNAME" in error
    assert "AT_API_KEY" in error
    assert "wrong-key-5141" not in error
    message = refused.get("/v1/messages", params={"limit": 1}).json()["items"][0]
    assert (message["text"], message["state"]) == ("Kiboko-51", "failed")
    assert "AT_API_KEY" in message["reason"]
    assert "wrong-key-5141" not in service.log
    assert "Kiboko" not in service.log


@BOTH
def test_a_refused_key_is_not_hammered(service: Serving, refused: httpx.Client, route: str) -> None:
    """After the first 401 nothing leaves for a while, and whoever asks is told why."""
    answer = refused.get(route, params={"phone": NUMBER, "message": "Nobody is asked"})
    assert answer.status_code == 500
    assert "refuses the username or API key (401)" in answer.json()["error"]
    assert "nothing was sent" in answer.json()["error"]
    message = refused.get("/v1/messages", params={"limit": 1}).json()["items"][0]
    assert (message["text"], message["state"], message["tries"]) == ("Nobody is asked", "failed", 0)
    told = refused.get("/v1/account").json()
    assert (told["sending"], told["paused_by"]) == (False, "credentials")
    assert told["next_probe"] is not None
    assert refused.get("/readyz").status_code == 200, "we can work; it is AT that does not take us"
    until(lambda: "sending is paused" in service.log)


def test_what_is_queued_waits_for_the_right_key(service: Serving, refused: httpx.Client) -> None:
    made = refused.post("/v1/messages", json={"to": NUMBER, "text": "Patience"}).json()["messages"][0]
    assert refused.get(f"/v1/messages/{made['id']}").json()["state"] == "queued"
    ended = refused.post("/v1/account/resume").json()
    assert (ended["sending"], ended["paused_by"], ended["reason"]) == (True, None, "")

    def tried() -> bool:
        found = refused.get(f"/v1/messages/{made['id']}").json()
        return found["state"] == "queued" and found["tries"] == 1 and "AT_API_KEY" in found["reason"]

    assert until(tried), "resumed by hand it was tried, and the same answer pauses again"
    assert until(lambda: not refused.get("/v1/account").json()["sending"])


@pytest.fixture(scope="module")
def down(service: Serving, refused: httpx.Client) -> Iterator[httpx.Client]:
    with again(service, AT_API_URL=f"http://127.0.0.1:{free_port()}") as client:
        yield client


@BOTH
def test_provider_down(service: Serving, down: httpx.Client, route: str) -> None:
    answer = down.get(route, params={"phone": NUMBER, "message": "Nobody hears"})
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert "could not be reached" in error
    assert "may have taken" not in error
    message = down.get("/v1/messages", params={"limit": 1}).json()["items"][0]
    assert (message["text"], message["state"]) == ("Nobody hears", "failed")
    assert service.process.poll() is None


def test_a_queued_reply_waits_for_the_provider(down: httpx.Client) -> None:
    form = {"linkId": "", "text": "Habari", "to": "12345", "id": "in-1", "date": "2026-03-04", "from": NUMBER}
    assert down.post("/sms/twoway", data=form).text == "GOOD"

    def tried() -> bool:
        [text] = down.get("/v1/inbound").json()["items"]
        reply = down.get(f"/v1/messages/{text['reply']}").json()
        return bool(reply["tries"] >= 1 and reply["state"] == "queued" and "could not be reached" in reply["reason"])

    assert until(tried)
    assert down.get("/readyz").status_code == 200

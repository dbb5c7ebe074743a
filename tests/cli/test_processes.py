"""The long-running commands as processes: how they start, refuse, and end."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from tests.running import Running, dev, simulator, ujumbe, until

READY = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": "http://127.0.0.1:1"}
NUMBER = "+254711000000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
        running.stop()


def test_greeting(service: Running) -> None:
    for line in (
        f"{service.url}/simulator/",
        f"{service.url}/openapi.json",
        str(service.folder / "data"),
        f'curl "{service.url}/sms/invoke-bulk-sms?phone=254711000111&message=Hello%20World"',
        f'curl "{service.url}/sms/invoke-twoway-sms?phone=254711000111&message=Please%20answer"',
        f'curl "{service.url}/v1/messages?limit=5"',
    ):
        assert f"{line}\n" in service.log
    for address in ("/", "/simulator/", "/openapi.json", "/v1/messages?limit=5", "/sms/"):
        assert httpx.get(service.url + address).status_code == 200


@pytest.mark.parametrize("command", ["dev", "serve", "simulator"])
def test_port_in_use(run: Run, bare: Path, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run(command, "--port", port, **READY)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert port in ended.err
    assert "--port" in ended.err


@pytest.mark.parametrize("words", [["dev"], ["serve"]], ids=lambda words: words[0])
def test_second_process_on_one_folder(run: Run, service: Running, words: list[str]) -> None:
    ended = run(*words, "--port", "0", **READY, UJUMBE_DATA=str(service.folder / "data"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert f"process {service.process.pid} at {service.url}" in ended.err
    assert "UJUMBE_DATA" in ended.err
    assert httpx.get(f"{service.url}/readyz").status_code == 200


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        (["simulator", "--callbacks", "nowhere"], {}, "callbacks"),
        (["simulator", "--callbacks", "http://x/?q=1"], {}, "callbacks"),
        (["dev", "--port", "70000"], {}, "UJUMBE_PORT"),
        (["dev"], {"UJUMBE_PORT": "eighty"}, "UJUMBE_PORT"),
        (["dev"], {"UJUMBE_LOG_LEVEL": "loud"}, "UJUMBE_LOG_LEVEL"),
        (["dev"], {"UJUMBE_DEFAULT_COUNTRY": "Kenya"}, "UJUMBE_DEFAULT_COUNTRY"),
        (["dev"], {"UJUMBE_CALLBACK_TOKEN": "a b c d e f g"}, "UJUMBE_CALLBACK_TOKEN"),
        (["serve"], {**READY, "AT_API_URL": "ftp://x"}, "AT_API_URL"),
        (["serve"], {"AT_USERNAME": "sandbox", "AT_API_KEY_FILE": "/nowhere/key"}, "AT_API_KEY_FILE"),
    ],
)
def test_bad_settings(run: Run, words: list[str], env: dict[str, str], says: str) -> None:
    ended = run(*words, **env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert says in ended.err


def test_settings_from_files(tmp_path: Path) -> None:
    """What is set outside wins over the file that it names, that over `.env`; `dev` takes none of AT's."""
    (tmp_path / ".env").write_text("UJUMBE_REPLY=From the file\nAT_API_URL=http://192.0.2.1\nAT_USERNAME=live\n")
    with dev(tmp_path) as service:
        httpx.post(f"{service.url}/simulator/phones/{NUMBER}/messages", json={"to": "12345", "text": "Hi"})
        found = until(lambda: httpx.get(f"{service.url}/simulator/phones/{NUMBER}/messages").json()[1:])
        assert [each["text"] for each in found] == ["From the file"]
        service.stop()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=lambda sign: sign.name)
def test_ends_quickly_and_loses_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    """Although a browser listens, a phone line is busy and texts are on their way."""
    with dev(tmp_path) as service:
        opened = threading.Event()

        def listen() -> None:
            with httpx.stream("GET", f"{service.url}/simulator/events", timeout=30) as stream:
                opened.set()
                for _ in stream.iter_bytes():
                    pass

        browser = threading.Thread(target=listen)
        browser.start()
        assert opened.wait(10)
        with httpx.Client(base_url=service.url) as client, httpx.Client(base_url=service.url) as idle:
            assert idle.get("/healthz").status_code == 200
            sent = []
            for n in range(20):
                answer = client.get("/sms/invoke-bulk-sms", params={"phone": NUMBER, "message": f"No {n}"})
                sent.append(answer.json()["response"]["SMSMessageData"]["Recipients"][0]["messageId"])
                form = {"linkId": "", "text": f"In {n}", "to": "12345", "id": f"x{n}", "date": "2026", "from": NUMBER}
                assert client.post("/sms/twoway", data=form).text == "GOOD"
            service.stop(5, sign)
        browser.join(5)
        assert not browser.is_alive()
        assert "Stopped. Nothing is lost" in service.log
        assert "Traceback" not in service.log
        service.restart()
        kept = httpx.get(f"{service.url}/v1/messages", params={"limit": 1000}).json()["items"]
        assert set(sent) <= {each["provider_message_id"] for each in kept}
        assert {each["state"] for each in kept if each["provider_message_id"] in sent} <= {"sent", "delivered"}
        texts = httpx.get(f"{service.url}/v1/inbound", params={"limit": 1000}).json()["items"]
        assert {each["text"] for each in texts} == {f"In {n}" for n in range(20)}
        service.stop()


def test_the_simulator_ends_cleanly(tmp_path: Path) -> None:
    with simulator(tmp_path, "--state", "at.sqlite3", AT_USERNAME="me", AT_API_KEY="mine", AT_SHORTCODE="777") as at:
        status = httpx.get(f"{at.url}/status").json()
        assert (status["username"], status["short_code"]) == ("me", "777")
        httpx.post(f"{at.url}/phones", json={"number": NUMBER}).raise_for_status()
        at.stop(5)
        at.restart()
        assert NUMBER in httpx.get(f"{at.url}/phones").text
        at.stop(5)
        assert "Traceback" not in at.log


def test_as_a_program(tmp_path: Path) -> None:
    """Not within this process: what a script sees of an error."""
    ended = ujumbe(tmp_path, "keys", "list", "--json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: there is no database at data/ujumbe.sqlite3")
    upgraded = ujumbe(tmp_path, "db", "upgrade", "--json")
    assert json.loads(upgraded.stdout)["applied"]
    assert upgraded.stderr == ""

"""State survives `kill -9`, callbacks still to be made included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.simulator.receiver import KEY, Receiver, until

PROGRAM = """
import sys, uvicorn
from ujumbe.simulator import SimulatorConfig, create_app
config = SimulatorConfig(callbacks=sys.argv[1], database=sys.argv[2], retry_seconds=0.05)
server = uvicorn.Server(uvicorn.Config(create_app(config), host="127.0.0.1", port=0, log_level="error"))
class Told(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
Told(server.config).run()
"""


@contextmanager
def simulator(callbacks: str, database: Path) -> Iterator[httpx.Client]:
    """A simulator in a process of its own, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, callbacks, str(database)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{int(process.stdout.readline())}", timeout=10) as client:
            yield client
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()


def test_everything_survives_a_kill(tmp_path: Path, receiver: Receiver, listening: tuple[Receiver, str]) -> None:
    callbacks, database = f"{listening[1]}/sms", tmp_path / "simulator.db"
    receiver.answer = lambda path: 503
    with simulator(callbacks, database) as at:
        at.put(
            "/faults",
            json={"report_delay_ms": 1, "reports": "final", "senders": ["SHAMBA"], "balance": "KES 10.0000", "seed": 7},
        )
        form = {"username": "sandbox", "to": "+254711000111,0711", "message": "Hello"}
        answer = at.post("/version1/messaging", data=form, headers=KEY).json()
        at.post("/phones/254711000222/messages", json={"text": "Hi"})
        at.post("/phones/254711000222/opt-out", json={"senderId": "SHAMBA"})
        at.post(
            "/phones/254711000222/subscriptions",
            json={"shortCode": "12345", "keyword": "NEWS", "updateType": "addition"},
        )
        token = at.post("/auth-token/generate", json={"username": "sandbox"}, headers=KEY).json()["token"]
        until(lambda: len({call.path for call in receiver.calls}) == 4)
        before = {
            path: at.get(path).json() for path in ("/faults", "/ledger", "/phones", "/phones/254711000222/messages")
        }
    receiver.clear()
    with simulator(callbacks, database) as at:
        until(lambda: at.get("/status").json()["callbacks_waiting"] == 0)
        assert {path: at.get(path).json() for path in before} == before
        assert {call.path for call in receiver.calls} == {
            "/sms/delivery-reports", "/sms/twoway", "/sms/opt-out", "/sms/subscription",
        }  # fmt: skip
        assert receiver.reports[0]["id"] == answer["SMSMessageData"]["Recipients"][0]["messageId"]
        form = {"username": "sandbox", "to": "+254711000222", "message": "Hello", "from": "SHAMBA"}
        refused = at.post(
            "/version1/messaging", data=form, headers={"authToken": token, "Accept": "application/json"}
        ).json()
        assert refused["SMSMessageData"]["Recipients"][0]["statusCode"] == 406
        query = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS"}
        assert len(at.get("/version1/subscription", params=query, headers=KEY).json()["responses"]) == 1
        assert at.get("/faults").json()["balance"] == "KES 9.2000"

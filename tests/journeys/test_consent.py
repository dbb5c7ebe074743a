"""Nobody who said stop gets another text, in whatever order things happen: people text, stop and start again, operators
and files opt them out, AT refuses them, some are erased. Afterwards AT's ledger is compared with what was said when.

A line is wrong where an opt-out in its scope had been answered before its send was posted (or before it was due), and
nothing that ends an opt-out had been posted before the line was submitted. The one confirmation is excepted.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest

from tests.journeys.conftest import ledger
from tests.running import dev, free_port, serve, simulator, ujumbe, until, worker
from ujumbe.settings import DEFAULT_REPLY, START_REPLY, STOP_REPLY

pytestmark = pytest.mark.journey

PEOPLE: Final = 10
STEPS: Final = 45
SENDERS: Final = ["", "MyBrand", "12345"]
SCOPES: Final = {"": "africastkng", "MyBrand": "mybrand", "12345": "12345"}
REFUSED, BLACKLISTED = "+254711900406", "+254711900605"
"""The local AT refuses the one at send, and reports the other's texts as UserInBlackList."""
EVERY: Final = ""
"""The scope of an opt-out from all senders."""
CLOCK_SECONDS: Final = 0.01
"""Moments in the ledger are whole milliseconds."""


class Said(NamedTuple):
    """An opt-out of a number from a scope: when it was posted, and when it had been answered (epoch seconds)."""

    number: str
    scope: str
    posted: float
    answered: float
    how: str


class Lifted(NamedTuple):
    """A word that ends opt-outs of a number (`scope` None: all of them): when it was posted, and answered."""

    number: str
    scope: str | None
    posted: float
    answered: float


@dataclass
class World:
    """A service with a local AT, and all that was said to it, by whom and when."""

    url: str
    at: str
    folder: Path
    headers: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    lifted: list[Lifted] = field(default_factory=list)
    begun: dict[str, float] = field(default_factory=dict)
    """From when on the text with these words could be submitted."""
    stops: dict[str, int] = field(default_factory=dict)
    """How many stop words each number wrote."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=60)


class Person:
    """Whatever can happen to one number, in random order. Two of them share each number."""

    def __init__(self, world: World, number: str, seed: str) -> None:
        self.world, self.number, self.name = world, number, seed
        self.chance = random.Random(seed)
        self.count = 0

    def live(self) -> None:
        acts: list[tuple[int, Callable[[httpx.Client], None]]] = [
            (14, self.send),
            (4, self.write),
            (3, self.stop_by_word),
            (3, self.stop_by_callback),
            (2, self.stop_by_operator),
            (3, self.start),
            (2, self.lift),
            (1, self.erase),
        ]
        with self.world.client() as client:
            for _ in range(STEPS):
                [act] = self.chance.choices([each for _, each in acts], [weight for weight, _ in acts])
                act(client)

    def send(self, client: httpx.Client) -> None:
        key = self._key()
        wait = self.chance.choice([0, 0, 0, 0.3, 0.8])
        body: dict[str, Any] = {"to": self.number, "text": key}
        sender = self.chance.choice(SENDERS)
        if sender:
            body["from"] = sender
        begin = time.time()
        if wait:
            due = datetime.fromtimestamp(begin + wait, UTC)
            body["send_at"], begin = due.isoformat(), due.timestamp()
        self.world.begun[key] = begin
        if self.chance.random() < 0.2 and not wait:
            route = "twoway" if sender == "12345" else "bulk"
            asked = {"phone": self.number[1:], "message": key}
            client.get(f"/sms/invoke-{route}-sms", params=asked).raise_for_status()
        else:
            answer = client.post("/v1/messages", json=body)
            assert answer.status_code == 202 or (wait and "in the past" in answer.text), answer.text

    def write(self, client: httpx.Client) -> None:
        key = self._key()
        self.world.begun[key] = time.time()
        self._text(client, f"Habari {key}")

    def stop_by_word(self, client: httpx.Client) -> None:
        with self.world.lock:
            self.world.stops[self.number] = self.world.stops.get(self.number, 0) + 1
        posted = time.time()
        self._text(client, self.chance.choice(["STOP", "Acha!", "arrêt"]))
        self._said(EVERY, posted, "a stop word")

    def stop_by_callback(self, client: httpx.Client) -> None:
        sender = self.chance.choice(["", "MyBrand", " mybrand", "12345", "AFRICASTKNG"])
        form, posted = {"phoneNumber": self.number, "senderId": sender}, time.time()
        assert client.post("/sms/opt-out", data=form).text == "OK"
        self._said(sender.strip().lower(), posted, "AT's callback")

    def stop_by_operator(self, client: httpx.Client) -> None:
        sender, posted = self.chance.choice(["", "MYBRAND"]), time.time()
        client.put(f"/v1/opt-outs/{self.number}", json={"from": sender}).raise_for_status()
        self._said(sender.lower(), posted, "an operator")

    def start(self, client: httpx.Client) -> None:
        posted = time.time()
        self._text(client, "START")  # where nothing is to be ended it is an ordinary text, and answered as one
        self.world.lifted.append(Lifted(self.number, None, posted, time.time()))

    def lift(self, client: httpx.Client) -> None:
        sender = self.chance.choice([None, "", "MyBrand"])
        params, posted = {} if sender is None else {"from": sender}, time.time()
        client.delete(f"/v1/opt-outs/{self.number}", params=params).raise_for_status()
        scope = None if sender is None else sender.lower()
        self.world.lifted.append(Lifted(self.number, scope, posted, time.time()))

    def erase(self, client: httpx.Client) -> None:
        client.delete(f"/v1/people/{self.number}").raise_for_status()

    def _text(self, client: httpx.Client, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")  # words undo only what came before them
        form = {"id": self._key(), "from": self.number, "to": "12345", "text": text, "linkId": "", "date": now}
        assert client.post("/sms/twoway", data=form).text == "GOOD"

    def _said(self, scope: str, posted: float, how: str) -> None:
        self.world.said.append(Said(self.number, scope, posted, time.time(), how))

    def _key(self) -> str:
        self.count += 1
        return f"[{self.name}-{self.count}]"


@contextmanager
def alone(folder: Path) -> Iterator[World]:
    """`ujumbe dev`: everything in one process, on SQLite."""
    with dev(folder) as service:
        yield World(service.url, f"{service.url}/simulator", folder)
        service.stop()
        assert "Traceback" not in service.log


@contextmanager
def together(folder: Path, url: str) -> Iterator[World]:
    """PostgreSQL: a service without a worker, and two workers."""
    port = str(free_port())
    env = {"UJUMBE_DATABASE_URL": url, "AT_USERNAME": "sandbox"}
    with ExitStack() as stack:
        at = stack.enter_context(simulator(folder / "at", callbacks=f"http://127.0.0.1:{port}/sms"))
        service = stack.enter_context(serve(folder / "web", "--no-worker", "--port", port, at=at.url, **env))
        workers = [stack.enter_context(worker(folder / name, at=at.url, **env)) for name in ("one", "two")]
        yield World(service.url, at.url, folder, service.headers, env | {"AT_API_URL": at.url})
        for each in (*workers, service, at):
            each.stop()
            assert "Traceback" not in each.log


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_sqlite(tmp_path: Path, seed: int) -> None:
    with alone(tmp_path) as world:
        holds(world, seed)


@pytest.mark.parametrize("seed", [4, 5])
def test_on_postgresql(tmp_path: Path, seed: int, request: pytest.FixtureRequest) -> None:
    with together(tmp_path, request.getfixturevalue("postgres").create()) as world:
        holds(world, seed)


def holds(world: World, seed: int) -> None:
    httpx.put(f"{world.at}/faults", json={"senders": ["MyBrand"], "report_delay_ms": 1}).raise_for_status()
    numbers = [f"+2547110077{index:02}" for index in range(PEOPLE)]
    people = [Person(world, number, f"{seed}{half}{number[-2:]}") for number in numbers for half in "ab"]
    threads = [threading.Thread(target=each.live) for each in people]
    threads.append(threading.Thread(target=imports, args=(world, numbers, seed)))
    for each in threads:
        each.start()
    told_by_at(world, seed)
    for each in threads:
        each.join()
    with world.client() as client:
        until(lambda: not waits(client), 30)
    with httpx.Client(base_url=world.at, timeout=30) as at:
        lines = ledger(at, world.at)
    assert len(lines) > PEOPLE * STEPS / 4, "much was sent"
    wrong = [problem for line in lines if (problem := judge(world, line))]
    assert wrong == []
    told = [line["number"] for line in lines if line["text"] == STOP_REPLY]
    assert all(told.count(number) <= world.stops.get(number, 0) for number in told), "one confirmation a stop"
    counts = {how: sum(each.how == how for each in world.said) for how in sorted({each.how for each in world.said})}
    print(f"\n{len(lines)} lines, opt-outs: {counts}, lifted: {len(world.lifted)}")
    assert len(counts) == 6, "each way was taken"


def waits(client: httpx.Client) -> list[Any]:
    """What may still leave."""
    found: list[Any] = []
    for state in ("scheduled", "queued", "sending"):
        found += client.get("/v1/messages", params={"state": state, "limit": 1}).json()["items"]
    return found


def imports(world: World, numbers: list[str], seed: int) -> None:
    """Files that opt people out, by the command line beside the running service."""
    chance = random.Random(seed)
    for index in range(3):
        chosen = chance.sample(numbers, 3)
        file = world.folder / f"stops-{index}.csv"
        file.write_text("phone,from\n" + "".join(f"{each},{'MyBrand' * (index % 2)}\n" for each in chosen))
        posted = time.time()
        ended = ujumbe(world.folder, "opt-outs", "import", file.name, **world.env)
        assert ended.returncode == 0, ended.stderr
        answered = time.time()
        world.said += [Said(each, "mybrand" * (index % 2), posted, answered, "a file") for each in chosen]


def told_by_at(world: World, seed: int) -> None:
    """Numbers that AT itself knows as opted out: after its word, nothing more goes there until it is lifted."""
    with world.client() as client:
        for number, how in ((REFUSED, "AT's refusal"), (BLACKLISTED, "AT's report")):
            for turn in range(3):
                key = f"[{seed}-{number[-3:]}-{turn}]"
                world.begun[key] = posted = time.time()
                client.post("/v1/messages", json={"to": number, "text": key, "from": "MyBrand"}).raise_for_status()
                until(lambda at=number: client.get(f"/v1/opt-outs/{at}").json()["opted_out"])  # type: ignore[misc]
                world.said.append(Said(number, "mybrand", posted, time.time(), how))
                for again in range(3):
                    repeated = f"[{seed}-{number[-3:]}-{turn}-{again}]"
                    world.begun[repeated] = time.time()
                    body = {"to": number, "text": repeated, "from": "MyBrand"}
                    client.post("/v1/messages", json=body).raise_for_status()
                posted = time.time()
                client.delete(f"/v1/opt-outs/{number}").raise_for_status()
                world.lifted.append(Lifted(number, None, posted, time.time()))


def judge(world: World, line: dict[str, Any]) -> str:
    """What is wrong with a line of the ledger; empty where nothing is."""
    if line["text"] in (STOP_REPLY, START_REPLY, DEFAULT_REPLY.format(text="START")):
        return ""
    [key] = re.findall(r"\[[^]]+\]", line["text"])
    begun = world.begun[key]
    submitted = datetime.fromisoformat(line["at"]).timestamp()
    scope = SCOPES.get(line["from"], line["from"].lower())
    for said in world.said:
        if said.number != line["number"] or said.scope not in (EVERY, scope) or said.answered >= begun - CLOCK_SECONDS:
            continue
        if not any(_may_have_ended(each, said, submitted) for each in world.lifted):
            return f"{line} was submitted although {said}"
    return ""


def _may_have_ended(lifted: Lifted, said: Said, submitted: float) -> bool:
    """Whether this may have ended that opt-out before a text was submitted: the two may have crossed."""
    about = lifted.number == said.number and lifted.scope in (None, said.scope)
    return about and said.posted <= lifted.answered and lifted.posted <= submitted + CLOCK_SECONDS

"""`ujumbe db move`: all of a SQLite file to PostgreSQL, where the service goes on as if nothing had happened."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.cli.conftest import Run
from tests.journeys.conftest import pages
from tests.running import Running, free_port, serve, simulator, until
from tests.store.opened import SqlitePlace
from ujumbe.domain.role import Role
from ujumbe.domain.throttle import Tries
from ujumbe.store import accounts, audit, drifts, sessions, sign_in_links, sign_in_tries, users
from ujumbe.store.database import Tx
from ujumbe.store.subscriptions import Product

TEXT = "Habari €, 😀 na \u202ekinyume\u202c\r\n\ttatu"
RAW = b"from=%2B254711000009&text=\xff\x00\xed\xa0\x80&id=in-raw&to=12345&linkId=&date=x\x00y"
NUMBERS = [f"+25471100000{index}" for index in range(4)]


@dataclass
class Moved:
    """What was there before the move."""

    folder: Path
    port: int
    at: Running
    key: str
    order: dict[str, Any]
    answer: dict[str, Any]
    messages: dict[str, dict[str, Any]]

    @property
    def file(self) -> Path:
        return self.folder / "data" / "ujumbe.sqlite3"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """A SQLite file in which no table is empty, made by a service that has ended."""
    folder, port = tmp_path_factory.mktemp("move"), free_port()
    with simulator(folder / "at", callbacks=f"http://127.0.0.1:{port}/sms") as at:
        httpx.put(f"{at.url}/faults", json={"report_delay_ms": 1}).raise_for_status()
        with (
            serve(
                folder, "--port", str(port), at=at.url, UJUMBE_PACE="*=10000", UJUMBE_WEBHOOKS_PRIVATE="1"
            ) as service,
            httpx.Client(base_url=service.url, headers=service.headers, timeout=30) as client,
        ):
            body = {"url": "http://127.0.0.1:9/", "types": ["optout.created"]}
            hook = client.post("/v1/webhooks", json=body).json()["id"]
            order = {"to": [*NUMBERS[:2], "0711"], "text": TEXT, "metadata": {"jina": "Ñandú", "n": [1, None]}}
            answer = client.post("/v1/messages", json=order, headers={"Idempotency-Key": "the move"}).json()
            later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            for number in NUMBERS[2:]:
                body = {"to": number, "text": "Later", "send_at": later, "from": "12345"}
                made = client.post("/v1/messages", json=body).json()
            client.post(f"/v1/messages/{made['messages'][0]['id']}/cancel").raise_for_status()
            client.put("/v1/opt-outs/+254711000008", json={"reason": "barua \u2603"}).raise_for_status()
            client.post("/sms/opt-out", data={"phoneNumber": NUMBERS[0], "senderId": "Other"})
            client.post("/v1/rules", json={"name": "r", "action": "nothing", "keywords": ["zzz"]}).raise_for_status()
            doubt = {"id": "in-9", "from": "+254711000009", "to": "12345", "text": "please stop sending this"}
            client.post("/sms/twoway", data={**doubt, "linkId": "", "date": "2026-03-04"})
            client.put("/v1/contacts/+254711000007", json={"fields": {"name": "Asha"}}).raise_for_status()
            client.delete("/v1/people/+254711000006").raise_for_status()
            keyword = {"shortCode": "12345", "keyword": "HABARI", "updateType": "addition"}
            client.post("/sms/subscription", data={"phoneNumber": NUMBERS[0], **keyword})
            client.post("/sms/twoway", content=RAW, headers={"Content-Type": "application/x-www-form-urlencoded"})
            httpx.post(f"{at.url}/phones/{NUMBERS[0]}/messages", json={"to": "12345", "text": TEXT.strip()})
            until(lambda: len(client.get("/v1/inbound").json()["items"]) == 3)
            counts = {"delivered": 4, "scheduled": 1, "canceled": 1}  # two of the order, and two replies

            def settled() -> bool:
                states = [each["state"] for each in client.get("/v1/messages").json()["items"]]
                return {each: states.count(each) for each in states} == counts

            until(settled, 30)
            path = f"/v1/webhooks/{hook}/deliveries"
            until(lambda: client.get(path).json()["items"][1:] and client.get(path).json()["items"][-1]["attempts"])
            messages = {each["id"]: each for each in pages(client, "/v1/messages")}
            counted = ("tallying", "tallies", "delivery_times", "spending")
            until(lambda: all(rows_of_sqlite(folder / "data" / "ujumbe.sqlite3")[table] for table in counted))
            service.stop()
        with SqlitePlace(folder / "data" / "ujumbe.sqlite3").open() as store:
            store.write(_somebody_signs_in)
            store.write(_somebody_compares)
        yield Moved(folder, port, at, service.key, order, answer, messages)
        at.stop()


def _somebody_signs_in(tx: Tx) -> None:
    user = users.create(tx, "Asha", Role.ADMIN)
    assert user is not None
    sessions.start(tx, user.id, "Firefox")
    sign_in_links.make(tx, user.id)
    sign_in_tries.put(tx, "name:asha", Tries(1, tx.now))
    [account, *_] = accounts.list_all(tx).values()
    audit.add(tx, account, user.id, user.name, "user.added", "Juma", "viewer")


def _somebody_compares(tx: Tx) -> None:
    [account, *_] = accounts.list_all(tx).values()
    drifts.put(tx, account, Product("12345", "HABARI"), listed=1, live=1, started=0, ended=0, recorded=True)


def rows_of_sqlite(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            each: connection.execute(f"SELECT {_columns(connection, each)} FROM {each}").fetchall()
            for each in tables
            if not each.startswith("sqlite_")
        }


def _columns(connection: sqlite3.Connection, table: str) -> str:
    return ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))


def rows_of_postgres(url: str, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The same columns, in the order in which SQLite has them."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as known, psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            each: connection.execute(f"SELECT {_columns(known, each)} FROM {each}".encode()).fetchall()
            for (each,) in tables
        }


def same(one: list[tuple[Any, ...]], two: list[tuple[Any, ...]]) -> bool:
    return sorted(map(repr, one)) == sorted(map(repr, two))


def test_everything_arrives_and_the_service_goes_on(run: Run, moved: Moved, empty: str) -> None:
    before = rows_of_sqlite(moved.file)
    tables = before.keys() - {"migrations"}
    assert not [table for table in tables if not before[table]], "each table has something to lose"
    values = [value for rows in before.values() for row in rows for value in row]
    assert any(isinstance(value, bytes) and b"\x00" in value and b"\xff" in value for value in values)
    assert TEXT in values
    assert None in values

    ended = run("db", "move", "--from", str(moved.file), "--to", empty, "--json")
    assert (ended.code, ended.err) == (0, "")
    told = {each["table"]: each for each in json.loads(ended.out)}
    assert told.keys() == tables
    assert {table: each["rows"] for table, each in told.items()} == {table: len(before[table]) for table in tables}
    assert all(len(each["checksum"]) == 16 for each in told.values())
    after = rows_of_postgres(empty, moved.file)
    assert after.keys() == before.keys()
    assert [table for table in tables if not same(before[table], after[table])] == []
    assert all(same(rows, rows_of_sqlite(moved.file)[table]) for table, rows in before.items()), "the file stays"
    assert json.loads(run("db", "upgrade", "--json", UJUMBE_DATABASE_URL=empty).out)["applied"] == []

    goes_on(moved, empty)

    again = run("db", "move", "--from", str(moved.file), "--to", empty)
    assert (again.code, again.out) == (1, "")
    assert "messages" in again.err
    assert "empty database" in again.err
    assert "s3cr" not in again.err


def goes_on(moved: Moved, url: str) -> None:
    """The service on PostgreSQL knows its keys, ids and answers, and sends what was scheduled or is new."""
    env = {"at": moved.at.url, "UJUMBE_PACE": "*=10000", "UJUMBE_DATABASE_URL": url}
    with (
        serve(moved.folder / "after", "--port", str(moved.port), scopes="", **env) as service,
        httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {moved.key}"}, timeout=30) as client,
    ):
        assert {each["id"]: each for each in pages(client, "/v1/messages")} == moved.messages
        again = client.post("/v1/messages", json=moved.order, headers={"Idempotency-Key": "the move"})
        assert (again.status_code, again.json()) == (202, moved.answer)
        assert again.headers["idempotent-replayed"] == "true"
        assert client.get("/v1/opt-outs/+254711000008").json()["opted_out"]
        made = [client.post("/v1/messages", json={"to": NUMBERS[1], "text": f"After {n}"}).json() for n in range(20)]
        ids = [each["messages"][0]["id"] for each in made]
        assert len(set(ids) | set(moved.messages)) == 20 + len(moved.messages)
        assert min(ids) > max(moved.messages), "ids go on where they were"
        until(lambda: {client.get(f"/v1/messages/{each}").json()["state"] for each in ids} == {"delivered"}, 30)
        service.stop()
        assert "s3cr" not in service.log
        assert "Traceback" not in service.log


def refused(run: Run, *words: str, **env: str) -> str:
    ended = run("db", "move", *words, **env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert "s3cr" not in ended.err
    return ended.err


def nothing_in(url: str) -> bool:
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return not any(
            connection.execute(f"SELECT 1 FROM {each} LIMIT 1".encode()).fetchone()
            for (each,) in tables
            if each != "migrations"
        )


def behind(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")


def torn(file: Path) -> None:
    file.write_bytes(b"Dear diary, " * 500)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(Path.unlink, "there is no SQLite database at"), (behind, "ujumbe db upgrade"), (torn, "cannot be read")],
    ids=["missing", "behind", "not a database"],
)
def test_a_file_that_cannot_be_moved(
    run: Run, moved: Moved, bare: Path, empty: str, spoil: Callable[[Path], None], says: str
) -> None:
    (bare / "data").mkdir()
    file = bare / "data" / "ujumbe.sqlite3"
    shutil.copy(moved.file, file)
    spoil(file)
    assert says in refused(run, UJUMBE_DATABASE_URL=empty)
    assert nothing_in(empty)
    assert run("db", "move", "--from", str(moved.file), UJUMBE_DATABASE_URL=empty).code == 0


def test_not_beside_a_running_service(run: Run, moved: Moved, bare: Path, empty: str) -> None:
    with serve(bare, at=moved.at.url) as service:
        told = refused(run, "--to", empty)
        assert f"process {service.process.pid} at {service.url}" in told
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        service.stop()
    assert nothing_in(empty)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("", "postgresql://"),
        ("sqlite:///other.sqlite3", "postgresql://"),
        ("postgresql://u:s3cret@127.0.0.1:9/x", "postgresql://127.0.0.1:9/x"),
        ("postgresql://u:s3cr et@127.0.0.1:9/x", "percent-encode"),
        ("postgresql://u:s3cret@127.0.0.1:9", "postgresql://user"),
    ],
    ids=["nowhere", "SQLite", "nobody there", "a password", "no name"],
)
def test_where_it_cannot_go(run: Run, moved: Moved, target: str, says: str) -> None:
    words = ["--to", target] if target else []
    assert says in refused(run, "--from", str(moved.file), *words)


def test_the_file_that_the_settings_name(run: Run, moved: Moved, bare: Path, empty: str) -> None:
    shutil.copy(moved.file, bare / "elsewhere.db")
    ended = run("db", "move", "--to", empty, UJUMBE_DATABASE_URL="sqlite:///elsewhere.db")
    assert ended.code == 0
    assert "same counts and checksums" in ended.out
    assert [line.split()[:2] for line in ended.out.splitlines() if line.startswith("messages ")] == [["messages", "6"]]


def test_upgrade_on_postgresql(run: Run, empty: str) -> None:
    first = json.loads(run("db", "upgrade", "--json", UJUMBE_DATABASE_URL=empty).out)
    assert first["database"].startswith("postgresql://127.0.0.1")
    assert "s3cr" not in first["database"]
    assert first["applied"][0].startswith("0001_")
    assert json.loads(run("db", "upgrade", "--json", UJUMBE_DATABASE_URL=empty).out) == {**first, "applied": []}
    assert "up to date" in run("db", "upgrade", UJUMBE_DATABASE_URL=empty).out

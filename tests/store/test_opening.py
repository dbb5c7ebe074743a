"""Which database a URL names, and what may be told of it."""

import traceback
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.store.opened import Opened, PostgresPlace
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store.postgres import PostgresDatabase, shown
from ujumbe.store.sqlite import SqliteDatabase

SECRET = "s3kr1t"


def test_a_url_names_its_kind(tmp_path: Path, postgres_place: PostgresPlace) -> None:
    path = tmp_path / "new" / "ujumbe.sqlite3"
    with Opened(f"sqlite:///{path}") as store:
        assert isinstance(store.db, SqliteDatabase)
        assert (store.db.name, store.db.several) == (str(path), False)
    with postgres_place.open() as store:
        assert isinstance(store.db, PostgresDatabase)
        assert store.db.several
        assert postgres_place.url.endswith(store.db.name.removeprefix("postgresql://127.0.0.1"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:s3kr1t@db.example:5433/ujumbe?sslmode=require", "postgresql://db.example:5433/ujumbe"),
        ("postgresql://db.example/ujumbe?password=s3kr1t", "postgresql://db.example/ujumbe"),
        ("postgresql:///ujumbe", "postgresql://localhost/ujumbe"),
        ("postgresql://u@/ujumbe?host=/run", "postgresql:///run/ujumbe"),
        ("postgresql://u:s3kr1t@a:1,b:2/ujumbe", "postgresql://a:1,b:2/ujumbe"),
        ("postgresql://u:s3kr1t@[::1]:5433/ujumbe", "postgresql://[::1]:5433/ujumbe"),
        ("postgresql://u:s3kr1t#?@h/ujumbe", "postgresql://h/ujumbe"),
        ("postgresql://u:s3kr1t@h", "postgresql://h/"),
        ("postgresql://u:s3kr1t@h:port/ujumbe", "postgresql://…"),
        ("postgresql://u:s3kr1t/x@h/ujumbe", "postgresql://…"),
        ("postgresql://u:%zz@h/ujumbe", "postgresql://…"),
    ],
)
def test_what_people_may_read_of_an_address(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("@127.0.0.1:1/ujumbe", id="nobody there"),
        pytest.param("@127.0.0.1:port/ujumbe", id="no port"),
        pytest.param("%zz@127.0.0.1:1/ujumbe", id="a percent sign that was not escaped"),
        pytest.param(" x@127.0.0.1:1/ujumbe", id="a space"),
        pytest.param("/x@127.0.0.1:1/ujumbe", id="a slash"),
        pytest.param("#x@127.0.0.1:1/ujumbe", id="a hash"),
        pytest.param("?x@127.0.0.1:1/ujumbe", id="a question mark"),
        pytest.param("@x@127.0.0.1:1/ujumbe", id="an at sign"),
        pytest.param("@127.0.0.1:1/ujumbe?no=such", id="an unknown option"),
        pytest.param("@[::1/ujumbe", id="half an address"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(rest: str) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be opened") as raised:
        Opened(f"postgresql://user:{SECRET}{rest}")
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_a_database_that_is_not_there(postgres: Server) -> None:
    with pytest.raises(StoreUnavailableError, match="does not exist"):
        Opened(postgres.url.rpartition("/")[0] + "/nowhere")

"""What `ujumbe serve` refuses to start with, and what it says then."""

import pytest

from tests.cli.conftest import Run

NOBODY = "127.0.0.1:9"
READY = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local"}
AWAY = "postgresql://ujumbe:siri-sana@127.0.0.1:1/ujumbe"
REFUSALS = [
    ("no username and key", [], {}, ["AT_USERNAME", "AT_API_KEY"]),
    ("no key", [], {"AT_USERNAME": "sandbox"}, ["AT_API_KEY"]),
    ("empty key", [], {**READY, "AT_API_KEY": ""}, ["AT_API_KEY"]),
    ("all addresses", ["--host", "0.0.0.0"], READY, ["UJUMBE_CALLBACK_TOKEN", "0.0.0.0", "--open-callbacks"]),
    ("by setting", [], {**READY, "UJUMBE_HOST": "0.0.0.0"}, ["UJUMBE_CALLBACK_TOKEN"]),
    ("IPv6", ["--host", "::"], READY, ["UJUMBE_CALLBACK_TOKEN"]),
    ("weak token", [], {**READY, "UJUMBE_CALLBACK_TOKEN": "short"}, ["UJUMBE_CALLBACK_TOKEN", "8"]),
    ("no worker", ["--no-worker"], READY, ["--no-worker", "SQLite"]),
    ("no database", [], READY, ["ujumbe db upgrade"]),
    ("neither", [], {**READY, "UJUMBE_DATABASE_URL": "mysql://x/y"}, ["UJUMBE_DATABASE_URL", "postgresql://"]),
    ("nobody there", [], {**READY, "UJUMBE_DATABASE_URL": f"postgresql://u:short@{NOBODY}/y"}, [NOBODY, "refused"]),
    ("bad port", ["--port", "70000"], READY, ["UJUMBE_PORT", "65535"]),
]


@pytest.mark.parametrize(("words", "env", "says"), [each[1:] for each in REFUSALS], ids=[each[0] for each in REFUSALS])
def test_refuses_to_start(run: Run, words: list[str], env: dict[str, str], says: list[str]) -> None:
    ended = run("serve", *(words if "--port" in words else [*words, "--port", "0"]), **env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert [word for word in says if word not in ended.err] == []
    assert not [secret for secret in ("short", "siri-sana") if secret in ended.err]


@pytest.mark.parametrize(
    ("env", "says"),
    [
        pytest.param({}, ["AT_USERNAME", "AT_API_KEY"], id="no username and key"),
        pytest.param(READY, ["PostgreSQL", "UJUMBE_DATABASE_URL", "ujumbe serve"], id="SQLite"),
        pytest.param({**READY, "UJUMBE_DATABASE_URL": AWAY}, ["127.0.0.1:1", "cannot be opened"], id="no such server"),
    ],
)
def test_a_worker_refuses_to_start(run: Run, env: dict[str, str], says: list[str]) -> None:
    ended = run("worker", **env)
    assert (ended.code, ended.out) == (1, "")
    assert [word for word in says if word not in ended.err] == []
    assert "siri-sana" not in ended.err

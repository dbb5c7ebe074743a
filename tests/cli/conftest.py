"""The command line inside this process, for the many cases that need no process of their own."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import Server
from ujumbe import cli


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty folder; settings by name."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def _run(*words: str, **env: str) -> Ended:
        for name in list(os.environ):
            if name.startswith(("AT_", "UJUMBE_")):
                monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ujumbe", *words])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err + printed.out
        return Ended(code, printed.out, printed.err)

    return _run


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, with a password that must be kept to oneself."""
    url = postgres.create()
    yield url.replace("postgres@", "postgres:s3cr%2Bt-word@", 1)
    postgres.drop(url)

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.africastalking.provider import taking
from tests.africastalking.scripted import Script, ScriptedServer, Serve
from tests.postgres import own_postgres, postgres

__all__ = ["own_postgres", "postgres"]

settings.register_profile("ujumbe", deadline=None)  # nothing here is timed: a busy machine is no failure
settings.load_profile("ujumbe")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without any setting of ours, in an empty folder."""
    for name in list(os.environ):
        if name.startswith(("AT_", "UJUMBE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def serve(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts servers that follow a script; the last one is AT for the library, which takes everything by default."""
    monkeypatch.setenv("AT_USERNAME", "sandbox")
    monkeypatch.setenv("AT_API_KEY", "atsk_0123456789")
    with ExitStack() as stack:

        def start(*answers: Script, late: bool = False) -> ScriptedServer:
            server = stack.enter_context(ScriptedServer(*(answers or (taking(),)), late=late))
            monkeypatch.setenv("AT_API_URL", server.url)
            return server

        yield start

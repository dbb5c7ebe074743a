"""What is deleted with time is not deleted by a clock that was just set."""

import time
from pathlib import Path

import pytest

from tests.store.opened import SqlitePlace
from ujumbe import keeper
from ujumbe.keeper import LEAP_MS, SURE_SECONDS, Keeper
from ujumbe.settings import Settings


@pytest.mark.parametrize("leap_ms", [LEAP_MS + 1_000, -LEAP_MS - 1_000, 86_400_000])
def test_after_a_leap_nothing_is_deleted_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leap_ms: int
) -> None:
    steady, wall = [1_000.0], [1_790_000_000_000]

    def pass_by(seconds: float) -> None:
        steady[0] += seconds
        wall[0] += round(seconds * 1_000)

    with SqlitePlace(tmp_path / "ujumbe.sqlite3").open() as store:
        monkeypatch.setattr(keeper, "steady", lambda: steady[0])
        monkeypatch.setattr(time, "time_ns", lambda: wall[0] * 1_000_000)
        keeping = Keeper(store.db, Settings(at_username="sandbox"))
        assert store.run(keeping.sure)
        pass_by(15)
        assert store.run(keeping.sure)
        wall[0] += LEAP_MS - 1_000
        assert store.run(keeping.sure), "clocks drift, and are put right by seconds"
        wall[0] += leap_ms
        assert not store.run(keeping.sure)
        pass_by(SURE_SECONDS - 1)
        assert not store.run(keeping.sure)
        pass_by(1)
        assert store.run(keeping.sure)

import asyncio

import pytest

from tests.store.opened import PATIENCE, number
from tests.worker.conftest import accept, run, states
from ujumbe.domain.errors import SettingsError
from ujumbe.domain.message import State
from ujumbe.flows import claiming
from ujumbe.flows.claiming import Limits
from ujumbe.runtime import open_runtime
from ujumbe.settings import Settings
from ujumbe.store.lock import DatabaseInUseError, FileLock
from ujumbe.store.migrate import MigrationError

URL = "http://127.0.0.1:1"


def test_one_at_a_time_on_a_file(settings: Settings) -> None:
    async def main() -> None:
        async with open_runtime(settings, url=URL, upgrade=True):
            with pytest.raises(DatabaseInUseError, match=URL):
                async with open_runtime(settings, url="http://127.0.0.1:2"):
                    pass
        async with open_runtime(settings, url=URL) as again:
            assert await states(again) == {}

    run(main)


def test_what_an_earlier_run_left_open_is_settled_at_the_start(settings: Settings) -> None:
    async def main() -> None:
        async with open_runtime(settings, url=URL, upgrade=True) as runtime:
            await accept(runtime, number(1), number(2))
            await accept(runtime, number(3), text="other")
            assert len((await runtime.db.write(claiming.claim, runtime.account, Limits(calls=1))).calls) == 1
        async with open_runtime(settings, url=URL) as again:
            assert await states(again) == {State.UNCERTAIN: 2, State.QUEUED: 1}

    run(main)


def test_a_start_that_fails_lets_go_of_the_file(settings: Settings) -> None:
    async def main() -> None:
        with pytest.raises(MigrationError):
            async with open_runtime(settings, url=URL):
                pass
        assert settings.database_path is not None
        assert FileLock(settings.database_path).holder() is None
        with pytest.raises(SettingsError, match="AT_API_KEY"):
            async with open_runtime(Settings.load(at_username="sandbox"), url=URL):
                pass

    run(main)


@pytest.mark.parametrize("error", [None, RuntimeError("the server broke")], ids=["clean", "broken"])
def test_work_under_way_is_waited_for_however_it_ends(settings: Settings, error: Exception | None) -> None:
    done = False

    async def work(gate: asyncio.Event) -> None:
        nonlocal done
        await gate.wait()
        done = True

    async def main() -> None:
        gate = asyncio.Event()
        async with open_runtime(settings, url=URL, upgrade=True) as runtime:
            runtime.start(work(gate))
            asyncio.get_running_loop().call_later(0.05, gate.set)
            if error is not None:
                raise error

    if error is None:
        run(main)
    else:
        with pytest.raises(RuntimeError, match="broke"):
            run(main)
    assert done


def test_a_task_whose_caller_went_away_goes_on(settings: Settings) -> None:
    async def main() -> None:
        async with open_runtime(settings, url=URL, upgrade=True) as runtime:
            task = runtime.start(accept(runtime, number(1)))
            waiting = asyncio.ensure_future(asyncio.shield(task))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait_for(task, PATIENCE)
            assert await states(runtime) == {State.QUEUED: 1}
            assert not runtime.tasks

    run(main)

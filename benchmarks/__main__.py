"""`python -m benchmarks [NAMES…] [--database sqlite|postgresql|both] [--quick] [--json FILE]`

Ratios, each side of which was measured in the same run: what is measured works on the first core, what measures it (the
load and the stub provider) on the second.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.postgres import UnavailableError

from benchmarks import accept, callbacks, claims, dispatch, machine, memory, pages, provider, stage
from benchmarks.report import Row, print_table, say, write_json
from benchmarks.service import Stub

BENCHMARKS = {
    "accept": accept.run,
    "dispatch": dispatch.run,
    "callbacks": callbacks.run,
    "claims": claims.run,
    "memory": memory.run,
    "pages": pages.run,
}
HALVES = {"sqlite": stage.sqlite, "postgresql": stage.postgresql}
VOLATILE = {"tmpfs", "ramfs"}


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all of them without one")
    parser.add_argument("--database", choices=[*HALVES, "both"], default="both")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs, to see that everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    parser.add_argument("--data", type=Path, default=Path("/var/tmp"), help="a folder on a real disk [%(default)s]")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return given


def play(given: argparse.Namespace, stub: Stub, folder: Path) -> list[Row]:
    """Every benchmark that was asked for, on each database."""
    rows: list[Row] = []
    for database, opened in HALVES.items():
        if given.database not in (database, "both"):
            continue
        try:
            with opened(stub, folder, quick=given.quick) as half:
                for name in given.names or BENCHMARKS:
                    rows.extend(BENCHMARKS[name](half))
        except UnavailableError as error:
            say(f"{database}: left out: {error}")
    rows.extend(provider.run(stub, rows))
    return rows


def main() -> None:
    """Measure and print."""
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process and no folder is left behind
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="ujumbe-bench-", dir=given.data)).resolve()
    try:
        facts = machine.facts(folder)
        if facts["file_system"] in VOLATILE:
            say(f"{folder} is in memory: nothing is durable there, and the rates say nothing. Give --data a real disk.")
        if len(machine.CORES) < 2:
            say("There is one core: the load competes with what it measures.")
        os.sched_setaffinity(0, {machine.LOAD})
        with machine.started(machine.LOAD, "stub") as url:
            rows = play(given, Stub(url), folder)
    finally:
        shutil.rmtree(folder)
    facts["minutes"] = round((time.monotonic() - begin) / 60, 1)
    print_table(rows, facts)
    if given.json is not None:
        write_json(given.json, rows, facts)


if __name__ == "__main__":
    main()

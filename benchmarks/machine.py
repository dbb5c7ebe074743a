"""What the figures depend on: the two cores and who works on which, the disk, and how a process is started there."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORES = sorted(os.sched_getaffinity(0))
SERVER, LOAD = CORES[0], CORES[min(1, len(CORES) - 1)]
"""The core of what is measured, and the core of what measures it: the load and the stub provider."""
GREETING_SECONDS = 20
FSYNCS = 100
PAGE = b"\0" * 4096


@contextmanager
def on(core: int) -> Iterator[None]:
    """Work on `core`, and have every process that is started meanwhile stay there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def python(module: str, *words: str) -> list[str]:
    """The command line of one of our own modules."""
    return [sys.executable, "-m", f"benchmarks.{module}", *words]


@contextmanager
def started(core: int, module: str, *words: str) -> Iterator[str]:
    """A module of ours that serves on `core` until the end; its URL, which is the first line that it prints."""
    with on(core):
        process = subprocess.Popen(python(module, *words), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http"), f"{module} did not start"
        yield url
    finally:
        process.kill()
        process.wait(GREETING_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def run(core: int, module: str, *words: str, seconds: float = 300) -> str:
    """Run a module of ours on `core` to its end; what it printed."""
    with on(core):
        done = subprocess.run(
            python(module, *words), cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
    assert done.returncode == 0, f"{module} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def fsync_ms(folder: Path) -> float:
    """What one small durable write costs in `folder`: the median of a write of 4 KB and its fsync, in milliseconds."""
    path = folder / "fsync-probe"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(FSYNCS):
            begin = time.perf_counter()
            file.write(PAGE)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begin)
    path.unlink()
    return statistics.median(taken) * 1000


def file_system(folder: Path) -> str:
    """The kind of file system that `folder` is on, e.g. `ext4`."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    holding = [(point, kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(holding, key=lambda each: len(each[0]))[1]


def facts(folder: Path) -> dict[str, str | float | int]:
    """What a reader of the figures wants to know of this machine."""
    cpu = next(_lines("/proc/cpuinfo", "model name"), platform.machine())
    return {
        "cpu": cpu,
        "cores": len(CORES),
        "python": platform.python_version(),
        "folder": str(folder),
        "file_system": file_system(folder),
        "fsync_ms": round(fsync_ms(folder), 3),
        "load_average": round(os.getloadavg()[0], 2),
    }


def peak_mb(pids: Sequence[int]) -> float:
    """The largest resident size (MB) that any of these processes has had so far."""
    return max(int(next(_lines(f"/proc/{pid}/status", "VmHWM")).split()[0]) for pid in pids) / 1024


def _lines(path: str, name: str) -> Iterator[str]:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            yield value.strip()

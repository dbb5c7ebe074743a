"""`python -m benchmarks.seed DIR [--messages N]`: a folder for `ujumbe dev --data DIR` with a long past in it.

What is there is made as the product stores it (sample.py) and multiplied (spread.py, people.py): forty days of texts to
twenty thousand numbers, what came of them, what came back, opt-outs, reviews, subscriptions, webhooks and events.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from tests import running

from benchmarks import people, sample, spread
from benchmarks.report import say
from benchmarks.tables import Pour


def fill(database_url: str, messages: int) -> None:
    """Multiply the sample in a database whose service has stopped."""
    now_ms = time.time_ns() // 1_000_000
    history = spread.History(messages, now_ms, sample.row(database_url, "event_numbers")["next"])
    like = {table: sample.row(database_url, table) for table in (*spread.COLUMNS, *people.COLUMNS)}
    pour = Pour(database_url)
    for chunk in history.chunks():
        for table, rows in chunk.items():
            pour.rows(table, like[table], spread.COLUMNS[table], rows)
        say(f"{history.made:,} messages")
    last_seq = history.next_seq - 1
    for table, rows in people.rows(history.people, now_ms, messages, last_seq).items():
        pour.rows(table, like[table], people.COLUMNS[table], rows)
    pour.run("UPDATE event_numbers SET next = ?", history.next_seq)
    pour.run("UPDATE webhooks SET position = ?", last_seq)  # or all of the past would be told anew
    pour.close()


def main(words: Sequence[str] | None = None) -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seed", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where `ujumbe dev` is to have its data")
    parser.add_argument("--messages", type=int, default=1_000_000, help="[%(default)s]")
    given = parser.parse_args(words)
    folder = given.folder.resolve()
    with running.dev(folder, "--data", str(folder), UJUMBE_LOG_LEVEL="warning") as service:
        database_url = f"sqlite:///{folder}/ujumbe.sqlite3"
        with httpx.Client(base_url=service.url, timeout=30) as client:
            sample.make(client, database_url)
        service.stop()
    fill(database_url, given.messages)
    say(f"done: ujumbe dev --data {folder}")


if __name__ == "__main__":
    main()

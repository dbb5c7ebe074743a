"""One unit of work on PostgreSQL."""

import time
from collections.abc import Callable
from typing import Any, Final, cast

import psycopg
from psycopg.rows import TupleRow, dict_row
from psycopg.types.numeric import Int8Dumper

from ujumbe import faults
from ujumbe.store.clock import steady
from ujumbe.store.database import Columns, Parameters, Row
from ujumbe.store.ids import Ids
from ujumbe.store.sql import Dialect, for_postgres, statements

Connection = psycopg.Connection[TupleRow]

CHANNEL: Final = "ujumbe_outbox"
CONNECT_SECONDS: Final = 5
LOST_MS: Final = 15_000
"""How long the network may swallow what we send before the connection counts as lost."""
CLOCK_SECONDS: Final = 10.0
PROMPT_SECONDS: Final = 0.005
"""An answer that came as fast tells the time well enough: the clock is set at most half of this wrong."""
TIMES_ASKED: Final = 5
OPTIONS: Final = (
    # A statement after a lock must see what was committed while it waited, whatever the database's own default is.
    r"-c default_transaction_isolation=read\ committed "
    # A process that was frozen within a transaction gives its locks back before those who wait for them give up.
    "-c lock_timeout=20s -c idle_in_transaction_session_timeout=10s -c timezone=UTC"
)


def connect(url: str, **more: Any) -> Connection:
    """A connection as we want them: each statement is its own unless BEGIN was said, integers are 64 bits wide.

    Raises `psycopg.Error`.
    """
    connection = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name="ujumbe",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=LOST_MS,
        options=OPTIONS,
        **more,
    )
    # Stricter than `on` (a standby that has applied it, say) stays as it was configured.
    connection.execute(
        "SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'"
    )
    # By default the width follows the value, and each width would be a statement to prepare anew.
    connection.adapters.register_dumper(int, Int8Dumper)
    return connection


class Clock:
    """The database's clock, carried on by our own steady one: leases of several machines are of one time."""

    def __init__(self) -> None:
        # One value, since several threads set and read it.
        self._set = (time.time_ns() // 1_000_000, steady())
        self._keep_until = 0.0

    def now_ms(self) -> int:
        """The database's time, epoch milliseconds."""
        base_ms, since = self._set
        return base_ms + int((steady() - since) * 1000)

    def keep(self, connection: Connection) -> None:
        """Set it anew where it has run by itself for ten seconds (or the machine slept)."""
        if steady() > self._keep_until:
            self.set_by(connection)

    def set_by(self, connection: Connection) -> None:
        """Set it by the database's, as of halfway between our question and its quickest answer of a few.

        On a busy machine an answer may take long, and a process whose clock lags by that would find nothing due yet.
        """
        quickest = (float("inf"), 0, 0.0)
        for _ in range(TIMES_ASKED):
            asked = steady()
            row = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetchone()
            took = steady() - asked
            assert row is not None
            quickest = min(quickest, (took, row[0], asked + took / 2))
            if took < PROMPT_SECONDS:
                break
        self._set = quickest[1:]
        self._keep_until = self._set[1] + CLOCK_SECONDS


class PostgresTx:
    """A unit of work on a PostgreSQL connection (see database.Tx)."""

    def __init__(self, connection: Connection, ids: Callable[[], Ids], clock: Clock) -> None:
        self._connection = connection
        self._rows = connection.cursor(row_factory=dict_row)
        self._ids = ids
        self._clock = clock
        self.now = clock.now_ms()
        self.woken = False

    def new_id(self) -> int:
        """Make an id (see ids.py)."""
        return self._ids().new()

    def new_ids(self, count: int) -> list[int]:
        """Make `count` ids, each above the one before it."""
        return self._ids().several(count)

    def all(self, name: str, /, **values: Any) -> list[Row]:
        """Every row of the named statement."""
        return cast("list[Row]", self._execute(name, values).fetchall())

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row of the named statement, or None."""
        return cast("Row | None", self._execute(name, values).fetchone())

    def tuples(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """Every row of the named statement, in the order of its columns."""
        faults.point(name)
        sql = cast("Any", statements(Dialect.POSTGRES)[name])
        return self._connection.execute(sql, values).fetchall()

    def run(self, name: str, /, **values: Any) -> int:
        """Run the named statement; the number of rows it changed."""
        return self._execute(name, values).rowcount

    def many(self, name: str, columns: Columns, /, **common: Any) -> int:
        """Run the named statement, which takes each column as an array."""
        if not any(columns.values()):
            return 0
        return self._execute(name, {**{key: list(column) for key, column in columns.items()}, **common}).rowcount

    def select(self, sql: str, values: Parameters) -> list[Row]:
        """Every row of a statement that the store put together from its own fixed parts (filters)."""
        return cast("list[Row]", self._rows.execute(cast("Any", for_postgres(sql)), values).fetchall())

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait for an advisory lock and hold it until the commit. A statement of its own: what follows sees more."""
        word = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        self._connection.execute(cast("Any", f"SELECT {word}(hashtextextended(%s, 0))"), (name,))
        self.now = self._clock.now_ms()  # of two who wait for each other, the later one also tells a later time

    def try_lock(self, name: str) -> bool:
        """Take such a lock if nobody has it; whether it is ours now."""
        row = self._connection.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        return row is not None and bool(row[0])

    def wake(self) -> None:
        """After the commit, tell every worker on this database that there may be something to send."""
        self.woken = True

    def announce(self) -> None:
        """Hand the waking over to PostgreSQL, which does it after the commit."""
        if self.woken:
            self._connection.execute(cast("Any", f"NOTIFY {CHANNEL}"))

    def number(self) -> int:
        """The number of this transaction: by it its fate can be asked for later."""
        row = self._connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
        return int(row[0])

    def _execute(self, name: str, values: Parameters) -> psycopg.Cursor[dict[str, Any]]:
        faults.point(name)
        return self._rows.execute(cast("Any", statements(Dialect.POSTGRES)[name]), values)

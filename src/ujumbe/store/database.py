"""What both databases are to the rest of the program: units of work, each one transaction, and statements by name.

There are two: `sqlite.py` and `postgres.py`. Which one a URL names is decided in `opening.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ujumbe.domain.errors import UjumbeError
from ujumbe.store.migrate import Migration

P = ParamSpec("P")
T = TypeVar("T")

Parameters = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]


class DataRefusedError(UjumbeError):
    """The database refused what one unit of work wanted to store (a rule of the tables); nothing of it is stored."""


class Row(Protocol):
    """One row of an answer, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of one column."""


class Tx(Protocol):
    """One unit of work: statements by name, the moment (epoch ms, the database's clock) it happens at, and new ids."""

    now: int

    def new_id(self) -> int:
        """Make an id (see ids.py); only where the database was opened for writing."""

    def new_ids(self, count: int) -> list[int]:
        """Make `count` ids, each above the one before it."""

    def all(self, name: str, /, **values: Any) -> list[Row]:
        """Every row of the named statement. A list among `values` is for `= ANY (:name)`."""

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row of the named statement, or None."""

    def tuples(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """Every row of the named statement, in the order of its columns: for many rows at a time."""

    def run(self, name: str, /, **values: Any) -> int:
        """Run the named statement; the number of rows it changed."""

    def many(self, name: str, columns: Columns, /, **common: Any) -> int:
        """Run the named statement for each row of `columns` (lists of one length); the number of rows changed."""

    def select(self, sql: str, values: Parameters) -> list[Row]:
        """Every row of a statement that the store put together from its own fixed parts (filters)."""

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait for a lock of ours by name and hold it until the commit. SQLite's one writer holds them all."""

    def try_lock(self, name: str) -> bool:
        """Take such a lock if nobody has it; whether it is ours now."""

    def wake(self) -> None:
        """After the commit, tell every worker on this database that there may be something to send."""


class Database(Protocol):
    """An open database. `await db.write(fn, …)` and `await db.read(fn, …)` call `fn(tx, …)`."""

    name: str
    """What people may read of where it is: a path, or an address without its password."""
    migrated: list[Migration]
    """What opening it has upgraded."""
    several: bool
    """Whether other processes write at the same time: then two transactions may miss each other's rows."""
    on_wake: Callable[[], None] | None
    """Called on the event loop when somebody has put something into the outbox."""

    @property
    def trouble(self) -> str:
        """Why the latest write failed; empty while the database takes them."""

    async def close(self) -> None:
        """Finish what was handed over, then close."""

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` as one atomic unit and return its result after the commit.

        Raises what `work` raised (nothing of it is stored then), `DataRefusedError`, or `StoreUnavailableError` where
        the database cannot take it: locked, full, lost, or closing. `work` may run again (after a deadlock, say): it
        touches nothing but `tx`.
        """

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` on a reader's snapshot. Raises `StoreUnavailableError` as `write` does."""

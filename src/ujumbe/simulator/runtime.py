"""The live state of one simulator, opened together and passed as the first argument."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ujumbe.simulator.account import Account
from ujumbe.simulator.callbacks import Callbacks
from ujumbe.simulator.config import SimulatorConfig
from ujumbe.simulator.events import Events
from ujumbe.simulator.faults import KNOBS, Dice, Faults
from ujumbe.simulator.store import Store


class OptOuts:
    """Who opted out of which sender; a copy in memory, because each order asks for all of its sender's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_sender: dict[str, set[str]] = {}
        for number, sender in store.rows("SELECT number, sender FROM opt_outs"):
            self._by_sender.setdefault(sender, set()).add(number)

    def numbers(self, sender: str) -> Collection[str]:
        """Return those who opted out of a sender."""
        return self._by_sender.get(sender, ())

    def add(self, number: str, sender: str) -> None:
        """Remember an opt-out."""
        self._store.run("INSERT OR IGNORE INTO opt_outs VALUES (?, ?)", number, sender)
        self._by_sender.setdefault(sender, set()).add(number)

    def remove(self, number: str, sender: str) -> None:
        """Forget an opt-out, if there was one."""
        self._store.run("DELETE FROM opt_outs WHERE number = ? AND sender = ?", number, sender)
        self._by_sender.get(sender, set()).discard(number)

    def forget(self) -> None:
        """Forget all, after a reset emptied the table."""
        self._by_sender.clear()


@dataclass(slots=True)
class Runtime:
    """Everything that a request can touch."""

    config: SimulatorConfig
    store: Store
    events: Events
    account: Account
    opt_outs: OptOuts
    callbacks: Callbacks
    faults: Faults
    dice: Dice = field(init=False)

    def __post_init__(self) -> None:
        self.dice = Dice(self.faults.seed)

    @classmethod
    def open(cls, config: SimulatorConfig) -> Runtime:
        """Open the file and read what it kept; the callbacks wait for `callbacks.start()`."""
        store = Store(config.database)
        kept = json.loads(store.setting("faults") or "{}")
        events = Events()
        return cls(
            config=config,
            store=store,
            events=events,
            account=Account(config, store),
            opt_outs=OptOuts(store),
            callbacks=Callbacks(config, store, events),
            # A knob that this version does not know any more is dropped, not fatal.
            faults=Faults().turned({name: value for name, value in kept.items() if name in KNOBS}),
        )

    async def close(self) -> None:
        """Close in reverse order; nothing that was taken is lost."""
        self.events.close()
        await self.callbacks.stop()
        self.store.close()

    def knobs(self) -> dict[str, Any]:
        """Return every knob as JSON has it, the balance being what is left."""
        return {**self.faults.as_dict(), "balance": str(self.account.balance)}

    def turn(self, wanted: Mapping[str, Any]) -> None:
        """Turn the named knobs and keep them; raises `BadKnobError` and turns none."""
        faults = self.faults.turned(wanted)
        balance = KNOBS["balance"].check("balance", wanted["balance"]) if "balance" in wanted else None
        with self.store.transaction():
            self.store.keep("faults", json.dumps(faults.as_dict()))
            if balance is not None:
                self.account.set_balance(balance)
        self.faults = faults
        if "seed" in wanted:
            self.dice = Dice(faults.seed)
        self.events.publish("faults", self.knobs)

    def reset(self) -> None:
        """Return to an empty state with default knobs; callbacks in flight cannot be called back."""
        self.store.empty()
        self.account.forget()
        self.opt_outs.forget()
        self.callbacks.forget()
        self.faults = Faults()
        self.dice = Dice(None)
        self.events.publish("reset", dict)

"""What a local AT is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

RETRY_BOUND = 720
"""Tries of one callback: AT repeats each minute for twelve hours (documented for incoming messages)."""


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """One account, where its callbacks go, and where its state is kept.

    `callbacks` is a base URL such as `http://127.0.0.1:8000/sms`; empty means that nobody is called. The four
    callbacks go to `/delivery-reports`, `/twoway`, `/opt-out` and `/subscription` below it, each with
    `?token=` when `callback_token` is set.
    `database` is the path of the simulator's own SQLite file; `:memory:` forgets everything at the end.
    `home` is the address of the dashboard that the phones are a part of, to lead back to; empty means that they
    stand alone.
    `retry_seconds` stands for AT's minute between two tries of a callback that was not answered 200.

    Raises `ValueError`, naming the field, where a value cannot work.
    """

    callbacks: str = ""
    callback_token: str = field(default="", repr=False)
    username: str = "sandbox"
    api_key: str = field(default="local", repr=False)
    short_code: str = "12345"
    sender_id: str = ""
    database: str = ":memory:"
    home: str = ""
    retry_seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.callbacks:
            parts = urlsplit(self.callbacks)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                raise ValueError("callbacks: expected a URL such as http://127.0.0.1:8000/sms")
        for name in ("username", "api_key", "short_code"):
            if not getattr(self, name):
                raise ValueError(f"{name}: must not be empty")
        if self.retry_seconds <= 0:
            raise ValueError("retry_seconds: must be above 0")

    @property
    def live(self) -> bool:
        """Whether answers look like the live environment's; the username `sandbox` alone says not."""
        return self.username != "sandbox"

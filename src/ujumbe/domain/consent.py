"""Whose word forbids which text."""

from typing import Final

ALL_SENDERS: Final = ""
"""The scope of an opt-out that names no sender: nothing more to this number, from anyone."""


DEFAULT_SENDER: Final = "AFRICASTKNG"
"""What AT puts on a text that names no sender (AT docs, `from`), and so what its opt-outs then name."""


def scope(sender: str) -> str:
    """Bring a sender ID into the form that is compared: AT's callbacks and our settings differ in case and spaces."""
    return sender.strip().casefold()


def scope_of_text(sender: str) -> str:
    """The scope that forbids a text from `sender`, which may be empty for AT's default."""
    return scope(sender or DEFAULT_SENDER)

"""Whose word forbids which text."""

from typing import Final

DEFAULT_SENDER: Final = "AFRICASTKNG"
"""What AT puts on a text that names no sender (AT docs, `from`), and so what its opt-outs then name."""


def scope(sender: str) -> str:
    """Bring a sender ID into the form that is compared: AT's callbacks and our settings differ in case and spaces."""
    return sender.strip().casefold()


def named(sender: str) -> str:
    """The sender that a text from `sender` shows: AT's default where it is empty."""
    return sender or DEFAULT_SENDER

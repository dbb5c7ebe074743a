"""Whose word forbids which text."""

from typing import Final

ALL_SENDERS: Final = ""
"""The scope of an opt-out that names no sender: nothing more to this number, from anyone."""


def scope(sender: str) -> str:
    """The form in which sender IDs are compared: AT's callbacks and our settings differ in case and spaces."""
    return sender.strip().casefold()

"""Why a connection failed, in words that people know: `connection refused`."""

from os import strerror
from typing import Final

NAMED: Final = {"ServerDisconnectedError": "it hung up without an answer"}
"""Errors of aiohttp that bring no word of the system's."""


def cause(error: BaseException) -> str:
    """The system's word for it, else the kind of failure; never aiohttp's own words, which may quote a URL.

    Of an error and its cause the cause speaks for the system.
    """
    inner = getattr(error, "os_error", None) or error.__cause__ or error
    certificate = getattr(inner, "verify_message", None)
    if certificate:
        return f"its certificate is not valid: {certificate}"
    number, word = getattr(inner, "errno", None), getattr(inner, "strerror", None)
    if isinstance(number, int) and number > 0:
        return strerror(number).lower()
    kind = type(error).__name__
    return (
        str(word).lower()
        if word and not type(inner).__module__.startswith("aiohttp")
        else NAMED.get(kind, kind.removesuffix("Error"))
    )

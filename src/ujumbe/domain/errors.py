"""The errors that callers tell apart.

What an error means for the caller is in its class, so that nobody has to read its text or a status code.
"""


class UjumbeError(Exception):
    """Anything that went wrong and has a name. The text is for a person and holds no number, text or secret."""


class InvalidInputError(UjumbeError, ValueError):
    """The caller gave something unusable: `field` names it, the text says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SettingsError(UjumbeError, ValueError):
    """A setting is missing or wrong; the text names every one of them."""


class StoreUnavailableError(UjumbeError):
    """The database cannot take the work now (locked, full, lost, closing). Nothing of it was stored."""

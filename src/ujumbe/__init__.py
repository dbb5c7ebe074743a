"""Ujumbe: a self-hosted SMS service on Africa's Talking.

For scripts: `send_bulk_sms` and `send_twoway_sms`. For answers to incoming texts: `on_message` (see handlers.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ujumbe.handlers import IncomingText as IncomingText
    from ujumbe.handlers import on_message as on_message
    from ujumbe.library import PartlySentError as PartlySentError
    from ujumbe.library import send_bulk_sms as send_bulk_sms
    from ujumbe.library import send_twoway_sms as send_twoway_sms

__version__ = "0.1.0"
__all__ = ["IncomingText", "PartlySentError", "on_message", "send_bulk_sms", "send_twoway_sms"]


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: the service and the simulator, which live in this package too, need neither
    # the library nor its settings.
    if name in __all__:
        from ujumbe import handlers, library  # noqa: PLC0415 - the point of this function

        return getattr(handlers, name, None) or getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

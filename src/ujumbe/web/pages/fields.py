"""What the fields of a form hold."""

from collections.abc import Callable

from starlette.datastructures import FormData

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.text import storable


def line(form: FormData, name: str, usual: str = "") -> str:
    """A field of one line as it can be stored, without the space around it; `usual` where the form has none."""
    value = form.get(name, usual)
    return storable(value).strip() if isinstance(value, str) else usual


def block(form: FormData, name: str) -> str:
    """A text to be checked. A browser ends each line with two characters, of which a text would pay for both."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else ""


def raw(form: FormData, name: str) -> str:
    """A field exactly as it was typed, such as a password."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def checked(errors: dict[str, str], name: str, read: Callable[[], str]) -> str:
    """What `read` makes of a field; where it is wrong, `errors` get what would be right, under `name`."""
    try:
        return read()
    except InvalidInputError as error:
        errors[name] = str(error)
        return ""

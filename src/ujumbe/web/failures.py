"""What goes wrong with a request, as the problem that it ends with: one table for the API and the pages."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from ujumbe.domain.errors import InvalidInputError, StoreUnavailableError
from ujumbe.web import problems
from ujumbe.web.problems import BROKEN, Problem

KINDS: Final = (
    Problem,
    RequestValidationError,
    InvalidInputError,
    StoreUnavailableError,
    HTTPException,
    ClientDisconnect,
    Exception,
)


def handle(app: FastAPI, show: Callable[[Request, Problem], Awaitable[Response]]) -> None:
    """Have every failure of a request to `app` end as a problem, which `show` makes an answer of."""

    async def answer(request: Request, error: Exception) -> Response:
        return await show(request, problem_of(error))

    for kind in KINDS:
        app.add_exception_handler(kind, answer)


def problem_of(error: Exception) -> Problem:
    """The problem that a failure is to whoever asked."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _not_valid(error)
        case InvalidInputError():
            return problems.invalid([{"field": error.field, "message": str(error)}])
        case StoreUnavailableError():
            return problems.unavailable()
        case HTTPException():
            problem = problems.of_status(error.status_code)
            problem.headers = dict(error.headers or {})
            return problem
        case ClientDisconnect():
            return Problem("bad-request", "The request broke off")  # nobody reads it; nothing is broken here
        case _:
            return BROKEN  # the error itself goes on to what stands in front, which logs it


def _not_valid(error: RequestValidationError) -> Problem:
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return Problem("bad-request", "The body is not JSON")
    return problems.not_valid(
        [{**each, "loc": each["loc"][1:]} if each["loc"][1:] else each for each in error.errors()]
    )

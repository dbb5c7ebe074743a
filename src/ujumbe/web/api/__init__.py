"""The v1 API: JSON in and out, problem details for errors, OpenAPI at /openapi.json."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ujumbe import __version__
from ujumbe.domain.errors import InvalidInputError, StoreUnavailableError
from ujumbe.runtime import Runtime
from ujumbe.web import problems
from ujumbe.web.api import (
    account,
    batches,
    contacts,
    conversations,
    events,
    health,
    inbound,
    messages,
    opt_outs,
    people,
    reviews,
    rules,
    sending,
    subscriptions,
    webhooks,
)
from ujumbe.web.api.access import needs
from ujumbe.web.asgi import App, bounded
from ujumbe.web.problems import BROKEN, CONTENT_TYPE, PROBLEM_SCHEMA, Problem

LARGEST_BODY = 2 << 20
"""Bytes: ten thousand numbers and the longest text, in whichever spelling of JSON."""


def create_api(runtime: Runtime) -> App:
    """The API over `runtime`, with a bound on what it reads."""
    return bounded(_create(runtime), LARGEST_BODY)


def _create(runtime: Runtime) -> FastAPI:
    app = FastAPI(
        title="Ujumbe",
        version=__version__,
        summary="Bulk and two-way SMS on Africa's Talking: sent once, tracked, opt-outs honoured.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect would name the host and scheme of our own side of a proxy
    )
    app.state.runtime = runtime
    app.include_router(health.router)
    consent = (opt_outs, reviews, contacts, people)
    answering = (inbound, conversations, rules)
    for noun in (sending, batches, messages, *answering, *consent, subscriptions, account, events, webhooks):
        app.include_router(noun.router, prefix="/v1")

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(needs("read"))])
    async def openapi() -> JSONResponse:
        return JSONResponse(_with_problems(app.openapi()))

    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InvalidInputError, _invalid_input)
    app.add_exception_handler(StoreUnavailableError, _unavailable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    return app


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the errors that we really send in place of FastAPI's own."""
    described = {"description": "A problem (RFC 9457)", "content": {CONTENT_TYPE: {"schema": PROBLEM_SCHEMA}}}
    for path in document["paths"].values():
        path.pop("head", None)  # it would repeat GET, its operationId included
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = described
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return JSONResponse(error.document(), error.status, error.headers, CONTENT_TYPE)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return await _problem(request, Problem("bad-request", "The body is not JSON"))
    errors = [{**each, "loc": each["loc"][1:]} if each["loc"][1:] else each for each in error.errors()]
    return await _problem(request, problems.not_valid(errors))


async def _invalid_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InvalidInputError)
    return await _problem(request, problems.invalid([{"field": error.field, "message": str(error)}]))


async def _unavailable(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - its text names files
    return await _problem(request, problems.unavailable())


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    problem = problems.of_status(error.status_code)
    problem.headers = dict(error.headers or {})
    return await _problem(request, problem)


async def _broken(request: Request, _error: Exception) -> JSONResponse:
    return await _problem(request, BROKEN)  # the error itself goes on to what stands in front, which logs it

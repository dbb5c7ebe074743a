"""The v1 API: JSON in and out, problem details for errors, OpenAPI at /openapi.json."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from ujumbe import __version__
from ujumbe.runtime import Runtime
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
from ujumbe.web.failures import handle
from ujumbe.web.problems import CONTENT_TYPE, PROBLEM_SCHEMA, Problem

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

    handle(app, _show)
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


async def _show(_request: Request, problem: Problem) -> JSONResponse:
    return JSONResponse(problem.document(), problem.status, problem.headers, CONTENT_TYPE)

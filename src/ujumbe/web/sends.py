"""POST /v1/messages without a framework in between: the route that everything waits for.

FastAPI costs this route three times what all of our own work does. The route in api/sending.py describes it (OpenAPI)
and orders.py has what decides: the model, its errors and `accept`.
"""

import json

from pydantic import ValidationError
from pydantic_core import to_json

from ujumbe.domain.errors import InvalidInputError, StoreUnavailableError
from ujumbe.runtime import Runtime
from ujumbe.store.api_keys import Scope as KeyScope
from ujumbe.web import problems
from ujumbe.web.api.sending import LONGEST_KEY, REPLAYED
from ujumbe.web.asgi import BodyTooLargeError, ClientGoneError, Receive, Scope, Send, header, read_body, respond
from ujumbe.web.auth import authorize
from ujumbe.web.orders import Send as Body
from ujumbe.web.orders import accept
from ujumbe.web.problems import Problem

PATH = "/v1/messages"
JSON = b"application/json"


class SendRoute:
    """The ASGI app for POST /v1/messages."""

    def __init__(self, runtime: Runtime, largest_body: int) -> None:
        self._runtime = runtime
        self._largest = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever is wrong with it is raised as a `Problem`."""
        runtime = self._runtime
        try:
            body = await read_body(scope, receive, self._largest)
        except BodyTooLargeError:
            raise problems.of_status(413) from None
        except ClientGoneError:
            return
        key = await authorize(runtime, header(scope, b"authorization"), KeyScope.SEND, known=True)
        idempotency_key = _idempotency_key(scope)
        try:
            accepted = await accept(runtime, _read(scope, body), key, idempotency_key)
        except InvalidInputError as error:
            raise problems.invalid([{"field": error.field, "message": str(error)}]) from None
        except StoreUnavailableError:
            raise problems.unavailable() from None
        await respond(send, 202, JSON, to_json(accepted.document), *([REPLAYED] if accepted.replayed else []))


def _idempotency_key(scope: Scope) -> str | None:
    if not any(name == b"idempotency-key" for name, _ in scope["headers"]):
        return None
    given = header(scope, b"idempotency-key")
    if not 1 <= len(given) <= LONGEST_KEY:
        told = f"an Idempotency-Key has 1 to {LONGEST_KEY} characters"
        raise problems.invalid([{"field": "Idempotency-Key", "message": told}])
    return given


def _read(scope: Scope, body: bytes) -> Body:
    """The request's body, validated. Raises a `Problem` that names every field that is wrong."""
    if not body:
        raise problems.invalid([{"field": "body", "message": "send a JSON object"}])
    kind = header(scope, b"content-type").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        told = "send JSON, with Content-Type: application/json"
        raise problems.invalid([{"field": "body", "message": told}])
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem("bad-request", "The body is not JSON") from None
    try:
        return Body.model_validate(document)
    except ValidationError as error:
        raise problems.not_valid(error.errors(include_url=False, include_input=False, include_context=False)) from None

"""The plain-text refusals of AT's server, which is akka-http 10.2.10 (recorded: its `Server` header).

The two texts for wrong credentials and a missing field are recorded; the others are what akka-http says
by default, so what AT would say if it left the default in place (assumed).
"""

from __future__ import annotations

from collections.abc import Iterable

from ujumbe.simulator.exchange import Response

TEXT = b"text/plain; charset=UTF-8"
CHALLENGE = (b"www-authenticate", b'Basic realm="api",charset=UTF-8')
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Rejection(Exception):  # noqa: N818 - akka's own word, and a refusal is no fault of ours
    """A request that is refused whole, with the response that says so."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def reject(status: int, text: str, *headers: tuple[bytes, bytes]) -> Rejection:
    """Build a refusal with a plain text and no newline at its end."""
    return Rejection(Response(status, text.encode(), TEXT, list(headers)))


def no_credentials() -> Rejection:
    """401: there is no key header (assumed)."""
    text = "The resource requires authentication, which was not supplied with the request"
    return reject(401, text, CHALLENGE)


def wrong_credentials() -> Rejection:
    """401: the key, the username or both are not this account's (recorded)."""
    return reject(401, "The supplied authentication is invalid", CHALLENGE)


def missing_form_field(name: str) -> Rejection:
    """400 (recorded)."""
    return reject(400, f"Request is missing required form field '{name}'")


def missing_query_parameter(name: str) -> Rejection:
    """404, not 400 (recorded)."""
    return reject(404, f"Request is missing required query parameter '{name}'")


def malformed_form_field(name: str, why: str) -> Rejection:
    """400 for a field whose value cannot be read (assumed)."""
    return reject(400, f"The form field '{name}' was malformed:\n{why}")


def malformed_query_parameter(name: str, why: str) -> Rejection:
    """400 for a parameter whose value cannot be read (assumed)."""
    return reject(400, f"The query parameter '{name}' was malformed:\n{why}")


def malformed_content(why: str) -> Rejection:
    """400 for a body that cannot be read (recorded on another of AT's products)."""
    return reject(400, f"The request content was malformed:\n{why}")


def not_found() -> Rejection:
    """404 for a path that nobody serves (assumed)."""
    return reject(404, "The requested resource could not be found.")


def wrong_method(supported: Iterable[str]) -> Rejection:
    """405, naming the methods that would do (assumed)."""
    names = ", ".join(supported)
    return reject(405, f"HTTP method not allowed, supported methods: {names}", (b"allow", names.encode()))


def wrong_media_type(given: str, *expected: str) -> Rejection:
    """415, naming the types that would do (assumed)."""
    named = f" [{given}]" if given else ""
    return reject(415, f"The request's Content-Type{named} is not supported. Expected:\n{' or '.join(expected)}")


def not_acceptable() -> Rejection:
    """406 for an `Accept` that takes neither JSON nor XML (assumed)."""
    text = "Resource representation is only available with these types:\napplication/json\napplication/xml"
    return reject(406, text)


def too_large() -> Rejection:
    """413 (assumed)."""
    text = "The request payload is larger than the server is willing or able to process."
    return reject(413, text, (b"connection", b"close"))


def too_many_requests() -> Rejection:
    """429 with `Retry-After` in seconds; AT publishes neither limit nor body (assumed)."""
    text = "The user has sent too many requests in a given amount of time."
    return reject(429, text, (b"retry-after", b"1"))


def server_error() -> Rejection:
    """500 (assumed)."""
    return reject(500, "There was an internal server error.")


def unavailable() -> Rejection:
    """503: the simulator is not started, or stopping."""
    return reject(503, "The server is currently unavailable (because it is overloaded or down for maintenance).")

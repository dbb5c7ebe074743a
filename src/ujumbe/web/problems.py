"""Errors as RFC 9457 problem details: one shape for everything, with a stable `type` to script against."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ujumbe.domain.phone import mask_all
from ujumbe.web.asgi import Send, respond

LONGEST_FIELD: Final = 60
"""Characters of a field's name in an error."""
CONTENT_TYPE: Final = "application/problem+json"

TITLES: Final = {
    "bad-request": (400, "The request cannot be understood"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "This API key may not do that"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This address does not take that method"),
    "conflict": (409, "This cannot be done now"),
    "too-large": (413, "The request is too large"),
    "invalid": (422, "The request is not valid"),
    "internal": (500, "Something broke on our side"),
    "unavailable": (503, "The service cannot work now; try again"),
    "provider-failed": (502, "Africa's Talking did not do this"),
    "provider-unreachable": (503, "Africa's Talking could not be asked; try again"),
    "provider-unclear": (504, "Africa's Talking may or may not have done this"),
}
"""Every problem by the last word of its `type` (`urn:ujumbe:problem:…`): HTTP status and title."""


PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:ujumbe:problem:{name}" for name in TITLES]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


class Problem(Exception):  # noqa: N818 - it is the RFC's word
    """A request that ends as a problem. `errors` lists fields, each with what would be right."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """The HTTP status of this kind of problem."""
        return TITLES[self.name][0]

    def document(self) -> dict[str, Any]:
        """The problem as JSON."""
        status, title = TITLES[self.name]
        document: dict[str, Any] = {
            "type": f"urn:ujumbe:problem:{self.name}",
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        return document | ({"errors": self.errors} if self.errors else {})

    async def respond(self, send: Send) -> None:
        """Answer with it, outside of FastAPI."""
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        await respond(send, self.status, CONTENT_TYPE.encode(), json.dumps(self.document()).encode(), *headers)


BROKEN: Final = Problem("internal", "The cause is in the service's log")
"""What is answered where a request broke."""


def of_status(status: int) -> Problem:
    """The problem for a bare HTTP status, e.g. one that a framework raised."""
    for name, (known, title) in TITLES.items():
        if known == status:
            return Problem(name, title)
    return Problem("bad-request" if status < 500 else "internal", f"HTTP {status}")


def invalid(errors: list[dict[str, str]]) -> Problem:
    """The problem of a request whose fields are wrong: `errors` name each, and what would be right."""
    return Problem("invalid", f"Not valid: {', '.join(each['field'] for each in errors)}", errors=errors)


def not_valid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The same for what pydantic found, its places beginning within the body.

    Its own errors repeat the input, which may be a number or a text: only place and reason go out. An unknown field's
    name is the caller's too.
    """
    return invalid(
        [
            {"field": mask_all(".".join(map(str, each["loc"])) or "body")[:LONGEST_FIELD], "message": each["msg"]}
            for each in errors
        ]
    )


def unavailable() -> Problem:
    """The database cannot be used now; its own words may name files."""
    return Problem("unavailable", "The database cannot be used now", headers={"Retry-After": "5"})

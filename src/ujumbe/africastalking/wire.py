"""AT's SMS API as values: requests, built without any I/O; replies.py reads what comes back.

Field names and paths are AT's (developers.africastalking.com, "Sending SMS" and "Application data").
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

MOST_RECIPIENTS: Final = 1_000
"""Numbers in one call. AT states no limit; its SDKs' tests and other users stay at or below a thousand."""


class Mode(StrEnum):
    """Who pays, and from which kind of sender: `two_way` is `bulk` from a short code that takes answers."""

    BULK = "bulk"
    TWO_WAY = "two_way"
    PREMIUM = "premium"


class Host(StrEnum):
    """Which of AT's hosts a request goes to: premium and subscriptions have one of their own when live."""

    API = "api"
    CONTENT = "content"


LIVE: Final = {Host.API: "https://api.africastalking.com", Host.CONTENT: "https://content.africastalking.com"}
SANDBOX: Final = "https://api.sandbox.africastalking.com"


def is_sandbox(username: str) -> bool:
    """Whether this username belongs to AT's sandbox, compared as AT's own Java and Node SDKs do."""
    return username.strip().lower() == "sandbox"


def bases(username: str, api_url: str = "") -> dict[Host, str]:
    """The base URL of each of AT's hosts for an account; `api_url` replaces them all."""
    replaced = api_url.rstrip("/") or (SANDBOX if is_sandbox(username) else "")
    return {host: replaced or live for host, live in LIVE.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without host and key. `form` is None for a GET."""

    method: str
    path: str
    host: Host = Host.API
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] | None = None

    @property
    def target(self) -> str:
        """Path and query as they go on the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def body(self) -> bytes | None:
        """The form, percent-encoded as UTF-8; None without one."""
        return None if self.form is None else urlencode(self.form).encode("ascii")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text to one or many numbers (E.164). Empty strings and None mean: leave AT's default."""

    to: tuple[str, ...]
    text: str
    mode: Mode = Mode.BULK
    sender: str = ""
    link_id: str = ""
    keyword: str = ""
    retry_hours: int | None = None
    enqueue: bool | None = None


def send(username: str, outgoing: Outgoing) -> Request:
    """POST /version1/messaging. Premium (the recipient pays) is `bulkSMSMode=0` on the content host."""
    premium = outgoing.mode is Mode.PREMIUM
    form = [
        ("username", username),
        ("to", ",".join(outgoing.to)),
        ("message", outgoing.text),
        ("from", outgoing.sender),
        ("bulkSMSMode", "0" if premium else "1"),
        ("enqueue", "" if outgoing.enqueue is None else str(int(outgoing.enqueue))),
        ("keyword", outgoing.keyword),
        ("linkId", outgoing.link_id),
        ("retryDurationInHours", "" if outgoing.retry_hours is None else str(outgoing.retry_hours)),
    ]
    host = Host.CONTENT if premium else Host.API
    return Request("POST", "/version1/messaging", host, form=tuple(pair for pair in form if pair[1]))


def fetch_inbox(username: str, last_received_id: int = 0) -> Request:
    """GET /version1/messaging: texts after `last_received_id`, up to a hundred a call."""
    query = (("username", username), ("lastReceivedId", str(last_received_id)))
    return Request("GET", "/version1/messaging", query=query)


def application_data(username: str) -> Request:
    """GET /version1/user: the balance; it changes nothing, so it also serves as a probe."""
    return Request("GET", "/version1/user", query=(("username", username),))


def list_subscriptions(username: str, short_code: str, keyword: str, last_received_id: int = 0) -> Request:
    """GET /version1/subscription on the content host."""
    query = (
        ("username", username),
        ("shortCode", short_code),
        ("keyword", keyword),
        ("lastReceivedId", str(last_received_id)),
    )
    return Request("GET", "/version1/subscription", Host.CONTENT, query=query)


def create_subscription(username: str, short_code: str, keyword: str, number: str) -> Request:
    """POST /version1/subscription/create on the content host."""
    return _subscription("create", username, short_code, keyword, number)


def delete_subscription(username: str, short_code: str, keyword: str, number: str) -> Request:
    """POST /version1/subscription/delete on the content host."""
    return _subscription("delete", username, short_code, keyword, number)


def _subscription(verb: str, username: str, short_code: str, keyword: str, number: str) -> Request:
    form = (
        ("username", username),
        ("shortCode", short_code),
        ("keyword", keyword),
        ("phoneNumber", number),
    )
    return Request("POST", f"/version1/subscription/{verb}", Host.CONTENT, form=form)

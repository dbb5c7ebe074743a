"""Premium subscriptions and opt-outs: listed, changed by the service or on a handset, and reported."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from ujumbe.simulator import inbox
from ujumbe.simulator.exchange import Request
from ujumbe.simulator.fields import given, last_received_id, required_form, required_query, short
from ujumbe.simulator.judge import NUMBER
from ujumbe.simulator.magic import Magic, failed
from ujumbe.simulator.orders import Order
from ujumbe.simulator.runtime import Runtime
from ujumbe.simulator.store import now_ms, rfc3339

PAGE = 100
"""Subscriptions a list; AT publishes no bound (assumed)."""

Answer = dict[str, object]


def list_them(runtime: Runtime, request: Request) -> Answer:
    """Answer `GET /version1/subscription`: those of a short code and keyword after `lastReceivedId`."""
    runtime.account.require_credentials(request)
    query = required_query(request, "username", "shortCode", "keyword")
    runtime.account.authenticate(request, query["username"])
    found = runtime.store.rows(
        """SELECT at, id, keyword, number, short_code FROM subscriptions
           WHERE short_code = ? AND keyword = ? AND id > ? ORDER BY id LIMIT ?""",
        query["shortCode"], query["keyword"], last_received_id(query), PAGE,
    )  # fmt: skip
    responses = [
        {
            "date": rfc3339(at).removesuffix("Z"),
            "id": number_in_list,
            "keyword": keyword,
            "phoneNumber": number,
            "shortCode": code,
        }
        for at, number_in_list, keyword, number, code in found
    ]
    return {"responses": responses}


def create(runtime: Runtime, request: Request) -> Answer:
    """Answer `POST /version1/subscription/create`; a failure is told in a 201 too (seen in third-party tests).

    The person asked agrees at once, where AT would wait for their answer on the handset.
    """
    runtime.account.require_credentials(request)
    form = required_form(request, "username", "shortCode", "keyword", "phoneNumber")
    runtime.account.authenticate(request, form["username"])
    token = given(form, "checkoutToken")
    if token and not runtime.account.has_checkout_token(token):
        return _failed("Invalid token provided")
    return _changed(runtime, form, "addition") or {"description": "Waiting for user input", "status": "Success"}


def delete(runtime: Runtime, request: Request) -> Answer:
    """Answer `POST /version1/subscription/delete`."""
    runtime.account.require_credentials(request)
    form = required_form(request, "username", "shortCode", "keyword", "phoneNumber")
    runtime.account.authenticate(request, form["username"])
    return _changed(runtime, form, "deletion") or {"description": "Succeeded", "status": "Success"}


def create_safaricom(runtime: Runtime, request: Request) -> Answer:
    """Answer `POST /version1/subscription/safaricom`; without a number there is a page to visit (documented)."""
    runtime.account.require_credentials(request)
    form = required_form(request, "username", "shortCode")
    runtime.account.authenticate(request, form["username"])
    number = given(form, "phoneNumber")
    if number:
        failure = _changed(runtime, form, "addition")
        if failure is not None:
            return failure
    answer: Answer = {
        "responseCode": "Success",
        "status": "Sent",
        "transactionId": f"Tid_{secrets.randbelow(10**16):016}",
    }
    if not number:
        answer["url"] = given(form, "redirectUrl")
    return answer


def change(runtime: Runtime, number: str, short_code: str, keyword: str, update_type: str) -> None:
    """Add or delete a subscription and tell the service, also where nothing changed: a person asked for it."""
    at = now_ms()
    fields = {"phoneNumber": number, "shortCode": short_code, "keyword": keyword, "updateType": update_type}
    with runtime.store.transaction():
        if update_type == "addition":
            runtime.store.run(
                "INSERT OR IGNORE INTO subscriptions (number, short_code, keyword, at) VALUES (?, ?, ?, ?)",
                number, short_code, keyword, at,
            )  # fmt: skip
        else:
            runtime.store.run(
                "DELETE FROM subscriptions WHERE number = ? AND short_code = ? AND keyword = ?",
                number,
                short_code,
                keyword,
            )
        runtime.callbacks.add("subscription", [(at, urlencode(fields))])
    runtime.callbacks.wake("subscription")
    runtime.events.publish("subscription", lambda: {"number": number, **fields})


def opt_out(runtime: Runtime, number: str, sender: str) -> None:
    """Opt a number out of a sender: later sends answer 406, and the service is told (documented fields)."""
    fields = {"senderId": sender, "phoneNumber": number}
    with runtime.store.transaction():
        runtime.opt_outs.add(number, sender)
        runtime.callbacks.add("opt-out", [(now_ms(), urlencode(fields))])
    runtime.callbacks.wake("opt-out")
    runtime.events.publish("opt_out", lambda: {"number": number, **fields})


def premium_fate(runtime: Runtime, order: Order, number: str) -> Magic | None:
    """Return what becomes of a premium text that may not be sent, which only its report tells (documented)."""
    if order.link_id:
        return None if inbox.knows_link(runtime, order.link_id, number) else failed("InvalidLinkId")
    if not order.keyword:
        return None
    subscribed = runtime.store.row(
        "SELECT 1 FROM subscriptions WHERE short_code = ? AND keyword = ? AND number = ?",
        order.sender,
        order.keyword,
        number,
    )
    return failed("UserNotSubscribedToProduct") if subscribed is None else None


def _changed(runtime: Runtime, form: dict[str, str], update_type: str) -> Answer | None:
    """Change a subscription as the service asked; returns the failure's answer, or None."""
    short_code, keyword, number = short(form, "shortCode"), short(form, "keyword"), given(form, "phoneNumber")
    if short_code not in runtime.account.senders(runtime.faults.senders) or not short_code.isdecimal():
        return _failed(f"Please ensure {short_code} is configured under your API account")
    if NUMBER.fullmatch(number) is None:
        return _failed("Invalid phone number")
    change(runtime, number, short_code, keyword, update_type)
    return None


def _failed(why: str) -> Answer:
    return {"description": why, "status": "Failed"}

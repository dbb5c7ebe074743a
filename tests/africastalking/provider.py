"""AT as a script for `ScriptedServer`: it answers every number that it is asked about."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

from tests.africastalking.scripted import Answer, Request, ScriptedServer, reply

NAMES = {
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}


def form(request: Request) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(request.body.decode(), strict_parsing=True).items()}


def asked(server: ScriptedServer) -> list[list[str]]:
    """The numbers of each request."""
    return [form(request)["to"].split(",") for request in server.requests]


def line(number: str, code: int = 101, **changed: object) -> dict[str, object]:
    if code in NAMES:
        row = {"cost": "0", "messageId": "None", "number": number, "status": NAMES[code], "statusCode": code}
    else:
        row = {
            "cost": "KES 0.8000",
            "messageId": f"ATXid_{number}",
            "number": number,
            "status": "Success",
            "statusCode": code,
        }
    return row | changed


def data(lines: Sequence[dict[str, object]], summary: str | None = None) -> bytes:
    sent = sum(1 for each in lines if each["status"] == "Success")
    cost = f"KES {sent * 0.8:.4f}" if sent else "0"
    message = f"Sent to {sent}/{len(lines)} Total Cost: {cost}" if summary is None else summary
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": lines}}).encode()


def lines_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The recipients of a reply that the library returned."""
    rows: list[dict[str, Any]] = answer["SMSMessageData"]["Recipients"]
    return rows


def taking(codes: dict[str, int] | None = None) -> Callable[[Request], Answer]:
    """AT that takes every number, but for those in `codes`."""
    return lambda request: reply(
        201, data([line(each, (codes or {}).get(each, 101)) for each in form(request)["to"].split(",")])
    )

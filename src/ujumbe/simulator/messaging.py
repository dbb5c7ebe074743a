"""Sending: an order is judged, carried out in one transaction, answered, or broken off as the faults say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ujumbe.simulator import akka, handsets, judge, reports, subscriptions, xml
from ujumbe.simulator.exchange import Request, Response
from ujumbe.simulator.faults import Fate
from ujumbe.simulator.judge import Judgement, Line
from ujumbe.simulator.orders import Order, read_bulk, read_legacy
from ujumbe.simulator.runtime import Runtime
from ujumbe.simulator.store import now_ms


class BrokenOffError(Exception):
    """The order was taken and its client is to see no answer: `fate` says hang or reset."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(fate)
        self.fate = fate


def send(runtime: Runtime, request: Request) -> Response:
    """Answer `POST /version1/messaging`, bulk and premium: 201 whatever becomes of the recipients (recorded)."""
    return _send(runtime, request, read_legacy)


def send_bulk(runtime: Runtime, request: Request) -> Response:
    """Answer `POST /version1/messaging/bulk`, also to a hashed number; 201 and the same body (assumed)."""
    return _send(runtime, request, read_bulk)


def _send(runtime: Runtime, request: Request, read: Callable[[Request], Order]) -> Response:
    runtime.account.require_credentials(request)
    as_xml = xml.wants_xml(request.header(b"accept"))
    order = read(request)
    runtime.account.authenticate(request, order.username)
    fate = runtime.dice.fate(runtime.faults)
    if not fate.taken:
        with runtime.store.transaction():
            _record(runtime, order, judge.not_taken(order), fate)
        raise akka.too_many_requests() if fate is Fate.REFUSED else akka.server_error()
    judgement = _judge(runtime, order)
    _carry_out(runtime, order, judgement, fate)
    if fate is Fate.TAKEN_500:
        raise akka.server_error()
    if fate is not Fate.ANSWERED:
        raise BrokenOffError(fate)
    return xml.answer_as(judgement.body(), as_xml=as_xml, status=201)


def _judge(runtime: Runtime, order: Order) -> Judgement:
    if order.sender not in runtime.account.senders(runtime.faults.senders):
        return judge.refuse_sender(order)
    return judge.judge(
        order,
        runtime.account.balance,
        live=runtime.config.live,
        opted_out=runtime.opt_outs.numbers(order.sender),
        premium_fate=lambda number: subscriptions.premium_fate(runtime, order, number),
    )


def _carry_out(runtime: Runtime, order: Order, judgement: Judgement, fate: Fate) -> None:
    now = now_ms()
    due = reports.due(judgement.reports, now, runtime.faults, runtime.dice) if runtime.callbacks.wanted else []
    arrived = [(line[0], line[3]) for line in judgement.lines if line[5]]
    with runtime.store.transaction():
        _record(runtime, order, judgement.lines, fate)
        handsets.ring(runtime, (number for number, _ in arrived), now)
        runtime.account.charge(judgement.charge)
        runtime.callbacks.add("delivery-reports", due)
    runtime.callbacks.wake("delivery-reports")
    for number, message_id in arrived:
        runtime.events.publish("message", partial(_arrival, order, number, message_id, now))


def _arrival(order: Order, number: str, message_id: str | None, at: int) -> dict[str, Any]:
    return {"number": number, **handsets.message("in", order.sender, number, order.text, at, message_id)}


def _record(runtime: Runtime, order: Order, lines: list[Line], fate: Fate) -> None:
    request_id = runtime.store.run(
        "INSERT INTO requests (at, sender, text, outcome) VALUES (?, ?, ?, ?)", now_ms(), order.sender, order.text, fate
    ).lastrowid
    if order.premium or order.keyword or order.link_id:
        runtime.store.run(
            "INSERT INTO extras (request, premium, keyword, link_id, retry_hours) VALUES (?, ?, ?, ?, ?)",
            request_id, order.premium, order.keyword, order.link_id, order.retry_hours,
        )  # fmt: skip
    runtime.store.run_many(
        """INSERT INTO lines (request, number, taken, status_code, message_id, cost, arrived)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        ((request_id, *line) for line in lines),
    )

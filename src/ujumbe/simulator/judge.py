"""What AT answers for each recipient of an order, and what it costs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ujumbe.simulator.magic import DELIVERED, NUMBERS, STATUSES, Magic, Report
from ujumbe.simulator.orders import Order
from ujumbe.simulator.pricing import Money, convert, price
from ujumbe.simulator.segments import count_parts

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A number in E.164; anything else is answered 403 and echoed as it came (reported by AT's users)."""

Line = tuple[str, bool, int | None, str | None, str, bool]
"""A line of the ledger: number, taken, status code, message id, cost, arrived."""

_ORDINARY = Magic(reports=DELIVERED)
_REFUSED = {code: Magic(code=code, taken=False, identified=False) for code in (403, 405, 406)}


@dataclass(slots=True)
class Judgement:
    """The answer's parts, the ledger's lines, the reports to come, the ten-thousandths to charge."""

    recipients: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    reports: list[tuple[str, str, tuple[Report, ...]]] = field(default_factory=list)
    charge: int = 0
    accepted: int = 0
    summary: str = ""

    def body(self) -> dict[str, object]:
        """Return the answer in the order of its keys on the wire (recorded: alphabetical)."""
        return {"SMSMessageData": {"Message": self.summary, "Recipients": self.recipients}}


def refuse_sender(order: Order) -> Judgement:
    """Refuse the whole order, as AT does for a sender that is not the account's: an empty list (recorded)."""
    lines: list[Line] = [(number, False, 402, None, "0", False) for number in order.numbers]
    return Judgement(lines=lines, summary="InvalidSenderId")


def not_taken(order: Order) -> list[Line]:
    """List the lines of a request that was refused before anybody looked at its recipients."""
    return [(number, False, None, None, "0", False) for number in order.numbers]


def judge(
    order: Order,
    balance: Money,
    *,
    live: bool,
    opted_out: Collection[str],
    premium_fate: Callable[[str], Magic | None],
) -> Judgement:
    """Decide about every recipient of an order.

    A number that is listed twice is sent twice and paid twice: AT documents neither, and so a client's
    repetition shows (assumed). Too little money for all answers 405 for every one of them, also for those
    that would have been refused otherwise (reported by AT's users; for a balance that covers a part, assumed).
    """
    fates = [_fate(number, order, opted_out, premium_fate) for number in order.numbers]
    judgement = _weigh(order, fates, balance.currency, live=live)
    if judgement.charge > balance.amount:
        judgement = _weigh(order, [_REFUSED[405]] * len(fates), balance.currency, live=live)
    return judgement


def _fate(number: str, order: Order, opted_out: Collection[str], premium_fate: Callable[[str], Magic | None]) -> Magic:
    if number in opted_out:
        return _REFUSED[406]
    magic = NUMBERS.get(number)
    if magic is not None:
        return magic
    if NUMBER.fullmatch(number) is None and not order.hashed:
        return _REFUSED[403]
    if order.premium:
        return premium_fate(number) or _ORDINARY
    return _ORDINARY


def _weigh(order: Order, fates: list[Magic], currency: str, *, live: bool) -> Judgement:
    parts = count_parts(order.text)
    accepted_code = 102 if order.enqueue or order.premium else 101
    # One call to the system for all ids; they are never seeded, as ids must not come twice.
    entropy = os.urandom(16 * len(fates)).hex()
    costs: dict[str, tuple[str, int]] = {}
    found = Judgement()
    for index, (number, fate) in enumerate(zip(order.numbers, fates, strict=True)):
        code = fate.code or accepted_code
        message_id, cost, charge = None, "0", 0
        if fate.taken:
            message_id = f"ATXid_{entropy[32 * index : 32 * index + 32]}"
            if not order.premium:
                # Plus and three digits settle the country.
                prefix = "+254" if order.hashed else number[:4]
                if prefix not in costs:
                    local = price(prefix, parts)
                    costs[prefix] = str(local), convert(local, currency).amount
                cost, charge = costs[prefix]
            found.charge += charge
            found.reports.append((number, message_id, fate.reports))
        found.lines.append(
            (number, fate.taken, code, message_id, cost, fate.taken and fate.arrives and not order.hashed)
        )
        if fate.listed:
            recipient: dict[str, Any] = {
                "cost": cost if code < 400 else "0",
                "messageId": message_id if message_id and fate.identified else "None",
            }
            if live and code < 400:
                recipient["messageParts"] = parts
            recipient |= {"number": number, "status": STATUSES[code], "statusCode": code}
            found.recipients.append(recipient)
        found.accepted += code < 400
    found.summary = _summary(order, found, Money(currency, found.charge), parts, live=live)
    return found


def _summary(order: Order, found: Judgement, total: Money, parts: int, *, live: bool) -> str:
    """Sum up in the recorded words: no cost for premium, a bare 0 when nobody was accepted, parts in the sandbox."""
    sent = f"Sent to {found.accepted}/{len(order.numbers)}"
    if order.premium:
        return sent
    if not found.accepted:
        return f"{sent} Total Cost: 0"
    return f"{sent} Total Cost: {total}" + ("" if live else f" Message parts: {parts}")

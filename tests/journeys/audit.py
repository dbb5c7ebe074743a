"""Compares our record with the local AT's ledger, line by line. What it finds names ids, never numbers or texts."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.journeys.load import REFUSED, SILENT, UNDELIVERABLE, Order
from tests.journeys.storm import Storm

Item = dict[str, Any]

FINAL: Final = {"delivered", "undelivered", "failed", "blocked", "expired", "canceled"}
NEVER_TAKEN: Final = {"failed", "blocked", "expired", "canceled"}
ON_THE_WAY_SECONDS: Final = 2.0
"""A call starts within a second of its claim's commit or never; on a crowded machine it takes another to arrive."""


def seconds(written: str) -> float:
    """RFC 3339 as epoch seconds."""
    return datetime.fromisoformat(written).timestamp()


@dataclass
class Audit:
    """Both records, and what the client was told. Each check returns the ids of what breaks it."""

    storm: Storm
    orders: list[Order]
    messages: list[Item]
    lines: list[Item]
    timelines: dict[str, list[Item]] = field(default_factory=dict)
    """Of those messages that `to_explain` names."""

    def __post_init__(self) -> None:
        self.order_of = {order.body["text"]: order for order in self.orders}
        self.by_content = {(each["to"], each["text"]): each for each in self.messages}
        self.asked: dict[str, list[Item]] = defaultdict(list)
        self.strangers = []
        """Ledger lines, by `seq`, that no message of ours explains."""
        for line in self.lines:
            message = self.by_content.get((line["number"], line["text"]))
            if message is None or self.order_of[message["text"]].sender != line["from"]:
                self.strangers.append(line["seq"])
            else:
                self.asked[message["id"]].append(line)

    def policy(self, message: Item) -> str:
        return str(self.order_of[message["text"]].body.get("on_uncertain", "hold"))

    def lost_or_invented(self) -> Iterator[str]:
        """Accepted messages that are not there as they were accepted, and messages that nobody was told of."""
        stored = {each["id"]: each for each in self.messages}
        for order in self.orders:
            answer = self.storm.answers[order.key]
            for verdict, number in zip(answer["messages"], order.body["to"], strict=True):
                if verdict["id"] is None:
                    continue
                found = stored.pop(verdict["id"], None)
                expected = (answer["id"], number, order.body["text"])
                if found is None or (found["batch"], found["to"], found["text"]) != expected:
                    yield verdict["id"]
        yield from stored

    def taken_twice(self) -> Iterator[str]:
        """Messages that were asked for again although AT had not provably refused them.

        One that may be repeated is asked for once more after each attempt that ended uncertain, and not before its end.
        """
        for message in self.messages:
            unsure = [each for each in self.asked[message["id"]] if each["outcome"] != "refused_429"]
            allowed = 1
            if self.policy(message) == "resend" and len(unsure) > 1:
                ends = [each for each in self._steps(message, "answered") if each["detail"]["outcome"] == "uncertain"]
                allowed += sum(seconds(each["at"]) < seconds(unsure[-1]["at"]) for each in ends)
            if len(unsure) > allowed:
                yield message["id"]

    def without_an_end(self) -> Iterator[str]:
        """Messages that are neither final nor uncertain with a reason.

        Where AT kept the last report to itself, `sent` is all that can be known.
        """
        for message in self.messages:
            ended = message["state"] in FINAL or (message["state"] == "uncertain" and message["reason"])
            if not ended and not (message["state"] == "sent" and self._report_is_lost(message)):
                yield message["id"]

    def _report_is_lost(self, message: Item) -> bool:
        taken = [seconds(each["at"]) for each in self.asked[message["id"]] if each["taken"]]
        dry = any(begin <= at <= end for at in taken for begin, end in self.storm.droughts)
        return dry or message["to"] in SILENT

    def at_odds(self) -> Iterator[str]:
        """Messages whose state, id or cost the ledger contradicts, and how."""
        for message in self.messages:
            state, to, known = message["state"], message["to"], message["provider_message_id"]
            taken = {each["message_id"]: each for each in self.asked[message["id"]] if each["taken"]}
            wrong = {
                "AT never gave it this id": known is not None and known not in taken,
                "AT did not take it": state in ("sent", "delivered", "undelivered") and not taken,
                "AT took it": state in NEVER_TAKEN and bool(taken) and not self._may_have_been(message),
                "it arrived": state == "undelivered" and to not in UNDELIVERABLE,
                "nobody said so": state == "delivered" and to in REFUSED | SILENT,
                "AT said another cost": known in taken and not _fits(message["cost"], taken[known]),
            }
            yield from (f"{message['id']} {state}: {why}" for why, so in wrong.items() if so)

    def _may_have_been(self, message: Item) -> bool:
        """Whether its end is a guess, or that of a repeat; neither says that AT never took it."""
        return message["assumed"] or (self.policy(message) == "resend" and message["tries"] > 1)

    def after_an_opt_out(self, opt_outs: list[Item]) -> Iterator[str]:
        """Messages that were attempted although their recipient had opted out.

        An attempt's time is read before its commit, and `Heard.at` after the opt-out's: later is wrong beyond doubt.
        `since` and the attempt's time come from one database clock, read while the one waits for the other. The ledger
        shows what left.
        """
        known, since = defaultdict(list), defaultdict(list)
        for each in self.storm.heard:
            known[each.stop.number].append((each.stop.sender, each.at))
        for item in opt_outs:
            since[item["phone"]].append((item["from"] or "", seconds(item["since"])))
        for message in self.messages:
            told = self._limit(message, known)
            limit = min(told, self._limit(message, since))
            begun = [seconds(each["at"]) for each in self._steps(message, "submitted")]
            left = [seconds(each["at"]) for each in self.asked[message["id"]]]
            if max(begun, default=0) > limit or max(left, default=0) > told + ON_THE_WAY_SECONDS:
                yield message["id"]

    def _limit(self, message: Item, stops: Mapping[str, list[tuple[str, float]]]) -> float:
        """When the first of these opt-outs that covers the message came; never, if none does."""
        sender = self.order_of[message["text"]].sender.casefold()
        moments = [at for of, at in stops.get(message["to"], ()) if of.casefold() in ("", sender)]
        return min(moments, default=math.inf)

    def to_explain(self, opt_outs: list[Item]) -> Iterator[str]:
        """Messages whose timeline the checks read."""
        numbers = {each["phone"] for each in opt_outs}
        for message in self.messages:
            if message["to"] in numbers or (self.policy(message) == "resend" and len(self.asked[message["id"]]) > 1):
                yield message["id"]

    def _steps(self, message: Item, what: str) -> list[Item]:
        return [each for each in self.timelines.get(message["id"], []) if each["what"] == what]

    def counts(self) -> Iterator[str]:
        """The figures, line by line."""
        storm = self.storm
        stops = Counter("handset" if each.stop.by_handset else "API" for each in storm.heard)
        uncertain = [each for each in self.messages if each["state"] == "uncertain"]
        answered = sum(any(line["outcome"] == "answered" for line in self.asked[each["id"]]) for each in uncertain)
        unasked = sum(not self.asked[each["id"]] for each in uncertain)
        again = sum(len(lines) > 1 for lines in self.asked.values())
        yield f"orders answered {len(storm.answers)}, messages accepted {len(self.messages)}"
        yield f"kills {storm.kills.total()}: {dict(storm.kills)}; the client asked again: {dict(storm.again)}"
        yield f"states {dict(Counter(each['state'] for each in self.messages))}"
        yield f"ledger lines {len(self.lines)}, taken {sum(each['taken'] for each in self.lines)}"
        yield f"  by what became of their request {dict(Counter(each['outcome'] for each in self.lines))}"
        yield f"  messages asked for more than once {again}; taken more than once, by policy {self._taken_again()}"
        yield f"uncertain {len(uncertain)}; of these AT had answered {answered}, never heard of {unasked}"
        for reason, times in Counter(each["reason"] for each in uncertain).most_common():
            yield f"  {times} × {reason}"
        yield f"opt-outs {dict(stops)}; messages blocked {sum(each['state'] == 'blocked' for each in self.messages)}"

    def _taken_again(self) -> dict[str, int]:
        repeated = (each for each in self.messages if sum(line["taken"] for line in self.asked[each["id"]]) > 1)
        return dict(Counter(map(self.policy, repeated)))


def _fits(cost: str | None, line: Item) -> bool:
    """Whether AT said so, or nothing: in an answer that never came, or of what it lists as an error and yet takes."""
    return cost in (None, line["cost"]) or line["status_code"] >= 400

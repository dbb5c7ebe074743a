"""What the chaos journey sends, and who says stop meanwhile: the same for the same seed."""

import random
from dataclasses import dataclass
from typing import Any, Final

SENDER: Final = "UJUMBE"
SHORT_CODE: Final = "12345"
DEFAULT: Final = "AFRICASTKNG"
"""What AT puts on a text that names no sender."""
SIZES: Final = [1] * 30 + [2, 3, 5, 8, 15, 25, 40, 60, 100, 200, 400, 1_000]
"""Mostly single texts, so that faults and kills find many calls; most messages are in the large ones all the same."""
TEXTS: Final = (
    "{key}: the clinic opens at nine tomorrow.",
    "{key}: kliniki inafunguliwa saa tatu \U0001f44b",
    "{key}: " + "please bring your card and the child's book. " * 6,
)
SENDERS: Final[tuple[dict[str, str], ...]] = ({}, {"from": SENDER}, {"kind": "two_way"})
BAD: Final = "0711"


def number(index: int) -> str:
    """A number that nobody has."""
    return f"+{254_711_000_000 + index}"


def magic(*codes: int) -> frozenset[str]:
    return frozenset(f"+254711{code}" for code in codes)


# Not among them: 405, 500, 501, 502 without an id. AT surely did not take those, and the schedule tries them for a day.
REFUSED: Final = magic(900403, 900404, 900406, 900407, 900409)
UNDELIVERABLE: Final = magic(*range(900600, 900615), 900616, 900707)
SILENT: Final = magic(900401, 900615, 900701, 900702, 900703, 900704)
"""No report says how these end."""
UNCLEAR: Final = magic(901401, 901500, 901501, 901502, 902001)
MAGIC: Final = sorted(REFUSED | UNDELIVERABLE | SILENT | UNCLEAR)


@dataclass(frozen=True)
class Order:
    """One request to the API, due so many seconds after the start; its text begins with its key."""

    at: float
    key: str
    body: dict[str, Any]

    @property
    def sender(self) -> str:
        """The sender that the handset sees."""
        return SHORT_CODE if self.body.get("kind") == "two_way" else self.body.get("from", DEFAULT)

    @property
    def may_repeat(self) -> bool:
        return self.body.get("on_uncertain") == "resend"


@dataclass(frozen=True)
class Stop:
    """Somebody opts out of a sender ('' for all): through our API, or on the handset, of which AT tells us."""

    at: float
    number: str
    sender: str
    by_handset: bool


def orders(seed: int, messages: int, seconds: float) -> list[Order]:
    """Orders for so many good numbers, over so many seconds. No number is in one order twice."""
    chance = random.Random(seed)
    most = max(messages // 20, 50)
    sizes: list[int] = []
    while (left := messages - sum(sizes)) > 0:
        sizes.append(min(chance.choice(SIZES), most, left))
    people = [number(index) for index in range(messages)]
    often = wavering(messages)
    found = []
    for index, size in enumerate(sizes):
        key, at = f"chaos-{seed}-{index}", seconds * index / len(sizes)
        policy = chance.choices(["hold", "fail", "resend"], [5, 2, 5 if at < seconds / 4 else 0])[0]
        # What AT leaves unclear each time would be repeated until it expires.
        strange = chance.sample(MAGIC, 2) if size >= 25 and policy != "resend" else []
        some = 1 if size == 1 and chance.random() < 0.3 else min(size // 15, len(often))
        to = chance.sample(people, size - some - len(strange)) + chance.sample(often, some) + strange
        body: dict[str, Any] = {"to": to, "text": chance.choice(TEXTS).format(key=key), **chance.choice(SENDERS)}
        body |= {"priority": chance.randint(-2, 2), "metadata": {"key": key}, "on_uncertain": policy}
        if policy == "resend":  # a repeat waits for the old lease: these come early, so that the end need not
            body["priority"] = 9
        if size >= 25:
            to.append(BAD)
        found.append(Order(at, key, body))
    return found


def wavering(messages: int) -> list[str]:
    """Those who get many texts and of whom half will opt out."""
    return [number(500_000 + index) for index in range(max(messages // 100, 40))]


def stops(seed: int, messages: int, seconds: float) -> list[Stop]:
    """Half of the wavering opt out while the orders come in."""
    chance = random.Random(seed)
    often = wavering(messages)
    found = []
    for who in chance.sample(often, len(often) // 2):
        by_handset = chance.random() < 0.5
        sender = chance.choice([DEFAULT, SENDER, SHORT_CODE] if by_handset else ["", DEFAULT, SENDER, SHORT_CODE])
        found.append(Stop(chance.uniform(0.1, 0.9) * seconds, who, sender, by_handset))
    return found

"""The rest of a past: who wrote, who said stop, who subscribed, and what was told to whom. Pure; always the same.

As in spread.py: rows are tuples of the columns that `COLUMNS` names, the rest is the sample's.
"""

from random import Random
from typing import Any

from benchmarks.spread import DAY_MS, DAYS, Person, new_id

TEXTS = (
    "When do you open?", "YES", "Asante sana", "Nitakuja kesho saa tatu", "Is the doctor in on Saturday?", "NO",
    "I did not get my code", "Bei gani?", "Please call me", "Habari, nimelipa", "What does it cost to send a parcel?",
)  # fmt: skip
DOUBTS = (
    "please stop sending this",
    "who gave you my number, stop it",
    "sitaki ujumbe zaidi",
    "remove me from the list",
)
NAMES = [
    "Asha",
    "Brian",
    "Cherono",
    "Daudi",
    "Esther",
    "Faith",
    "Gathoni",
    "Hassan",
    "Irene",
    "Juma",
    "Kamau",
    "Lilian",
    "Mwangi",
    "Njeri",
    "Otieno",
]
KEYWORDS = ("NEWS", "PRICES", "WEATHER", "PRAYER", "JOBS", "MENU", "FEES")
WEBHOOKS = 4

COLUMNS = {
    "inbound": ("id", "provider_id", "number", "text", "date", "received_at", "network_code", "reply_id", "rule"),
    "conversations": ("id", "number", "state", "latest"),
    "reviews": ("id", "inbound_id", "number", "decision", "decided_by", "made_at", "decided_at"),
    "opt_outs": ("id", "number", "sender", "scope", "source", "proof", "started_at", "ended_at", "ended_by"),
    "subscriptions": ("id", "number", "keyword", "started_at", "ended_at", "ended_source"),
    "rules": ("id", "position", "name", "keywords", "template"),
    "contacts": ("number", "fields"),
    "callbacks": ("id", "body", "number", "provider_id", "state", "note", "received_at", "message_id"),
    "webhooks": ("id", "url", "failing_since", "disabled_at", "disabled_reason", "position"),
    "deliveries": ("id", "webhook_id", "seq", "subject", "made_at", "state", "tries", "due_at", "finished_at"),
    "delivery_attempts": ("id", "delivery_id", "started_at", "took_ms", "status", "body", "error"),
}
Rows = dict[str, list[tuple[Any, ...]]]


def rows(people: list[Person], now_ms: int, messages: int, seq: int) -> Rows:
    """Rows by table, in proportion to so many `messages`; `seq` is the number of the latest event."""
    random = Random(8)
    moments = sorted(now_ms - random.randrange(1, DAYS * DAY_MS) for _ in range(max(messages // 16, 20)))
    made: Rows = {table: [] for table in COLUMNS}
    _texts(made, random, people, moments)
    _consent(made, random, people, now_ms, max(messages // 400, 5))
    _products(made, random, people, now_ms, max(messages // 200, 5))
    _strange(made, random, people, now_ms, max(messages // 4000, 5))
    _told(made, random, now_ms, max(messages // 20, 10), seq)
    return made


def _texts(made: Rows, random: Random, people: list[Person], moments: list[int]) -> None:
    writers = people[: max(len(moments) // 8, 5)]
    first: dict[str, int] = {}
    latest: dict[str, int] = {}
    for place, moment in enumerate(moments):
        person = random.choice(writers)
        doubtful = place % 700 == 350
        text = random.choice(DOUBTS if doubtful else TEXTS)
        row = new_id(moment, 903, place % 4096)
        rule = "may want to stop" if doubtful else "default"
        network = person.network.code
        made["inbound"].append((row, f"seeded-{place}", person.number, text, moment, moment, network, None, rule))
        first.setdefault(person.number, row)
        latest[person.number] = row
        if doubtful:
            decided = (random.choice(("opt_out", "dismiss")), "the office", moment, moment + 3_600_000)
            fate = ("", "", moment, None) if place > len(moments) * 0.7 else decided
            made["reviews"].append((row, row, person.number, *fate))
    for number, row in first.items():
        made["conversations"].append((row, number, random.choices(("open", "done"), (1, 3))[0], latest[number]))


def _consent(made: Rows, random: Random, people: list[Person], now_ms: int, many: int) -> None:
    for place, person in enumerate(random.sample(people, min(many, len(people)))):
        began = now_ms - random.randrange(1, DAYS * DAY_MS)
        ended = (began + (now_ms - began) // 2, "keyword") if place % 6 == 0 else (None, "")
        sender = random.choice(("CLINIC", "REMINDERS", "", ""))
        source = random.choice(("callback", "keyword", "keyword", "operator", "import"))
        proof = "STOP" if source == "keyword" else ""
        row = new_id(began, 904, place % 4096)
        made["opt_outs"].append((row, person.number, sender, sender.lower(), source, proof, began, *ended))
        if place % 3 == 0:
            made["contacts"].append((person.number, f'{{"name": "{random.choice(NAMES)}"}}'))


def _products(made: Rows, random: Random, people: list[Person], now_ms: int, many: int) -> None:
    for place, keyword in enumerate(KEYWORDS, start=2):
        words = f'["{keyword}"]'
        made["rules"].append((new_id(now_ms, 905, place), place, keyword.title(), words, f"{keyword}: see the notice."))
    for place, person in enumerate(random.sample(people, min(many, len(people)))):
        began = now_ms - random.randrange(1, DAYS * DAY_MS)
        ended = (began + (now_ms - began) // 3, "callback") if place % 3 == 0 else (None, "")
        row = new_id(began, 906, place % 4096)
        made["subscriptions"].append((row, person.number, random.choice(KEYWORDS[:3]), began, *ended))


def _strange(made: Rows, random: Random, people: list[Person], now_ms: int, many: int) -> None:
    fates = (
        ("quarantined", "no message was ever known by this id within 7 days"),
        ("waiting", "its message is not known yet"),
        ("broken", "applying it failed: a value was out of range"),
        ("incomplete", "status is missing"),
    )
    for place in range(many):
        state, note = random.choices(fates, (60, 10, 5, 25))[0]
        began = now_ms - random.randrange(3_600_000, (2 if state == "waiting" else DAYS) * DAY_MS)
        number, provider_id = random.choice(people).number, f"ATXid_strange{place}"
        body = f"id={provider_id}&phoneNumber=%2B{number[1:]}&networkCode=63902".encode()
        row = new_id(began, 907, place % 4096)
        made["callbacks"].append((row, body, number, provider_id, state, note, began, None))


def _told(made: Rows, random: Random, now_ms: int, many: int, seq: int) -> None:
    for hook in range(WEBHOOKS):
        webhook = new_id(now_ms - DAYS * DAY_MS, 908, hook)
        failing = now_ms - 2 * 3_600_000 if hook == 1 else None
        disabled = (now_ms - DAY_MS, "nothing succeeded for five days") if hook == 2 else (None, "")
        made["webhooks"].append((webhook, f"http://127.0.0.1:9/events/{hook}", failing, *disabled, seq))
        for place in range(many // WEBHOOKS):
            began = now_ms - (many // WEBHOOKS - place) * 10_000
            late = hook == 1 and began > now_ms - 2 * 3_600_000
            state = "pending" if late else "failed" if place % 400 == 0 else "delivered"
            row, tries = new_id(began, 909, hook), 1 if state == "delivered" else 3
            due, ended = (now_ms + DAY_MS, None) if late else (began, began + 900)
            delivery = row, webhook, seq - many + place, row, began, state, tries, due, ended
            made["deliveries"].append(delivery)
            answer = (204, "", "") if state == "delivered" else (503, "try later", "it answered 503")
            for attempt in range(tries):
                took = random.randrange(4, 300)
                made["delivery_attempts"].append(
                    (new_id(began, 910 + hook, attempt), row, began + attempt, took, *answer)
                )

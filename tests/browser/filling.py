"""A service with something on every page, filled through its public doors."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from tests.running import Running, create_key, free_port, until

ASHA, JUMA, LEILA, OTIENO = (f"+2547110001{last}" for last in ("11", "12", "13", "14"))
REFUSED, BLACKLISTED, UNDELIVERED, NOBODY = (f"+254711{last}" for last in ("900402", "900406", "900609", "900704"))
"""Magic numbers: a bad sender, an opt-out that AT knows of, no such subscriber, one that is never reported."""

LONG: Final = "Unbreakable" * 30


@dataclass(frozen=True, slots=True)
class Filled:
    """Ids of what was stored, for the addresses of pages about one thing."""

    batch: str
    message: str
    uncertain: str
    inbound: str
    opt_out: str
    subscription: str
    rule: str
    webhook: str
    callback: str

    def address(self, path: str) -> str:
        """An address with `{message}` and the like filled in."""
        return path.format(**{each.name: getattr(self, each.name) for each in fields(self)})


class Filling:
    """Fills the service at `api`; `at` speaks to its local AT."""

    def __init__(self, api: httpx.Client, at: httpx.Client) -> None:
        self.api = api
        self.at = at

    def send(self, text: str, *to: str, **more: Any) -> dict[str, Any]:
        """Send through the outbox; the answer."""
        sent: dict[str, Any] = self.ask("POST", "/v1/messages", {"to": list(to), "text": text, **more})
        return sent

    def write(self, number: str, text: str) -> None:
        """A phone texts the short code, and we know of it: the callbacks of two texts may overtake each other."""
        answer = self.at.post(f"/phones/{number}/messages", json={"to": "12345", "text": text})
        assert answer.status_code == 201, answer.text
        until(lambda: (number, text) in {(each["from"], each["text"]) for each in self.items("/v1/inbound")})

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers, which is no error."""
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def items(self, path: str) -> list[dict[str, Any]]:
        """The first items of a list."""
        found: list[dict[str, Any]] = self.ask("GET", path)["items"]
        return found

    def lose(self, text: str, number: str) -> dict[str, Any]:
        """Send a text of which nobody knows whether AT took it: its answer is a 500, and no report ever comes."""
        before = self.at.get("/faults").json()
        assert self.at.put("/faults", json={"accept_then_500_rate": 1, "reports": "none"}).is_success
        sent = self.send(text, number)
        until(lambda: self.items(f"/v1/messages?batch={sent['id']}")[0]["state"] == "uncertain")
        assert self.at.put("/faults", json=before).is_success
        return sent

    def states(self) -> set[str]:
        """The states that there are messages in."""
        return {each["state"] for each in self.items("/v1/messages?limit=1000")}


def fill(api: httpx.Client, at: httpx.Client) -> Filled:
    """Fill every page, and wait until it has all come to rest."""
    to = Filling(api, at)
    assert at.put("/faults", json={"report_delay_ms": 20}).is_success
    lost = to.lose("Nobody knows what became of this.", JUMA)
    # A port where nobody listens: every delivery fails.
    webhook = to.ask("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{free_port()}/hooks"})
    rule = to.ask("POST", "/v1/rules", {"name": "opening hours", "action": "reply", "keywords": ["hours", "saa"],
                                        "template": "We open at nine, {name}.", "position": 1})  # fmt: skip
    to.ask("POST", "/v1/rules", {"name": "balance", "action": "forward", "keywords": ["bal"]})
    to.ask("PUT", f"/v1/contacts/{ASHA}", {"fields": {"name": "Asha"}})

    batch = to.send("Clinic: you are due on Tuesday at 9:30. Reply 1 to confirm.", ASHA, JUMA, LEILA, kind="two_way")
    to.send("Bring the card – it’s green ✓ <b>please</b>", OTIENO, category="promotional")
    to.send(LONG, ASHA)
    to.send("Each of these ends in its own way.", REFUSED, BLACKLISTED, UNDELIVERED, NOBODY)
    later = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    to.send("Tomorrow's reminder.", ASHA, JUMA, send_at=later)
    dropped = to.send("This is canceled.", LEILA, send_at=later)
    to.ask("POST", f"/v1/batches/{dropped['id']}/cancel")
    to.send("A text sent in full.\n" * 40, LEILA)

    to.write(ASHA, "Saa ngapi?")
    to.write(JUMA, "Nitafika na mama. Tuanze saa ngapi hasa?")
    to.write(JUMA, LONG)
    to.write(LEILA, "please stop sending this to me")
    to.write(OTIENO, "STOP")
    until(lambda: OTIENO in {each["phone"] for each in to.items("/v1/opt-outs")})
    to.send("This is never sent.", OTIENO)
    to.ask("PUT", f"/v1/opt-outs/{NOBODY}", {"from": "MyBrand", "reason": "by letter"})

    for number in (ASHA, JUMA):
        subscription = {"shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
        assert at.post(f"/phones/{number}/subscriptions", json=subscription).is_success
    # Strange ones: a status that nobody knows with a field of its own, a text without its fields, no form at all.
    strange = {"id": "ATXid_nobody", "status": "Teleported", "phoneNumber": ASHA, "mood": "fine"}
    assert to.api.post("/sms/delivery-reports", data=strange).is_success
    assert to.api.post("/sms/twoway", data={"from": ASHA, "text": "Half a text"}).status_code == 400
    assert to.api.post("/sms/opt-out", content=b"\xff\xfe{not a form").is_success

    wanted = {"delivered", "undelivered", "failed", "blocked", "scheduled", "canceled", "uncertain"}
    until(lambda: wanted <= to.states())
    until(lambda: len(to.items("/v1/inbound")) == 5 and len(to.items("/v1/reviews")) == 1)
    until(lambda: len(to.items("/v1/subscriptions")) == 2)
    deliveries = f"/v1/webhooks/{webhook['id']}/deliveries"
    until(lambda: any(each["attempts"] for each in to.items(deliveries)))
    return Filled(
        batch=batch["id"],
        message=batch["messages"][0]["id"],
        uncertain=lost["messages"][0]["id"],
        inbound=to.items("/v1/inbound")[-1]["id"],
        opt_out=to.items("/v1/opt-outs")[0]["id"],
        subscription=to.items("/v1/subscriptions")[0]["id"],
        rule=rule["id"],
        webhook=webhook["id"],
        callback=strange_callback(api),
    )


def strange_callback(api: httpx.Client) -> str:
    """The id of the first callback that the page about them lists: the API knows none."""
    found = re.search(r'href="/callbacks/(cb_\w+)"', api.get("/callbacks").text)
    return found[1] if found else ""


def fill_dev(service: Running) -> Filled:
    """Fill `ujumbe dev`, and make two API keys beside it."""
    with httpx.Client(base_url=service.url) as api, httpx.Client(base_url=f"{service.url}/simulator") as at:
        filled = fill(api, at)
    for scopes in ("send,read", "admin"):
        create_key(service.folder, scopes)
    return filled

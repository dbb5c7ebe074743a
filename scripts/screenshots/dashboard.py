"""The dashboard: a morning at the desk of a clinic that nobody runs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Page
from tests.browser.filling import NOBODY, REFUSED, UNDELIVERED, Filling
from tests.running import free_port, until

AMINA, WANJIRU, LEILA, OTIENO, BARAKA, CHEBET = (f"+2547110001{last}" for last in range(11, 17))
NAMES = {AMINA: "Amina", WANJIRU: "Wanjiru", LEILA: "Leila", OTIENO: "Otieno", BARAKA: "Baraka", CHEBET: "Chebet"}
EVERYBODY = [f"+2547110002{last:02}" for last in range(24)]

INVITATION = "Vaccination day for children under five: Saturday, 8:00 to 13:00. Bring the green card – it’s free."
REMINDER = "{name}, you are expected on Tuesday at {time}. Reply 1 to confirm, 2 to move it."


def pictures(origin: str, visit: Callable[..., Page]) -> dict[str, Page]:
    """Pages to take pictures of, by name. `visit(path, scheme, narrow)` opens one."""
    with httpx.Client(base_url=origin, timeout=30) as api, httpx.Client(base_url=f"{origin}/simulator") as at:
        failed, talk = morning(Filling(api, at))
    return {
        "messages-light": visit("/messages", "light"),
        "message-light": visit(f"/messages/{failed}", "light"),
        "compose-light": checked(visit("/compose", "light")),
        "inbox-light": visit(f"/inbox/{talk}", "light"),
        "inbox-narrow": visit(f"/inbox/{talk}", "light", narrow=True),
        "opt-outs-dark": visit("/opt-outs", "dark"),
    }


def morning(desk: Filling) -> tuple[str, str]:
    """Play it; the ids of a text that did not arrive, and of a conversation."""
    assert desk.at.put("/faults", json={"report_delay_ms": 20}).is_success
    for number, name in NAMES.items():
        desk.ask("PUT", f"/v1/contacts/{number}", {"fields": {"name": name}})
    desk.ask("POST", "/v1/rules", {"name": "confirmed", "action": "reply", "keywords": ["1"], "position": 1,
                                   "template": "Thank you, {name}. Until Tuesday."})  # fmt: skip
    desk.ask("POST", "/v1/rules", {"name": "to move a visit", "action": "forward", "keywords": ["2"], "position": 2})
    desk.ask("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{free_port()}/hooks"})

    invited = desk.send(INVITATION, *EVERYBODY, UNDELIVERED, category="promotional")
    until(
        lambda: all(each["state"].endswith("delivered") for each in desk.items(f"/v1/messages?batch={invited['id']}"))
    )
    desk.lose("Your test result is ready. Please come in before Friday.", BARAKA)
    for number, time in zip(NAMES, ("8:30", "9:00", "9:30", "10:00", "10:30", "11:00"), strict=True):
        desk.send(REMINDER.format(name=NAMES[number], time=time), number, kind="two_way")
    until(lambda: len(desk.items(f"/v1/messages?to=%2B{CHEBET[1:]}&state=delivered")) > 0)

    for number, text in (
        (CHEBET, "STOP"),
        (LEILA, "please no more of these at night"),
        (BARAKA, "Asante sana"),
        (AMINA, "1"),
        (WANJIRU, "2"),
        (WANJIRU, "Thursday after ten would be better, I have the little ones with me"),
    ):
        hear(desk, number, text)
    desk.send("Thursday at 10:15 it is. Bring the children along.", WANJIRU, kind="two_way")
    hear(desk, WANJIRU, "Thank you!")

    desk.send("The pharmacy opens at noon today.", CHEBET, OTIENO, NOBODY)
    desk.send("A text from a name that is not ours.", REFUSED)
    failed = desk.send("Your card is ready at the front desk – ask for it ✓", UNDELIVERED)
    desk.send("482 913 is your code. It is good for ten minutes.", AMINA, category="otp")
    tomorrow = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    desk.send("We look forward to seeing you today.", AMINA, OTIENO, send_at=tomorrow)
    desk.ask("PUT", f"/v1/opt-outs/{REFUSED}", {"reason": "asked at the front desk"})
    message = failed["messages"][0]["id"]
    until(lambda: desk.ask("GET", f"/v1/messages/{message}")["state"] == "undelivered")
    talk = next(each["id"] for each in reversed(desk.items(f"/v1/inbound?from=%2B{WANJIRU[1:]}")))
    return message, talk


def hear(desk: Filling, number: str, text: str) -> None:
    """A text from a phone, until the service has it: the order is that of the story."""
    desk.write(number, text)
    until(lambda: text in {each["text"] for each in desk.items("/v1/inbound?limit=3")})


def checked(page: Page) -> Page:
    """Fill the form of a text, and have it checked."""
    page.get_by_label("Numbers").fill("\n".join([*EVERYBODY[:9], CHEBET, "0711", EVERYBODY[0]]))
    page.get_by_role("textbox", name="Text", exact=True).fill(INVITATION)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Before it is sent").wait_for()
    page.evaluate("scrollTo(0, 0)")
    return page

"""The phones page: three people, and what they answer."""

from collections.abc import Callable
from functools import partial

import httpx
from playwright.sync_api import Page
from tests.running import until

# Each phone's story: texts to it ("bulk", "twoway") and what it answers ("out").
STORIES = {
    "+254711000111": [
        ("bulk", "Hello World"),
        ("twoway", "Clinic: Amina, your visit is on Tuesday at 09:30. Reply 1 to confirm, 2 to move it."),
        ("out", "1"),
    ],
    "+254711000112": [
        ("twoway", "Habari Wanjiru, kikao cha SACCO ni Jumamosi saa 4 asubuhi. Utafika?"),
        ("out", "Ndiyo, nitafika na mama Otieno. Tuanze saa ngapi hasa?"),
    ],
    "+254711000113": [
        ("twoway", "مرحبا ليلى، موعدك غدا الساعة ٩:٣٠ صباحا في العيادة."),
        ("out", "شكرا جزيلا"),
    ],
}  # fmt: skip


def pictures(origin: str, visit: Callable[..., Page]) -> dict[str, Page]:
    """Pages to take pictures of, by name. `visit(path, scheme, narrow)` opens one."""
    # Opened before anything is sent: the ticks under a text come from callbacks that the page saw happen.
    pages = {
        "phones-light": visit("/simulator/", "light"),
        "phones-dark": visit("/simulator/", "dark"),
        "phones-narrow": visit("/simulator/", "light", narrow=True),
    }
    with httpx.Client(base_url=origin, timeout=30) as client:
        for number, story in STORIES.items():
            tell(client, number, story)
        pages["phones-narrow"].click('#phones [data-number="+254711000111"]')
        until(lambda: {each["state"] for each in client.get("/v1/messages").json()["items"]} == {"delivered"})
    for page in pages.values():
        page.wait_for_selector(".handset .tick")
        page.wait_for_timeout(1_000)  # the last ticks are drawn
    return pages


def tell(client: httpx.Client, number: str, story: list[tuple[str, str]]) -> None:
    """Play one phone's story, each text after the one before it has arrived."""
    phone = f"/simulator/phones/{number}/messages"
    for kind, text in story:
        shown = len(client.get(phone).json())
        if kind == "out":
            client.post(phone, json={"text": text}).raise_for_status()
            until(partial(shows, client, phone, shown + 2))  # itself, and the answer to it
        else:
            query = {"phone": number.removeprefix("+"), "message": text}
            client.get(f"/sms/invoke-{kind}-sms", params=query).raise_for_status()


def shows(client: httpx.Client, phone: str, texts: int) -> bool:
    """Whether a phone shows so many texts."""
    return len(client.get(phone).json()) >= texts

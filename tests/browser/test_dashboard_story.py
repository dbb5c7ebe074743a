"""The whole way of a text and its answer, by clicks alone: at the desk and at the phone."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.filling import ASHA, JUMA
from tests.browser.watched import Watched
from tests.running import Running

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000


def test_from_compose_to_the_phone_and_back_until_stop(chromium: Browser, service: Running) -> None:
    with chromium.new_context(reduced_motion="reduce") as context:
        desk, hand = context.new_page(), context.new_page()
        both = [Watched(each, service.url) for each in (desk, hand)]
        both[1].open("/simulator/")

        both[0].open("/")
        desk.get_by_role("navigation", name="Pages").get_by_role("link", name="Compose").click()
        desk.get_by_label("They can answer").check()
        desk.get_by_label("Numbers").fill(ASHA)
        desk.get_by_role("textbox", name="Text", exact=True).fill(
            "Clinic: your visit is on Tuesday at 9:30. Will you come?"
        )
        desk.get_by_role("button", name="Check", exact=True).click()
        desk.get_by_role("button", name="Send 1 text now").click()
        expect(desk.get_by_role("heading", name="1 text, all settled")).to_be_visible(timeout=PATIENCE_MS)
        expect(desk.get_by_role("row", name="delivered")).to_contain_text("1")

        phone = hand.get_by_role("article").filter(has_text="Will you come?")
        expect(phone.get_by_text("Will you come?")).to_be_visible(timeout=PATIENCE_MS)

        desk.get_by_role("navigation", name="Pages").get_by_role("link", name="Inbox").click()
        expect(desk.get_by_text("Nobody has written yet")).to_be_visible()
        phone.get_by_role("textbox").fill("Yes, with my mother")
        phone.get_by_role("button", name="Send").click()
        conversation = desk.get_by_role("main").get_by_role("link").filter(has_text="Yes, with my mother")
        expect(conversation).to_be_visible(timeout=PATIENCE_MS)  # by itself, in the page that was open
        conversation.click()
        desk.get_by_role("textbox", name="Answer").fill("Both are welcome.")
        desk.get_by_role("button", name="Send").click()
        expect(phone.get_by_text("Both are welcome.")).to_be_visible(timeout=PATIENCE_MS)

        phone.get_by_role("textbox").fill("STOP")
        phone.get_by_role("button", name="Send").click()
        expect(desk.get_by_role("main")).to_contain_text("opted out of all texts", timeout=PATIENCE_MS)
        desk.get_by_role("navigation", name="Pages").get_by_role("link", name="Opt-outs").click()
        expect(desk.locator("[data-row]")).to_have_count(1)
        expect(desk.locator("[data-row]")).to_contain_text("711 000111")

        desk.get_by_role("navigation", name="Pages").get_by_role("link", name="Compose").click()
        desk.get_by_label("Numbers").fill(f"{ASHA}\n{JUMA}")
        desk.get_by_role("textbox", name="Text", exact=True).fill("We are closed on Friday.")
        desk.get_by_role("button", name="Check", exact=True).click()
        verdict = desk.get_by_role("region", name="Every recipient")
        expect(verdict.get_by_role("row").filter(has_text="711 000111")).to_contain_text("opted out")
        expect(verdict.get_by_role("row").filter(has_text="711 000112")).to_contain_text("will be sent")
        desk.get_by_role("button", name="Send 1 text now").click()
        expect(desk.get_by_role("heading", name="What did not arrive, or may not have, and why")).to_be_visible(
            timeout=PATIENCE_MS
        )
        expect(desk.get_by_role("row").filter(has_text="blocked").last).to_contain_text("Opted out")

        for each in both:
            each.assert_clean()
        expect(phone.get_by_text("We are closed on Friday.")).to_be_hidden()

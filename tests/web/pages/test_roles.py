"""What each role may see and do on the pages of rules, webhooks, callbacks and settings: on a real `ujumbe serve`."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.running import Serving, serve
from tests.web.browser import Browser, browser, link_for, set_up_link

PASSWORD = "maji mvua jua 7"
TOKEN = "a-long-random-word"
RULE, HOOK, CALLBACK, KEY = (f"{each}_0000000000000" for each in ("rule", "wh", "cb", "key"))
SEEN = ("/rules", "/rules?text=Habari", "/webhooks", "/callbacks", "/settings")
ADMIN_SEES = ("/rules/new", f"/rules/{RULE}", "/webhooks/new", "/settings/keys")
ADMIN_DOES = (
    "/rules",
    *(f"/rules/{RULE}{each}" for each in ("", "/move", "/delete")),
    "/webhooks",
    *(
        f"/webhooks/{HOOK}/{each}"
        for each in ("types", "enable", "disable", "rotate", "delete", "test", "redeliver", "retry")
    ),
    "/settings/pause",
    "/settings/resume",
    "/settings/keys",
    f"/settings/keys/{KEY}/revoke",
)
OPERATOR_DOES = (f"/callbacks/{CALLBACK}/replay", "/settings/balance")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    settings = {"UJUMBE_CALLBACK_TOKEN": TOKEN, "UJUMBE_MASK_NUMBERS": "1", "UJUMBE_URL": "https://sms.example.org"}
    with serve(tmp_path_factory.mktemp("roles"), at="http://127.0.0.1:1", **settings) as running:
        yield running
        running.stop()
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def people(service: Serving) -> Iterator[dict[str, Browser]]:
    with ExitStack() as stack:
        found = {role: stack.enter_context(browser(service)) for role in ("admin", "operator", "viewer")}
        found["admin"].choose(set_up_link(service), PASSWORD, name="Asha")
        for role in ("operator", "viewer"):
            found[role].choose(link_for(service.folder, "add", role.title(), "--role", role), PASSWORD)
        yield found


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not(people: dict[str, Browser], role: str) -> None:
    somebody = people[role]
    assert {path: somebody.get(path).status_code for path in SEEN} == dict.fromkeys(SEEN, 200)
    assert {path: somebody.get(path).status_code for path in ADMIN_SEES} == dict.fromkeys(ADMIN_SEES, 403)
    assert {path: somebody.post(path).status_code for path in ADMIN_DOES} == dict.fromkeys(ADMIN_DOES, 403)
    allowed = {path: somebody.post(path).status_code != 403 for path in OPERATOR_DOES}
    assert allowed == dict.fromkeys(OPERATOR_DOES, role == "operator")
    # What they may not do is not offered either.
    for path in ("/rules", "/webhooks", "/settings"):
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', somebody.get(path).text)
        assert set(forms) <= set(OPERATOR_DOES)


def test_nothing_is_seen_without_signing_in(service: Serving) -> None:
    with browser(service) as somebody:
        for path in (*SEEN, *ADMIN_SEES, f"/webhooks/{HOOK}", f"/callbacks/{CALLBACK}"):
            assert somebody.get(path).headers["location"].startswith("/sign-in"), path
        for path in (*ADMIN_DOES, *OPERATOR_DOES):
            assert somebody.post(path).status_code == 401, path


def test_the_addresses_are_public_and_their_token_is_for_admins(people: dict[str, Browser]) -> None:
    address = "https://sms.example.org/sms/delivery-reports?token="
    assert f"{address}{TOKEN}<" in people["admin"].get("/settings").text
    for role in ("operator", "viewer"):
        page = people[role].get("/settings").text
        assert f"{address}…<" in page
        assert TOKEN not in page


def test_where_a_webhook_leads_is_for_admins_since_its_path_may_be_a_secret(people: dict[str, Browser]) -> None:
    made = people["admin"].post("/webhooks", url="https://hooks.example.org/services/s3cret?key=s3cret")
    assert made.status_code == 200
    listed = people["admin"].get("/webhooks").text
    [path] = set(re.findall(r'href="(/webhooks/wh_\w+)"', listed))
    assert "hooks.example.org/services/s3cret?key=s3cret" in listed
    for role in ("operator", "viewer"):
        for page in ("/webhooks", path):
            shown = people[role].get(page).text
            assert "https://hooks.example.org/…" in shown
            assert "s3cret" not in shown


def test_numbers_of_callbacks_are_masked_for_viewers(service: Serving, people: dict[str, Browser]) -> None:
    form = {"senderId": "MyBrand", "phoneNumber": "+254711000111"}
    assert people["admin"].client.post(f"/sms/opt-out?token={TOKEN}", data=form).text == "OK"
    [one] = re.findall(r'id="(cb_\w+)"', people["viewer"].get("/callbacks").text)
    for path in ("/callbacks", f"/callbacks/{one}"):
        assert "711000111" not in people["viewer"].get(path).text
    shown = people["operator"].get(f"/callbacks/{one}").text
    assert "phoneNumber=%2B254711000111" in shown
    assert TOKEN not in shown


def test_who_did_it_is_noted(people: dict[str, Browser]) -> None:
    admin = people["admin"]
    admin.post("/rules", name="Hours", action="reply", keywords="hours", template="Nine.")
    admin.post("/settings/keys", name="our website", scopes="read")
    admin.post("/settings/pause", reason="stock-taking")
    admin.post("/settings/resume")
    noted = admin.get("/settings/audit").text
    for action in ("add rule", "create key", "pause sending", "resume sending"):
        assert action in noted
    assert "Asha" in noted

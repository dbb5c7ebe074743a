"""The pages on people and on who did what: for admins, on a real `ujumbe serve`."""

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.running import Running, Serving, dev, serve, ujumbe
from tests.web.browser import Browser, browser, link_for, set_up_link

PASSWORD = "maji mvua jua 7"
PEOPLE, AUDIT = "/settings/people", "/settings/audit"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serve(tmp_path_factory.mktemp("staff"), at="http://127.0.0.1:1") as running:
        yield running
        running.stop()
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def admin(service: Serving) -> Iterator[Browser]:
    with browser(service) as somebody:
        somebody.choose(set_up_link(service), PASSWORD, name="Asha")
        yield somebody


@pytest.fixture(scope="module")
def viewer(service: Serving, admin: Browser) -> Iterator[Browser]:
    with browser(service) as somebody:
        somebody.choose(link_for(service.folder, "add", "Viewer"), PASSWORD)
        yield somebody


def linked(page: httpx.Response) -> str:
    """The path of the link that a page shows."""
    assert page.status_code == 200, page.text
    [link] = re.findall(r'<pre id="link"[^>]*>([^<]+)</pre>', page.text)
    return urlsplit(html.unescape(link)).path


def id_of(service: Serving, name: str) -> str:
    everybody = json.loads(ujumbe(service.folder, "users", "list", "--json").stdout)
    [found] = [each["id"] for each in everybody if each["name"] == name]
    return str(found)


def test_somebody_is_let_in_and_out_again(service: Serving, admin: Browser) -> None:
    page = admin.post(PEOPLE, name="  Juma   <b> ", role="operator")
    path, juma = linked(page), id_of(service, "Juma <b>")
    assert "Juma &lt;b&gt;" in page.text
    assert path not in admin.get(PEOPLE).text, "it is shown once"
    with browser(service) as somebody:
        assert "operator" in somebody.get(path).text
        somebody.choose(path, PASSWORD)
        assert somebody.get("/").status_code == 200

        assert admin.post(f"{PEOPLE}/{juma}/role", role="viewer").headers["location"] == PEOPLE
        assert "Juma &lt;b&gt; is viewer now" in admin.get(PEOPLE).text
        assert somebody.get("/").status_code == 303, "signed out, to come in with the new role"
        somebody.sign_in("Juma <b>", PASSWORD)
        assert admin.post(f"{PEOPLE}/{juma}/role", role="viewer").status_code == 303
        assert somebody.get("/").status_code == 200, "nothing was changed"

        assert admin.post(f"{PEOPLE}/{juma}/sign-out").status_code == 303
        assert somebody.get("/").status_code == 303

        renewed = linked(admin.post(f"{PEOPLE}/{juma}/link"))
        assert "password so far" in somebody.get(renewed).text
        assert admin.post(f"{PEOPLE}/{juma}/disable").status_code == 303
        assert somebody.get(renewed).status_code == 410
        assert admin.post(f"{PEOPLE}/{juma}/link").status_code == 422
        assert somebody.sign_in("Juma <b>", PASSWORD).status_code == 401
        assert admin.post(f"{PEOPLE}/{juma}/enable").status_code == 303
        assert somebody.sign_in("Juma <b>", PASSWORD).status_code == 303

    told = [html.unescape(each) for each in re.findall(r"<tr>(.*?)</tr>", admin.get(AUDIT).text, re.DOTALL)]
    for action in ("add user", "accept invitation", "make viewer", "sign out user", "make link", "disable user"):
        assert [line for line in told if action in line and ("Asha" in line or action == "accept invitation")], action
    assert len([line for line in told if "make viewer" in line]) == 1
    assert PASSWORD not in "".join(told)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "asha", "role": "viewer"}, "this name already"),
        ({"name": " ", "role": "viewer"}, "Give a name"),
        ({"name": "Zuri", "role": "king"}, "viewer, operator, admin"),
    ],
)
def test_who_cannot_be_added(admin: Browser, fields: dict[str, str], says: str) -> None:
    refused = admin.post(PEOPLE, **fields)
    assert refused.status_code == 422
    assert says in refused.text


def test_the_last_admin_stays(service: Serving, admin: Browser) -> None:
    asha = id_of(service, "Asha")
    for path, fields in (("disable", {}), ("role", {"role": "viewer"})):
        refused = admin.post(f"{PEOPLE}/{asha}/{path}", **fields)
        assert refused.status_code == 409
        assert "only admin" in refused.text
    assert admin.get(PEOPLE).status_code == 200
    for nobody in ("user_0000000000000", "msg_0000000000000", "x"):
        assert admin.post(f"{PEOPLE}/{nobody}/disable").status_code in (404, 422)


def test_others_may_not(service: Serving, admin: Browser, viewer: Browser) -> None:
    asha = id_of(service, "Asha")
    for path in (PEOPLE, AUDIT):
        page = viewer.get(path)
        assert page.status_code == 403
        assert "role of admin" in page.text
        assert "text/html" in page.headers["content-type"]
        assert "Asha" not in page.text
    for path in ("", f"/{asha}/disable", f"/{asha}/link", f"/{asha}/role", f"/{asha}/sign-out"):
        assert viewer.post(PEOPLE + path, name="Eve", role="admin").status_code == 403
    assert admin.get("/").status_code == 200
    assert "People" not in viewer.get("/settings/me").text
    with browser(service) as nobody:
        assert nobody.get(PEOPLE).status_code == 303
        assert nobody.post(PEOPLE, name="Eve", role="admin").status_code == 401


def test_forms_of_other_sites_are_refused(service: Serving, admin: Browser) -> None:
    cookie = {"Cookie": f"ujumbe={admin.cookie}"}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
        refused = httpx.post(service.url + PEOPLE, data={"name": "Eve", "role": "admin"}, headers=cookie | headers)
        assert refused.status_code == 403
    assert ">Eve<" not in admin.get(PEOPLE).text


def test_the_list_is_paged(service: Serving, admin: Browser) -> None:
    before = len(re.findall("<time ", admin.get(AUDIT).text))
    asha = id_of(service, "Asha")
    for _ in range(60 - before):
        assert admin.post(f"{PEOPLE}/{asha}/enable").status_code == 303
    first = admin.get(AUDIT)
    assert len(re.findall("<time ", first.text)) == 50
    [older] = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = admin.get(html.unescape(older))
    assert 10 <= len(re.findall("<time ", second.text)) <= 50
    assert "Newest" in second.text
    assert admin.get(AUDIT, before="1").text.count("<time ") == 0
    for wrong in ("x", "-1", str(1 << 63)):
        assert admin.get(AUDIT, before=wrong).status_code == 422


def test_in_dev_nobody_signs_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        _look_around(running)
        running.stop()


def _look_around(running: Running) -> None:
    assert "Set up the dashboard" not in running.log
    with browser(running) as somebody:
        assert somebody.get("/sign-in").headers["location"] == "/"
        assert somebody.get("/settings/me").headers["location"] == "/settings"
        assert "Nobody can sign in yet" in somebody.get(PEOPLE).text
        assert linked(somebody.post(PEOPLE, name="Asha", role="admin")).startswith("/welcome/")
        assert "developer" in somebody.get(AUDIT).text
    url = running.url + PEOPLE
    assert httpx.post(url, data={"name": "Eve"}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert httpx.post(url, data={"name": "Curl"}).status_code == 200, "as the API, which anybody here may use"

"""Signing in to a real `ujumbe serve`: the first admin, sessions, cookies, tries, and where forms come from."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from tests.running import Serving, serve, ujumbe, until
from tests.web.browser import Browser, browser, link_for, set_up_link
from ujumbe.domain.throttle import BY_NAME

PASSWORD = "maji mvua jua 7"
CROSS = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serve(tmp_path_factory.mktemp("signing-in"), at="http://127.0.0.1:1") as running:
        path = set_up_link(running)
        with browser(running) as first:
            first.choose(path, PASSWORD, name="Asha")
        yield running
        running.stop()
        assert "Traceback" not in running.log


@pytest.fixture
def asha(service: Serving) -> Iterator[Browser]:
    with browser(service) as somebody:
        assert somebody.sign_in("asha", PASSWORD).status_code == 303
        yield somebody


def invited(service: Serving, name: str, role: str = "viewer") -> str:
    """Somebody with a password; their name."""
    with browser(service) as somebody:
        somebody.choose(link_for(service.folder, "add", name, "--role", role), PASSWORD)
    return name


def test_the_first_admin_is_made_once(tmp_path: Path) -> None:
    with serve(tmp_path, at="http://127.0.0.1:1") as service, browser(service) as first, browser(service) as second:
        path = set_up_link(service)
        assert "(works once, for 24 hours)" in service.log
        assert first.get("/").headers["location"] == "/sign-in"
        assert "showed when it started" in first.get("/sign-in").text
        page = first.get(path)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        refused = first.post(path, name="Asha", password="short", again="short")
        assert (refused.status_code, "at least 12" in refused.text, 'value="Asha"' in refused.text) == (422, True, True)
        assert first.post(path, name="Asha", password=PASSWORD, again=PASSWORD + "x").status_code == 422
        assert first.post(path, name=" ", password=PASSWORD, again=PASSWORD).status_code == 422
        done = first.post(path, name="Asha", password=PASSWORD, again=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert first.get("/").status_code == 200
        for again in (second.get(path), second.post(path, name="Eve", password=PASSWORD, again=PASSWORD)):
            assert again.status_code == 410
            assert "opens no more" in again.text
        assert second.get("/").status_code == 303
        service.restart()
        assert service.log.count("Set up the dashboard") == 1, "nobody is asked to set it up again"
        assert first.get("/").status_code == 200, "a session survives a restart"
        service.stop()


def test_of_several_at_once_one_sets_it_up(tmp_path: Path) -> None:
    with serve(tmp_path, at="http://127.0.0.1:1") as service, ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        path = set_up_link(service)
        crowd = [stack.enter_context(browser(service)) for _ in range(6)]

        def choose(index: int) -> int:
            return crowd[index].post(path, name=f"User {index}", password=PASSWORD, again=PASSWORD).status_code

        assert sorted(pool.map(choose, range(6))) == [303, 410, 410, 410, 410, 410]
        assert sorted(each.get("/").status_code for each in crowd) == [200, 303, 303, 303, 303, 303]
        service.stop()


def test_no_secret_is_in_the_structured_log(tmp_path: Path) -> None:
    with serve(tmp_path, at="http://127.0.0.1:1", UJUMBE_LOG_LEVEL="debug") as service, browser(service) as somebody:
        path = set_up_link(service)
        somebody.get(path)
        somebody.get(path + "x")
        httpx.put(service.url + path)
        httpx.post(service.url + path, headers=CROSS)
        somebody.choose(path, PASSWORD, name="Asha")
        cookie = somebody.cookie
        somebody.sign_in("asha", "not it at all")
        until(lambda: '"/welcome/{secret}"' in service.log and "a sign-in was refused" in service.log)
        service.stop()
        logged = [line for line in service.log.splitlines() if line.startswith("{")]
        for secret in (path.rpartition("/")[2], cookie, PASSWORD, "not it at all"):
            assert secret
            assert not [line for line in logged if secret in line]
        assert service.log.count(path) == 1, "for people, once"


def test_signing_in_and_out(service: Serving) -> None:
    with browser(service) as somebody:
        wanted = somebody.get("/settings/me?x=1")
        assert wanted.headers["location"] == "/sign-in?next=/settings/me%3Fx%3D1"
        page = somebody.get(wanted.headers["location"])
        assert 'value="/settings/me?x=1"' in page.text
        done = somebody.sign_in("ASHA ", PASSWORD, next="/settings/me?x=1")
        assert (done.status_code, done.headers["location"]) == (303, "/settings/me?x=1")
        assert somebody.get("/sign-in").status_code == 303
        assert "this one" in somebody.get("/settings/me").text
        cookie = somebody.cookie
        out = somebody.post("/sign-out")
        assert (out.status_code, out.headers["location"], somebody.cookie) == (303, "/sign-in", "")
        somebody.cookie = cookie
        assert somebody.get("/settings/me").status_code == 303, "the cookie of before is worth nothing"
        assert somebody.post("/settings/me/sessions/end").status_code == 401


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/x\r\nX: 1",
     "javascript:alert(1)", "evil", "", "/" + "x" * 3_000],
)  # fmt: skip
def test_one_stays_on_this_site(service: Serving, elsewhere: str) -> None:
    with browser(service) as somebody:
        assert 'name="next" value="/"' in somebody.get("/sign-in", next=elsewhere).text
        assert somebody.sign_in("asha", PASSWORD, next=elsewhere).headers["location"] == "/"


@pytest.mark.parametrize(
    ("name", "password"), [("asha", "not it at all"), ("nobody", PASSWORD), ("", ""), ("a\x00", "\x00")]
)
def test_who_is_wrong_is_not_told_what(service: Serving, name: str, password: str) -> None:
    with browser(service) as somebody:
        answer = somebody.sign_in(name, password)
        assert answer.status_code == 401
        assert "do not belong together" in answer.text
        assert somebody.cookie == ""


def test_a_cookie_that_was_there_before_is_not_taken_over(service: Serving, asha: Browser) -> None:
    planted = asha.cookie
    with browser(service) as somebody:
        somebody.cookie = planted
        assert somebody.sign_in("asha", PASSWORD).status_code == 303
        assert somebody.cookie != planted
    assert asha.get("/settings/me").status_code == 303, "whoever planted it is out"
    with browser(service) as somebody:
        somebody.cookie = "planted"
        somebody.sign_in("asha", PASSWORD)
        assert somebody.cookie != "planted"


def test_what_a_cookie_says(service: Serving) -> None:
    with browser(service) as somebody:
        given = SimpleCookie(somebody.sign_in("asha", PASSWORD).headers["set-cookie"])["ujumbe"]
        assert (given["httponly"], given["samesite"], given["path"], given["secure"], given["domain"]) == (
            True, "lax", "/", "", "",
        )  # fmt: skip
        assert given["max-age"] == str(30 * 24 * 3600)


@pytest.mark.parametrize(
    ("env", "headers", "secure"),
    [
        (
            {"UJUMBE_TRUSTED_PROXIES": "127.0.0.1"},
            {"X-Forwarded-Proto": "https", "Origin": "https://sms.example.org"},
            True,
        ),
        ({"UJUMBE_URL": "https://sms.example.org"}, {"Origin": "https://sms.example.org"}, True),
        ({}, {"X-Forwarded-Proto": "https", "Origin": "https://sms.example.org"}, False),
    ],
    ids=["a trusted proxy", "its own name", "somebody says so"],
)
def test_over_https(tmp_path: Path, env: dict[str, str], headers: dict[str, str], secure: bool) -> None:
    given = {"Host": "sms.example.org", **headers}
    with serve(tmp_path, at="http://127.0.0.1:1", UJUMBE_CALLBACK_TOKEN="a-long-enough-token", **env) as service:
        path = set_up_link(service)
        form = {"name": "Asha", "password": PASSWORD, "again": PASSWORD}
        done = httpx.post(service.url + path, data=form, headers=given)
        assert done.status_code == 303
        cookie = done.headers["set-cookie"]
        assert cookie.startswith("__Host-ujumbe=" if secure else "ujumbe=")
        assert ("Secure" in cookie) is secure
        back = {**given, "Cookie": cookie.partition(";")[0]}
        assert httpx.get(service.url, headers=back).status_code == 200
        if secure:
            plain = {**given, "Cookie": back["Cookie"].removeprefix("__Host-")}
            assert httpx.get(service.url, headers=plain).status_code == 303, "a name that another site may have set"
        service.stop()


def test_behind_a_server_that_hides_its_name(tmp_path: Path) -> None:
    """nginx says its upstream's name unless told otherwise: then UJUMBE_URL says what ours is."""
    form = {"name": "Asha", "password": PASSWORD, "again": PASSWORD}
    origin = {"Origin": "https://sms.example.org"}
    with serve(tmp_path, at="http://127.0.0.1:1") as service:
        refused = httpx.post(service.url + set_up_link(service), data=form, headers=origin)
        assert refused.status_code == 403
        assert "UJUMBE_URL" in refused.text
        service.env["UJUMBE_URL"] = "https://sms.example.org"
        service.restart()
        assert "Set up the dashboard: https://sms.example.org/welcome/" in service.log
        assert httpx.post(service.url + set_up_link(service), data=form, headers=origin).status_code == 303
        service.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        (CROSS, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "same-origin", **CROSS}, 403),
    ],
    ids=str,
)
def test_where_a_form_comes_from(service: Serving, asha: Browser, headers: dict[str, str], status: int) -> None:
    cookies = {"ujumbe": asha.cookie}
    for path, data in (
        ("/settings/me/sessions/end", {}),
        ("/sign-in", {"name": "asha", "password": PASSWORD}),
        ("/sign-out", {}),
    ):
        given = {**headers, "Cookie": f"ujumbe={cookies['ujumbe']}"}
        assert httpx.post(service.url + path, data=data, headers=given).status_code == status, path
        if status == 303 and path == "/sign-in":
            asha.sign_in("asha", PASSWORD)
            cookies["ujumbe"] = asha.cookie
    if status == 403:
        assert asha.get("/settings/me").status_code == 200


def test_guesses_wait_and_the_right_password_too(service: Serving) -> None:
    name = invited(service, "Guessed")
    with browser(service) as guesser:
        for _ in range(BY_NAME.free):
            assert guesser.sign_in(name, "not it at all").status_code == 401
        early = guesser.sign_in(name, PASSWORD)
        assert early.status_code == 429
        assert 0 < int(early.headers["retry-after"]) <= BY_NAME.first // 1000
        assert "Too many tries" in early.text
        assert guesser.sign_in("asha", PASSWORD).status_code == 303, "nobody else waits"
    with browser(service) as owner:
        owner.choose(link_for(service.folder, "link", name), PASSWORD + "!")
        owner.post("/sign-out")
        assert owner.sign_in(name, PASSWORD + "!").status_code == 303, "a link frees its owner"


def test_a_disabled_user(service: Serving) -> None:
    name = invited(service, "Disabled")
    with browser(service) as somebody:
        somebody.sign_in(name, PASSWORD)
        assert somebody.get("/").status_code == 200
        assert ujumbe(service.folder, "users", "disable", name).returncode == 0
        assert somebody.get("/").status_code == 303
        assert somebody.sign_in(name, PASSWORD).status_code == 401
        assert ujumbe(service.folder, "users", "enable", name).returncode == 0
        assert somebody.get("/").status_code == 303, "the session stays ended"
        assert somebody.sign_in(name, PASSWORD).status_code == 303


def test_one_s_own_sessions(service: Serving, asha: Browser) -> None:
    with browser(service) as other:
        other.sign_in("asha", PASSWORD)
        page = asha.get("/settings/me").text
        ends = re.findall(r"/settings/me/sessions/ses_\w+/end", page)
        assert ends
        assert asha.post(ends[0]).status_code == 303, "the newest of the others"
        assert other.get("/").status_code == 303
        assert asha.post(ends[0]).status_code == 404
        other.sign_in("asha", PASSWORD)
        assert asha.post("/settings/me/sessions/end").status_code == 303
        assert other.get("/").status_code == 303
        assert asha.get("/").status_code == 200


def test_one_s_own_password(service: Serving) -> None:
    name, new = invited(service, "Changing"), "jua kali sana leo"
    with browser(service) as here, browser(service) as there:
        for each in (here, there):
            each.sign_in(name, PASSWORD)
        path = "/settings/me/password"
        wrong = here.post(path, current="not it at all", password=new, again=new)
        assert (wrong.status_code, "not your password so far" in wrong.text) == (422, True)
        assert here.post(path, current=PASSWORD, password="short", again="short").status_code == 422
        assert here.post(path, current=PASSWORD, password=new, again=new + "x").status_code == 422
        assert here.post(path, current=PASSWORD, password=new, again=new).status_code == 303
        assert "password is changed" in here.get("/settings/me").text
        assert there.get("/").status_code == 303
        assert there.sign_in(name, PASSWORD).status_code == 401
        assert there.sign_in(name, new).status_code == 303


def test_guesses_at_the_password_so_far_wait_too(service: Serving) -> None:
    name = invited(service, "Borrowed")
    with browser(service) as somebody:
        somebody.sign_in(name, PASSWORD)
        answers = [
            somebody.post("/settings/me/password", current="not it", password="x" * 12, again="x" * 12).status_code
            for _ in range(BY_NAME.free + 1)
        ]
        assert answers == [422] * BY_NAME.free + [429]

"""Help that a newcomer understands: each command names its options and the settings behind them."""

import re

import pytest

from tests.cli.conftest import Run
from tests.running import ujumbe
from ujumbe import __version__

COMMANDS = {
    "": ["dev", "serve", "simulator", "send", "messages", "subscriptions", "keys", "db", "--version", "ujumbe dev"],
    "dev": ["--port", "--data", "8000", "UJUMBE_DATA", "/simulator/", "Africa's Talking", "No account"],
    "serve": ["--host", "--port", "--open-callbacks", "--no-worker", "AT_USERNAME", "AT_API_KEY", "AT_API_URL",
              "ujumbe db upgrade", "ujumbe keys create", "UJUMBE_CALLBACK_TOKEN"],
    "simulator": ["--port", "8001", "--callbacks", "http://127.0.0.1:8000/sms", "--state", "AT_API_URL"],
    "send": ["NUMBER", "TEXT", "--from", "--two-way", "--wait", "--json", "AT_SHORTCODE", "Exit code 1"],
    "messages": ["list", "show"],
    "messages list": ["--state", "--to", "--limit", "--json", "delivered", "newest first"],
    "messages show": ["ID", "--json", "ujumbe messages list"],
    "opt-outs": ["list", "show", "add", "remove", "import", "export", "review"],
    "opt-outs import": ["FILE.csv", "--json", "UJUMBE_DEFAULT_COUNTRY", "Exit code 1", "standard input"],
    "opt-outs export": ["--all", "--json", "formula"],
    "opt-outs add": ["PHONE", "--from", "--reason", "--json"],
    "opt-outs remove": ["PHONE", "--from", "--json"],
    "opt-outs review": ["--opt-out", "--dismiss", "--json"],
    "people": ["erase"],
    "people erase": ["PHONE", "--yes", "--json", "cannot be undone"],
    "keys": ["create", "list", "revoke"],
    "keys create": ["--scopes", "send", "read", "admin", "--name", "--json", "once"],
    "keys list": ["--json"],
    "keys revoke": ["ID", "--json", "ujumbe keys list"],
    "subscriptions": ["list", "products", "add", "remove", "sync", "send"],
    "subscriptions list": ["--short-code", "--keyword", "--phone", "--active", "--ended", "--limit", "--json"],
    "subscriptions products": ["--json"],
    "subscriptions add": ["NUMBER", "KEYWORD", "--short-code", "AT_SHORTCODE", "--json", "agree"],
    "subscriptions remove": ["NUMBER", "KEYWORD", "--short-code", "AT_SHORTCODE", "--json"],
    "subscriptions sync": ["--short-code", "--keyword", "--dry-run", "--json"],
    "subscriptions send": ["KEYWORD", "TEXT", "--short-code", "--retry-hours", "--wait", "--json", "Exit code 1"],
    "webhooks": ["list", "add", "remove", "enable", "rotate", "test", "deliveries", "redeliver"],
    "webhooks add": ["URL", "--types", "--json", "once", "from now on"],
    "webhooks redeliver": ["ID", "EVENT", "--after", "--until", "--json"],
    "webhooks deliveries": ["ID", "--state", "--limit", "--json", "every attempt"],
    "listen": ["--types", "--after", "--forward", "--secret", "--json", "Ctrl-C"],
    "users": ["list", "add", "link", "role", "disable", "enable"],
    "users list": ["--json"],
    "users add": ["NAME", "--role", "viewer", "operator", "admin", "--json", "once", "24 hours"],
    "users link": ["NAME", "--json", "Earlier links"],
    "users role": ["NAME", "ROLE", "--json", "signed out"],
    "users disable": ["NAME", "--json", "signed out"],
    "users enable": ["NAME", "--json"],
    "db": ["upgrade"],
    "db upgrade": ["--json"],
}  # fmt: skip


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize(("command", "mentions"), COMMANDS.items(), ids=COMMANDS.keys())
def test_help(run: Run, command: str, mentions: list[str], flag: str) -> None:
    ended = run(*command.split(), flag)
    assert ended.code == 0
    text = re.sub(r"[\s│]+", " ", ended.out)
    assert [word for word in mentions if word not in text] == []
    assert ended.err == ""


def test_version(run: Run) -> None:
    assert run("--version").out == f"ujumbe {__version__}\n"


def test_version_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> None:
    ended = ujumbe(tmp_path_factory.mktemp("empty"), "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"ujumbe {__version__}\n", "")


@pytest.mark.parametrize("command", ["", "messages", "subscriptions", "keys", "db"])
def test_without_a_command_it_explains_itself(run: Run, command: str) -> None:
    ended = run(*command.split())
    assert ended.code == 2
    assert all(word in ended.out + ended.err for word in COMMANDS[command][:1])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nothing", "nothing"),
        ("dev --nothing", "--nothing"),
        ("dev --port eight", "--port"),
        ("send", "NUMBER"),
        ("keys revoke", "ID"),
        ("users role Asha", "ROLE"),
        ("messages list --limit 0", "--limit"),
        ("messages list --limit 1001", "--limit"),
        ("messages list --state gone", "--state"),
        ("subscriptions add +254711000000", "KEYWORD"),
        ("subscriptions list --limit 0", "--limit"),
        ("subscriptions send NEWS Habari --retry-hours 0", "--retry-hours"),
        ("subscriptions send NEWS Habari --retry-hours 73", "--retry-hours"),
        ("send +254711000000 Hi --wait -1", "--wait"),
    ],
)
def test_what_was_mistyped(run: Run, words: str, says: str) -> None:
    ended = run(*words.split())
    assert ended.code == 2
    assert says in ended.err
    assert ended.out == ""

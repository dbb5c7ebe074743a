from pathlib import Path

import pytest

from ujumbe.domain.errors import SettingsError
from ujumbe.settings import DEFAULT_REPLY, Settings, alias_of

KEY, TOKEN = "atsk_0123456789abcdef", "correct-horse-battery"


@pytest.fixture(autouse=True)
def _nothing_set(bare: Path) -> None:
    """No test here sees the settings of whoever runs it."""


def test_defaults() -> None:
    settings = Settings.load()
    assert (settings.at_username, settings.at_api_key.get_secret_value(), settings.at_api_url) == ("", "", "")
    assert (settings.host, settings.port, settings.reply) == ("127.0.0.1", 8000, DEFAULT_REPLY)
    assert (settings.tokens, settings.open_callbacks, settings.default_country) == ((), False, "")
    assert settings.database_path == Path("data/ujumbe.sqlite3")


def test_every_setting_has_its_name_and_a_line_of_help() -> None:
    for name, field in Settings.model_fields.items():
        assert field.validation_alias is not None
        assert field.validation_alias.choices == [alias_of(name)]  # type: ignore[union-attr]
        assert field.description
        assert alias_of(name).startswith(("AT_", "UJUMBE_"))


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("AT_USERNAME", "sandbox", "at_username", "sandbox"),
        ("AT_SHORTCODE", "12345", "at_shortcode", "12345"),
        ("AT_SENDER_ID", "MyBrand", "at_sender_id", "MyBrand"),
        ("AT_API_URL", "http://127.0.0.1:8001/", "at_api_url", "http://127.0.0.1:8001"),
        ("AT_API_URL", "http://[::1]:8001/simulator", "at_api_url", "http://[::1]:8001/simulator"),
        ("UJUMBE_PORT", "0", "port", 0),
        ("UJUMBE_URL", " HTTPS://SMS.example.org/ ", "url", "https://sms.example.org"),
        ("UJUMBE_URL", "https://sms.example.org:443", "url", "https://sms.example.org"),
        ("UJUMBE_URL", "http://[::1]:8000", "url", "http://[::1]:8000"),
        ("UJUMBE_MASK_NUMBERS", "1", "mask_numbers", True),
        ("UJUMBE_REPLY", "", "reply", ""),
        ("UJUMBE_DEFAULT_COUNTRY", " ke ", "default_country", "KE"),
        ("UJUMBE_DATA", "/srv/ujumbe", "database_path", Path("/srv/ujumbe/ujumbe.sqlite3")),
        ("UJUMBE_DATABASE_URL", "sqlite:///other.db", "database_path", Path("other.db")),
        ("UJUMBE_DATABASE_URL", "sqlite:////srv/other.db", "database_path", Path("/srv/other.db")),
        ("UJUMBE_CALLBACK_TOKEN", TOKEN, "tokens", (TOKEN,)),
        ("UJUMBE_CALLBACK_TOKEN", f" {TOKEN} ,, new-token.~_1,", "tokens", (TOKEN, "new-token.~_1")),
        ("UJUMBE_CALLBACK_TOKEN", "", "tokens", ()),
        (
            "UJUMBE_TRUSTED_PROXIES",
            "127.0.0.1, 10.0.0.0/8,::1",
            "trusted_proxies",
            ("127.0.0.1/32", "10.0.0.0/8", "::1/128"),
        ),
        ("UJUMBE_OPEN_CALLBACKS", "true", "open_callbacks", True),
        ("UJUMBE_LOG_FORMAT", "JSON", "log_format", "json"),
        ("UJUMBE_LOG_LEVEL", "Warning", "log_level", "warning"),
    ],
)
def test_what_is_set_is_read(
    monkeypatch: pytest.MonkeyPatch, bare: Path, name: str, value: str, field: str, expected: object
) -> None:
    (bare / ".env").write_text(f'{name}="{value}"\n')
    assert getattr(Settings.load(), field) == expected, ".env"
    (bare / ".env").unlink()
    monkeypatch.setenv(name, value)
    assert getattr(Settings.load(), field) == expected, "environment"
    monkeypatch.delenv(name)
    (bare / "secret").write_text(f"{value}\n")
    monkeypatch.setenv(f"{name}_FILE", str(bare / "secret"))
    assert getattr(Settings.load(), field) == expected, "file"


def test_who_wins(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    (bare / ".env").write_text("AT_SHORTCODE=1\n")
    assert Settings.load().at_shortcode == "1"
    (bare / "secret").write_text("2")
    monkeypatch.setenv("AT_SHORTCODE_FILE", str(bare / "secret"))
    assert Settings.load().at_shortcode == "2"
    monkeypatch.setenv("AT_SHORTCODE", "3")
    assert Settings.load().at_shortcode == "3"
    assert Settings.load(at_shortcode=None).at_shortcode == "3"
    assert Settings.load(at_shortcode="4").at_shortcode == "4"


def test_what_is_not_ours_is_left_alone(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    (bare / ".env").write_text("DATABASE_URL=postgresql://elsewhere\nPORT=x\nUJUMBE_UNKNOWN=1\n")
    monkeypatch.setenv("HOST", "elsewhere")
    assert (Settings.load().host, Settings.load().port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AT_API_URL", "127.0.0.1:8001"),
        ("AT_API_URL", "ftp://127.0.0.1"),
        ("AT_API_URL", "http://"),
        ("AT_API_URL", "http://127.0.0.1:99999"),
        ("AT_API_URL", "http://127.0.0.1:port"),
        ("AT_API_URL", "http://at..example"),
        ("AT_API_URL", f"http://{'a' * 64}.example"),
        ("AT_API_URL", "http://[::1"),
        ("UJUMBE_PORT", "http"),
        ("UJUMBE_PORT", "65536"),
        ("UJUMBE_PORT", "-1"),
        ("UJUMBE_PORT", ""),
        ("UJUMBE_DATABASE_URL", "mysql://localhost/ujumbe"),
        ("UJUMBE_DATABASE_URL", "postgresql://localhost"),
        ("UJUMBE_DATABASE_URL", "postgresql:///ujumbe"),
        ("UJUMBE_DATABASE_URL", "postgresql://localhost:port/ujumbe"),
        ("UJUMBE_TRUSTED_PROXIES", "nginx"),
        ("UJUMBE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("UJUMBE_PACE", "MyBrand"),
        ("UJUMBE_PACE", "MyBrand=fast"),
        ("UJUMBE_PACE", "*=0"),
        ("UJUMBE_LEASE_SECONDS", "44"),
        ("UJUMBE_CALLS_IN_FLIGHT", "0"),
        ("UJUMBE_MOST_RECIPIENTS", "1001"),
        ("UJUMBE_METRICS_PORT", "65536"),
        ("UJUMBE_DATABASE_URL", "postgresql://localhost:99999/ujumbe"),
        ("UJUMBE_DATABASE_URL", "sqlite:///"),
        ("UJUMBE_DATABASE_URL", "ujumbe.sqlite3"),
        ("UJUMBE_CALLBACK_TOKEN", "short"),
        ("UJUMBE_CALLBACK_TOKEN", f"{TOKEN},short"),
        ("UJUMBE_CALLBACK_TOKEN", "with/a/slash"),
        ("UJUMBE_CALLBACK_TOKEN", "siri-ya-mtejá"),
        ("UJUMBE_OPEN_CALLBACKS", "perhaps"),
        ("UJUMBE_DEFAULT_COUNTRY", "Kenya"),
        ("UJUMBE_DEFAULT_COUNTRY", "XX"),
        ("UJUMBE_PACE", "MyBrand=10,*=0"),
        ("UJUMBE_PACE", "MyBrand=nan"),
        ("UJUMBE_PACE", "MyBrand=1000000"),
        ("UJUMBE_MOST_RECIPIENTS", "0"),
        ("UJUMBE_CALLS_IN_FLIGHT", "many"),
        ("UJUMBE_CALLS_IN_FLIGHT", "257"),
        ("UJUMBE_LEASE_SECONDS", "91"),
        ("UJUMBE_INFER_REPORTS", "perhaps"),
        ("UJUMBE_KEEP_CALLBACKS_DAYS", "-1"),
        ("UJUMBE_LOG_FORMAT", "xml"),
        ("UJUMBE_LOG_FORMAT", "debug"),
        ("UJUMBE_LOG_LEVEL", "verbose"),
        ("UJUMBE_LOG_LEVEL", "json"),
        ("UJUMBE_URL", "sms.example.org"),
        ("UJUMBE_URL", "ftp://sms.example.org"),
        ("UJUMBE_URL", "https://sms.example.org/ujumbe"),
        ("UJUMBE_URL", "https://u:p@sms.example.org"),
        ("UJUMBE_URL", "https://sms.example.org?x=1"),
        ("UJUMBE_URL", "https://sms.example.org:99999"),
        ("UJUMBE_URL", "https://sms .example.org"),
        ("UJUMBE_MASK_NUMBERS", "perhaps"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    named, _, reason = str(caught.value).partition(": ")
    assert (named, bool(reason)) == (name, True)
    assert "\n" not in reason
    assert "TOKEN" not in name or not [part for part in value.split(",") if part in reason]


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("UJUMBE_PORT", "x"), ("AT_API_URL", "x"), ("UJUMBE_CALLBACK_TOKEN", "x")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load(default_country="Kenya")
    named = sorted(line.partition(":")[0] for line in str(caught.value).splitlines())
    assert named == ["AT_API_URL", "UJUMBE_CALLBACK_TOKEN", "UJUMBE_DEFAULT_COUNTRY", "UJUMBE_PORT"]


@pytest.mark.parametrize("content", [pytest.param(None, id="missing"), pytest.param(b"\xff", id="not text")])
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, bare: Path, content: bytes | None
) -> None:
    if content is not None:
        (bare / "secret").write_bytes(content)
    monkeypatch.setenv("AT_API_KEY_FILE", str(bare / "secret"))
    with pytest.raises(SettingsError, match=r"AT_API_KEY_FILE: .*secret cannot be read"):
        Settings.load()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "AT_USERNAME and AT_API_KEY are not set"),
        ({"at_username": "sandbox"}, "AT_API_KEY is not set"),
        ({"at_api_key": KEY}, "AT_USERNAME is not set"),
        ({"at_username": "sandbox", "at_api_key": KEY}, None),
    ],
)
def test_what_is_missing_is_named(given: dict[str, str], error: str | None) -> None:
    settings = Settings.load(**given)
    if error is None:
        settings.require("at_username", "at_api_key")
    else:
        with pytest.raises(SettingsError, match=error):
            settings.require("at_username", "at_api_key")


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AT_API_KEY", KEY)
    monkeypatch.setenv("UJUMBE_CALLBACK_TOKEN", f"{TOKEN},another-token")
    settings = Settings.load()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.setenv("UJUMBE_PORT", "x")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    shown += f"{caught.value!r} {caught.value} {caught.value.__cause__} {caught.value.__context__!r}"
    assert not [secret for secret in (KEY, TOKEN, "another-token") if secret in shown]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "pace"),
    [
        ("", {}),
        ("MyBrand=10", {"mybrand": 10.0}),
        (" MyBrand = 10 , 12345=0.5,", {"mybrand": 10.0, "12345": 0.5}),
        ("*=20,=3", {"*": 20.0, "africastkng": 3.0}),
    ],
)
def test_paces_by_sender(monkeypatch: pytest.MonkeyPatch, given: str, pace: dict[str, float]) -> None:
    """In the form that opt-outs compare; without a name it is AT's own sender."""
    monkeypatch.setenv("UJUMBE_PACE", given)
    assert Settings.load().pace == pace


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", Path("data/ujumbe.sqlite3")),
        ("sqlite:////var/u.sqlite3", Path("/var/u.sqlite3")),
        ("postgresql://ujumbe:siri@db.example:5433/ujumbe", None),
        ("postgres://db/ujumbe", None),
    ],
)
def test_which_database(monkeypatch: pytest.MonkeyPatch, url: str, path: Path | None) -> None:
    monkeypatch.setenv("UJUMBE_DATABASE_URL", url)
    settings = Settings.load()
    assert settings.database_path == path
    assert "siri" not in repr(settings)

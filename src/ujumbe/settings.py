"""Every setting: its name, default, help and check, read once from the environment, `.env` and secret files."""

import ipaddress
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

import phonenumbers
from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ujumbe.domain import consent
from ujumbe.domain.errors import SettingsError

DEFAULT_REPLY: Final = 'This is a response to: "{text}"'
STOP_REPLY: Final = "You will get no more texts from us. Send START to get them again."
START_REPLY: Final = "You will get our texts again. Send STOP to end them."
HELP_REPLY: Final = (
    "This number answers automatically. Send STOP to get no more texts from us, START to get them again."
)
LOG_FORMATS: Final = ("auto", "text", "json")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
BOUNDS: Final = {
    "most_recipients": (1, 1_000),
    "calls_in_flight": (1, 256),
    "lease_seconds": (45, 90),
    "keep_callbacks_days": (0, 36_500),
    "keep_events_days": (0, 36_500),
}
SQLITE: Final = "sqlite:///"
POSTGRES: Final = ("postgresql://", "postgres://")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")
"""Nothing else fits into a link, and into what browsers say of a page's origin."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def _setting(name: str, default: object, help_: str) -> Any:
    return Field(default=default, validation_alias=AliasChoices(name), description=help_, validate_default=True)


class Settings(BaseSettings):
    """The settings as given. A secret may come from a file: set `AT_API_KEY_FILE` instead of `AT_API_KEY`."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    at_username: str = _setting("AT_USERNAME", "", "Africa's Talking username; `sandbox` for the sandbox")
    at_api_key: SecretStr = _setting("AT_API_KEY", SecretStr(""), "Africa's Talking API key")
    at_shortcode: str = _setting("AT_SHORTCODE", "", "Short code for two-way SMS")
    at_sender_id: str = _setting("AT_SENDER_ID", "", "Sender ID for bulk SMS; AT's own when empty")
    at_api_url: str = _setting("AT_API_URL", "", "Replaces AT's hosts, e.g. http://127.0.0.1:8001 for a local AT")

    host: str = _setting("UJUMBE_HOST", "127.0.0.1", "Address that the service listens on")
    port: int = _setting("UJUMBE_PORT", 8000, "Port that the service listens on")
    url: str = _setting(
        "UJUMBE_URL", "", "Address by which people and AT reach the service, e.g. https://sms.example.org"
    )
    mask_numbers: bool = _setting(
        "UJUMBE_MASK_NUMBERS", False, "Show numbers to people in the role `viewer` with their middle masked"
    )
    data: Path = _setting("UJUMBE_DATA", Path("data"), "Folder of the SQLite file and its lock")
    database_url: SecretStr = _setting(
        "UJUMBE_DATABASE_URL",
        SecretStr(""),
        "`sqlite:///PATH` or `postgresql://user:password@host/name`; ujumbe.sqlite3 in UJUMBE_DATA when empty",
    )
    callback_token: Annotated[tuple[SecretStr, ...], NoDecode] = _setting(
        "UJUMBE_CALLBACK_TOKEN", (), "Secret in the callback addresses; several, comma-separated, while rotating"
    )
    open_callbacks: bool = _setting(
        "UJUMBE_OPEN_CALLBACKS", False, "Accept callbacks without a token on an address that others can reach"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = _setting(
        "UJUMBE_TRUSTED_PROXIES",
        (),
        "Addresses or networks of web servers in front of this one, comma-separated, e.g. `127.0.0.1,10.0.0.0/8`: "
        "what they say of the client (X-Forwarded-For) is believed",
    )
    reply: str = _setting(
        "UJUMBE_REPLY",
        DEFAULT_REPLY,
        "Answer to every incoming text, with {text}, {from} and {to} filled in; empty turns it off",
    )
    stop_reply: str = _setting(
        "UJUMBE_STOP_REPLY", STOP_REPLY, "Sent once to whoever opts out by a stop word; empty sends nothing"
    )
    start_reply: str = _setting(
        "UJUMBE_START_REPLY", START_REPLY, "Sent to whoever ends an opt-out by a start word; empty sends nothing"
    )
    help_reply: str = _setting(
        "UJUMBE_HELP_REPLY", HELP_REPLY, "Answer to HELP: say who you are; empty treats HELP as any other text"
    )
    handlers: str = _setting(
        "UJUMBE_HANDLERS", "", "Python module with `@on_message` handlers for incoming texts, e.g. `mybank.sms`"
    )
    default_country: str = _setting("UJUMBE_DEFAULT_COUNTRY", "", "Country of national numbers, e.g. KE")
    pace: Annotated[dict[str, float], NoDecode] = _setting(
        "UJUMBE_PACE",
        {},
        "Texts a second by sender, for all workers together, e.g. `MyBrand=10,12345=5`; `*=20` is for all others",
    )
    most_recipients: int = _setting("UJUMBE_MOST_RECIPIENTS", 1_000, "Numbers in one call to Africa's Talking")
    calls_in_flight: int = _setting("UJUMBE_CALLS_IN_FLIGHT", 64, "Calls that one worker makes at a time")
    lease_seconds: int = _setting(
        "UJUMBE_LEASE_SECONDS", 90, "How long a call may go unrecorded before its messages count as uncertain; 45 to 90"
    )
    infer_reports: bool = _setting(
        "UJUMBE_INFER_REPORTS",
        True,
        "Let a report with an id we never learnt settle the one uncertain text to that number; "
        "turn it off where others send through the same account",
    )
    fetch_inbox: bool = _setting(
        "UJUMBE_FETCH_INBOX",
        True,
        "Fetch incoming texts that no callback brought from AT's inbox when the service starts",
    )
    keep_callbacks_days: int = _setting(
        "UJUMBE_KEEP_CALLBACKS_DAYS", 90, "Days that callbacks are kept as they came; 0 keeps them for ever"
    )
    keep_events_days: int = _setting(
        "UJUMBE_KEEP_EVENTS_DAYS", 90, "Days that the log of events is kept; 0 keeps it for ever"
    )
    webhooks_private: bool = _setting(
        "UJUMBE_WEBHOOKS_PRIVATE",
        False,
        "Let webhooks go to private addresses; in `ujumbe dev` they may go to this machine anyway",
    )
    metrics_port: int = _setting(
        "UJUMBE_METRICS_PORT",
        0,
        "Port on 127.0.0.1 where `ujumbe worker` serves /metrics (the service has its own); 0: none",
    )
    log_format: str = _setting("UJUMBE_LOG_FORMAT", "auto", "`text`, `json`, or `auto`: text on a terminal")
    log_level: str = _setting("UJUMBE_LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed wins, then the environment, then files that it names, then `.env`."""
        return init_settings, env_settings, _NamedFiles(settings_cls), dotenv_settings

    @field_validator("callback_token", "trusted_proxies", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return tuple(part for part in map(str.strip, value.split(",")) if part) if isinstance(value, str) else value

    @field_validator("callback_token")
    @classmethod
    def _strong_tokens(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for token in value:
            text = token.get_secret_value()
            if len(text) < 8 or not all(c.isascii() and (c.isalnum() or c in "-_.~") for c in text):
                raise ValueError("each token needs at least 8 letters, digits or any of - _ . ~")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _real_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(ipaddress.ip_network(each)) for each in value)
        except ValueError as error:
            raise ValueError(f"give addresses or networks such as 127.0.0.1 or 10.0.0.0/8 ({error})") from None

    @field_validator("default_country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        country = value.strip().upper()
        if country and country not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("give a two-letter country code such as KE, UG or NG")
        return country

    @field_validator("port", "metrics_port")
    @classmethod
    def _real_port(cls, value: int) -> int:
        if not 0 <= value <= 65_535:
            raise ValueError("a port is 0 to 65535")
        return value

    @field_validator("at_api_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("give an address that begins with http:// or https://")
        if value and not _is_address(value):
            raise ValueError("this address has no usable host or port")
        return value.rstrip("/")

    @field_validator("url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        given = value.strip().lower().rstrip("/")
        if given and not (_ORIGIN.fullmatch(given) and _is_address(given)):
            raise ValueError("give it without a path, as in https://sms.example.org or http://192.168.1.20:8000")
        # Browsers leave these ports away where they say where a page came from.
        return given.removesuffix(":443" if given.startswith("https:") else ":80")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value().strip()
        if url.startswith(POSTGRES):
            if not _is_address(url) or not urlsplit(url).path.strip("/"):
                raise ValueError("give postgresql://user:password@host:port/name")
            if not _is_encoded(url):
                raise ValueError("percent-encode what is not a letter or digit in its user and password (@ is %40)")
        elif url and not (url.startswith(SQLITE) and len(url) > len(SQLITE)):
            raise ValueError("give sqlite:///PATH or postgresql://user:password@host/name")
        return SecretStr(url)

    @field_validator("pace", mode="before")
    @classmethod
    def _split_paces(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in map(str.strip, value.split(",")) if part]
        if not all(sign for _, sign, _ in pairs):
            raise ValueError("give sender=texts a second, comma-separated, e.g. MyBrand=10,*=20")
        return {sender.strip(): rate.strip() for sender, _, rate in pairs}

    @field_validator("pace")
    @classmethod
    def _real_paces(cls, value: dict[str, float]) -> dict[str, float]:
        if not all(0.01 <= rate <= 100_000 for rate in value.values()):
            raise ValueError("a pace is 0.01 to 100000 texts a second")
        # By the form that opt-outs compare: `mybrand` and `MyBrand` are one sender.
        return {
            sender if sender == "*" else consent.scope(consent.named(sender)): rate for sender, rate in value.items()
        }

    @field_validator("most_recipients", "calls_in_flight", "lease_seconds", "keep_callbacks_days", "keep_events_days")
    @classmethod
    def _bounded(cls, value: int, info: ValidationInfo) -> int:
        least, most = BOUNDS[info.field_name or ""]
        if not least <= value <= most:
            raise ValueError(f"it is {least} to {most}")
        return value

    @field_validator("log_format", "log_level")
    @classmethod
    def _known_word(cls, value: str, info: ValidationInfo) -> str:
        known = LOG_FORMATS if info.field_name == "log_format" else LOG_LEVELS
        if value.lower() not in known:
            raise ValueError(f"not one of {', '.join(known)}")
        return value.lower()

    @field_validator("at_username")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("it holds a line break or another character that cannot be sent")
        return value.strip()

    @field_validator("at_api_key")
    @classmethod
    def _plain_key(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value().strip()
        if not (secret.isascii() and secret.isprintable()):
            raise ValueError("it holds a line break or another character that no key has")
        return SecretStr(secret)

    @classmethod
    def load(cls, *, required: Sequence[str] = (), **given: object) -> Self:
        """Read the settings; `given` (field names) wins.

        Raises `SettingsError` with a line for every one that is wrong, and for those of `required` that are missing.
        """
        names = {name: value for name, value in given.items() if value is not None}
        aliases: dict[str, Any] = {alias_of(name): value for name, value in names.items()}
        wrong: dict[str, str] = {}
        try:
            loaded = cls(**aliases)
        except UnicodeDecodeError:
            raise SettingsError(".env is not UTF-8 text") from None
        except ValidationError as error:
            wrong = {str(each["loc"][0]): _reason(each["msg"]) for each in error.errors(include_input=False)}
            defaults = {alias_of(name): field.default for name, field in cls.model_fields.items()}
            # With the wrong ones out of the way it shows what is missing besides.
            loaded = cls(**aliases | {name: defaults[name] for name in wrong})
        lines = [f"{name}: {reason}" for name, reason in wrong.items()]
        try:
            loaded.require(*(name for name in required if alias_of(name) not in wrong))
        except SettingsError as error:
            lines.append(str(error))
        if lines:
            raise SettingsError("\n".join(lines))
        return loaded

    def require(self, *fields: str) -> None:
        """Raise `SettingsError` naming all of `fields` that are empty, by the names people set."""
        missing = [alias_of(name) for name in fields if not _given(getattr(self, name))]
        if missing:
            word = "is" if len(missing) == 1 else "are"
            raise SettingsError(f"{' and '.join(missing)} {word} not set (environment, .env, or NAME_FILE)")

    @property
    def store_url(self) -> str:
        """The database: what was given, or the SQLite file in the data folder."""
        return self.database_url.get_secret_value() or f"{SQLITE}{self.data / 'ujumbe.sqlite3'}"

    @property
    def database_path(self) -> Path | None:
        """Where the SQLite file lies; None on PostgreSQL."""
        url = self.store_url
        return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The callback tokens that open the door."""
        return tuple(token.get_secret_value() for token in self.callback_token)


def alias_of(field: str) -> str:
    """The name of a setting as people write it: `at_api_key` → `AT_API_KEY`, `reply` → `UJUMBE_REPLY`."""
    return field.upper() if field.startswith("at_") else f"UJUMBE_{field.upper()}"


class _NamedFiles(PydanticBaseSettingsSource):
    """Settings whose value stands in a file that `NAME_FILE` points to, as container secrets do."""

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic-settings' own signature
        """Read one setting's file. Raises `SettingsError` where it is named but cannot be read."""
        name = alias_of(field_name)
        path = os.environ.get(f"{name}_FILE") or dotenv_values(".env").get(f"{name}_FILE")
        if not path or name in self.current_state:
            return None, name, False  # what was given before is not looked for in a file
        try:
            return Path(path).read_text(encoding="utf-8").strip(), name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE: {path} cannot be read ({type(error).__name__})") from None

    def __call__(self) -> dict[str, Any]:
        """Read all of them."""
        found = (self.get_field_value(None, name)[:2] for name in self.settings_cls.model_fields)
        return {name: value for value, name in found if value is not None}


def _given(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:  # a port beyond 65535, a label that no name server takes
        return False


def _is_encoded(url: str) -> bool:
    """Whether a driver reads the same password in it: one that cannot tells what it read instead, in its errors."""
    return not re.search(r"\s|%(?![0-9A-Fa-f]{2})", url) and urlsplit(url).netloc.count("@") <= 1


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "should be")

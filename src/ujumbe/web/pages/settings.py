"""The settings: who is at work here, how the account stands, what to paste into AT's dashboard, what was set."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fastapi import APIRouter
from pydantic import SecretStr
from starlette.responses import Response

from ujumbe.africastalking.callbacks import IN_DASHBOARD
from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain import pause
from ujumbe.domain.pause import Pause
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.flows import pausing
from ujumbe.settings import Settings, alias_of
from ujumbe.store import accounts, migrate, nodes
from ujumbe.store.accounts import Health
from ujumbe.store.database import Tx
from ujumbe.store.migrate import Applied
from ujumbe.store.nodes import Process
from ujumbe.web.pages import explanation
from ujumbe.web.pages.page import Administering, Operating, Page, Viewing
from ujumbe.web.pages.render import money

router = APIRouter()

LONGEST_REASON: Final = 200
HIDDEN: Final = "…"
WORK: Final = {
    "service": "answers requests and sends",
    "api": "answers requests",
    "worker": "sends",
    "command": "a command under way",
}
"""The roles of processes, in plain words."""
OF_ACCOUNT: Final = "account"
"""What lists of who did what call the account, of which a service has one."""


class Place(NamedTuple):
    """Who is at work on this database, and how the account stands."""

    processes: list[Process]
    health: Health
    migration: Applied


class Address(NamedTuple):
    """Where AT sends one kind of callback: what its dashboard calls it, and what to paste there."""

    kind: str
    field: str
    url: str


class Setting(NamedTuple):
    """A setting in force: its name in the environment, its value as people may read it, and what it does."""

    name: str
    value: str
    given: bool
    """Whether it differs from its default."""
    help: str


@router.get("/settings")
async def show(page: Viewing) -> Response:
    """Show the service, its account, its addresses and its settings."""
    runtime = page.runtime
    place = await page.read(_place, runtime.account)
    return await page.render(
        "settings.html",
        place=place,
        work=WORK,
        trouble=runtime.db.trouble,
        database=runtime.db.name,
        several=runtime.db.several,
        username=runtime.settings.at_username,
        host=runtime.client.api_base,
        paused=place.health.pause is not Pause.NONE,
        why=explanation.PAUSES.get(place.health.pause, ""),
        noted="" if place.health.note in pause.MEANING.values() else place.health.note,
        short_code=runtime.settings.at_shortcode,
        sender=runtime.settings.at_sender_id,
        paces=runtime.settings.pace,
        addresses=_addresses(page),
        tokens=bool(runtime.settings.tokens),
        keyless=runtime.keyless,
        settings=_in_force(runtime.settings),
    )


@router.post("/settings/pause")
async def hold(page: Administering) -> Response:
    """Take up nothing more until somebody resumes."""
    reason = storable(str((await page.form()).get("reason", "")).strip())[:LONGEST_REASON]
    await page.write("pause sending", OF_ACCOUNT, pausing.hold, page.runtime.account, reason)
    return page.redirect("/settings", said="Sending is paused. What is under way goes on; nothing is lost.")


@router.post("/settings/resume")
async def go_on(page: Administering) -> Response:
    """End whatever pause there is."""
    ended = await page.runtime.db.write(_go_on, page)
    return page.redirect("/settings", said="Sending goes on." if ended else "Sending was not paused.")


@router.post("/settings/balance")
async def balance(page: Operating) -> Response:
    """Ask Africa's Talking for the balance."""
    try:
        found = money(await page.runtime.client.fetch_balance())
    except ProviderError as error:
        return page.redirect("/settings", said=f"The balance is not known: {error}.")
    return page.redirect("/settings", said=f"The balance is {found}.")


def public(page: Page) -> str:
    """The address under which the world reaches this service: as it was set, else as the viewer sees it."""
    return page.runtime.settings.url or page.origin


def _place(tx: Tx, account: int) -> Place:
    return Place(nodes.living(tx), accounts.health(tx, account), migrate.latest(tx))


def _go_on(tx: Tx, page: Page) -> bool:
    ended = pausing.go_on(tx, page.runtime.account)
    if ended:
        page.note(tx, "resume sending", OF_ACCOUNT)
    return ended


def _addresses(page: Page) -> list[Address]:
    """What to paste into AT's dashboard, with the newest token; only admins see that."""
    tokens = page.runtime.settings.tokens
    token = (tokens[-1] if page.viewer.may(Role.ADMIN) else HIDDEN) if tokens else ""
    end = f"?token={token}" if token else ""
    return [Address(kind, field, f"{public(page)}/sms/{kind}{end}") for kind, field in IN_DASHBOARD.items()]


def _in_force(settings: Settings) -> list[Setting]:
    """Every setting, secrets as whether they are set."""
    fields = type(settings).model_fields
    return [
        Setting(
            alias_of(name),
            _value(getattr(settings, name)),
            getattr(settings, name) != field.default,
            field.description or "",
        )
        for name, field in fields.items()
    ]


def _value(value: object) -> str:
    """A value as people may read it; never a secret."""
    if isinstance(value, SecretStr):
        return "set, never shown" if value.get_secret_value() else "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={rate:g}" for name, rate in value.items()) or "none"
    if isinstance(value, tuple):
        secret = any(isinstance(each, SecretStr) for each in value)
        return f"{len(value)} set, never shown" if secret else ", ".join(map(str, value)) or "none"
    return str(value) or "empty"

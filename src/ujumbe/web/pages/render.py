"""Templates: the one environment, and how values are written for people to read."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from ujumbe import __version__
from ujumbe.domain import erased, ids, phone
from ujumbe.domain.message import MEANING
from ujumbe.domain.moment import show, to_datetime
from ujumbe.domain.money import MICROS, Money
from ujumbe.web.pages import explanation, static
from ujumbe.web.pages.viewer import Viewer

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def clock(moment_ms: int, zone: ZoneInfo, now_ms: int) -> str:
    """A moment as short as it can be: `14:32` today, `26 Nov 14:32` this year, `26 Nov 2025 14:32`."""
    at, now = to_datetime(moment_ms).astimezone(zone), to_datetime(now_ms).astimezone(zone)
    if at.date() == now.date():
        return at.strftime("%H:%M")
    return at.strftime(f"{at.day} %b %H:%M" if at.year == now.year else f"{at.day} %b %Y %H:%M")


def span(milliseconds: int) -> str:
    """How long something takes, in its largest unit: `8 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, milliseconds) / 1000
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds % 1 and seconds < 2 else f"{seconds:.0f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.0f} h"
    return f"{seconds / DAY:.0f} days"


def away(moment_ms: int, now_ms: int) -> str:
    """How far off a moment is: `just now`, `3 min ago`, `in 2 h`."""
    apart = now_ms - moment_ms
    if abs(apart) < 10_000:
        return "just now" if apart >= 0 else "in a moment"
    return f"{span(apart)} ago" if apart > 0 else f"in {span(-apart)}"


def money(amount: Money | None) -> str:
    """An amount for people, exact: `KES 0.80`, `KES 12,345.60`; a dash where there is none."""
    if amount is None or amount == Money(0, ""):  # what AT says of a refused text
        return "–"
    whole, fraction = divmod(abs(amount.micros), MICROS)
    decimals = f"{fraction:06d}"
    decimals = decimals[:2] + decimals[2:].rstrip("0")
    return f"{amount.currency}\N{NO-BREAK SPACE}{'-' if amount.micros < 0 else ''}{whole:,}.{decimals}".strip()


@lru_cache(maxsize=4096)
def spaced(number: str) -> str:
    """A number as people read it, `+254 711 000 111`; what is none (a short code, a name) as it is."""
    if not phone.is_number(number):
        return number
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(
        " ", "\N{NO-BREAK SPACE}"
    )


def shown(number: str, viewer: Viewer) -> str:
    """A number as this viewer may see it, or what stands in place of one."""
    if erased.is_mark(number):
        return "an erased person"
    return phone.mask(number) if viewer.masked else spaced(number)


@pass_context
def _when(context: Context, moment_ms: int | None) -> str:
    """A moment on the viewer's clock."""
    page = context["page"]
    return _time(page, moment_ms, "" if moment_ms is None else clock(moment_ms, page.zone, page.now))


@pass_context
def _ago(context: Context, moment_ms: int | None) -> str:
    """How far off a moment is, with the moment itself behind it."""
    page = context["page"]
    return _time(page, moment_ms, "" if moment_ms is None else away(moment_ms, page.now))


@pass_context
def _hour(context: Context, moment_ms: int, *, plain: bool = False) -> str:
    """A moment of a day that is named beside it: `14:32`; `plain` without the moment itself behind it."""
    page = context["page"]
    hour = to_datetime(moment_ms).astimezone(page.zone).strftime("%H:%M")
    return hour if plain else _time(page, moment_ms, hour)


def _time(page: Any, moment_ms: int | None, text: str) -> str:
    if moment_ms is None:
        return "–"
    full = to_datetime(moment_ms).astimezone(page.zone).strftime("%A, %d %B %Y, %H:%M:%S %Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(show(moment_ms), full, text)


@pass_context
def _phone(context: Context, number: str) -> str:
    viewer = context["page"].viewer
    return Markup('<span class="number">{}</span>').format(shown(number, viewer))


@pass_context
def _private(context: Context, text: str) -> str:
    """A text as this viewer may see it: numbers in it are masked where numbers are."""
    return phone.hide_all(text) if context["page"].viewer.masked else text


def _id(number: int, kind: str) -> str:
    return ids.show(ids.Kind[kind.upper()], number)


def _upto(count: int, most: int = 100) -> str:
    """A count that was cut off at `most`: `99+`."""
    return f"{count:,}" if count < most else f"{most - 1:,}+"


def _sentence(text: str) -> str:
    """What is wrong with a field begins with a capital, whoever says it."""
    return f"{text[:1].upper()}{text[1:]}"


def _lines(text: str) -> str:
    """A text with its line breaks."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def environment() -> Environment:
    """The templates, which escape what they are given and know no undefined name."""
    made = Environment(
        loader=PackageLoader("ujumbe.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters |= {
        "when": _when,
        "ago": _ago,
        "hour": _hour,
        "span": span,
        "money": money,
        "phone": _phone,
        "private": _private,
        "id": _id,
        "count": "{:,}".format,
        "upto": _upto,
        "lines": _lines,
        "sentence": _sentence,
        "cause": explanation.cause,
    }
    made.globals |= {"static": static.url, "version": __version__, "meaning": MEANING, "pauses": explanation.PAUSES}
    return made


def now_ms() -> int:
    """This moment."""
    return int(datetime.now(UTC).timestamp() * 1000)

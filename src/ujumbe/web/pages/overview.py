"""The overview: what needs a human first, and how everything stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import network, part
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.part import Part
from ujumbe.domain.role import Role
from ujumbe.store import nodes, overview, webhooks
from ujumbe.store.attention import Attention
from ujumbe.store.database import Tx
from ujumbe.store.overview import Counted, Network
from ujumbe.web.pages import alerts, chart
from ujumbe.web.pages.alerts import Standing
from ujumbe.web.pages.chart import Chart, Column
from ujumbe.web.pages.copy_as import forms
from ujumbe.web.pages.page import Viewing
from ujumbe.web.pages.period import Range, Span, spans
from ujumbe.web.pages.render import span

router = APIRouter()

FIRST_SEND = {"to": "+254711000111", "text": "Hello from Ujumbe"}


@dataclass(frozen=True, slots=True)
class Found:
    """What the page tells, as read from one snapshot."""

    standing: Standing
    counted: Counted
    anything: bool
    states: Mapping[State, int]
    chart: Chart
    networks: Sequence[Network]
    spent: Sequence[Money]
    parts: Counter[Part] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All texts of the range."""
        return sum(self.states.values())


@router.get("/")
async def show(page: Viewing, days: Annotated[Range, Query()] = Range.TODAY) -> Response:
    """Show what needs a human, and how texts fared today or over some days."""
    runtime = page.runtime
    runtime.balance.look()
    found = await runtime.db.read(_found, runtime.account, page.waiting, days, page.now, page.zone)
    return await page.render(
        "overview.html",
        found=found,
        alerts=alerts.of(found.standing, runtime.account, page.now, decides=page.viewer.may(Role.OPERATOR)),
        days=days,
        ranges={Range.TODAY: "Today", Range.WEEK: "7 days", Range.MONTH: "30 days"},
        balance=runtime.balance,
        network_name=network.name,
        rate=_rate,
        median=_median,
        part_meaning=part.MEANING,
        most=overview.MOST,
        first=forms(page, "POST", "/v1/messages", FIRST_SEND)[0],
    )


def _rate(each: Network) -> str:
    """Never rounded up: what is not all is not 100 %."""
    return f"{1000 * each.delivered // each.reported / 10:.1f}\N{NO-BREAK SPACE}%"


def _median(each: Network) -> str:
    if each.median is None:
        return "\N{EN DASH}"
    told = span(round(each.median.seconds * 1000))
    return f"more than {told}" if each.median.beyond else told


def _found(tx: Tx, account: int, waiting: Attention, days: Range, now_ms: int, zone: ZoneInfo) -> Found:
    pieces = spans(days, now_ms, zone)
    first, following = pieces[0].first, pieces[-1].following
    rows = overview.by_hour(tx, account, first, following)
    states: Counter[State] = Counter()
    for _, state, number in rows:
        states[state] += number
    parts: Counter[Part] = Counter()
    for state, number in states.items():
        parts[part.OF_STATE[state]] += number
    queue = overview.queue(tx, account)
    return Found(
        Standing(waiting, queue, overview.trouble(tx, account), webhooks.list_all(tx, account), nodes.living(tx)),
        overview.counted(tx, account),
        bool(queue.queued or queue.scheduled or queue.in_flight) or overview.anything(tx, account),
        states,
        chart.stacked(_columns(pieces, rows)),
        overview.networks(tx, account, first, following),
        overview.spent(tx, account, first, following),
        parts,
    )


def _columns(pieces: Sequence[Span], rows: Sequence[tuple[int, State, int]]) -> list[Column]:
    place_of = {hour: place for place, each in enumerate(pieces) for hour in range(each.first, each.following)}
    parts: list[Counter[Part]] = [Counter() for _ in pieces]
    for hour, state, number in rows:
        parts[place_of[hour]][part.OF_STATE[state]] += number
    return [Column(each.label, each.title, counts) for each, counts in zip(pieces, parts, strict=True)]

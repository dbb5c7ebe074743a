from dataclasses import replace
from typing import Any

import pytest

from ujumbe.domain.outcome import OUTCOMES
from ujumbe.domain.pause import Pause
from ujumbe.store.attention import NOTHING
from ujumbe.store.nodes import Process
from ujumbe.store.overview import MOST, Queue, Trouble
from ujumbe.store.webhooks import Webhook
from ujumbe.web.pages import alerts
from ujumbe.web.pages.alerts import Standing

OURS, NOW = 1, 1_772_600_000_000
SERVICE = Process(0, "service", "here:1", OURS, NOW + 1)
CALM = Standing(NOTHING, Queue(0, 0, 0, None), Trouble(0, 0, 0), [], [SERVICE])
HOOK = Webhook(7, "https://u:secret@hooks.example.org/x", (), "", "", 0, 0, None, None, "", 0)


def told(**changed: Any) -> list[str]:
    return [each.text for each in alerts.of(replace(CALM, **changed), OURS, NOW)]


def test_nothing_needs_anybody() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"waiting": NOTHING._replace(uncertain=1)}, "1 text may or may not have been taken"),
        ({"waiting": NOTHING._replace(uncertain=100)}, "99+ texts may or may not have been taken"),
        ({"waiting": NOTHING._replace(reviews=2)}, "2 incoming texts perhaps ask to stop"),
        ({"waiting": NOTHING._replace(conversations=1)}, "1 conversation is open."),
        ({"trouble": Trouble(1, 0, 0)}, "1 text of the last seven days has waited"),
        ({"trouble": Trouble(MOST, 0, 0)}, "10,000+ texts of the last seven days have waited"),
        ({"trouble": Trouble(0, 3, 0)}, "3 callbacks of the last seven days could not be applied"),
        ({"trouble": Trouble(0, 0, 2)}, "2 reports of the last seven days name messages"),
        (
            {"trouble": Trouble(0, 0, 0, ((OUTCOMES[403].meaning, 9), (OUTCOMES[402].meaning, 4), ("late", 1)))},
            "4 texts of the last 24 hours failed. The sender name is not registered with Africa's Talking",
        ),
        ({"queue": Queue(1, 0, 0, NOW - 720_000)}, "has been due for 12 min"),
        ({"webhooks": [replace(HOOK, failing_since=NOW - 7_200_000)]}, "hooks.example.org has failed for 2 h"),
        ({"webhooks": [replace(HOOK, disabled_at=NOW)]}, "hooks.example.org is switched off"),
        ({"processes": []}, "no worker is running"),
        ({"processes": [replace(SERVICE, account=2)]}, "no worker is running"),
        ({"processes": [replace(SERVICE, role="api")]}, "no worker is running"),
    ],
)
def test_each_is_a_sentence(changed: dict[str, Any], says: str) -> None:
    [text] = told(**changed)
    assert says in text
    assert text.endswith(".")
    assert "secret" not in text


def test_webhooks_of_one_host_are_told_apart() -> None:
    texts = told(webhooks=[replace(HOOK, disabled_at=NOW), replace(HOOK, id=8, disabled_at=NOW)])
    assert len(set(texts)) == 2


def test_of_many_webhooks_a_few_are_named() -> None:
    texts = told(webhooks=[replace(HOOK, disabled_at=NOW)] * 5 + [HOOK])
    assert len(texts) == alerts.MOST_WEBHOOKS + 1
    assert texts[-1] == "2 more webhooks failed or switched off."


@pytest.mark.parametrize(
    ("late", "pause"),
    [(alerts.LATE_MS, Pause.NONE), (-60_000, Pause.NONE), (3_600_000, Pause.OPERATOR)],
    ids=["a moment ago", "its next try comes later", "sending is paused, as stands above"],
)
def test_a_queue_that_moves_or_rests_needs_nobody(late: int, pause: Pause) -> None:
    assert told(queue=Queue(1, 0, 0, NOW - late), waiting=NOTHING._replace(pause=pause)) == []


def test_every_link_leads_to_a_page() -> None:
    everything = Standing(
        NOTHING._replace(uncertain=1, reviews=1, conversations=1),
        Queue(1, 0, 0, 1),
        Trouble(1, 1, 1),
        [replace(HOOK, disabled_at=NOW)] * 4,
        [SERVICE],
    )
    found = alerts.of(everything, OURS, NOW)
    assert [each.href.partition("?")[0] for each in found][:2] == ["/messages", "/messages"]
    assert all(each.href.startswith("/") and each.label for each in found)
    assert {each.tone for each in found} == {"bad", "open", "soft"}


def test_who_may_only_look_is_not_asked_to_decide() -> None:
    standing = replace(CALM, waiting=NOTHING._replace(uncertain=2, reviews=1))
    assert {"Decide", "Read and decide"} <= {each.label for each in alerts.of(standing, OURS, NOW)}
    assert not [each for each in alerts.of(standing, OURS, NOW, decides=False) if "ecide" in each.label]

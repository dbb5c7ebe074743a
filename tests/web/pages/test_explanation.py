"""Every reason that is written down has words for a person, and a next step wherever one can be taken."""

import pytest

from ujumbe.domain.message import REPORTS, Event, State
from ujumbe.domain.outcome import OUTCOMES, Verdict
from ujumbe.flows import claiming, deciding, upkeep
from ujumbe.web.pages import explanation


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state: State) -> None:
    found = explanation.STATES[state]
    assert found.why.endswith(".")
    assert found.next or state in (State.DELIVERED, State.CANCELED)


@pytest.mark.parametrize("code", [code for code, each in OUTCOMES.items() if each.verdict is not Verdict.TAKEN])
def test_every_code_of_a_send_has_words(code: int) -> None:
    found = explanation.REASONS[OUTCOMES[code].meaning]
    assert found.short
    assert found.why.endswith(".")
    assert found.next.endswith(".")


@pytest.mark.parametrize("status", [name for name, event in REPORTS.items() if event is Event.UNDELIVERED])
def test_every_report_that_it_did_not_arrive_has_words(status: str) -> None:
    assert status in {name.casefold() for name in explanation.REASONS}


@pytest.mark.parametrize("reason", [claiming.OPTED_OUT, claiming.EXPIRED, deciding.CANCELED, upkeep.ABANDONED.meaning])
def test_our_own_reasons_have_words(reason: str) -> None:
    assert explanation.REASONS[reason].why


def test_no_word_shouts() -> None:
    for each in (*explanation.REASONS.values(), *explanation.STATES.values()):
        assert "!" not in f"{each.short}{each.why}{each.next}"
        assert not each.short.endswith(".")

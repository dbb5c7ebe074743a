"""Opt-outs that come as a list, on both databases."""

from tests.flows.desk import Desk, number
from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.domain.opt_out_sheet import Wanted
from ujumbe.flows import importing
from ujumbe.flows.importing import Row
from ujumbe.store import events, opt_outs


def rows(*wanted: tuple[int, str]) -> list[Row]:
    return [
        Row(Wanted(number(who), sender, "by letter"), f"a.csv line {n}") for n, (who, sender) in enumerate(wanted, 2)
    ]


def test_a_list_is_taken_once(desk: Desk) -> None:
    desk.opt_out(number(1), "MyBrand")
    [waiting] = desk.accept(number(2))
    given = rows((1, "mybrand"), (1, ""), (2, ""), (2, ""), (3, "12345"))
    assert desk.store.write(importing.take, desk.account, given) == 3, "of one that stands twice the first counts"
    assert desk.store.write(importing.take, desk.account, given) == 0
    assert desk.store.write(importing.take, desk.account, []) == 0
    [found] = desk.store.read(opt_outs.history, desk.account, number(2))
    assert (found.source, found.reason, found.proof) == ("import", "by letter", "a.csv line 4")
    assert desk.claim() == []
    assert desk.state(waiting) is State.BLOCKED
    desk.store.write(events.number)
    told = desk.store.read(events.after, desk.account, 0, 100)
    assert [each.type for each in told].count(Type.OPTED_OUT) == 4


def test_what_is_exported(desk: Desk) -> None:
    desk.store.write(importing.take, desk.account, rows(*((each, "") for each in range(7))))
    desk.store.write(opt_outs.end, desk.account, number(3), None, "operator")

    def exported(*, every: bool) -> list[str]:
        found: list[opt_outs.OptOut] = []
        while page := desk.store.read(
            opt_outs.export_page, desk.account, after=found[-1].id if found else 0, limit=2, every=every
        ):
            found += page
        return [each.number for each in found]

    assert exported(every=True) == [number(each) for each in range(7)]
    assert exported(every=False) == [number(each) for each in range(7) if each != 3]

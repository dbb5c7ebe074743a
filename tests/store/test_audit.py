from tests.store.opened import Opened
from ujumbe.domain.role import Role
from ujumbe.store import audit, users


def test_newest_first_by_page_and_account(store: Opened, ours: int, other: int) -> None:
    asha = store.write(users.create, "Asha", Role.ADMIN)
    assert asha is not None
    for n in range(5):
        store.write(audit.add, ours, asha.id, asha.name, "rule.added", f"rule_{n}", "on")
    store.write(audit.add, other, None, "command line", "user.added")
    first = store.read(audit.list_page, ours, None, 3)
    rest = store.read(audit.list_page, ours, first[-1].id, 3)
    assert [each.subject for each in first + rest] == ["rule_4", "rule_3", "rule_2", "rule_1", "rule_0"]
    [only] = store.read(audit.list_page, other, None, 3)
    assert (only.user, only.actor, only.action, only.subject, only.detail) == (
        None,
        "command line",
        "user.added",
        "",
        "",
    )
    assert (first[0].user, first[0].actor, first[0].detail) == (asha.id, "Asha", "on")


def test_of_one_subject_oldest_first(store: Opened, ours: int, other: int) -> None:
    for subject in ("msg_1", "msg_2", "msg_1", ""):
        store.write(audit.add, ours, None, "developer", "message.canceled", subject)
    store.write(audit.add, other, None, "developer", "message.canceled", "msg_1")
    found = store.read(audit.of_subject, ours, "msg_1")
    assert len(found) == 2
    assert found[0].id < found[1].id
    assert store.read(audit.of_subject, ours, "") == []

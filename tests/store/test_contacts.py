import pytest

from tests.store.opened import Opened, number
from ujumbe.domain.errors import InvalidInputError
from ujumbe.store import contacts


def test_a_name_is_kept_beside_the_other_fields(store: Opened, ours: int, other: int) -> None:
    store.write(contacts.put, ours, number(1), {"clinic": "Kisumu"})
    store.write(contacts.rename, ours, number(1), "Asha")
    store.write(contacts.rename, ours, number(2), "Juma")
    assert store.read(contacts.fields, ours, number(1)) == {"clinic": "Kisumu", "name": "Asha"}
    assert store.read(contacts.fields, ours, number(2)) == {"name": "Juma"}
    assert store.read(contacts.fields, other, number(1)) == {}


def test_no_name_takes_it_away(store: Opened, ours: int) -> None:
    store.write(contacts.put, ours, number(1), {"clinic": "Kisumu", "name": "Asha"})
    store.write(contacts.put, ours, number(2), {"name": "Juma"})
    for each in (1, 2, 3):
        store.write(contacts.rename, ours, number(each), "")
    assert store.read(contacts.list_page, ours, after="", limit=9) == [(number(1), {"clinic": "Kisumu"})]


def test_a_name_that_is_too_long_is_refused(store: Opened, ours: int) -> None:
    with pytest.raises(InvalidInputError, match="500 characters"):
        store.write(contacts.rename, ours, number(1), "a" * 501)
